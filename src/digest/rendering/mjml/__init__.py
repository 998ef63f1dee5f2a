"""MJML to HTML: checked by the line of the template, hardened, compiled."""

from digest.rendering.mjml.compiling import compile_mjml

__all__ = ["compile_mjml"]
