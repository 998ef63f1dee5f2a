"""The ledger on a branch of a git remote: for machines that forget."""

from digest.branch.journal import NO_RIGHT
from digest.branch.repository import RemoteError, Repository
from digest.branch.store import BranchStore, Terms, open_branch_store

__all__ = ["NO_RIGHT", "BranchStore", "RemoteError", "Repository", "Terms", "open_branch_store"]
