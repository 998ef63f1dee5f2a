"""
What a failure means for a batch: whether it surely did not happen, or may have happened.

The fates of exceptions were read off httpx 0.28 and httpcore 1.0, which open a connection, write, and read, in that
order. A write that fails tells nothing there: httpcore reads on for an answer that came early, and what is raised
is what that reading met. So only the body itself can tell how far it went; that is what `Watched` is for.
"""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeVar, cast

import httpx
import msgspec

from digest.errors import ProviderError
from digest.model import Receipt, State
from digest.wire import UNREADABLE
from digest.wire.words import said, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from digest.model import Batch
    from digest.wire import Fetch


_Answer = TypeVar("_Answer")


class UnclearError(ProviderError):
    """An answer does not say what became of a batch: it may have been accepted."""


class RejectedError(ProviderError):
    """A batch was refused for something in it. Surely nothing was accepted, and parts of it may pass."""


class Fate(Enum):
    """What became of a request."""

    ANSWERED = auto()
    """It was understood; the answer's body has the rest."""
    NOT_TAKEN = auto()
    """Surely nothing happened; ask again later."""
    REJECTED = auto()
    """Surely nothing happened, for something in the request; a part of it may pass."""
    REFUSED = auto()
    """Surely nothing happened, and to ask the same again would not help."""
    OPEN = auto()
    """It may have happened."""


_NEVER_LEFT = (Fate.NOT_TAKEN, Fate.NOT_TAKEN)
_NEVER_WILL = (Fate.REFUSED, Fate.REFUSED)
# Whoever gets fewer bytes than Content-Length says, or no last chunk, MUST take the request for incomplete: RFC 9112
# section 6.3. What has left whole may have been acted on, however the connection ended.
_BY_BODY = (Fate.OPEN, Fate.NOT_TAKEN)

FAILURES: Mapping[type[Exception], tuple[Fate, Fate]] = {
    # There was no connection yet: no address found, refused, or no TLS. Each request opens or takes one but once, as
    # neither redirects nor retries of the transport are followed.
    httpx.ConnectError: _NEVER_LEFT,
    httpx.ConnectTimeout: _NEVER_LEFT,
    httpx.PoolTimeout: _NEVER_LEFT,
    httpx.ProxyError: _NEVER_LEFT,  # The proxy refused its CONNECT, which goes before the request.
    # The address in the settings is wrong.
    httpx.UnsupportedProtocol: _NEVER_WILL,
    httpx.InvalidURL: _NEVER_WILL,
    # A header field of ours is against the rules, as it will be next time. Over HTTP/2 it can also come late.
    httpx.LocalProtocolError: (Fate.OPEN, Fate.REFUSED),
    # The request was under way: writing, reading, or understanding an answer that was cut or broken.
    httpx.WriteError: _BY_BODY,
    httpx.WriteTimeout: _BY_BODY,
    httpx.ReadError: _BY_BODY,
    httpx.ReadTimeout: _BY_BODY,
    httpx.CloseError: _BY_BODY,
    httpx.RemoteProtocolError: _BY_BODY,
    httpx.DecodingError: _BY_BODY,
    httpx.TooManyRedirects: _BY_BODY,
    # A stream or a cookie was used wrongly, by us, at any time.
    httpx.StreamError: _BY_BODY,
    httpx.StreamConsumed: _BY_BODY,
    httpx.StreamClosed: _BY_BODY,
    httpx.RequestNotRead: _BY_BODY,
    httpx.ResponseNotRead: _BY_BODY,
    httpx.CookieConflict: _BY_BODY,
    # Families; nothing is raised as one of them today.
    httpx.HTTPError: _BY_BODY,
    httpx.RequestError: _BY_BODY,
    httpx.TransportError: _BY_BODY,
    httpx.TimeoutException: _BY_BODY,
    httpx.NetworkError: _BY_BODY,
    httpx.ProtocolError: _BY_BODY,
}
"""The fate of a request by what was raised: when its body had been handed over whole, and when it had not."""

_LATER = frozenset(
    {
        httpx.codes.MISDIRECTED_REQUEST,  # RFC 9110 15.5.20: may be asked again whatever it is. MailerSend: maintenance
        httpx.codes.TOO_EARLY,  # RFC 8470 5.2: the server would not risk to process it
        httpx.codes.TOO_MANY_REQUESTS,  # RFC 6585 4
    }
)
_AT_FAULT = frozenset(
    {
        httpx.codes.BAD_REQUEST,
        httpx.codes.REQUEST_ENTITY_TOO_LARGE,
        httpx.codes.UNPROCESSABLE_ENTITY,
    }
)
# The service is to be asked elsewhere: RFC 9110 15.4. The method of the request stays, or would, so nothing was done.
_ELSEWHERE = frozenset(
    {
        httpx.codes.MOVED_PERMANENTLY,
        httpx.codes.FOUND,
        httpx.codes.TEMPORARY_REDIRECT,
        httpx.codes.PERMANENT_REDIRECT,
    }
)
_UNSURE = frozenset(
    {
        # RFC 9110 15.5.9: the request never came in whole. But there are services that say it of their own work, as
        # https://developers.glean.com/errors/request-timeout does (2026-11), so it is believed only of a cut body.
        httpx.codes.REQUEST_TIMEOUT,
        # A request of this key went before: draft-ietf-httpapi-idempotency-key-header-07, section 2.7.
        httpx.codes.CONFLICT,
    }
)


def fate_of(outcome: httpx.Response | Exception, *, whole: bool = True) -> Fate:
    """
    Return what became of a request that ended in `outcome`.

    The exception may be any: httpx lets some of others through, such as h11's for a body that is longer than its
    Content-Length, ``UnicodeError`` for the name of a host, and whatever the body raises while it is made.

    Args:
        outcome: the answer, or what was raised in its stead.
        whole: whether the body had been handed to the network to its last block, as `Watched` knows. It is no proof
            where a provider's own transport acts on parts of a body; there, it must stay True.
    """
    if isinstance(outcome, httpx.HTTPStatusError):
        outcome = outcome.response
    if isinstance(outcome, httpx.Response):
        fate = _fate_by_status(outcome)
        return Fate.NOT_TAKEN if fate is Fate.OPEN and not whole else fate
    fates = next((FAILURES[kind] for kind in type(outcome).__mro__ if kind in FAILURES), _BY_BODY)
    return fates[0 if whole else 1]


def _fate_by_status(response: httpx.Response) -> Fate:
    status = response.status_code
    if response.is_success:
        return Fate.ANSWERED
    # RFC 9110 15.6.4: a server that says when to come back has put the request off. Without that, 503 is also what a
    # gateway says of a service that failed behind it, like 502 and 504, and a service of itself in mid-work, like 500.
    put_off = status == httpx.codes.SERVICE_UNAVAILABLE and "Retry-After" in response.headers
    if status in _LATER or put_off:
        return Fate.NOT_TAKEN
    if status in _AT_FAULT:
        return Fate.REJECTED
    if status in _ELSEWHERE:
        return Fate.REFUSED
    # RFC 9110 15.5: the fault is in the request. Numbers that nobody registered count as their class: section 15.
    if response.is_client_error and status not in _UNSURE:
        return Fate.REFUSED
    # 5xx may come out of the midst of the work, or from a gateway that had passed the request on. 303 says that it was
    # done (RFC 9110 15.4.4), and other 3xx may; 1xx is no last word.
    return Fate.OPEN


class Watched(httpx.SyncByteStream):
    """The body of a request, which knows how far it was asked for."""

    whole: bool
    """Whether its last block was asked for, so that a server may have it all; True at once for an empty body."""

    def __init__(self, blocks: Iterable[bytes], length: float) -> None:
        self._blocks = blocks
        self._length = length
        self.whole = not length

    def __iter__(self) -> Iterator[bytes]:
        left = self._length
        for block in self._blocks:
            left -= len(block)
            self.whole = self.whole or left <= 0
            yield block
        # Without a Content-Length, a body ends with an empty chunk, which follows now.
        self.whole = self.whole or math.isinf(left)


def watch(request: httpx.Request) -> tuple[httpx.Request, Watched]:
    """Return `request` with its body watched, and that body."""
    body = Watched(cast("Iterable[bytes]", request.stream), _length(request.headers))
    watched = httpx.Request(
        request.method, request.url, headers=request.headers, stream=body, extensions=request.extensions
    )
    return watched, body


def _length(headers: httpx.Headers) -> float:
    """Return how long the body is, infinity when it comes in chunks: RFC 9112 section 6.3."""
    return math.inf if "Transfer-Encoding" in headers else int(headers.get("Content-Length", 0))


def receipts_by_status(batch: Batch, response: httpx.Response) -> Sequence[Receipt] | None:
    """
    Return a receipt for each reader where the status decides for all of them; None where the body has to be read.

    It is for services whose answers are no success only if nothing was taken. One that answers 4xx to part of a
    batch, or to a key that it knows, has its body read first.

    Raises:
        UnclearError: the batch may have been accepted.
        RejectedError: the service refused the batch for something in it.
        ProviderError: the service refused the batch whatever is in it.
    """
    match fate_of(response):
        case Fate.ANSWERED:
            return None
        case Fate.NOT_TAKEN:
            return put_off(batch, response)
        case Fate.REJECTED:
            msg = f"the service rejected it with {said(response)}"
            raise RejectedError(msg)
        case Fate.REFUSED if response.has_redirect_location:
            elsewhere = _host(response.headers["Location"])
            msg = f"the service is not where it was asked: {status_of(response)} to {elsewhere}"
            raise ProviderError(msg, hint="Set api_url under [provider] to where it is, with https://.")
        case Fate.REFUSED:
            raise refusal(response)
        case Fate.OPEN:
            msg = f"the service answered {said(response)}, which leaves open what it took"
            raise UnclearError(msg)


def put_off(batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
    """Return receipts by which everyone is tried again later."""
    return [Receipt(state=State.QUEUED, reason=said(response))] * len(batch.readers)


def refusal(response: httpx.Response) -> ProviderError:
    """Return the error for an answer by which a service takes nothing, whatever it is asked."""
    msg = f"the service refused with {said(response)}"
    return ProviderError(msg, hint="Mend what it names and run it again; it took nothing of this batch.")


def decoded(response: httpx.Response, kind: type[_Answer]) -> _Answer:
    """
    Return the JSON of an answer that says that something was taken.

    Raises:
        UnclearError: it cannot be read, so nobody knows what was taken.
    """
    try:
        return msgspec.json.decode(response.content, type=kind)
    except UNREADABLE as error:
        msg = f"the service answered {status_of(response)}, and what it took cannot be read"
        raise UnclearError(msg) from error


def explained(response: httpx.Response, kind: type[_Answer]) -> _Answer:
    """Return the JSON by which an answer explains a failure; where it cannot be read, a blank one."""
    try:
        return msgspec.json.decode(response.content, type=kind)
    except UNREADABLE:
        return kind()


def one_for_each(batch: Batch, results: Sequence[_Answer]) -> Sequence[_Answer]:
    """
    Return the results of an answer that has one for each message, in their order.

    Raises:
        UnclearError: there are more or fewer, so nobody knows whose they are.
    """
    if len(results) != len(batch.readers):
        msg = f"the service gave {len(results)} results for {len(batch.readers)} messages"
        raise UnclearError(msg)
    return results


def looked_up(request: httpx.Request, fetch: Fetch, kind: type[_Answer]) -> _Answer:
    """
    Return what a service's log says.

    Raises:
        ProviderError: it does not say it.
    """
    response = fetch(request)
    if not response.is_success:
        msg = f"the service does not tell what became of it: {said(response)}"
        raise ProviderError(msg, hint="Nothing was changed. Ask again later.")
    return decoded(response, kind)


def receipts_by_log(batch: Batch, found: Mapping[str, Receipt]) -> Sequence[Receipt]:
    """
    Return a receipt for each reader, by a log that is not known to be complete: others than those found stay in doubt.

    Args:
        batch: those who were asked for.
        found: what became of the messages that it knows, by their correlation ids.
    """
    unknown = Receipt(state=State.IN_DOUBT, reason="the service's log does not know it")
    return [found.get(name, unknown) for name in batch.correlation_ids]


def _host(location: str) -> str:
    try:
        return httpx.URL(location).host or "another path"
    except httpx.InvalidURL:
        return "nowhere"
