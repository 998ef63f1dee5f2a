"""
Raw HTML: which of its elements are open where, and those that do not close.

An element that is left open would swallow what the template writes behind it, so each one has to close
within the list, quote or paragraph in which it opens, and within its part of the issue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from digest.errors import ContentError, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token

RAW_HTML = frozenset({"html_block", "html_inline"})
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
# HTMLParser stumbles over declarations that HTML does not know, such as <![x[ ]]>.
_NO_TAG = re.compile(r"<!--.*?-->|<!(?!--)[^>]*>?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tag:
    """The tag of an element that is not empty by nature, or the end of one of Markdown's own."""

    name: str
    """Blank where the element is Markdown's."""
    opens: bool
    line: int = 0


class _Parser(HTMLParser):
    def __init__(self, line: int) -> None:
        super().__init__()
        self.tags: list[_Tag] = []
        self._line = line

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  # HTMLParser hands it over
        if tag not in _VOID:
            self._add(tag, opens=True)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.handle_starttag(tag, attrs)  # to browsers, <div/> opens

    def handle_endtag(self, tag: str) -> None:
        self._add(tag, opens=False)

    def _add(self, tag: str, *, opens: bool) -> None:
        self.tags.append(_Tag(name=tag, opens=opens, line=self._line + self.getpos()[0] - 1))


def nesting(token: Token) -> int:
    """Return how many elements a token opens, less those that it closes, be they raw or Markdown's."""
    return sum(1 if tag.opens else -1 for tag in _tags(token, "")) if token.type in RAW_HTML else token.nesting


def faults_of_html(tokens: Iterable[Token], path: str) -> Iterator[ContentError]:
    """Return what is left open, closed without being open, or not finished, in the raw HTML of a part."""
    open_tags: list[_Tag] = []
    try:
        for tag in _all_tags(tokens, path):
            if tag.opens:
                open_tags.append(tag)
            else:
                yield from _close(tag, open_tags, path)
    except ContentError as unfinished:
        yield unfinished
        return
    yield from (_left_open(tag, path) for tag in open_tags if tag.name)


def _close(tag: _Tag, open_tags: list[_Tag], path: str) -> Iterator[ContentError]:
    """Take what `tag` closes off `open_tags`, and with it those that were left open within."""
    around = next((at for at in reversed(range(len(open_tags))) if not open_tags[at].name), -1)
    names = [open_tag.name for open_tag in open_tags]
    if tag.name not in names[max(around, 0) :]:
        msg = f"</{tag.name}> closes what is not open here"
        hint = f"Delete it, or write <{tag.name}> above it in the same list, quote or paragraph."
        yield ContentError(msg, hint=hint, place=Place(path, tag.line))
        return
    opened = len(names) - 1 - names[::-1].index(tag.name)
    yield from (_left_open(left, path) for left in open_tags[opened + 1 :])
    del open_tags[opened:]


def _left_open(tag: _Tag, path: str) -> ContentError:
    msg = f"<{tag.name}> opens here and never closes"
    hint = f"Write </{tag.name}> where it ends: in the same list, quote or paragraph, above the fold and the next ##."
    return ContentError(msg, hint=hint, place=Place(path, tag.line))


def _all_tags(tokens: Iterable[Token], path: str) -> Iterator[_Tag]:
    for token in tokens:
        if token.nesting:
            yield _Tag(name="", opens=token.nesting > 0)
        yield from _tags(token, path)
        if token.type == "inline":
            yield from _all_tags(token.children or (), path)


def _tags(token: Token, path: str) -> list[_Tag]:
    if token.type not in RAW_HTML:
        return []
    parser = _Parser(line_of(token))
    parser.feed(_NO_TAG.sub(lambda match: "\n" * match[0].count("\n"), token.content))
    rest = parser.rawdata
    if path and rest.startswith("<"):
        what, end = ("a comment", "-->") if rest.startswith("<!--") else ("a tag", ">")
        msg = f"{what} begins here and never ends"
        place = Place(path, parser.getpos()[0] - 1 + line_of(token))
        raise ContentError(msg, hint=f"Write {end} where it ends.", place=place)
    return parser.tags


def line_of(token: Token) -> int:
    """Return the line that a token begins in, 0 where it is not known."""
    return token.map[0] + 1 if token.map else int(token.meta.get("line", 0))
