"""Pages and feeds, fetched from where strangers say: never within our own network, never too much, never for ever."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import httpx

from digest.errors import SourceError
from digest.gathering.addresses import shown
from digest.gathering.decoding import decode
from digest.gathering.texts import tidy
from digest.wire.introducing import open_client
from digest.wire.outside import OutsideTransport
from digest.wire.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Result = TypeVar("Result")

LARGEST = 5_000_000
"""Bytes that an answer may have, on its way and unpacked."""
HOPS = 5
_LONGEST = 30.0
_STEP = 10
_SIDE_BY_SIDE = 8
_GZIP_OR_ZLIB = 47  # zlib.decompressobj, wbits: 32 + 15
_ENDLESS = "it does not come to the end of its answer"
_AGAIN = "Look whether it opens in a browser; if it does, try again later."


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer."""

    url: str
    """Where it was found in the end."""
    body: bytes
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    is_unchanged: bool = False
    """Whether it still is what it was when it was asked for the last time; it has no body then."""

    @property
    def text(self) -> str:
        """The body as text."""
        return decode(self.body, self.content_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Fetches what lies on the public internet, or where somebody wrote by hand that it lies in our own network."""

    transport: Callable[[httpx.URL], httpx.BaseTransport] = lambda url: OutsideTransport(meant=url)
    """Makes what carries the request for an address, and where it is redirected to."""
    longest: float = _LONGEST
    """The seconds that an answer may take, with all that it redirects to."""

    def fetch(self, url: str, headers: Mapping[str, str] | None = None, *, meant: str = "") -> Fetched:
        """
        Fetch what lies at an address.

        Args:
            url: the address.
            headers: what is told besides.
            meant: the one that a person wrote, where a page led from it to this one.

        Raises:
            SourceError: it cannot be had, or is too much.
        """
        patience, asked = Patience(self.longest), meant or url
        try:
            with (
                patience,
                open_client(timeout=httpx.Timeout(_STEP), transport=self.transport(httpx.URL(asked))) as client,
            ):
                request = client.build_request("GET", url, headers={**(headers or {}), "Accept-Encoding": "gzip"})
                fetched = _follow(client, request, asked, patience)
        except httpx.TimeoutException as error:
            raise _fault(asked, f"it does not answer within {_STEP} seconds") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise _fault(asked, _ENDLESS if patience.is_at_its_end else str(error) or type(error).__name__) from error
        if patience.is_at_its_end:  # the end of its connection passes for that of an answer without a length
            raise _fault(asked, _ENDLESS)
        return fetched


def side_by_side(work: Callable[[str], Result], urls: Iterable[str]) -> list[Result | SourceError]:
    """Do some work for each address at once, and return what came of it, or why nothing did, in their order."""

    def attempt(url: str) -> Result | SourceError:
        try:
            return work(url)
        except SourceError as fault:
            return fault

    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="fetch") as pool:
        return [*pool.map(attempt, urls)]


def _fault(url: str, why: str) -> SourceError:
    return SourceError(f"{shown(url)}: {tidy(why)}", hint=_AGAIN)  # it may be in words of the server


def _follow(client: httpx.Client, request: httpx.Request, asked: str, patience: Patience) -> Fetched:
    """Go from redirect to redirect; httpx itself would read what each of them says, however much that is."""
    for _ in range(HOPS + 1):
        if request.url.scheme not in {"http", "https"}:
            raise _fault(asked, "it leads to something that is no web address")
        request.extensions["trace"] = patience.watch
        response = client.send(request, stream=True)
        try:
            if response.next_request is None:
                return _read(response, asked)
            request = response.next_request
        finally:
            response.close()
    raise _fault(asked, f"it is redirected more than {HOPS} times")


def _read(response: httpx.Response, url: str) -> Fetched:
    unchanged = response.status_code == httpx.codes.NOT_MODIFIED
    if not (response.is_success or unchanged):
        raise _fault(url, f"it answers {response.status_code} {response.reason_phrase}".rstrip())
    return Fetched(
        url=str(response.url),
        body=b"" if unchanged else _unpacked(_body_of(response, url), response, url),
        content_type=response.headers.get("Content-Type", ""),
        etag=response.headers.get("ETag", ""),
        last_modified=response.headers.get("Last-Modified", ""),
        is_unchanged=unchanged,
    )


def _body_of(response: httpx.Response, url: str) -> bytes:
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > LARGEST:
            raise _too_large(url)
    return bytes(body)


def _unpacked(body: bytes, response: httpx.Response, url: str) -> bytes:
    """Unpack a body ourselves, since httpx would unpack a small one of any size."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        return body
    if coding not in {"gzip", "x-gzip", "deflate"}:
        raise _fault(url, f"it is packed as {coding}, which was not asked for")
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        unpacked = unpacker.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise _fault(url, "it cannot be unpacked") from error
    if len(unpacked) > LARGEST:
        raise _too_large(url)
    if body and not unpacker.eof:
        raise _fault(url, "its end is missing")
    return unpacked


def _too_large(url: str) -> SourceError:
    return _fault(url, f"it is larger than {LARGEST // 1_000_000} MB")
