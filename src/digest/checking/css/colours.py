"""Colours: as CSS writes them, and how well one can be read on another."""

from __future__ import annotations

import colorsys
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tinycss2.color4 import parse_color

if TYPE_CHECKING:
    from typing import Self

_DARK_CHANNEL = 0.04045
_NAME_OR_SHORT = re.compile(r"[a-z]+|#[0-9a-f]{3}")
_NO_DIGIT = re.compile(r"[^0-9a-f]")
_PAIR = 2  # digits that make a channel


class Colour(NamedTuple):
    """A colour of sRGB; each channel from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> Self | None:
        """Read a colour as CSS writes it; None for what is none, or stands for another one, such as ``inherit``."""
        try:
            found = parse_color(text)
            return None if found is None or isinstance(found, str) else cls(*map(_channel, found.to("srgb")))
        except NotImplementedError:  # such as oklch(), which mail programs hardly know either
            return None

    @classmethod
    def parse_attribute(cls, text: str) -> Self | None:
        """
        Read a colour as attributes such as ``bgcolor`` have it, where almost anything is one.

        By the rules for parsing a legacy colour value in the HTML standard, section 2.3.6 (read 2026-11).
        """
        word = text.strip().lower()
        if not word or word == "transparent":
            return None
        if _NAME_OR_SHORT.fullmatch(word) and (named := cls.parse(word)):
            return named
        digits = _NO_DIGIT.sub("0", word.removeprefix("#")[:128])
        length = max(1, -(-len(digits) // 3))
        parts = [digits.ljust(3 * length, "0")[start : start + length][-8:] for start in range(0, 3 * length, length)]
        while len(parts[0]) > _PAIR and all(part[0] == "0" for part in parts):
            parts = [part[1:] for part in parts]
        return cls(*(int(part[:_PAIR], 16) / 255 for part in parts))

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

    def rounded(self) -> Colour:
        """Return the colour that is meant by its writing, which has 256 steps a channel."""
        return Colour(*(round(channel * 255) / 255 for channel in self[:3]))

    def __str__(self) -> str:
        return "#" + "".join(f"{round(channel * 255):02x}" for channel in self[:3])


def _channel(number: float) -> float:
    return min(max(number, 0.0), 1.0)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= _DARK_CHANNEL else ((channel + 0.055) / 1.055) ** 2.4


def contrast(first: Colour, second: Colour) -> float:
    """Return how well one colour can be read on the other: from 1, not at all, to 21, black on white (WCAG 2.2)."""
    lighter, darker = sorted((first.luminance, second.luminance), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: Colour, background: Colour, ratio: float) -> Colour:
    """
    Return the colour of the same hue that can be read on a background, as near as may be in lightness.

    Args:
        colour: what cannot be read well enough.
        background: what lies behind it, opaque.
        ratio: the contrast that is wanted.
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour[:3])
    steps = sorted(range(_STEPS + 1), key=lambda step: abs(step / _STEPS - lightness))
    shades = (Colour(*colorsys.hls_to_rgb(hue, step / _STEPS, saturation)).rounded() for step in steps)
    best = max((BLACK, WHITE), key=lambda extreme: contrast(extreme, background))
    return next((shade for shade in shades if contrast(shade, background) >= ratio), best)


BLACK, WHITE = Colour(0, 0, 0), Colour(1, 1, 1)
_STEPS = 255
