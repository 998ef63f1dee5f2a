"""What a failure means for a batch: the table, a body that knows how far it went, and what adapters make of it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from digest.errors import ProviderError
from digest.model import Address, Batch, Edition, Pattern, Readers, Receipt, State, Subscriber
from digest.wire.answers import (
    FAILURES,
    Fate,
    RejectedError,
    UnclearError,
    decoded,
    explained,
    fate_of,
    looked_up,
    one_for_each,
    receipts_by_log,
    receipts_by_status,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWERED, NOT_TAKEN, REJECTED, REFUSED, OPEN = Fate

BATCH = Batch(
    edition=Edition(
        slug="first-snow",
        sender=Address(email="editor@example.org"),
        reply_to=None,
        subject=Pattern.of_text("First snow"),
        html=Pattern.of_html("<p>Hello</p>"),
        text=Pattern.of_text("Hello"),
        headers={},
    ),
    number=1,
    key="first-snow-1",
    readers=Readers.of(
        [Subscriber(id=1, email="ann@example.org", token="a" * 22), Subscriber(id=2, email="b@x.test", token="b" * 22)]
    ),
    at=datetime(2026, 11, 24, 9, tzinfo=UTC),
)

# By kind: the fate when the body had left whole, and when it had not.
EXCEPTIONS: list[tuple[Exception, Fate, Fate]] = [
    (httpx.ConnectError(""), NOT_TAKEN, NOT_TAKEN),
    (httpx.ConnectTimeout(""), NOT_TAKEN, NOT_TAKEN),
    (httpx.PoolTimeout(""), NOT_TAKEN, NOT_TAKEN),
    (httpx.ProxyError(""), NOT_TAKEN, NOT_TAKEN),
    (httpx.UnsupportedProtocol(""), REFUSED, REFUSED),
    (httpx.InvalidURL(""), REFUSED, REFUSED),
    (httpx.LocalProtocolError(""), OPEN, REFUSED),
    (httpx.WriteError(""), OPEN, NOT_TAKEN),
    (httpx.WriteTimeout(""), OPEN, NOT_TAKEN),
    (httpx.ReadError(""), OPEN, NOT_TAKEN),
    (httpx.ReadTimeout(""), OPEN, NOT_TAKEN),
    (httpx.CloseError(""), OPEN, NOT_TAKEN),
    (httpx.RemoteProtocolError(""), OPEN, NOT_TAKEN),
    (httpx.DecodingError(""), OPEN, NOT_TAKEN),
    (httpx.TooManyRedirects(""), OPEN, NOT_TAKEN),
    (httpx.CookieConflict(""), OPEN, NOT_TAKEN),
    (httpx.StreamError(""), OPEN, NOT_TAKEN),
    (httpx.StreamConsumed(), OPEN, NOT_TAKEN),
    (httpx.StreamClosed(), OPEN, NOT_TAKEN),
    (httpx.RequestNotRead(), OPEN, NOT_TAKEN),
    (httpx.ResponseNotRead(), OPEN, NOT_TAKEN),
    (httpx.HTTPError(""), OPEN, NOT_TAKEN),
    (httpx.RequestError(""), OPEN, NOT_TAKEN),
    (httpx.TransportError(""), OPEN, NOT_TAKEN),
    (httpx.TimeoutException(""), OPEN, NOT_TAKEN),
    (httpx.NetworkError(""), OPEN, NOT_TAKEN),
    (httpx.ProtocolError(""), OPEN, NOT_TAKEN),
]
FOREIGN: list[tuple[Exception, Fate, Fate]] = [
    (OSError("broken pipe"), OPEN, NOT_TAKEN),
    (ssl.SSLError("decryption failed"), OPEN, NOT_TAKEN),
    (UnicodeError("label empty or too long"), OPEN, NOT_TAKEN),
    (RuntimeError("client has been closed"), OPEN, NOT_TAKEN),
]
STATUSES = [
    *((status, ANSWERED, ANSWERED) for status in (200, 201, 202, 204, 206, 207, 250)),
    *((status, NOT_TAKEN, NOT_TAKEN) for status in (421, 425, 429)),
    *((status, REJECTED, REJECTED) for status in (400, 413, 422)),
    *((status, REFUSED, REFUSED) for status in (401, 402, 403, 404, 405, 410, 415, 420, 451, 499)),
    *((status, REFUSED, REFUSED) for status in (301, 302, 307, 308)),
    *((status, OPEN, NOT_TAKEN) for status in (408, 409)),
    *((status, OPEN, NOT_TAKEN) for status in (101, 300, 303, 304)),
    *((status, OPEN, NOT_TAKEN) for status in (500, 501, 502, 503, 504, 505, 507, 511, 520, 599, 700)),
]


def _name(value: object) -> str:
    return type(value).__name__ if isinstance(value, Exception) else str(value)


@pytest.mark.parametrize(("error", "when_whole", "when_cut"), [*EXCEPTIONS, *FOREIGN], ids=_name)
def test_the_fate_of_what_is_raised(error: Exception, when_whole: Fate, when_cut: Fate) -> None:
    """What is raised has a fate of its own, or one that hangs on whether the body had left whole."""
    assert fate_of(error) is when_whole
    assert fate_of(error, whole=True) is when_whole
    assert fate_of(error, whole=False) is when_cut


@pytest.mark.parametrize(("status", "when_whole", "when_cut"), STATUSES)
def test_the_fate_by_status(status: int, when_whole: Fate, when_cut: Fate) -> None:
    """A status has a fate; what it leaves open did not happen when the body was cut."""
    response = httpx.Response(status)
    assert fate_of(response) is when_whole
    assert fate_of(response, whole=False) is when_cut


def test_unavailable_for_a_while_is_put_off() -> None:
    """A 503 that says when to come back surely took nothing."""
    assert fate_of(httpx.Response(503, headers={"Retry-After": "30"})) is NOT_TAKEN


@pytest.mark.parametrize(("status", "fate"), [(429, NOT_TAKEN), (403, REFUSED), (502, OPEN)])
def test_a_status_that_was_raised_is_a_status(status: int, fate: Fate) -> None:
    """An answer that was raised means what it means when it is returned."""
    request = httpx.Request("POST", "https://service.test/")
    response = httpx.Response(status, request=request)
    assert fate_of(httpx.HTTPStatusError("", request=request, response=response)) is fate


def _kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for further in kind.__subclasses__():
        if further.__module__ == "httpx":
            yield from _kinds(further)


def test_no_exception_of_httpx_is_missing() -> None:
    """Every class that httpx can raise, now or after an upgrade, was thought of, and is in the tests' table too."""
    roots = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
    kinds = {kind for root in roots for kind in _kinds(root)} - {httpx.HTTPStatusError}
    exported = {kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert exported - {httpx.HTTPStatusError} == kinds
    assert set(FAILURES) == kinds == {type(error) for error, *_ in EXCEPTIONS}


def test_what_derives_from_an_exception_means_the_same() -> None:
    """A class of somebody's own means what the nearest known class above it means."""

    class NoTunnelError(httpx.ProxyError):
        """The tunnel is closed."""

    assert fate_of(NoTunnelError("")) is NOT_TAKEN


# The body that is watched.


def test_a_body_of_bytes_travels_unchanged() -> None:
    """A watched request has the same method, address, fields and bytes as before."""
    before = httpx.Request("POST", "https://service.test/a?b=c", headers={"X-Key": "1"}, json={"to": "ann"})
    after, body = watch(before)
    assert (after.method, after.url, after.headers.raw) == (before.method, before.url, before.headers.raw)
    assert after.headers["Content-Length"] == str(len(before.content))
    assert not body.whole
    assert after.read() == before.content
    assert body.whole


def test_a_body_is_whole_when_its_last_block_is_asked_for() -> None:
    """The last block may arrive even if its writing fails, so the body counts as whole from then on."""
    headers = {"Content-Length": "6"}
    _, body = watch(httpx.Request("POST", "https://service.test/", headers=headers, content=[b"ab", b"cd", b"ef"]))
    told = [body.whole, *(body.whole for _ in body)]
    assert told == [False, False, False, True]
    assert [(block, body.whole) for block in body] == [(b"ab", True), (b"cd", True), (b"ef", True)]  # it stays whole


def test_a_body_in_chunks_is_whole_at_its_end() -> None:
    """Without a Content-Length, only the end tells the server that it has all."""
    request, body = watch(httpx.Request("POST", "https://service.test/", content=iter([b"ab", b"cd"])))
    assert request.headers["Transfer-Encoding"] == "chunked"
    assert [body.whole for _ in body] == [False, False]
    assert body.whole


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_no_body_is_whole_at_once(method: str) -> None:
    """A request without a body is all there with its header fields."""
    request, body = watch(httpx.Request(method, "https://service.test/"))
    assert body.whole
    assert request.read() == b""


def test_a_transport_without_a_network_is_watched_too() -> None:
    """A transport of a provider's own that reads the body is seen to do so."""
    request, body = watch(httpx.Request("POST", "https://service.test/", json=[1]))
    with httpx.Client(transport=httpx.MockTransport(lambda seen: httpx.Response(200, content=seen.content))) as client:
        assert client.send(request).json() == [1]
    assert body.whole


# What adapters make of a status.


def test_success_is_left_to_the_adapter() -> None:
    """What a success says of each reader stands in its body."""
    assert receipts_by_status(BATCH, httpx.Response(202)) is None


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (httpx.Response(429, text="wait, ann@example.org"), "429 Too Many Requests: wait, …"),
        (httpx.Response(503, headers={"Retry-After": "9"}), "503 Service Unavailable"),
    ],
)
def test_what_was_put_off_is_queued(response: httpx.Response, reason: str) -> None:
    """Every reader of a batch that was surely not taken is queued, with the status for a reason."""
    receipts = receipts_by_status(BATCH, response)
    assert receipts is not None
    assert [(receipt.state, receipt.reason) for receipt in receipts] == [(State.QUEUED, reason)] * len(BATCH.readers)


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (
            httpx.Response(403, json={"message": "The domain is not verified for ann@example.org"}),
            "the service refused with 403 Forbidden: The domain is not verified for …",
        ),
        (httpx.Response(420, text="exceed\nsending limit"), "the service refused with 420: exceed sending limit"),
        (httpx.Response(404, html="<h1>Not found</h1>"), "the service refused with 404 Not Found"),
        (httpx.Response(401), "the service refused with 401 Unauthorized"),
    ],
)
def test_a_refusal_says_why(response: httpx.Response, sentence: str) -> None:
    """A batch that was refused as a whole is an error with the status and the service's words, and with no address."""
    with pytest.raises(ProviderError) as caught:
        receipts_by_status(BATCH, response)
    assert str(caught.value) == sentence
    assert type(caught.value) is ProviderError
    assert caught.value.hint


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (httpx.Response(400, json={"error": "bad to"}), "the service rejected it with 400 Bad Request: bad to"),
        (httpx.Response(413, html="<h1>No</h1>"), "the service rejected it with 413 Request Entity Too Large"),
        (
            httpx.Response(422, json={"errors": {"to.0.email": ["must be an address."]}}),
            "the service rejected it with 422 Unprocessable Entity: must be an address.",
        ),
    ],
)
def test_what_may_pass_in_parts_is_rejected(response: httpx.Response, sentence: str) -> None:
    """What the service finds wrong in a batch may be one reader's, so that it is an error of its own kind."""
    with pytest.raises(RejectedError) as caught:
        receipts_by_status(BATCH, response)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://eu.service.test/v3?key=abc", "eu.service.test"),
        ("/v4/messages", "another path"),
        ("http://[::", "nowhere"),
    ],
)
def test_a_service_that_has_moved_is_told(location: str, told: str) -> None:
    """A redirect is not followed, as a request would be another one there; where it leads is told by its host."""
    response = httpx.Response(308, headers={"Location": location})
    with pytest.raises(ProviderError) as caught:
        receipts_by_status(BATCH, response)
    assert str(caught.value) == f"the service is not where it was asked: 308 Permanent Redirect to {told}"
    assert type(caught.value) is ProviderError
    assert "api_url" in caught.value.hint


def test_what_is_open_is_said() -> None:
    """A status that leaves open what happened is an error of its own kind."""
    with pytest.raises(UnclearError) as caught:
        receipts_by_status(BATCH, httpx.Response(500, text="lost  the database"))
    sentence = "the service answered 500 Internal Server Error: lost the database, which leaves open what it took"
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"id":', b'{"id": 1}', b"[]", b'{"id": "\xff"}', b"[" * 100_000, b'{"id":' * 100_000]
)
def test_a_success_that_cannot_be_read_is_unclear(body: bytes) -> None:
    """Whatever a success is made of, it is read, or leaves open what was taken."""
    assert decoded(httpx.Response(200, content=b'{"id": "one"}'), dict[str, str]) == {"id": "one"}
    with pytest.raises(UnclearError, match="200 OK, and what it took cannot be read"):
        decoded(httpx.Response(200, content=body), dict[str, str])


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id":', b'{"id": 1}', b"[" * 100_000])
def test_a_failure_that_cannot_be_read_explains_nothing(body: bytes) -> None:
    """What a failure says is read where it can be, and blank elsewhere, whatever it is made of."""
    assert explained(httpx.Response(400, content=b'{"id": "one"}'), dict[str, str]) == {"id": "one"}
    assert explained(httpx.Response(400, content=body), dict[str, str]) == {}


@pytest.mark.parametrize("results", [[], ["one"], ["one", "two", "three"]])
def test_results_are_one_for_each_message(results: list[str]) -> None:
    """As many results as readers are theirs, in order; of more or fewer, nobody knows whose they are."""
    assert one_for_each(BATCH, ["one", "two"]) == ["one", "two"]
    with pytest.raises(UnclearError, match=f"{len(results)} results for 2 messages"):
        one_for_each(BATCH, results)


def test_a_log_that_does_not_answer_changes_nothing() -> None:
    """What a log says is read; where it does not answer, that is an error with a way out."""
    request = httpx.Request("GET", "https://service.test/log")
    assert looked_up(request, lambda _: httpx.Response(200, json=["one"]), list[str]) == ["one"]
    with pytest.raises(ProviderError, match="503 Service Unavailable: asleep") as caught:
        looked_up(request, lambda _: httpx.Response(503, text="asleep"), list[str])
    assert caught.value.hint == "Nothing was changed. Ask again later."


def test_who_is_not_in_the_log_stays_in_doubt() -> None:
    """Readers have what the log says of their messages, in the batch's order; of others it knows nothing yet."""
    _, second = BATCH.correlation_ids
    found = {second: Receipt(state=State.SENT, message_id="m2"), "another": Receipt(state=State.SENT)}
    receipts = receipts_by_log(BATCH, found)
    assert [receipt.state for receipt in receipts] == [State.IN_DOUBT, State.SENT]
    assert receipts[1] is found[second]
