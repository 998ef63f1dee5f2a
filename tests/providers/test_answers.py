"""What a failure means for a batch: the table, a body that knows how far it went, and words that may be shown."""

from __future__ import annotations

import random
import ssl
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from itertools import repeat
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import ProviderError
from digest.model import Address, Batch, Edition, Pattern, Readers, State, Subscriber
from digest.providers import UnclearError
from digest.providers.answers import FAILURES, Fate, clean, fate_of, receipts_by_status, watch

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWERED, NOT_TAKEN, REFUSED, OPEN = Fate.ANSWERED, Fate.NOT_TAKEN, Fate.REFUSED, Fate.OPEN

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
    *((status, REFUSED, REFUSED) for status in (400, 401, 402, 403, 404, 405, 410, 413, 415, 420, 422, 451, 499)),
    *((status, OPEN, NOT_TAKEN) for status in (408, 409)),
    *((status, OPEN, NOT_TAKEN) for status in (101, 300, 301, 302, 303, 304, 307, 308)),
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
        (httpx.Response(429, text="ann@example.org"), "429 Too Many Requests"),
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
            'the service refused with 403 Forbidden: {"message":"The domain is not verified for …"}',
        ),
        (httpx.Response(420, text="exceed\nsending limit"), "the service refused with 420: exceed sending limit"),
        (httpx.Response(413, html="<h1>Too large</h1>"), "the service refused with 413 Request Entity Too Large"),
        (httpx.Response(401), "the service refused with 401 Unauthorized"),
    ],
)
def test_a_refusal_says_why(response: httpx.Response, sentence: str) -> None:
    """A batch that was refused as a whole is an error with the status and the service's words, and with no address."""
    with pytest.raises(ProviderError) as caught:
        receipts_by_status(BATCH, response)
    assert str(caught.value) == sentence
    assert not isinstance(caught.value, UnclearError)
    assert caught.value.hint


def test_what_is_open_is_said() -> None:
    """A status that leaves open what happened is an error of its own kind."""
    with pytest.raises(UnclearError) as caught:
        receipts_by_status(BATCH, httpx.Response(500, text="lost  the database"))
    sentence = "the service answered 500 Internal Server Error, which leaves open what it took: lost the database"
    assert str(caught.value) == sentence


# What may be shown of a service's words.


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("550 <ann@example.org>: no such user", "550 <…>: no such user"),
        ("mailto:ann+snow@example.org, ben@example.org.", "mailto:…, …"),
        ('{"email":"ann@example.org","code":300}', '{"email":"…","code":300}'),
        ('{"error":"\\"ann@example.org\\" is inactive"}', '{"error":"\\"…" is inactive"}'),
        ('"ann smith"@example.org is unknown', "… is unknown"),
        ("o'brien@example.org is unknown", "… is unknown"),
        ("дмитрий@пример.test и ann＠example.org", "… и …"),
        ("GET /a%40b.test and /a%2540b.test", "GET … and …"),
        ("a\\u0040example.org and a&#64;example.org", "… and …;example.org"),
        ("rea\u200bder@example.org", "…"),
        ("Bearer re_Ab12Cd34Ef56Gh78Ij90", "Bearer …"),
        ("key a1b2c3d4-0000-4000-8000-a1b2c3d4e5f6 is unknown", "key … is unknown"),
        ("see https://service.test/unsubscribe?token=abcdefghijkl", "see https:…"),
        ("see https://service.test/docs/errors", "see https://service.test/docs/errors"),
        ("invalid_idempotent_request: daily_quota_exceeded", "invalid_idempotent_request: daily_quota_exceeded"),
        ("MailFromDomainNotVerifiedException", "MailFromDomainNotVerifiedException"),
        ("DAILY_QUOTA_EXCEEDED till 2026-11-24T09:00:00Z", "DAILY_QUOTA_EXCEEDED till 2026-11-24T09:00:00Z"),
        ("two\r\nlines\tand\u2028a\x1b[31mcolour\x00", "two lines and a[31mcolour"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_words_are_cleaned(words: str, shown: str) -> None:
    """Addresses and tokens go, in any spelling; names of faults stay; it is one line."""
    assert clean(words) == shown


def test_tokens_of_readers_are_not_shown() -> None:
    """What leads to a reader's unsubscribe page is not taken for a word, by any chance worth the name."""
    chance = random.Random(3)  # noqa: S311  # they need not be unguessable here
    tokens = [urlsafe_b64encode(chance.randbytes(16)).decode().rstrip("=") for _ in range(10_000)]
    assert [token for token in tokens if clean(token) != "…"] == []


def test_words_are_cut() -> None:
    """Long words end in an ellipsis, and an address where they are cut goes first."""
    assert clean(" ".join(repeat("sorry", 100))).endswith(" sorry s…")
    assert clean(f"{'so ' * 65}ann@example.org is unknown") == f"{'so ' * 65}… is…"


@settings(deadline=None)
@given(st.text(), st.emails(), st.text())
def test_no_address_is_shown(before: str, email: str, after: str) -> None:
    """Whatever stands around an address, it is gone; and what is shown is one printable line of 200 at most."""
    shown = clean(f"{before} {email} {after}")
    assert "@" not in shown
    assert email not in shown
    assert len(shown) <= 200
    assert shown.isprintable()


@pytest.mark.parametrize("words", ["a" * 200_000, '"' * 200_000, "a@" * 100_000, "Aa" * 100_000, "a." * 100_000])
def test_long_words_are_cleaned_at_once(words: str) -> None:
    """A service cannot keep us busy with what it says."""
    assert clean(words) in {"…", ""} or len(clean(words)) == 200
