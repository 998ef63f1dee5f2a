"""Bodies are given out in blocks, as often as they are asked for."""

from __future__ import annotations

import httpx
import pytest

from digest.wire.bodies import Body


@pytest.mark.parametrize(
    "pieces", [(), (b"",), (b"a",), (b"ab", b"", b"cd"), (b"x" * 300_000,) * 3, (b"x" * 262_144,), (b"yz",) * 200_000]
)
def test_blocks_are_the_whole(pieces: tuple[bytes, ...]) -> None:
    """Whatever the pieces, the blocks make up the body each time, and its length is told beforehand."""
    body = Body(pieces)
    assert b"".join(body) == b"".join(body) == b"".join(pieces)
    assert len(body) == len(b"".join(pieces))


def test_blocks_are_large_enough_for_the_network() -> None:
    """Small pieces travel together, in blocks of 256 KB or a little more."""
    blocks = [*Body((b"12345",) * 200_000)]
    assert [len(block) for block in blocks[:-1]] == [262_145] * 3
    assert len(blocks) == 4


def test_a_request_tells_its_length() -> None:
    """A body that is posted is not sent in chunks, and keeps the fields that it is given."""
    request = Body((b"{", b"}")).post("https://service.test/v1", {"Content-Type": "application/json", "X-Key": "k"})
    assert request.method == "POST"
    assert request.headers["Content-Length"] == "2"
    assert request.headers["Content-Type"] == "application/json"
    assert "Transfer-Encoding" not in request.headers
    with httpx.Client(transport=httpx.MockTransport(lambda seen: httpx.Response(200, content=seen.read()))) as client:
        assert [client.send(request).content for _ in range(2)] == [b"{}", b"{}"]
