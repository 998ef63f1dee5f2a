"""Prose to plain text that is pleasant to read: wrapped at 72 columns, its links numbered and listed below it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from html import unescape
from itertools import zip_longest
from typing import TYPE_CHECKING

from digest.model import MARKER, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from markdown_it.token import Token

    from digest.model import Prose

WIDTH = 72
_FIELD_WIDTH = 8
"""Columns that a reader's field without a fallback is taken to need."""
_BREAK = "\N{LINE SEPARATOR}"
"""Stands for a line break that stays, until lines are wrapped."""
_TAG = re.compile(r"<[^>]*>")
_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MARKS = {"strong_open": "*", "strong_close": "*", "em_open": "_", "em_close": "_", "s_open": "~", "s_close": "~"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWriter:
    """Writes the plain text of one issue's prose; footnotes are numbered in the order in which they are written."""

    notes: dict[tuple[Path | None, int], int] = field(default_factory=dict)

    def write(self, prose: Prose) -> str:
        """Return the text of `prose`, its links listed below it, with the markers of its slots."""
        writer = _Writer(path=prose.path, notes=self.notes)
        lines = writer.write(prose.tokens, WIDTH)
        links = [f"[{number}] {url}" for url, number in writer.links.items()]
        return "\n".join([*lines, *([""] if links and lines else []), *links])


@dataclass(slots=True, kw_only=True)
class _Writer:
    """Writes one prose; `links` gathers its addresses and their numbers."""

    path: Path | None
    notes: dict[tuple[Path | None, int], int]
    links: dict[str, int] = field(default_factory=dict)

    def write(self, tokens: Sequence[Token], width: int, *, tight: bool = False) -> list[str]:
        """Return the lines of blocks, with an empty line between two."""
        lines: list[str] = []
        for block in _blocks(tokens):
            written = self._write_block(block, width)
            if lines and written and not tight:
                lines.append("")
            lines += written
        return lines

    def _write_block(self, block: Sequence[Token], width: int) -> list[str]:
        kind = block[0].type.removesuffix("_open")
        writers: Mapping[str, Callable[[Sequence[Token], int], list[str]]] = {
            "heading": self._heading,
            "bullet_list": self._list,
            "ordered_list": self._list,
            "blockquote": self._quote,
            "alert": self._quote,
            "table": self._table,
            "dd": lambda inner, width: indent(self.write(inner[1:-1], width - 4), "    "),
            "footnote": self._note,
            "hr": lambda _inner, _width: ["* * *"],
            "fence": lambda inner, _width: _code(inner[0].content),
            "code_block": lambda inner, _width: _code(inner[0].content),
            "html_block": lambda inner, width: _html(inner[0].content, width),
            "inline": lambda inner, width: wrap(self._inline(inner[0].children or ()), width),
        }
        tight = kind == "dl"
        write = writers.get(kind) or (lambda inner, width: self.write(inner[1:-1], width, tight=tight))
        return write(block, width)

    def _heading(self, block: Sequence[Token], width: int) -> list[str]:
        lines = self.write(block[1:-1], width)
        return [*lines, "-" * max(map(columns, lines), default=0)]

    def _quote(self, block: Sequence[Token], width: int) -> list[str]:
        return indent(self.write(block[1:-1], width - 2), "> ")

    def _list(self, block: Sequence[Token], width: int) -> list[str]:
        items = list(_blocks(block[1:-1]))
        tight = all(
            token.hidden for token in block if token.type == "paragraph_open" and token.level == block[0].level + 2
        )
        lines: list[str] = []
        for number, item in enumerate(items, int(block[0].attrs.get("start", 1))):
            bullet = f"{number}. " if block[0].tag == "ol" else _bullet(item[0])
            inner = self.write(item[1:-1], width - len(bullet), tight=tight)
            lines += [*([""] if lines and not tight else []), *indent(inner or [""], " " * len(bullet), first=bullet)]
        return lines

    def _note(self, block: Sequence[Token], width: int) -> list[str]:
        number = f"{self._number(block[0])} "
        inner = self.write(block[1:-1], width - len(number))
        return indent(inner, " " * len(number), first=number)

    def _table(self, block: Sequence[Token], width: int) -> list[str]:
        cells = [
            [" ".join(self._inline(cell.children or ()).split()) for cell in row if cell.type == "inline"]
            for row in _rows(block)
        ]
        widths = [max(map(columns, column)) for column in zip_longest(*cells, fillvalue="")]
        if sum(widths) + 3 * (len(widths) - 1) > width:
            return _tall_table(cells, width)
        rows = ["   ".join(_pad(cell, size) for cell, size in zip(row, widths, strict=False)).rstrip() for row in cells]
        return [rows[0], "   ".join("-" * size for size in widths), *rows[1:]]

    def _inline(self, children: Sequence[Token]) -> str:
        text: list[str] = []
        opened: list[tuple[str, int]] = []
        for child in children:
            if child.type == "link_open":
                opened.append((str(child.attrs["href"]), len(text)))
            elif child.type == "link_close":
                url, start = opened.pop()
                text.append(self._reference(url, "".join(text[start:])))
            else:
                text.append(self._piece(child))
        return "".join(text)

    def _reference(self, url: str, said: str) -> str:
        """Return the number of a link, nothing where its text is its address."""
        if said.strip() in {url, url.removeprefix("mailto:"), url.removeprefix("http://")}:
            return ""
        return f"\N{NO-BREAK SPACE}[{self.links.setdefault(url, len(self.links) + 1)}]"

    def _piece(self, child: Token) -> str:
        if child.type == "image":
            return f"[{self._inline(child.children or ())}]" if child.children else ""
        if child.type == "html_inline":
            return _BREAK if _BREAK_TAG.fullmatch(child.content) else ""
        if child.type == "footnote_ref":
            return self._number(child)
        return {"softbreak": " ", "hardbreak": _BREAK, **_MARKS}.get(child.type, child.content)

    def _number(self, token: Token) -> str:
        number = self.notes.setdefault((self.path, token.meta["id"]), len(self.notes) + 1)
        return str(number).translate(_SUPERSCRIPTS)


def _blocks(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Return each block with all that is in it."""
    start = depth = 0
    for at, token in enumerate(tokens):
        depth += token.nesting
        if not depth:
            yield tokens[start : at + 1]
            start = at + 1


def _rows(table: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = 0
    for at, token in enumerate(table):
        if token.type == "tr_open":
            start = at
        elif token.type == "tr_close":
            yield table[start:at]


def _tall_table(cells: list[list[str]], width: int) -> list[str]:
    """Write a table that is too wide as a list: for each row, each cell behind the head of its column."""
    head, *rows = cells
    lines: list[str] = []
    for row in rows:
        pairs = [f"{name}: {cell}" if name else cell for name, cell in zip(head, row, strict=False) if cell]
        lines += [*([""] if lines else []), *(line for pair in pairs for line in wrap(pair, width))]
    return lines


def _bullet(item: Token) -> str:
    return {None: "- ", True: "[x] ", False: "[ ] "}[item.meta.get("checked")]


def _code(code: str) -> list[str]:
    return indent(code.rstrip("\n").split("\n"), "    ")


def _html(html: str, width: int) -> list[str]:
    return wrap(unescape(_TAG.sub("", _BREAK_TAG.sub(_BREAK, html))), width)


def indent(lines: Sequence[str], prefix: str, *, first: str | None = None) -> list[str]:
    """Return `lines` behind `prefix`, the first one behind `first`."""
    return [f"{first if first is not None and not at else prefix}{line}".rstrip() for at, line in enumerate(lines)]


def wrap(text: str, width: int = WIDTH) -> list[str]:
    """Return the lines of a paragraph, no longer than `width` columns unless a single word is."""
    return [line for part in text.split(_BREAK) for line in _wrap_part(part, width)]


def _wrap_part(text: str, width: int) -> list[str]:
    lines: list[str] = []
    line, used = "", 0
    for word, space in _words(text):
        size = columns(word)
        if line and used + len(space) + size > width:
            lines.append(line)
            line, used = word, size
        else:
            glue = space if line else ""
            line, used = line + glue + word, used + len(glue) + size
    lines.append(line)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines if line]


# Between the wide signs of East Asia a line may break without a space, but not before closing punctuation.
_WORD = re.compile(r"[⺀-〿぀-ヿ㐀-鿿가-힯豈-﫿！-｠][、。，．！？）」』】〉》]*|[^ \t\n⺀-〿぀-ヿ㐀-鿿가-힯豈-﫿！-｠]+")


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Return each word, and the space before it."""
    end = 0
    for match in _WORD.finditer(text):
        yield match[0], " " if match.start() > end else ""
        end = match.end()


def columns(text: str) -> int:
    """Return how many columns a text takes in a terminal, a slot as many as its fallback."""
    plain = MARKER.sub(lambda match: Slot.from_marker(match).fallback or "x" * _FIELD_WIDTH, text)
    if plain.isascii():
        return len(plain)
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else not unicodedata.combining(sign) for sign in plain)


def _pad(text: str, size: int) -> str:
    return text + " " * (size - columns(text))
