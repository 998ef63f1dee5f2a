"""Characters that no text for people has: those that break lines or turn them, and those of wrong decoding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, every end of a line that ``str.splitlines`` knows, characters that turn the direction, halves of pairs."""
REPLACEMENT = "\ufffd"
"""Stands where a program met bytes that it could not decode."""

# UTF-8 that was read as Windows-1252: in two bytes what lies between U+00A0 and U+00FF, in three the punctuation from
# U+2010 on, in four the emoji. Guillemets and quotation marks behind a capital with an accent are left out, since they
# close a quotation: « IRMÃ ».
_MISREAD = re.compile(
    "Ã[\x80-\x9f\u00a1-\u00aa\u00ac-\u00ba\u00bc-\u00bfŒœŠšŽžŸƒˆ˜]+"
    "|Â[\u00a0-\u00aa\u00ac-\u00ba\u00bc-\u00bf]"
    "|â(?:€[\x80-\xbf™œ\u201c\u201d˜š¢¦¡¹º…\u2018\u2019\u201a\u201e†‡•‰‹›]|[„†‡‚ˆ][\x80-\xbf\u2018\u2019\u201c\u201d\u2020-\u2022’])"
    "|ðŸ[\x80-\xbf\u0152-\u0192\u02c6\u02dc\u2013-\u203a€™]{2}"
)


def misread(text: str) -> Iterator[tuple[str, str]]:
    """Yield each piece that was decoded with the wrong charset, such as ``Ã¼``, and what was meant, such as ``ü``."""
    for match in _MISREAD.finditer(text):
        meant = _decode_again(match[0])
        if meant:
            yield match[0], meant


def _decode_again(text: str) -> str:
    try:
        return b"".join(map(_octet, text)).decode()
    except UnicodeError:
        return ""


def _octet(character: str) -> bytes:
    """Return what Windows-1252 writes for a character; the five bytes that it leaves open stand for themselves."""
    return character.encode("latin-1") if "\x80" <= character <= "\x9f" else character.encode("cp1252")
