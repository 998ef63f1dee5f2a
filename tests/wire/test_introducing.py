"""What every request says of who is asking."""

from __future__ import annotations

import httpx

from digest import __version__
from digest.wire.introducing import open_client


def _sent(request: httpx.Request) -> httpx.Headers:
    seen: list[httpx.Request] = []

    def take(arrived: httpx.Request) -> httpx.Response:
        seen.append(arrived)
        return httpx.Response(200)

    with open_client(transport=httpx.MockTransport(take), timeout=httpx.Timeout(5)) as client:
        client.send(request)
    return seen[0].headers


def test_introduction() -> None:
    """A request that no client has made says who is asking, and that any answer will do."""
    headers = _sent(httpx.Request("GET", "https://service.test/"))
    assert (headers["User-Agent"], headers["Accept"]) == (f"digest/{__version__}", "*/*")


def test_what_a_request_says_itself() -> None:
    """What a provider says of us and of the answer stays as it is."""
    headers = _sent(httpx.Request("GET", "https://service.test/", headers={"Accept": "application/json"}))
    assert headers.get_list("Accept") == ["application/json"]
