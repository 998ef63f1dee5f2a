"""The engine: claims batches on disk, posts them side by side, and settles them by what the provider says."""

from digest.sending.engine import Engine, Report, Step

__all__ = ["Engine", "Report", "Step"]
