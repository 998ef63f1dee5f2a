"""What a picture's file tells beside the picture, such as where it was taken; it is taken out to the byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

JPEG, PNG, GIF, RIFF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF"
"""What files of these formats begin with; RIFF is what WebP lies in."""

# The next marker: in the picture's data, 0xFF is followed by 0 or by the number of a restart (ITU T.81, B.1.1.2).
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_END_OF_IMAGE = 0xD9
_PROFILE, _PROFILE_HEAD = 0xE2, b"ICC_PROFILE\0"
_TELLING = frozenset({0xE1, *range(0xE3, 0xEE), 0xEF, 0xFE})
"""Comments, and segments of programs other than JFIF, Adobe and colour profiles, which change how it looks."""
_EXTENDED, _TOLD_OF = b"VP8X", 0x08 | 0x04
"""The head of a WebP that holds more than a picture, and its flags for EXIF and XMP (RFC 9649, 2.7)."""
_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"})


def bare(content: bytes) -> bytes:
    """
    Return a JPEG, a PNG or a WebP without comments, EXIF, thumbnails and whatever follows its end, any other as it is.

    Phones note the place in EXIF, and put a film with sound behind the end.
    """
    if content.startswith(JPEG):
        return b"".join(_jpeg_segments(content))
    if content.startswith(RIFF) and content[8:12] == b"WEBP":
        chunks = b"".join(_webp_chunks(content))
        return RIFF + (4 + len(chunks)).to_bytes(4, "little") + b"WEBP" + chunks
    return b"".join(_png_chunks(content)) if content.startswith(PNG) else content


def may_be_turned(content: bytes) -> bool:
    """Say whether EXIF may tell that the picture lies on its side."""
    return b"Exif\0\0" in content or b"eXIf" in content


def _jpeg_segments(content: bytes) -> Iterator[bytes]:
    yield content[:2]
    at = 2
    while found := _MARKER.search(content, at):
        marker, body = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            yield content[at:body]
            return
        end = body + int.from_bytes(content[body : body + 2], "big")
        tells = marker in _TELLING or (marker == _PROFILE and not content.startswith(_PROFILE_HEAD, body + 2))
        yield content[at : found.start() if tells else end]
        at = end
    yield content[at:]


def _png_chunks(content: bytes) -> Iterator[bytes]:
    at = len(PNG)
    yield content[:at]
    while at < len(content):
        kind, end = content[at + 4 : at + 8], at + 12 + int.from_bytes(content[at : at + 4], "big")
        if kind not in _CHUNKS:
            yield content[at:end]
        if kind == b"IEND":
            return
        at = end


def _webp_chunks(content: bytes) -> Iterator[bytes]:
    at, last = 12, min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while at < last:
        kind, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        if kind not in {b"EXIF", b"XMP "}:
            chunk = bytearray(content[at:end])
            if kind == _EXTENDED:
                chunk[8:9] = (flags & ~_TOLD_OF for flags in chunk[8:9])
            yield bytes(chunk)
        at = end
