"""MJML to HTML: marked with where each tag was written, checked by the line, hardened, compiled."""

from digest.rendering.mjml.compiling import compile_mjml
from digest.rendering.mjml.source import mark_origin

__all__ = ["compile_mjml", "mark_origin"]
