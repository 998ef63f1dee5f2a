"""A web of our own for tests: pages and feeds at public addresses that no test ever connects to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from digest.gathering.fetching import Fetcher
from digest.wire.outside import OutsideTransport

FEEDS = Path(__file__).parent / "feeds"
_HOSTS = defaultdict(
    lambda: ["93.184.215.14"],
    {"inside.example.org": ["10.0.0.5"], "localhost": ["127.0.0.1"], "10.0.0.5": ["10.0.0.5"]},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """What lies at an address."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def page(body: str | bytes, content_type: str = "text/html; charset=utf-8", **headers: str) -> Lying:
    """Return something to be read; in the names of headers, underscores stand for hyphens."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body.encode() if isinstance(body, str) else body
    return Lying(body=content, headers={"Content-Type": content_type, **fields})


def moved(location: str) -> Lying:
    """Return a redirect."""
    return Lying(status=302, headers={"Location": location})


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsstand:
    """What lies on the web, by its addresses, and what was asked of it."""

    lying: dict[str, Lying] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def fetcher(self) -> Fetcher:
        """Return what fetches from here, and looks as closely at where it leads as ever."""
        inner = httpx.MockTransport(self._answer)
        return Fetcher(
            transport=lambda url: OutsideTransport(look_up=lambda host, _: _HOSTS[host], inner=inner, meant=url)
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.lying.get(str(request.url.copy_with(host=request.headers["Host"])), Lying(status=404))
        etag = found.headers.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            return httpx.Response(304)
        return httpx.Response(found.status, headers=found.headers, stream=httpx.ByteStream(found.body))
