"""What editors say to the checker in comments: in the Markdown of an issue, its front matter, and templates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from markdown_it.token import Token

    from digest.checking.places.sources import Text
    from digest.errors import Place

_MARKDOWN = re.compile(r"<!--(?P<said>\s*digest:.*?)-->", re.DOTALL | re.IGNORECASE)
_TEMPLATE = re.compile(r"\{#-?(?P<said>\s*digest:.*?)-?#\}|<!--(?=\s*digest:).*?-->", re.DOTALL | re.IGNORECASE)
_FRONT_MATTER = re.compile(r"(?:^|(?<=\s))#(?P<said>\s*digest:.*)$", re.MULTILINE | re.IGNORECASE)
_WITH_TAGS = (".mjml", ".html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment that begins with ``digest:``."""

    said: str
    """What it says, on one line; empty where it would leave with the mail, being no comment of a template."""
    written: str
    """How such a comment is written in its file, with ``…`` for what it says."""
    place: Place
    first: int
    """The first line that it is about: its own where there is more on it, or else the next that is not blank."""
    last: int
    """The last one: the end of the block that begins there."""


def comments_of_issue(text: Text) -> Iterator[Comment]:
    """Yield the comments in a file of Markdown; what stands in code is none."""
    if "digest:" not in text.content.lower():
        return
    front = len(text.front_matter)
    matches = [*_FRONT_MATTER.finditer(text.content, 0, front)]
    yield from _comments(text, matches, "# …", {})
    tokens = _parser().parse("\n" * text.content.count("\n", 0, front) + text.content[front:])
    lines = {*_lines_with_html(tokens)}
    ends = _ends_of_blocks(tokens)
    found = [match for match in _MARKDOWN.finditer(text.content, front) if text.place(match.start()).line in lines]
    yield from _comments(text, found, "<!-- … -->", ends)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _lines_with_html(tokens: Iterable[Token]) -> Iterator[int]:
    """Yield the lines in which raw HTML stands, comments included."""
    for token in tokens:
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            yield from range(line, line + token.content.count("\n") + 1)
        for child in token.children or ():
            height = child.content.count("\n") + (child.type in {"softbreak", "hardbreak"})
            if child.type == "html_inline":
                yield from range(line, line + height + 1)
            line += height


def _ends_of_blocks(tokens: Iterable[Token]) -> Mapping[int, int]:
    """Return the last line of the outermost block that begins in a line."""
    ends: dict[int, int] = {}
    for token in tokens:
        if token.map:
            ends.setdefault(token.map[0] + 1, token.map[1])
    return ends


def comments_of_template(text: Text) -> Iterator[Comment]:
    """Yield the comments in a template; one that is HTML's, and not Jinja's, says nothing."""
    found = [*_TEMPLATE.finditer(text.content)]
    ends = _ends_of_tags(text.content.split("\n")) if found and text.path.endswith(_WITH_TAGS) else {}
    yield from _comments(text, found, "{# … #}", ends)


def _ends_of_tags(lines: Sequence[str]) -> Mapping[int, int]:
    """Return the line in which a tag ends that begins in a line."""
    ends: dict[int, int] = {}
    end = len(lines)
    for number in range(len(lines), 0, -1):
        end = number if ">" in lines[number - 1] else end
        ends[number] = end
    return ends


def _comments(text: Text, matches: Sequence[re.Match[str]], written: str, ends: Mapping[int, int]) -> Iterator[Comment]:
    lines = _without(text, matches)
    for match in matches:
        place = text.place(match.start())
        last = place.line + match[0].count("\n")
        alone = not any(lines[place.line - 1 : last])
        first = next((at for at in range(last + 1, len(lines) + 1) if lines[at - 1]), last) if alone else place.line
        yield Comment(
            said=" ".join((match["said"] or "").split()),
            written=written,
            place=place,
            first=first,
            last=max(ends.get(first, first), first) if alone else last,
        )


def _without(text: Text, matches: Sequence[re.Match[str]]) -> list[str]:
    """Return the lines of a text without comments, nor the marks of quotes and lists before them."""
    content = text.content
    for match in reversed(matches):
        content = content[: match.start()] + "\n" * match[0].count("\n") + content[match.end() :]
    return [line.strip(" \t>") for line in content.split("\n")]
