"""
Bodies of requests, in pieces.

Most pieces are an edition's own bytes, shared by all messages, so a body of thirty megabytes takes little memory, and
it is joined only block by block, on its way out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request, given out in blocks as often as it is asked for."""

    pieces: Sequence[bytes]

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def __iter__(self) -> Iterator[bytes]:
        block: list[bytes] = []
        size = 0
        for piece in self.pieces:
            block.append(piece)
            size += len(piece)
            if size >= _BLOCK:
                yield b"".join(block)
                block, size = [], 0
        yield b"".join(block)

    def post(self, url: str, headers: Mapping[str, str]) -> httpx.Request:
        """Return the request that posts it, with its length told; `headers` name its type."""
        return httpx.Request("POST", url, headers={**headers, "Content-Length": str(len(self))}, content=self)
