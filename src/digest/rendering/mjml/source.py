"""MJML as text: where each part of it was written, and the tokens that it falls into."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

from digest.errors import Place
from digest.rendering.origins import MARK, mark

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNMARKED = "rendered MJML"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Rendered MJML without its marks, which tell where each position was written."""

    text: str
    marks: tuple[tuple[int, str, str], ...]
    """Position in the text, path, and line; by position."""

    @classmethod
    def read(cls, rendered: str) -> Self:
        """Take the marks out, and the ways in which systems begin files and end lines."""
        text = rendered.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        first, *rest = MARK.split(text)
        texts, marks, position = [first], [], len(first)
        for path, line, piece in zip(rest[0::3], rest[1::3], rest[2::3], strict=True):
            marks.append((position, path, line))
            texts.append(piece)
            position += len(piece)
        return cls(text="".join(texts), marks=tuple(marks))

    def mark(self, position: int) -> str:
        """Return the mark that stood right at `position`, empty where none did."""
        index = bisect_left(self.marks, position, key=lambda mark: mark[0])
        if index == len(self.marks) or self.marks[index][0] != position:
            return ""
        _, path, line = self.marks[index]
        return mark(path, int(line))

    def place(self, position: int) -> Place:
        """Return where the text at `position` was written, counting lines from the nearest mark before it."""
        index = bisect_right(self.marks, position, key=lambda mark: mark[0]) - 1
        if index >= 0:
            start, path, line = self.marks[index]
            return Place(path, int(line) + self.text.count("\n", start, position))
        if self.marks:
            return Place(self.marks[0][1])
        return Place(_UNMARKED, 1 + self.text.count("\n", 0, position))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute as it was written: its value may be missing, or unquoted, as HTML allows and XML does not."""

    name: str
    value: str | None
    quoted: bool
    offset: int
    """Where it begins, counted from the end of the tag's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """An opening, closing or empty tag."""

    name: str
    start: int
    end: int
    attributes: tuple[Attribute, ...] = ()
    unreadable: str = ""
    """What among the attributes is none."""
    closing: bool = False
    empty: bool = False

    def position(self, attribute: Attribute) -> int:
        """Return where one of its attributes begins."""
        return self.start + len(f"<{self.name}") + attribute.offset

    def __str__(self) -> str:
        return f"</{self.name}>" if self.closing else f"<{self.name}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What stands between two tags."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment; Outlook obeys the conditional ones."""

    text: str
    start: int
    end: int

    @property
    def conditional(self) -> bool:
        """Whether some mail programs read it as more than a comment."""
        return "[if " in self.text or "[endif]" in self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A ``<`` that begins nothing which MJML can hold."""

    text: str
    """It, and a little of what follows."""
    start: int
    end: int


Token = Tag | Text | Comment | Stray

# A value may not hold "<": where a quote is missing, the tag ends there and not a hundred lines below.
_TOKEN = re.compile(
    r"""
      (?P<text>[^<]++)
    | <!--(?P<comment>.*?)-->
    | <(?P<closing>/?)(?P<name>[A-Za-z][\w.-]*+(?::[\w.-]++)?)(?P<attributes>(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)>
    | (?P<stray><(?:!\[CDATA\[.*?\]\]>|[!?][^<>]*+>)?)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ATTRIBUTE = re.compile(
    r"""
    \s*+(?:
      (?P<name>[A-Za-z_][\w.-]*+(?::[\w.-]++)?+)(?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^\s"'=]++)))?+
    | (?P<unreadable>\S++)
    )
    """,
    re.VERBOSE | re.ASCII,
)
_EXCERPT = 40


def tokenize(text: str) -> Iterator[Token]:
    """Split MJML into tokens, none lost and none invented."""
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match["name"]:
            yield _tag(match)
        elif match["text"]:
            yield Text(text=match["text"], start=start, end=end)
        elif match["comment"] is not None:
            yield Comment(text=match["comment"], start=start, end=end)
        else:
            yield Stray(text=_excerpt(text, start), start=start, end=end)


def _excerpt(text: str, start: int) -> str:
    """Return a little of what follows, up to the next tag or line."""
    return "<" + re.split(r"[<\n]", text[start + 1 : start + _EXCERPT], maxsplit=1)[0].rstrip()


def _tag(match: re.Match[str]) -> Tag:
    written: str = match["attributes"]
    attributes, unreadable = _read_attributes(written.removesuffix("/")) if written else ((), "")
    return Tag(
        name=match["name"],
        start=match.start(),
        end=match.end(),
        attributes=attributes,
        unreadable=unreadable,
        closing=bool(match["closing"]),
        empty=written.endswith("/"),
    )


@lru_cache(maxsize=2048)  # stories are written alike: most of their tags repeat
def _read_attributes(written: str) -> tuple[tuple[Attribute, ...], str]:
    attributes: list[Attribute] = []
    unreadable = ""
    for match in _ATTRIBUTE.finditer(written):
        name, double, single, bare, junk = match.groups()
        if name:
            value = next((value for value in (double, single, bare) if value is not None), None)
            attributes.append(Attribute(name=name, value=value, quoted=bare is None, offset=match.start("name")))
        unreadable = unreadable or junk or ""
    return tuple(attributes), unreadable
