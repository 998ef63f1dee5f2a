"""What an element looks like, worked out from what it inherits and what is declared for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.checking.css.colours import BLACK, WHITE, Colour
from digest.checking.css.media import Scheme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.html import HtmlElement

_ROOT_SIZE = 16.0
_PALE = 0.01
"""An opacity at which nothing is seen any more."""
_LINKS = {Scheme.LIGHT: Colour(0, 0, 238 / 255), Scheme.DARK: Colour(158 / 255, 158 / 255, 1)}
"""The colours of links that nobody coloured, as Chromium has them (2026-11)."""
_WIDE_INHERITED = frozenset({"inherit", "unset"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What an element looks like."""

    ink: Colour
    """The colour of its text, as it is said."""
    ground: Colour
    """The nearest background that is not transparent."""
    veils: tuple[tuple[float, Colour], ...] = ()
    """The opacities, from the outermost to its own, that lie over it; each with what shines through."""
    canvas: Scheme
    """Whether colours that nobody gives are those of a dark page."""
    coloured: bool
    """Whether somebody gives its text a colour."""
    grounded: bool
    """Whether somebody gives it, or what it stands in, a background."""
    over_image: bool
    """Whether a picture lies behind its text."""
    font_size: float
    """In pixels."""
    font_weight: int
    line_height: float | None
    """As a factor of the font's size; None where nobody says."""
    leading: float | None
    """The line height in pixels, where it is inherited so."""
    underlined: bool
    invisible: bool
    """Whether it is not to be seen, though what stands inside it may be again."""
    gone: bool
    """Whether it is not shown, with all that it holds."""
    declared: Mapping[str, str]
    """What was declared for the element itself, by property."""

    @property
    def color(self) -> Colour:
        """The colour of its text as it is seen, opaque."""
        return self._seen(self.ink if self.ink.alpha == 1 else self.ink.over(self.ground))

    @property
    def background(self) -> Colour:
        """What is seen behind its text, opaque."""
        return self._seen(self.ground)

    def _seen(self, colour: Colour) -> Colour:
        for opacity, behind in reversed(self.veils):
            colour = Colour(*colour[:3], opacity).over(behind)
        return colour

    @property
    def concealed(self) -> bool:
        """Whether it, or what it stands in, is not shown."""
        return self.gone or self.invisible

    @property
    def hidden(self) -> bool:
        """Whether text in it cannot be seen, be it for its size; what stands inside it may have a size again."""
        return self.concealed or self.font_size <= 1


def initial(scheme: Scheme) -> Style:
    """Return what a page looks like on which nobody says anything, on a canvas of this scheme."""
    dark = scheme is Scheme.DARK
    return Style(
        ink=WHITE if dark else BLACK,
        ground=Colour(18 / 255, 18 / 255, 18 / 255) if dark else WHITE,
        canvas=scheme,
        coloured=False,
        grounded=False,
        over_image=False,
        font_size=_ROOT_SIZE,
        font_weight=400,
        line_height=None,
        leading=None,
        underlined=False,
        invisible=False,
        gone=False,
        declared={},
    )


def compute(element: HtmlElement, declared: Mapping[str, str], outer: Style) -> Style:
    """
    Return what an element looks like.

    Args:
        element: the element; its tag tells what browsers make of it where nobody says.
        declared: what CSS and old attributes say of it, by property; shorthands taken apart.
        outer: what it stands in.
    """
    ink, coloured = _ink(element, declared, outer)
    ground = _ground(element, declared, outer, ink)
    size = _font_size(element, declared, outer)
    line_height, leading = _line_height(declared.get("line-height", ""), size, outer)
    return Style(
        ink=ink,
        ground=ground.over(outer.ground) if ground else outer.ground,
        veils=_veils(declared, outer),
        canvas=outer.canvas,
        coloured=coloured,
        grounded=outer.grounded or bool(ground and ground.alpha),
        over_image=_has_picture(declared) or (outer.over_image and not (ground and ground.alpha == 1)),
        font_size=size,
        font_weight=_font_weight(element, declared, outer),
        line_height=line_height,
        leading=leading,
        underlined=outer.underlined or _is_underlined(element, declared),
        invisible=_is_invisible(declared, outer),
        gone=outer.gone or _is_gone(element, declared),
        declared=declared,
    )


def is_link(element: HtmlElement) -> bool:
    """Say whether an element leads somewhere."""
    return element.tag in {"a", "area"} and element.get("href") is not None


def _ink(element: HtmlElement, declared: Mapping[str, str], outer: Style) -> tuple[Colour, bool]:
    value = declared.get("color", "").lower()
    if value in {"initial", "revert"}:
        return initial(outer.canvas).ink, False
    if said := Colour.parse(value):
        return said, True
    if not value and is_link(element):
        return _LINKS[outer.canvas], False
    if not value and element.tag == "mark":
        return BLACK, True
    return outer.ink, outer.coloured


def _ground(element: HtmlElement, declared: Mapping[str, str], outer: Style, ink: Colour) -> Colour | None:
    value = declared.get("background-color", "").lower()
    if value == "currentcolor":
        return ink
    if value == "inherit":
        return Colour.parse(outer.declared.get("background-color", ""))
    if not value and element.tag == "mark":
        return Colour(1, 1, 0)
    return Colour.parse(value)


def _has_picture(declared: Mapping[str, str]) -> bool:
    return "(" in declared.get("background-image", "")


def _veils(declared: Mapping[str, str], outer: Style) -> tuple[tuple[float, Colour], ...]:
    opacity = _opacity(declared)
    return outer.veils if opacity >= 1 else (*outer.veils, (opacity, outer.ground))


def _opacity(declared: Mapping[str, str]) -> float:
    value = declared.get("opacity", "")
    if not value[:1].isdigit() and not value.startswith("."):
        return 1
    return float(value[:-1]) / 100 if value.endswith("%") else float(value)


_KEYWORDS = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0}
_KEYWORDS |= {"xx-large": 32.0, "xxx-large": 48.0}
_UNITS = {"px": 1, "": 1, "rem": _ROOT_SIZE, "pt": 4 / 3, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "pc": 16}
_TAG_SIZES = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67}
_TAG_SIZES |= {"small": 5 / 6, "sub": 5 / 6, "sup": 5 / 6, "big": 6 / 5}
_LENGTH = re.compile(r"(\d*\.?\d+)([a-z%]*)")


def _font_size(element: HtmlElement, declared: Mapping[str, str], outer: Style) -> float:
    value = declared.get("font-size", "").lower()
    if value in _WIDE_INHERITED:
        return outer.font_size
    if value == "initial" or value in _KEYWORDS:
        return _KEYWORDS.get(value, _ROOT_SIZE)
    if not value or value == "revert":
        return outer.font_size * _TAG_SIZES.get(str(element.tag), 1)
    if value in {"smaller", "larger"}:
        return outer.font_size * (6 / 5 if value == "larger" else 5 / 6)
    return _length(value, outer.font_size)


def _length(value: str, em: float) -> float:
    match = _LENGTH.fullmatch(value)
    if not match:
        return em
    number, unit = float(match[1]), match[2]
    relative = {"em": em, "%": em / 100, "ex": em / 2, "ch": em / 2}
    return number * (relative[unit] if unit in relative else _UNITS[unit])


def _line_height(value: str, size: float, outer: Style) -> tuple[float | None, float | None]:
    """Return the height of a line as a factor, and in pixels where that is what is handed down."""
    if not value or value in _WIDE_INHERITED:
        return (outer.leading / size if size else None, outer.leading) if outer.leading else (outer.line_height, None)
    match = _LENGTH.fullmatch(value)
    if not match:
        return None, None
    if not match[2]:
        return float(match[1]), None
    leading = _length(value, size)
    return leading / size if size else None, leading


_TAG_WEIGHTS = {**dict.fromkeys(("th", "h1", "h2", "h3", "h4", "h5", "h6"), "bold"), "b": "bolder", "strong": "bolder"}
_RELATIVE_WEIGHTS = {"bolder": ((350, 400), (550, 700), (1001, 900)), "lighter": ((550, 100), (750, 400), (1001, 700))}
"""What comes of a weight below the first number, as CSS Fonts Module Level 4, section 2.2.1, has it (read 2026-11)."""


def _font_weight(element: HtmlElement, declared: Mapping[str, str], outer: Style) -> int:
    value = declared.get("font-weight", _TAG_WEIGHTS.get(str(element.tag), "inherit")).lower()
    if value.isdigit():
        return int(value)
    if value in _RELATIVE_WEIGHTS:
        return next(weight for below, weight in _RELATIVE_WEIGHTS[value] if outer.font_weight < below)
    return outer.font_weight if value in _WIDE_INHERITED else 700 if value == "bold" else 400


def _is_underlined(element: HtmlElement, declared: Mapping[str, str]) -> bool:
    value = declared.get("text-decoration-line", "")
    return "underline" in value if value else element.tag in {"u", "ins"} or is_link(element)


def _is_invisible(declared: Mapping[str, str], outer: Style) -> bool:
    value = declared.get("visibility", "inherit").lower()
    return outer.invisible if value in _WIDE_INHERITED else value in {"hidden", "collapse"}


NEVER_SHOWN = frozenset({"head", "style", "script", "title", "template", "meta", "link", "noscript"})
_ZERO = re.compile(r"0(?:px|em|pt|%)?")


def _is_gone(element: HtmlElement, declared: Mapping[str, str]) -> bool:
    """Say whether an element is, by itself, not shown with all that it holds."""
    display = declared.get("display", "").lower()
    return (
        element.tag in NEVER_SHOWN
        or display == "none"
        or (element.get("hidden") is not None and not display)
        or _opacity(declared) < _PALE
        or _is_shut(declared)
    )


def _is_shut(declared: Mapping[str, str]) -> bool:
    sides = (declared.get(side, "") for side in ("max-height", "height", "max-width", "width"))
    return declared.get("overflow", "") in {"hidden", "clip"} and any(_ZERO.fullmatch(side) for side in sides)
