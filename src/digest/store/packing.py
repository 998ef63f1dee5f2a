"""Rising numbers in little room: each as its distance from the one before, then zlib."""

from __future__ import annotations

import struct
import zlib
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING

from digest.store.database import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTHS = "BHIQ"  # unsigned, of one, two, four and eight bytes, as `struct` spells them


def pack(ids: Sequence[int]) -> bytes:
    """
    Return rising ids of up to 64 bits as some bytes; a thousand neighbours take about twenty.

    Raises:
        ValueError: they do not rise.
    """
    if not ids:
        return b""
    steps = [*map(sub, ids[1:], ids)]
    if min(steps, default=1) < 1:
        msg = "the ids do not rise"
        raise ValueError(msg)
    width = _narrowest(max(steps, default=1))
    return zlib.compress(width.encode() + struct.pack(f"<Q{len(steps)}{width}", ids[0], *steps))


def unpack(packed: bytes) -> list[int]:
    """Return the ids that `pack` was given."""
    if not packed:
        return []
    data = zlib.decompress(packed)
    width = data[:1].decode()
    count = (len(data) - 1 - struct.calcsize("<Q")) // struct.calcsize(f"<{width}")
    return [*accumulate(struct.unpack(f"<Q{count}{width}", data[1:]))]


def _narrowest(largest: int) -> str:
    return next(width for width in _WIDTHS if largest < 256 ** struct.calcsize(f"<{width}"))


def pack_texts(texts: Sequence[str]) -> bytes | None:
    """Return texts as some bytes; None if all are blank."""
    return zlib.compress(to_json(texts).encode(), level=1) if any(texts) else None


def unpack_texts(packed: bytes | None) -> list[str]:
    """Return the texts that `pack_texts` was given; none if they were blank."""
    return [*from_json(zlib.decompress(packed))] if packed else []
