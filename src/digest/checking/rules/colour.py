"""Rules about what can be read: colours by day and by night, and the size of letters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import TYPE_CHECKING, TypeAlias

from digest.checking.addresses import shortened
from digest.checking.css.cascade import is_named
from digest.checking.css.colours import BLACK, Colour, readable
from digest.checking.css.colours import contrast as ratio_of
from digest.checking.css.media import PHONE, WIDTH, Scheme
from digest.checking.css.style import is_link
from digest.checking.page import around, has_words
from digest.checking.pictures import shade_on_nothing
from digest.checking.rule import Remark, few, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from digest.checking.css.style import Style
    from digest.checking.page import Page
    from digest.checking.proof import Proof
    from digest.config import Settings
    from digest.errors import Place

_WIDTHS = (WIDTH, PHONE)
_SMALL_RATIO, _LARGE_RATIO = 4.5, 3.0
_LARGE, _LARGE_BOLD, _BOLD = 24, 18.66, 700


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
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
        return int(ratio_of(self.color, self.background) * 100) / 100

    @property
    def is_faint(self) -> bool:
        """Whether it can hardly be read."""
        return self.ratio < self.wanted

    @property
    def sentence(self) -> str:
        """What is wrong with it, behind the words that it is about."""
        mode = f" in {self.scheme.value} mode" if self.changes else ""
        return f"{mode}: {self.color} on {self.background} is {self.ratio:g}:1, not {self.wanted:g}:1"


def _pair(page: Page, element: HtmlElement, scheme: Scheme, width: int) -> _Pair:
    style, other = page.style(element, scheme, width), page.style(element, _OTHER[scheme], width)
    colours, others = (style.color, style.background), (other.color, other.background)
    return _pair_of(scheme, colours, others, _wanted(style), style.over_image)


@lru_cache(maxsize=1024)
def _pair_of(scheme: Scheme, colours: _Colours, others: _Colours, wanted: float, over_image: bool) -> _Pair:  # noqa: FBT001  # a key
    """Return a pair, by text and background in a scheme and in the other one, of which thousands of texts have few."""
    color, background = (colour.rounded() for colour in colours)
    other_color, other_background = (colour.rounded() for colour in others)
    changes = (color, background) != (other_color, other_background)
    one_changes = (color == other_color) != (background == other_background)
    return _Pair(
        scheme=scheme if changes else Scheme.LIGHT,
        color=color,
        background=background,
        wanted=wanted,
        over_image=over_image,
        changes=changes,
        half_styled=one_changes and ratio_of(other_color, other_background) >= wanted,
    )


_Colours: TypeAlias = tuple[Colour, Colour]
_OTHER = {Scheme.LIGHT: Scheme.DARK, Scheme.DARK: Scheme.LIGHT}


def _wanted(style: Style) -> float:
    smallest = _LARGE_BOLD if style.font_weight >= _BOLD else _LARGE
    return _LARGE_RATIO if style.font_size >= smallest else _SMALL_RATIO


@lru_cache(maxsize=1)
def _pairs(page: Page) -> dict[_Pair, list[tuple[HtmlElement, str]]]:
    """Return the pairs of colours of a page, each with the texts that have it."""
    pairs: dict[_Pair, list[tuple[HtmlElement, str]]] = {}
    texts = [(element, text) for element, text in page.texts() if has_words(text) and not _is_disabled(element)]
    for scheme, width in product(Scheme, _WIDTHS):
        for element, text in texts:
            if not page.style(element, scheme, width).hidden:
                pairs.setdefault(_pair(page, element, scheme, width), []).append((element, text))
    return pairs


def _is_disabled(element: HtmlElement) -> bool:
    return any(one.get("disabled") is not None or one.get("aria-disabled") == "true" for one in around(element))


def _quoted(text: str) -> str:
    return f'"{shortened(text)}"'


@rule(Severity.ERROR)
def contrast(proof: Proof) -> Iterator[Remark]:
    """
    Text stands out from what is behind it: 4.5 to 1, and 3 to 1 where it is large, by day and by night.

    That much is needed to read with weak eyes, or in the sun (WCAG 2.2, 1.4.3); large is 24 pixels, or 18.66 in bold.
    By night counts what the email itself says for dark screens. Where text lies on a picture nobody can tell, but
    without the picture it has to be read on the colour below, since images are often off.
    """
    yield from few(_faint(proof))
    yield from islice(_unknown(proof.page), 1)


def _faint(proof: Proof) -> Iterator[Remark]:
    failing = ((pair, texts) for pair, texts in _pairs(proof.page).items() if pair.is_faint and not pair.half_styled)
    for pair, texts in failing:
        element, text = texts[0]
        off = " while images are off" if pair.over_image else ""
        better = readable(pair.color, pair.background, pair.wanted)
        yield Remark(
            sentence=f"{_quoted(text)}{_and_more(texts)} can hardly be read{off}{pair.sentence}",
            fix=f"Give the text the colour {better}, or another background.",
            element=element,
            place=_place_in_theme(proof, pair),
            severity=Severity.WARNING if pair.over_image else None,
        )


def _and_more(texts: list[tuple[HtmlElement, str]]) -> str:
    others = len({element for element, _ in texts}) - 1
    return f" and {others} more" if others else ""


def _unknown(page: Page) -> Iterator[Remark]:
    for pair, texts in _pairs(page).items():
        if pair.over_image and not pair.is_faint:
            element, text = texts[0]
            yield Remark(
                sentence=f"{_quoted(text)} lies on a picture, so its contrast is not known",
                fix="Look at it, by day and by night.",
                element=element,
                severity=Severity.NOTE,
            )


def _place_in_theme(proof: Proof, pair: _Pair) -> Place | None:
    """Return where digest.toml gives one of two colours that both come from the theme."""
    names = _theme_names(proof.settings, pair.scheme)
    section = "theme" if pair.scheme is Scheme.LIGHT else "theme.dark"
    if not {str(pair.color), str(pair.background)} <= names.keys():
        return None
    whole = proof.sources.setting(section, "")
    places = (proof.sources.setting(section, names[str(colour)]) for colour in (pair.color, pair.background))
    return next((place for place in places if place != whole), whole)


_PARTS = ("paper", "card", "ink", "muted", "accent", "on_accent", "tint")


def _theme_names(settings: Settings, scheme: Scheme) -> dict[str, str]:
    palette = settings.theme if scheme is Scheme.LIGHT else settings.theme.dark
    return {getattr(palette, part).lower(): part for part in reversed(_PARTS)}


@rule(Severity.ERROR)
def dark_mode_half_styled(proof: Proof) -> Iterator[Remark]:
    """
    A style for dark screens that changes the colour of a text changes what is behind it, too, and the other way round.

    Apple Mail, Samsung's mail and Outlook on phones and on the web heed `prefers-color-scheme`; with one half of a pair
    changed, light text stands on a light ground there, or dark on dark. Gmail passes over such styles altogether
    (caniemail.com, 2026-05).
    """
    yield from few(_half_styled(proof))


def _half_styled(proof: Proof) -> Iterator[Remark]:
    failing = ((pair, texts) for pair, texts in _pairs(proof.page).items() if pair.is_faint and pair.half_styled)
    for pair, texts in failing:
        element, text = texts[0]
        styles = (proof.page.style(element, scheme) for scheme in Scheme)
        colours = {style.color.rounded() for style in styles}
        changed, kept = ("colour", "background") if len(colours) > 1 else ("background", "colour")
        yield Remark(
            sentence=f"{_quoted(text)}{_and_more(texts)}: another {changed} for dark screens, but the same {kept}"
            f"{pair.sentence}",
            fix=f"Give it another {kept} for dark screens as well, or leave the {changed} as it is by day.",
            element=element,
            place=_place_in_theme(proof, pair),
        )


_SEEN = 2.0
"""The contrast at which the outlines of a picture are seen."""
_MIDDLE = 0.18
"""The luminance below which a ground is dark."""


@rule(Severity.WARNING)
def dark_mode_unsafe_colour(proof: Proof) -> Iterator[Remark]:
    """
    What a mail program may turn dark by itself has colours of its own, and logos can be seen on black.

    Gmail and Outlook invert emails on dark screens. They leave the blue of links that nobody gave a colour, which then
    stands on black, and they do not touch images: a dark logo on a transparent ground vanishes. Apple Mail on macOS and
    Thunderbird ask for `<meta name="color-scheme">` before they heed styles for dark screens (caniemail.com, 2026-05).
    """
    yield from _uncoloured(proof.page)
    yield from few(_dark_images(proof))
    sheets = [style for style in proof.page.elements("style") if "prefers-color-scheme" in (style.text or "")]
    if sheets and not any(is_named(meta, "color-scheme") for meta in proof.page.elements("meta")):
        yield Remark(
            sentence="there are styles for dark screens, but no color-scheme that announces them",
            fix='Put <meta name="color-scheme" content="light dark"> into the head; in MJML, into <mj-raw>.',
            element=sheets[0],
        )


def _uncoloured(page: Page) -> Iterator[Remark]:
    """Yield a remark for a link, and for a text on a background, to which nobody gives a colour."""
    plain = [(element, text) for element, text in page.runs() if not page.style(element).coloured and has_words(text)]
    links = [(element, text) for element, text in plain if any(map(is_link, around(element)))]
    for element, text in links[:1]:
        sentence = f"the link {_quoted(text)} has no colour of its own"
        yield Remark(sentence=sentence, fix="Give links a color in their style.", element=element, needle=text.strip())
    grounded = ((element, text) for element, text in plain if page.style(element).grounded)
    for element, text in islice((one for one in grounded if not any(map(is_link, around(one[0])))), 1):
        sentence = f"{_quoted(text)} has a background, but no colour of its own"
        yield Remark(sentence=sentence, fix="Give the text a color, too.", element=element, needle=text.strip())


def _dark_images(proof: Proof) -> Iterator[Remark]:
    for source, file in proof.images.items():
        shown = [image for image in proof.page.images if (image.get("src") or "").strip() == source]
        shade = shade_on_nothing(file.content) if shown else None
        if shade is None:
            continue
        style = proof.page.style(shown[0], Scheme.DARK)
        ground = style.background if style.background.luminance < _MIDDLE else BLACK
        if ratio_of(shade, ground) < _SEEN:
            yield Remark(
                sentence=f"{file.filename} is dark on a transparent ground, and can hardly be seen on a dark screen",
                fix="Give it a light edge or a background of its own.",
                element=shown[0],
                needle=file.filename,
            )


_APART = 1.5


@rule(Severity.WARNING)
def preheader_white_on_white(proof: Proof) -> Iterator[Remark]:
    """
    The hidden preheader has a colour that could be read on its background.

    Text in the colour of its ground is what spam does: SpamAssassin gives 0.7 points (HTML_FONT_LOW_CONTRAST, measured
    2026-11), also where it is hidden anyway. `<mj-preview>` of MJML writes it in white.
    """
    yield from islice(_unreadable(proof.page), 1)


def _unreadable(page: Page) -> Iterator[Remark]:
    fix = "Give it the colour of the text; in MJML, in a <div> of its own within <mj-raw>, in place of <mj-preview>."
    for element, text in page.texts():
        style = page.style(element)
        is_faint = ratio_of(style.ink.over(style.ground), style.ground) < _APART
        if style.hidden and is_faint and has_words(text) and _is_in_body(element):
            sentence = f"the hidden text {_quoted(text)} is {style.ink} on {style.ground}"
            yield Remark(sentence=sentence, fix=fix, element=element)


def _is_in_body(element: HtmlElement) -> bool:
    return not any(one.tag in {"head", "style", "script", "title", "noscript", "template"} for one in around(element))
