"""How issues and pages look, as templates see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.config import Settings, Theme

_GUTTER = 40
"""Space at either side of the content, in pixels."""
_THUMBNAIL = 0.36
"""How much of the content's width an image beside a text takes."""
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def look_of(settings: Settings, language: str = "") -> dict[str, object]:
    """
    Return what a template sees of the look, which no issue changes.

    Args:
        settings: the newsletter's.
        language: what is said is in this one; without it, in the newsletter's.
    """
    wide = content_width(settings.theme)
    rightwards = (language or settings.newsletter.language).split("-")[0].lower() not in _RIGHT_TO_LEFT
    return {
        "theme": settings.theme,
        "gutter": _GUTTER,
        "content_width": wide,
        "thumbnail_width": int(wide * _THUMBNAIL) - 24,
        "direction": "ltr" if rightwards else "rtl",
        "start": "left" if rightwards else "right",
        "end": "right" if rightwards else "left",
        "arrow": "→" if rightwards else "←",
    }


def content_width(theme: Theme) -> int:
    """Return how wide the content of an issue is, in pixels."""
    return theme.width - 2 * _GUTTER
