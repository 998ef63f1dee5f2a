"""Texts of strangers in Markdown: each reads as it did over there, and means nothing else."""

from __future__ import annotations

import re
from html import unescape
from itertools import groupby
from typing import TYPE_CHECKING

from digest.errors import DigestError
from digest.reading.fields import RESERVED
from digest.reading.markdown import every, parse, plain_text

if TYPE_CHECKING:
    from markdown_it.token import Token

# What nobody sees: control characters, soft hyphens, spaces without width, marks that turn the direction of what
# follows, halves of pairs, and what is no character. Joiners stay: scripts and emoji are made with them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_TAG = re.compile(r"</?([a-z][\w-]*)[^<>]*>|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_END_TAG = re.compile(r"</([a-z][\w-]*)", re.IGNORECASE)
_EMPTY = frozenset({"br", "hr", "img", "wbr", "input"})
_APART = re.compile(r"p|br|hr|div|li|[uod]l|d[td]|h\d|t[dhr]|table|blockquote|pre|section|article", re.IGNORECASE)
_LONGEST = 200
"""Characters that a line of a stranger may have: a title, a name, what a picture shows."""
_SIGNS = re.compile(r"[\\`*_\[\]<]|^#(?=[#\s]|$)|^>|~(?=~)|\^(?=\[)|&(?=#?\w+;)|\{(?=\{)")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_BRACES = re.compile(r"(\\*)(\{{2,})")


def visible(text: str) -> str:
    """Return a text without what nobody sees."""
    return _INVISIBLE.sub("", text)


def tidy(text: str) -> str:
    """Return a text on one line, its words a single space apart, without what nobody sees and what is our own."""
    line = " ".join(visible(" ".join(text.split())).split())
    while RESERVED.search(line):  # one may stand behind another
        line = RESERVED.sub(lambda match: f"{match[0][0]}-{match[0][1:]}", line)
    return line


def without_tags(text: str) -> str:
    """Return a line that may hold HTML as plain text; what was escaped twice, too."""
    return tidy(unescape(_untagged(unescape(_untagged(text)))))


def _untagged(text: str) -> str:
    """Return HTML without its tags; one that is never closed is what somebody writes about."""
    names = _EMPTY.union(name.lower() for name in _END_TAG.findall(text))

    def dropped(match: re.Match[str]) -> str:
        name = match[1] or ""
        if name and name.lower() not in names:
            return match[0]
        return " " if _APART.fullmatch(name) else ""

    return _TAG.sub(dropped, text)


def shortened(line: str) -> str:
    """Return a line that is no longer than anybody reads it."""
    if len(line) <= _LONGEST:
        return line
    return f"{line[:_LONGEST].rpartition(' ')[0] or line[: _LONGEST - 1]}…"


PROSE = "x\n\n{}"
WITHIN_PROSE = "x {}"
TITLE = "## [{}](https://example.org/)"
IMAGE = "![{}](https://example.org/)"
EMPHASIS = "*{}*"


def escaped(text: str, frame: str = PROSE) -> str:
    """
    Return a tidy text as Markdown that reads just so, with as few backslashes as it takes.

    Args:
        text: on one line.
        frame: the Markdown around it, with braces in its place.
    """
    said, kinds = _read(frame.replace("{}", "x"))
    wanted = (said[:-1] + squeezed(text), kinds)
    first, fully = (_PUNCTUATION.sub(r"\\\g<0>", text, count=count) for count in (1, 0))
    lightly = _SIGNS.sub(r"\\\g<0>", text)
    return next((one for one in (text, first, lightly) if _read(frame.replace("{}", one)) == wanted), fully)


def _read(markdown: str) -> tuple[str, list[str]]:
    """Return what Markdown says, and of what kinds of tokens it is; bare addresses count as text."""
    tokens = markdown_tokens(markdown)
    kinds = [token.type for token in every(tokens) if token.info != "auto"]
    return squeezed(plain_text(tokens)), [kind for kind, _ in groupby(kinds)]


def markdown_tokens(markdown: str) -> list[Token]:
    """Return Markdown as our reader understands it; none where it would complain."""
    try:
        return parse(markdown, {}, "")
    except DigestError:
        return []


def squeezed(text: str) -> str:
    """Return a text without its spaces, for telling whether two say the same."""
    return "".join(text.split())


def for_front_matter(text: str) -> str:
    r"""Return a tidy text with ``{{`` as ``\{{``, parted from backslashes of its own."""
    return _BRACES.sub(lambda match: f"{match[1]} \\{match[2]}" if match[1] else f"\\{match[2]}", text)
