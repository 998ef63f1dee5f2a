"""The ledger on a branch of a git remote: for machines that forget."""

from digest.branch.repository import RemoteError
from digest.branch.store import BranchStore, Terms, open_branch_store

__all__ = ["BranchStore", "RemoteError", "Terms", "open_branch_store"]
