"""Colours: as CSS writes them, and how well one can be read on another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tinycss2.color3 import parse_color

if TYPE_CHECKING:
    from typing import Self

_DARK_CHANNEL = 0.04045


class Colour(NamedTuple):
    """A colour of sRGB; each channel from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a colour as CSS writes it; None for what is none, or stands for another one, such as ``inherit``."""
        found = parse_color(text)
        return None if found is None or isinstance(found, str) else cls(*found)

    @property
    def luminance(self) -> float:
        """Relative luminance, from 0 (black) to 1 (white), as WCAG 2.2 defines it."""
        red, green, blue = (_linear(channel) for channel in self[:3])
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def over(self, background: Colour) -> Colour:
        """Return the colour that is seen where this one lies on an opaque one."""
        mixed = (
            self.alpha * mine + (1 - self.alpha) * theirs for mine, theirs in zip(self, background[:3], strict=False)
        )
        return Colour(*mixed)

    def __str__(self) -> str:
        return "#" + "".join(f"{round(channel * 255):02x}" for channel in self[:3])


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= _DARK_CHANNEL else ((channel + 0.055) / 1.055) ** 2.4


def contrast(first: Colour, second: Colour) -> float:
    """Return how well one colour can be read on the other: from 1, not at all, to 21, black on white (WCAG 2.2)."""
    lighter, darker = sorted((first.luminance, second.luminance), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
