"""Rules about type: its size, the room between lines, and what tells a link from the words around it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from digest.checking.addresses import shortened
from digest.checking.css.cascade import is_named
from digest.checking.css.colours import contrast
from digest.checking.css.media import PHONE, WIDTH
from digest.checking.css.style import is_link
from digest.checking.page import around, has_words
from digest.checking.rule import Remark, few, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from digest.checking.css.style import Style
    from digest.checking.page import Page
    from digest.checking.proof import Proof

_BODY, _LEAST = 14, 12
_LINE_HEIGHT = 1.4
_LONG = 100
"""How many characters take more than one line."""


@rule(Severity.WARNING)
def text_size(proof: Proof) -> Iterator[Remark]:
    """
    Text is set in 14 pixels, nothing in less than 12, and can be enlarged; lines have room, and links an underline.

    Phones enlarge what is smaller than 13 pixels, which breaks the layout. Lines of less than 1.4 times the size run
    into each other for many readers, and colour alone marks a link only for those who see it: without an underline it
    needs a contrast of 3 to 1 with the words around it (WCAG 2.2, 1.4.1; Email Markup Consortium, 2025). Whoever has to
    make text twice as large must be able to (1.4.4), which a template for phones may forbid.
    """
    yield from islice(_fixed(proof.page), 1)
    yield from islice(_small(proof.page), 1)
    yield from islice(_tight(proof.page), 1)
    yield from few(_unmarked(proof.page))


_NO_ZOOM = re.compile(r"user-scalable\s*=\s*(?:no|0)\b|maximum-scale\s*=\s*[01](?:\.\d+)?(?![\d.])", re.IGNORECASE)


def _fixed(page: Page) -> Iterator[Remark]:
    """Yield a remark for a viewport that keeps phones from enlarging what they show."""
    for meta in page.elements("meta"):
        if is_named(meta, "viewport") and (found := _NO_ZOOM.search(meta.get("content", ""))):
            sentence = f"{found[0]} keeps readers from enlarging the text on a phone"
            yield Remark(sentence=sentence, fix='Take it out of <meta name="viewport">.', element=meta, needle=found[0])


def _small(page: Page) -> Iterator[Remark]:
    fix = "Give it a larger font-size, in the template or in [theme] of digest.toml."
    for width, where in ((WIDTH, ""), (PHONE, " on a phone")):
        texts = [(page.style(element, width=width), element, text) for element, text in page.texts()]
        shown = [one for one in texts if not one[0].hidden and has_words(one[2]) and not _is_raised(one[1])]
        letters = Counter[float]()
        for style, _, text in shown:
            letters[style.font_size] += len(text)
        body = max(letters, key=lambda size: letters[size], default=_BODY)
        for style, element, text in shown:
            if style.font_size < _LEAST:
                sentence = f'"{shortened(text)}" is set in {style.font_size:g} pixels{where}, less than {_LEAST}'
                yield Remark(sentence=sentence, fix=fix, element=element)
            elif style.font_size == body < _BODY:
                sentence = f"most of the text is set in {body:g} pixels{where}, less than {_BODY}"
                yield Remark(sentence=sentence, fix=fix, element=element)


def _is_raised(element: HtmlElement) -> bool:
    return any(one.tag in {"sup", "sub"} for one in around(element))


def _tight(page: Page) -> Iterator[Remark]:
    for element, text in page.runs():
        height = page.style(element).line_height
        if height is not None and height < _LINE_HEIGHT and len(" ".join(text.split())) > _LONG:
            yield Remark(
                sentence=f'"{shortened(text)}" has a line height of {height:.3g}, less than {_LINE_HEIGHT}',
                fix=f"Give it a line-height of {_LINE_HEIGHT} or more.",
                element=element,
            )


def _unmarked(page: Page) -> Iterator[Remark]:
    """Yield a remark for each link that only its colour tells from the words around it."""
    runs = [(element, text) for element, text in page.runs() if has_words(text)]
    plain = {_block(element): page.style(element) for element, _ in runs if _link(element) is None}
    for element, text in runs:
        words, link = plain.get(_block(element)), _link(element)
        if words and link is not None and not _stands_out(page.style(element), words):
            yield Remark(
                sentence=f'the link "{shortened(text)}" can hardly be told from the words around it',
                fix="Let it be underlined.",
                element=link,
                needle=" ".join(text.split()),
            )


_APART = 3
"""The contrast that tells two colours from each other (WCAG 2.2, technique G183)."""


def _stands_out(link: Style, words: Style) -> bool:
    is_other = link.underlined or link.font_weight != words.font_weight or link.background != words.background
    return is_other or contrast(link.color, words.color) >= _APART


def _link(element: HtmlElement) -> HtmlElement | None:
    return next((one for one in around(element) if is_link(one)), None)


_BLOCKS = frozenset({"p", "li", "td", "th", "div", "dd", "dt", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"})


def _block(element: HtmlElement) -> HtmlElement | None:
    return next((one for one in around(element) if one.tag in _BLOCKS), None)
