"""The engine: claims batches on disk, posts them side by side, and settles them by what the provider says."""

from digest.sending.engine import Engine, Report, Step
from digest.sending.rehearsal import Rehearsal

__all__ = ["Engine", "Rehearsal", "Report", "Step"]
