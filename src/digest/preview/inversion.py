"""
What dark modes make of colours that know nothing of the dark.

No mail program documents it. The formula is that of RoosterJS, Microsoft's editor for Outlook on the web, which is
public (github.com/microsoft/roosterjs, roosterjs-color-utils, read 2026-11): in CIELAB, lightness is mirrored, and the
darkest is a dark grey; hue and colourfulness stay. Which colours are touched is what was observed of Gmail and Outlook
(hteumeuleu.com, 2021-02; Litmus, "Ultimate guide to dark mode", 2023).
"""

from __future__ import annotations

from functools import lru_cache

from digest.checking.css.colours import Colour

DARKEST = 15.16
"""The lightness of #262626, which Outlook for Windows was seen to make of white; RoosterJS takes that of #333333."""

_WHITE = (0.95047, 1.0, 1.08883)  # of daylight D65, where sRGB has its white
_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_FROM_XYZ = ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))
_STEP = 6 / 29


@lru_cache(maxsize=1024)
def mirror(colour: Colour) -> Colour:
    """Return a light colour as a dark one and the other way round: what full inversion does to every colour."""
    lightness, a, b = _to_lab(colour)
    return _from_lab(DARKEST + (100 - lightness) * (100 - DARKEST) / 100, a, b, colour.alpha)


def darken(colour: Colour) -> Colour:
    """Return a background as partial inversion makes it: a light one mirrored, a dark one as it is."""
    return min(colour, mirror(colour), key=lambda one: one.luminance)


def lighten(colour: Colour) -> Colour:
    """Return a text as partial inversion makes it: a dark one mirrored, a light one as it is."""
    return max(colour, mirror(colour), key=lambda one: one.luminance)


def _to_lab(colour: Colour) -> tuple[float, float, float]:
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour[:3]]  # noqa: PLR2004  # IEC 61966-2-1
    x, y, z = (_compress(value / white) for value, white in zip(_times(_TO_XYZ, linear), _WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _from_lab(lightness: float, a: float, b: float, alpha: float) -> Colour:
    y = (lightness + 16) / 116
    xyz = [_expand(value) * white for value, white in zip((y + a / 500, y, y - b / 200), _WHITE, strict=True)]
    linear = [min(max(channel, 0.0), 1.0) for channel in _times(_FROM_XYZ, xyz)]
    red, green, blue = (
        12.92 * one if one <= 0.0031308 else 1.055 * one ** (1 / 2.4) - 0.055  # noqa: PLR2004  # IEC 61966-2-1
        for one in linear
    )
    return Colour(red, green, blue, alpha)


def _times(matrix: tuple[tuple[float, ...], ...], vector: list[float]) -> list[float]:
    return [sum(one * other for one, other in zip(row, vector, strict=True)) for row in matrix]


def _compress(value: float) -> float:
    return float(value ** (1 / 3)) if value > _STEP**3 else value / (3 * _STEP**2) + 4 / 29


def _expand(value: float) -> float:
    return value**3 if value > _STEP else 3 * _STEP**2 * (value - 4 / 29)
