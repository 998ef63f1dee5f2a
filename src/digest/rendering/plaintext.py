"""Prose to plain text that is pleasant to read: wrapped at 72 columns, its links numbered and listed below it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

from markdown_it.token import Token

from digest.rendering.lines import BREAK, GLUE, WIDTH, columns, indent, pad, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from digest.model import Prose

_BLANKS = re.compile(rf"[ \t\n{BREAK}]+")
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
            "html_block": lambda inner, width: wrap(self._inline(list(_pieces(inner[0].content))), width),
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
            [_BLANKS.sub(" ", self._inline(cell.children or ())) for cell in row if cell.type == "inline"]
            for row in _rows(block)
        ]
        sizes = [max(map(columns, column)) for column in zip(*cells, strict=True)]
        if sum(sizes) + 3 * (len(sizes) - 1) > width:
            return _tall_table(cells, width)
        rights = ["right" in str(token.attrs) for token in block if token.type == "th_open"]
        head, *rows = [
            "   ".join(pad(cell, size, right=right) for cell, size, right in zip(row, sizes, rights, strict=True))
            for row in cells
        ]
        lines = [head, "   ".join("-" * size for size in sizes), *rows]
        return [line.rstrip().replace(GLUE, " ") for line in lines]

    def _inline(self, children: Sequence[Token]) -> str:
        text: list[str] = []
        opened: list[tuple[str, int]] = []
        for child in children:
            url = _opened_url(child)
            if url is not None:
                opened.append((url, len(text)))
            elif opened and (child.type == "link_close" or child.content.lower() == "</a>"):
                url, start = opened.pop()
                text.append(self._reference(url, "".join(text[start:])))
            else:
                text.append(self._piece(child))
        text += [self._reference(url, "".join(text[start:])) for url, start in opened]  # closed in a later block
        return "".join(text)

    def _reference(self, url: str, said: str) -> str:
        """Return the number of a link, nothing where its text is its address."""
        if said.strip() in {url, url.removeprefix("mailto:"), url.removeprefix("http://")}:
            return ""
        return f"{GLUE if said.strip() else ''}[{self.links.setdefault(url, len(self.links) + 1)}]"

    def _piece(self, child: Token) -> str:
        if child.type == "image":
            return f"[{self._inline(child.children or ())}]" if child.children else ""
        if child.type == "html_inline":
            return _tag_text(child.content)
        if child.type == "code_inline":
            return child.content.replace(" ", GLUE)
        if child.type == "footnote_ref":
            return self._number(child)
        return {"softbreak": " ", "hardbreak": BREAK, **_MARKS}.get(child.type, child.content)

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
    for row in rows or [head]:
        pairs = [f"{name}: {cell}" if name else cell for name, cell in zip(head, row, strict=True) if cell]
        lines += [*([""] if lines else []), *(line for pair in pairs for line in wrap(pair, width))]
    return lines


def _bullet(item: Token) -> str:
    return {None: "- ", True: "[x] ", False: "[ ] "}[item.meta.get("checked")]


def _code(code: str) -> list[str]:
    return indent(code.removesuffix("\n").split("\n"), "    ")


# Comments, with what Outlook alone reads, and styles say nothing to a reader of text.
_HTML = re.compile(
    r"""(?is)<!--.*?-->|<(style|script)\b.*?</\1\s*>|(?P<tag></?[a-z!?](?:"[^"]*"|'[^']*'|[^>"'])*>)|(?P<text>[^<]+|<)"""
)
_ATTRIBUTE = r"""(?is)<{}\b[^>]*?\s{}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))"""
_HREF = re.compile(_ATTRIBUTE.format("a", "href"))
_ALT = re.compile(_ATTRIBUTE.format("img", "alt"))
_ENDS_LINE = re.compile(r"(?i)<br\b|</(?:p|div|li|tr|h[1-6]|summary|figure|figcaption|caption|center)\b")
_ENDS_CELL = re.compile(r"(?i)</t[dh]\b")


def _pieces(html: str) -> Iterator[Token]:
    """Return the tags and the texts of HTML as inline tokens."""
    for match in _HTML.finditer(html):
        if match["tag"]:
            yield Token("html_inline", "", 0, content=match["tag"])
        elif match["text"]:
            yield Token("text", "", 0, content=unescape(match["text"]))


def _opened_url(token: Token) -> str | None:
    """Return where the link that a token opens leads, None when it opens none."""
    if token.type == "link_open":
        return str(token.attrs["href"])
    return _attribute(_HREF, token.content) if token.type == "html_inline" else None


def _tag_text(tag: str) -> str:
    if _ENDS_LINE.match(tag):
        return BREAK
    if tag.lower() == "<sup>":
        return "^"  # 10<sup>6</sup> is not 106
    alt = _attribute(_ALT, tag)
    return f"[{alt}]" if alt else " " if _ENDS_CELL.match(tag) else ""


def _attribute(pattern: re.Pattern[str], tag: str) -> str | None:
    match = pattern.match(tag)
    return unescape(match[1] or match[2] or match[3] or "") if match else None
