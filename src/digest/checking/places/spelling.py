"""How else a text may be spelled in Markdown or HTML: what a page shows, found again where it was written."""

from __future__ import annotations

import re
from functools import lru_cache
from html.entities import codepoint2name
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 160
"""How many characters of a text are looked for."""
_SPACE = re.compile(r"(\s+)")
_BETWEEN_WORDS = r"(?:[\s\u00a0>*_~`\[\]\\]|&nbsp;|%20)+"
"""Lines may break there, behind the mark of a quote, and emphasis or a link may begin or end."""
_PUNYCODE = re.compile(r"xn--([a-z0-9-]+)", re.IGNORECASE)
_ADDRESS_GOES_ON = r"(?![\w/?#&=%-]|[.:@][\w/])"


@lru_cache(maxsize=512)
def spellings(needle: str) -> tuple[re.Pattern[str], ...]:
    """
    Return what finds a text: as it is and by itself, spelled otherwise, and as a part of a longer word or address.

    Spelled otherwise is HTML's entities, the percent signs of addresses, domains in their own script, Markdown's
    backslashes, and line breaks between words.
    """
    as_it_is, otherwise = re.escape(needle), _otherwise(_plain(needle)[:_LONGEST])
    before = r"(?<!\w)" if _is_word(needle[:1]) else ""
    behind = _ADDRESS_GOES_ON if "://" in needle else r"(?!\w)" if _is_word(needle[-1:]) else ""
    behind_otherwise = behind if len(needle) <= _LONGEST else ""
    patterns = (f"{before}{as_it_is}{behind}", f"{before}{otherwise}{behind_otherwise}", as_it_is)
    return tuple(map(re.compile, patterns))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _plain(needle: str) -> str:
    """Return a text with its percent signs and its Punycode decoded, as far as they are such."""
    try:
        decoded = unquote(needle, errors="strict")
        return _PUNYCODE.sub(lambda label: label[1].encode("ascii").decode("punycode"), decoded)
    except UnicodeError:
        return needle


def _otherwise(text: str) -> str:
    parts = _SPACE.split(text)
    return "".join(_BETWEEN_WORDS if part.isspace() else "".join(map(_character, part)) for part in parts)


def _character(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    return f"(?:{'|'.join(_ways(character))})"


def _ways(character: str) -> Iterator[str]:
    yield rf"\\?{re.escape(character)}" if character.isascii() else character
    yield f"&#0*{ord(character)};"
    yield f"&#[xX]0*(?i:{ord(character):x});"
    if name := codepoint2name.get(ord(character)):
        yield f"&{name};"
    if (encoded := quote(character, safe="")) != character:
        yield f"(?i:{encoded})"
