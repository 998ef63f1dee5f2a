"""
HTML that must reach the reader as it is, kept out of the MJML engine's hands.

MRML glues words together, drops the line ends of code and mangles attributes (mjml-python 1.4.2, 2026-11).
So a template prints a word in place of such HTML, and the HTML takes the word's place after the compile. Like a slot's
marker, the word is made of letters and digits and says all about itself, so no table has to travel beside the text.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from css_inline import CSSInliner
from markupsafe import Markup

from digest.errors import ContentError
from digest.rendering.origins import CLOSING, forget, reveal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from digest.errors import Place

_WORD = re.compile(r"zinsert([0-9a-f]*)xz")
_MJML = re.compile(f"{CLOSING}</?mj", re.IGNORECASE)
_WORD_IN_TAG = re.compile(r"<[a-zA-Z][^<>]*zinsert[0-9a-f]*xz")


def hold(html: str) -> Markup:
    """
    Return the word for `html`, which may hold such words itself.

    Raises:
        ContentError: it holds MJML, which nothing would compile.
    """
    if _MJML.search(html):
        msg = "a tag of MJML stands where only HTML may"
        raise ContentError(msg, hint="Close the `styled` block before it.")
    return Markup(f"zinsert{_WORD.sub(_held, html).encode().hex()}xz")  # noqa: S704  # letters and digits, all our own


def place(document: str, compiled: str, stylesheet: str, images: Mapping[str, Place] | None = None) -> str:
    """
    Return `compiled` with the HTML in place of each word.

    The rules of `stylesheet` are written onto the tags of that HTML, where no mail program drops them. Marks of origin
    vanish, unless `images` are given: where those were named that templates show, by their addresses.

    Raises:
        ContentError: a word of `document` is lost in `compiled`, which was made from it, or stands inside a tag.
    """
    if set(_WORD.findall(document)) != set(_WORD.findall(compiled)):
        msg = "MJML dropped a part of the issue where the template prints it"
        raise ContentError(msg, hint="Print parts of the issue inside mj-text, mj-table or mj-raw only.")
    if _WORD_IN_TAG.search(compiled):
        msg = "the template prints HTML inside a tag"
        raise ContentError(msg, hint="An attribute takes plain words, such as part.title.")
    inliner = CSSInliner(inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False)
    settle = forget if images is None else partial(reveal, images=images)
    return _WORD.sub(lambda word: inliner.inline_fragment(settle(_held(word)), stylesheet), settle(compiled))


def release(document: str, change: Callable[[str], str]) -> str:
    """Return a page that needs no compiling, with the HTML in place of each word, changed; marks of origin vanish."""
    return _WORD.sub(lambda word: change(forget(_held(word))), forget(document))


def _held(word: re.Match[str]) -> str:
    return bytes.fromhex(word[1]).decode()
