"""The engine: claims batches on disk, posts them side by side, and settles them by what the provider says."""

from digest.sending.contracts import Luck, Pace, Report, Step
from digest.sending.engine import Engine, RestError
from digest.sending.posting import Outlet
from digest.sending.rehearsal import Rehearsal

__all__ = ["Engine", "Luck", "Outlet", "Pace", "Rehearsal", "Report", "RestError", "Step"]
