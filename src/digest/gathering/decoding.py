"""Bytes of strangers, read as text: declarations are heeded as far as they can be true."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_MARK = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"), (b"{\0", "utf-16-le"), (b"\0{", "utf-16-be"))
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w:.-]+)""", re.IGNORECASE)
_DECLARED = re.compile(rb"""(?:<\?xml[^>]*?encoding|<meta[^>]*?charset)\s*=\s*["']?\s*([\w:.-]+)""", re.IGNORECASE)
_HEAD = 2048
"""Browsers look for a declaration in the first 1024 bytes; some pages have it a little further down."""
_OF_THE_WEB = re.compile(
    r"utf-8|cp\d+|iso8859-\d+|koi8-\w|mac-\w+|tis-620|gb\w+|hz|big5\w*|euc_\w+|shift_\w+|iso2022_\w+"
)
_IN_TRUTH = {
    **dict.fromkeys(("ascii", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    **dict.fromkeys(("tis-620", "iso8859-11"), "cp874"),
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
"""What is called so is a larger one in truth (https://encoding.spec.whatwg.org/#names-and-labels, 2026-11-23)."""
_STRAYS = "digest.strays"
"""Our name, among Python's own, for reading bytes that are no UTF-8 as Windows' western encoding."""


def decode(body: bytes, content_type: str = "") -> str:
    """
    Return a body as text, whatever it says of itself.

    A byte order mark is believed first. Then UTF-8 is tried whatever is declared, since hardly any text in another
    encoding happens to be valid in it; then what is declared, by the header or the body. Where none fits, a declared
    one is taken with its faults, and else UTF-8 with bytes of Windows' western one among it.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    for beginning, encoding in _WITHOUT_MARK:
        if body.startswith(beginning):
            return body.decode(encoding, "replace")
    declared = [*_CHARSET.findall(content_type), *(name.decode() for name in _DECLARED.findall(body[:_HEAD]))]
    encodings = [name for name in map(_known, declared) if name not in {"", "cp1252"}]
    escaping = [name for name in encodings if name.startswith(("iso2022", "hz"))]  # of ASCII alone, so valid UTF-8
    for encoding in (*escaping, "utf-8", *encodings):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    other = next((name for name in encodings if name != "utf-8"), "")
    return body.decode(other, "replace") if other else body.decode("utf-8", _STRAYS)


def _read_strays(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_STRAYS, _read_strays)


def _known(label: str) -> str:
    """Return the encoding that is meant by a name, "" for one that nobody knows or that no page is written in."""
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return ""
    return _IN_TRUTH.get(name, name) if _OF_THE_WEB.fullmatch(name) else ""
