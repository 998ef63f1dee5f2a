"""Rendering: from an `Issue` to an `Edition`, once for everyone, the same bytes for the same input."""

from digest.rendering.edition import EditionRenderer, Traced
from digest.rendering.templates import BUILT_IN

__all__ = ["BUILT_IN", "EditionRenderer", "Traced"]
