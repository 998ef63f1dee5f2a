"""Markdown, as the git hosts read it, to tokens in which fields are slots and editors' comments are gone."""

from __future__ import annotations

import re
from functools import cache
from html import unescape as unescape_entities
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

from digest.errors import ContentError, DigestError, Place, raise_all
from digest.model import MARKER
from digest.reading.fields import hide, resolve, restore, unescape
from digest.reading.raw_html import RAW_HTML, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from markdown_it.token import Token

FOLD = re.compile(r"\s*<!--\s*more\s*-->\s*", re.IGNORECASE)
# What Outlook alone reads is a comment to everyone else, and has to stay.
_COMMENT = re.compile(r"<!--(?!\[if\s[^\]]*\]>|<!\[endif).*?-->", re.DOTALL)
_COMMENT_START = re.compile(r"(?<!\\)(?:\\\\)*<!--")
_CODE = frozenset({"code_inline", "code_block", "fence"})
_BREAKS = frozenset({"softbreak", "hardbreak"})
_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


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
        ContentError: braces that are no field of the reader, or a comment that would be seen; all of them at once.
    """
    tokens = _parser().parse(hide(body, path))
    _number_lines(tokens)
    faults: list[DigestError] = []
    for token in every(tokens):
        try:
            _settle(token, defaults, path)
        except DigestError as fault:
            faults.append(fault)
    raise_all(faults)
    return [token for token in tokens if token.type != "html_block" or token.content.strip()]


def every(tokens: Iterable[Token]) -> Iterator[Token]:
    """Return each token and, behind it, its children's children."""
    for token in tokens:
        yield token
        yield from every(token.children or ())


def _number_lines(tokens: Iterable[Token]) -> None:
    """Tell the tokens within paragraphs their lines, which Markdown knows of blocks alone."""
    line = 0
    notes: dict[int, int] = {}
    for token in tokens:
        if token.type == "footnote_open":
            line = notes.get(token.meta["id"], line)
        line = line_of(token) or line
        here = line
        for child in token.children or ():
            child.meta["line"] = here
            here += 1 if child.type in _BREAKS else child.content.count("\n")
            if child.type == "footnote_ref":
                notes.setdefault(child.meta["id"], here)


def _settle(token: Token, defaults: Mapping[str, str], path: str) -> None:
    if token.type in _CODE:
        token.content, token.info = restore(token.content), restore(token.info)
        return
    if token.type in RAW_HTML and not FOLD.fullmatch(token.content):
        token.content = unescape(_without_comments(token, path))
    if token.type == "inline":
        _refuse_broken_comment(token, path)
    if token.type not in {"inline", "image"}:  # their children hold the text
        token.content = resolve(token.content, defaults, path)
    for name, value in token.attrs.items():
        if isinstance(value, str):
            token.attrs[name] = resolve(value, defaults, path)
            _refuse_foreign_address(name, token, path)


def _refuse_foreign_address(name: str, token: Token, path: str) -> None:
    """Refuse an address that is a reader's value from its beginning on, and could lead anywhere."""
    if name in {"href", "src"} and MARKER.match(str(token.attrs[name])):
        msg = "a field of the reader cannot be the beginning of an address"
        hint = "Begin the address yourself: https://example.org/{{ field }}"
        raise ContentError(msg, hint=hint, place=Place(path, line_of(token)))


def _without_comments(token: Token, path: str) -> str:
    """Return raw HTML with nothing but their line ends in place of comments, so that its tags keep their lines."""
    if FOLD.search(token.content):
        msg = "the fold shares its line with something else"
        raise ContentError(msg, hint="Put <!-- more --> on a line of its own.", place=Place(path, line_of(token)))
    return _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), token.content)


def _refuse_broken_comment(inline: Token, path: str) -> None:
    """Refuse a comment that Markdown takes for text, since an empty line cuts it: its readers would see it."""
    children = inline.children or []
    whole = sum(child.content.count("<!--") for child in children if child.type in {"html_inline", "code_inline"})
    for child in children if len(_COMMENT_START.findall(inline.content)) > whole else ():
        if child.type == "text" and "<!--" in child.content:
            msg = "a comment begins here that does not end in its paragraph, so that readers would see it"
            hint = "Begin it on a line of its own; where it is meant as text, write \\<!--"
            raise ContentError(msg, hint=hint, place=Place(path, line_of(child)))


def plain_text(tokens: Sequence[Token]) -> str:
    """Return what tokens say, without marks: for titles, and for counting words."""
    return " ".join("".join(map(said, tokens)).split())


def is_space(token: Token) -> bool:
    """Say whether a token within a paragraph does no more than keep its neighbours apart."""
    return token.type in _BREAKS or (
        token.type in {"text", "html_inline"} and not _BREAK_TAG.sub("", token.content).strip()
    )


def said(token: Token) -> str:
    """Return what a token says, and a space where it keeps words apart."""
    if token.children is not None:
        return "".join(map(said, token.children))
    if token.type == "html_block":
        return unescape_entities(_TAG.sub(" ", token.content))
    if token.type in {"text", *_CODE}:
        return token.content
    parts_words = token.type in _BREAKS or (token.block and token.nesting < 0) or _BREAK_TAG.fullmatch(token.content)
    return " " if parts_words else ""
