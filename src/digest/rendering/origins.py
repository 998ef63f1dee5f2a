"""
Where HTML was written: marks that travel with it through rendering, and the attribute that they become in the end.

A mark stands before a tag and names its file and line. A template is marked before Jinja reads it and prose as it is
written, so through includes, loops and macros each tag keeps its place. What leaves has the marks taken out; what is
examined has an attribute in place of each.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from digest.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ORIGIN = "data-origin"
"""The attribute that tells where a tag was written, as ``path:line``."""
# Noncharacters: code points that Unicode leaves to a program's own use for good, so no text of an editor holds them
# (https://www.unicode.org/faq/private_use.html#noncharacters, 2026-11). Being no quotes, they fit into Jinja's strings.
OPENING, CLOSING = "\ufdd0", "\ufdd1"
MARK = re.compile(f"{OPENING}([^{OPENING}{CLOSING}]*):([0-9]+){CLOSING}")

_MARK = f"{OPENING}[^{CLOSING}]*+{CLOSING}"
_HTML_TAG = re.compile(r"<(?=[a-zA-Z])")
_MJML_TAG = re.compile(r"</?mj[\w-]*", re.IGNORECASE)
_TEMPLATE = re.compile(
    r"""
      \{\#.*?\#\}
    | \{[{%](?:[^"']|"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')*?[}%]\}
    | (?P<tag></?mj|<[a-z])
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


def mark(path: str, line: int) -> str:
    """Return the mark of a place."""
    return f"{OPENING}{path}:{line}{CLOSING}"


def mark_html(html: str, path: str, line: int) -> str:
    """Mark each opening tag of HTML that begins in a line."""
    return _marked(html, (tag.start() for tag in _HTML_TAG.finditer(html)), path, line)


def mark_template(source: str, name: str) -> str:
    """
    Mark each opening tag of a template, and each closing one of MJML, with `name` and its line.

    In Jinja's own parts only the tags of MJML are marked: there, HTML may be a word that is looked for or replaced.
    """
    return _marked(source, _tags_of_template(source), name, 1)


def _tags_of_template(source: str) -> Iterator[int]:
    for piece in _TEMPLATE.finditer(source):
        if piece["tag"]:
            yield piece.start()
        else:
            yield from (tag.start() for tag in _MJML_TAG.finditer(source, *piece.span()))


def _marked(text: str, positions: Iterable[int], path: str, line: int) -> str:
    end = 0
    pieces: list[str] = []
    for position in positions:
        line += text.count("\n", end, position)
        pieces += (text[end:position], mark(path, line))
        end = position
    return "".join((*pieces, text[end:]))


def forget(marked: str) -> str:
    """Return a text without its marks."""
    return MARK.sub("", marked) if OPENING in marked else marked


# The expressions below are compiled when they are first needed: a build, which waits for each of them, needs none.
# A heading of the issue stands in a template's tags, <h2> or <h2><a>, and tells its place by a mark before its words.
_HEADING = rf"(<h[1-6]\b[^<>]*+>)(?:(?:{_MARK})?(<a\b[^<>]*+>))?({_MARK})"
_PIECE = rf"""(?xsi)
      <!--.*?-->
    | <(?P<raw>style|script|title|textarea)\b.*?</(?P=raw)\s*+>
    | <(?P<name>[a-z][^\s/>]*+)(?P<rest>(?:[^<>"']|"[^"]*+"|'[^']*+')*+>)
    | {_MARK}
    """
_SOURCE = r'(?i)\ssrc="([^"]*)"'


def reveal(marked: str, images: Mapping[str, Place]) -> str:
    """
    Return HTML in which tags tell their places by an attribute; comments, styles and the like lose their marks.

    Args:
        marked: HTML with marks.
        images: where images were named that a template shows, by their addresses.
    """
    addresses = {escape(url): place for url, place in images.items()}
    told = re.sub(_HEADING, _told_by_its_words, marked)
    return re.sub(_PIECE, lambda piece: _reveal(piece, addresses), told)


def _told_by_its_words(heading: re.Match[str]) -> str:
    tag, link, place = heading.groups()
    return f"{place}{tag}{place}{link or ''}{place}"


def _reveal(piece: re.Match[str], images: Mapping[str, Place]) -> str:
    name = piece["name"]
    if not name:
        return forget(piece[0])
    rest = forget(piece["rest"])
    source = re.search(_SOURCE, rest) if name.lower() == "img" else None
    place = (images.get(source[1]) if source else None) or _place_before(piece)
    return f'<{name} {ORIGIN}="{escape(place.path)}:{place.line}"{rest}' if place else f"<{name}{rest}"


def _place_before(tag: re.Match[str]) -> Place | None:
    """Return what the mark right before a tag says."""
    if tag.string[tag.start() - 1] != CLOSING:
        return None
    found = MARK.match(tag.string, tag.string.rfind(OPENING, 0, tag.start()))
    return Place(found[1], int(found[2])) if found else None
