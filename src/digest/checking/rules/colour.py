"""Rules about colours: what can be read in light mode and in dark mode."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from digest.checking.addresses import shortened
from digest.checking.css.cascade import is_named
from digest.checking.css.colours import BLACK, readable
from digest.checking.css.colours import contrast as ratio_of
from digest.checking.css.media import Scheme
from digest.checking.css.style import is_link
from digest.checking.page import around, has_words
from digest.checking.pictures import shade_on_nothing
from digest.checking.rule import Remark, few, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.html import HtmlElement

    from digest.checking.colour_pairs import Pair
    from digest.checking.page import Page
    from digest.checking.proof import Proof
    from digest.config import Settings
    from digest.errors import Place


def _quoted(text: str) -> str:
    return f'"{shortened(text)}"'


@rule(Severity.ERROR)
def contrast(proof: Proof) -> Iterator[Remark]:
    """
    Text stands out from its background: 4.5 to 1, and 3 to 1 where it is large, in light mode and in dark mode.

    That much is needed to read with weak eyes, or in the sun (WCAG 2.2, 1.4.3); large is 24 pixels, or 18.66 in bold.
    For dark mode counts what the email itself says. Where text lies on a background image nobody can tell, but it has
    to be read on the colour below as well, since images are often off.
    """
    yield from few(_faint(proof))
    yield from islice(_unknown(proof), 1)


def _faint(proof: Proof) -> Iterator[Remark]:
    failing = ((pair, texts) for pair, texts in proof.colour_pairs.items() if pair.is_faint and not pair.half_styled)
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


def _and_more(texts: Sequence[tuple[HtmlElement, str]]) -> str:
    others = len({element for element, _ in texts}) - 1
    return f" and {others} more" if others else ""


def _unknown(proof: Proof) -> Iterator[Remark]:
    for pair, texts in proof.colour_pairs.items():
        if pair.over_image and not pair.is_faint:
            element, text = texts[0]
            yield Remark(
                sentence=f"{_quoted(text)} lies on a background image, so its contrast is not known",
                fix="Look at it, in light mode and in dark mode.",
                element=element,
                severity=Severity.NOTE,
            )


def _place_in_theme(proof: Proof, pair: Pair) -> Place | None:
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
    A style for dark mode that changes the colour of a text changes its background, too, and the other way round.

    Apple Mail, Samsung's mail and Outlook on phones and on the web heed `prefers-color-scheme`; with one half of a pair
    changed, light text stands on a light background there, or dark on dark. Gmail passes over such styles altogether
    (caniemail.com, 2026-05).
    """
    yield from few(_half_styled(proof))


def _half_styled(proof: Proof) -> Iterator[Remark]:
    failing = ((pair, texts) for pair, texts in proof.colour_pairs.items() if pair.is_faint and pair.half_styled)
    for pair, texts in failing:
        element, text = texts[0]
        styles = (proof.page.style(element, scheme) for scheme in Scheme)
        colours = {style.color.rounded() for style in styles}
        changed, kept = ("colour", "background") if len(colours) > 1 else ("background", "colour")
        yield Remark(
            sentence=f"{_quoted(text)}{_and_more(texts)}: another {changed} in dark mode, but the same {kept}"
            f"{pair.sentence}",
            fix=f"Give it another {kept} in dark mode as well, or leave the {changed} as it is in light mode.",
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

    Gmail and Outlook invert emails in dark mode. They leave the blue of links that nobody gave a colour, which then
    stands on black, and they do not touch images: a dark logo on a transparent background vanishes. Apple Mail on macOS
    and Thunderbird ask for `<meta name="color-scheme">` before they heed styles for dark mode (caniemail.com, 2026-05).
    """
    yield from _uncoloured(proof.page)
    yield from few(_dark_images(proof))
    sheets = [style for style in proof.page.elements("style") if "prefers-color-scheme" in (style.text or "")]
    if sheets and not any(is_named(meta, "color-scheme") for meta in proof.page.elements("meta")):
        yield Remark(
            sentence="there are styles for dark mode, but no color-scheme that announces them",
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
                sentence=f"{file.filename} is dark on a transparent background, and hardly seen in dark mode",
                fix="Give it a light edge or a background of its own.",
                element=shown[0],
                needle=file.filename,
            )


_APART = 1.5


@rule(Severity.WARNING)
def preheader_white_on_white(proof: Proof) -> Iterator[Remark]:
    """
    The hidden preheader has a colour that could be read on its background.

    Text in the colour of its background is what spam does: SpamAssassin gives 0.7 points (HTML_FONT_LOW_CONTRAST,
    measured 2026-11), also where it is hidden anyway. `<mj-preview>` of MJML writes it in white.
    """
    yield from islice(_unreadable(proof.page), 1)


def _unreadable(page: Page) -> Iterator[Remark]:
    fix = "Give it the colour of the text; in MJML, in a <div> of its own within <mj-raw>, in place of <mj-preview>."
    for element, text in page.texts():
        style = page.style(element)
        is_faint = ratio_of(style.ink.over(style.ground), style.ground) < _APART
        if style.hidden and is_faint and has_words(text):
            sentence = f"the hidden text {_quoted(text)} is {style.ink} on {style.ground}"
            yield Remark(sentence=sentence, fix=fix, element=element)
