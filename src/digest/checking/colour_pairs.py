"""The colours that meet on a page: those of texts and of what is behind them, in light mode and in dark mode."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from digest.checking.css.colours import Colour, contrast
from digest.checking.css.media import PHONE, WIDTH, Scheme
from digest.checking.page import around, has_words

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from digest.checking.css.style import Style
    from digest.checking.page import Page

_WIDTHS = (WIDTH, PHONE)
_SMALL_RATIO, _LARGE_RATIO = 4.5, 3.0
_LARGE, _LARGE_BOLD, _BOLD = 24, 18.66, 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two colours that meet, the text's and what is behind it, in one scheme."""

    scheme: Scheme
    color: Colour
    background: Colour
    wanted: float
    """The contrast that a text of this size needs."""
    over_image: bool
    changes: bool
    """Whether the other scheme has other colours there."""
    half_styled: bool
    """Whether only one of the two is another one in the other scheme, where it can be read."""

    @property
    def ratio(self) -> float:
        """The contrast, cut off after two digits, so that nothing is rounded up to what is wanted."""
        return int(contrast(self.color, self.background) * 100) / 100

    @property
    def is_faint(self) -> bool:
        """Whether it can hardly be read."""
        return self.ratio < self.wanted

    @property
    def sentence(self) -> str:
        """What is wrong with it, behind the words that it is about."""
        mode = f" in {self.scheme.value} mode" if self.changes else ""
        return f"{mode}: {self.color} on {self.background} is {self.ratio:g}:1, not {self.wanted:g}:1"


def _pair(page: Page, element: HtmlElement, scheme: Scheme, width: int) -> Pair:
    style, other = page.style(element, scheme, width), page.style(element, _OTHER[scheme], width)
    colours, others = (style.color, style.background), (other.color, other.background)
    return _pair_of(scheme, colours, others, _wanted(style), style.over_image)


@lru_cache(maxsize=1024)
def _pair_of(scheme: Scheme, colours: _Colours, others: _Colours, wanted: float, over_image: bool) -> Pair:  # noqa: FBT001  # a key
    """Return a pair, by text and background in a scheme and in the other one, of which thousands of texts have few."""
    color, background = (colour.rounded() for colour in colours)
    other_color, other_background = (colour.rounded() for colour in others)
    changes = (color, background) != (other_color, other_background)
    one_changes = (color == other_color) != (background == other_background)
    return Pair(
        scheme=scheme if changes else Scheme.LIGHT,
        color=color,
        background=background,
        wanted=wanted,
        over_image=over_image,
        changes=changes,
        half_styled=one_changes and contrast(other_color, other_background) >= wanted,
    )


_Colours: TypeAlias = tuple[Colour, Colour]
_OTHER = {Scheme.LIGHT: Scheme.DARK, Scheme.DARK: Scheme.LIGHT}


def _wanted(style: Style) -> float:
    smallest = _LARGE_BOLD if style.font_weight >= _BOLD else _LARGE
    return _LARGE_RATIO if style.font_size >= smallest else _SMALL_RATIO


def pairs_of(page: Page) -> dict[Pair, list[tuple[HtmlElement, str]]]:
    """Return the pairs of colours of a page, each with the texts that have it."""
    pairs: dict[Pair, list[tuple[HtmlElement, str]]] = {}
    texts = [(element, text) for element, text in page.texts() if has_words(text) and not _is_disabled(element)]
    for scheme, width in product(Scheme, _WIDTHS):
        for element, text in texts:
            if not page.style(element, scheme, width).hidden:
                pairs.setdefault(_pair(page, element, scheme, width), []).append((element, text))
    return pairs


def _is_disabled(element: HtmlElement) -> bool:
    return any(one.get("disabled") is not None or one.get("aria-disabled") == "true" for one in around(element))
