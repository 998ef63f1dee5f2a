"""The ledger on a branch of a git remote, for machines that forget."""
