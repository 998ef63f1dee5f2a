"""Markdown, as the git hosts read it, to tokens in which fields are slots and editors' comments are gone."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

from digest.errors import DigestError, raise_all
from digest.reading.fields import hide, resolve, restore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from markdown_it.token import Token

FOLD = re.compile(r"\s*<!--\s*more\s*-->\s*")
# What Outlook alone reads is a comment to everyone else, and has to stay.
_COMMENT = re.compile(r"<!--(?!\s*\[if\b|<!\[endif).*?-->", re.DOTALL)
_CODE = frozenset({"code_inline", "code_block", "fence"})


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"tasklists": True, "alerts": True})
    parser.enable(["table", "strikethrough"])
    return parser.use(gfm_autolink_plugin).use(footnote_plugin).use(deflist_plugin)


def parse(body: str, defaults: Mapping[str, str], path: str) -> list[Token]:
    """
    Parse Markdown whose lines count from the head of its file.

    Footnotes' bodies come last, in a ``footnote_block``; a fold stays as the HTML block that it is.

    Raises:
        ContentError: braces that are no field of the reader; all of them at once.
    """
    tokens = _parser().parse(hide(body, path))
    faults: list[DigestError] = []
    for token in every(tokens):
        try:
            _settle(token, defaults, path)
        except DigestError as fault:
            faults.append(fault)
    raise_all(faults)
    return tokens


def every(tokens: Iterable[Token]) -> Iterator[Token]:
    """Return each token and, behind it, its children's children."""
    for token in tokens:
        yield token
        yield from every(token.children or ())


def _settle(token: Token, defaults: Mapping[str, str], path: str) -> None:
    if token.type in _CODE:
        token.content, token.info = restore(token.content), restore(token.info)
        return
    if token.type in {"html_block", "html_inline"} and not FOLD.fullmatch(token.content):
        token.content = _COMMENT.sub("", token.content)
    for child in token.children or ():
        if child.type == "image" and token.map:
            child.meta["line"] = token.map[0] + 1
    if token.type not in {"inline", "image"}:  # their children hold the text
        token.content = resolve(token.content, defaults, path)
    for name, value in token.attrs.items():
        if isinstance(value, str):
            token.attrs[name] = resolve(value, defaults, path)


def plain_text(tokens: Sequence[Token]) -> str:
    """Return what inline tokens say, without marks: for titles, and for counting words."""
    return " ".join("".join(_words(tokens)).split())


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"} or token.nesting < 0:
            yield " " if token.block or token.type.endswith("break") else ""
        elif token.children is not None:
            yield from _words(token.children)
        elif token.type in {"text", *_CODE}:
            yield token.content
