"""One request: whatever comes of it has its fate, and what may have left is never taken for what surely did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from digest.errors import ContentError, ProviderError
from digest.model import Address, Batch, Edition, Pattern, Readers, Receipt, State
from digest.providers import Limits
from digest.sending.posting import Answer, Attempt, post
from digest.wire.answers import Fate, UnclearError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
EDITION = Edition(
    slug="first-snow",
    sender=Address(email="editor@example.org"),
    reply_to=None,
    subject=Pattern.of_text("First snow"),
    html=Pattern.of_html("<p>Hello</p>"),
    text=Pattern.of_text("Hello"),
    headers={},
)
BATCH = Batch(
    edition=EDITION,
    number=1,
    key="key",
    readers=Readers(ids=(1, 2), columns={"email": ("a@example.org", "b@example.org"), "name": "", "token": ""}),
    at=NOW,
)
SENT, QUEUED = Receipt(state=State.SENT), Receipt(state=State.QUEUED, reason="busy")


class Network(httpx.BaseTransport):
    """A way to a service, on which a request gets as far as a function lets it."""

    def __init__(self, handle: Callable[[httpx.Request], httpx.Response]) -> None:
        self._handle = handle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Let the function do it; unlike `httpx.MockTransport`, nobody reads the body before."""
        return self._handle(request)


@dataclass(frozen=True, kw_only=True)
class Translator:
    """A provider whose answer is read as it is told to be."""

    receipts: Sequence[Receipt] | Exception = (SENT, SENT)
    unwritable: Exception | None = None
    transport: httpx.BaseTransport | None = None
    name: str = "translator"
    destination: str = "service.test"
    limits: Limits = Limits(messages=2, inline_images=True)  # noqa: RUF009  # it is frozen

    def build_request(self, batch: Batch) -> httpx.Request:
        """Write in two blocks."""
        del batch
        if self.unwritable:
            raise self.unwritable
        return httpx.Request("POST", "https://service.test/", content=_blocks(), headers={"Content-Length": "10"})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """Read nothing at all."""
        del batch, response
        if isinstance(self.receipts, Exception):
            raise self.receipts
        return self.receipts


def _blocks() -> Iterator[bytes]:
    yield b"01234"
    yield b"56789"


def _fine(request: httpx.Request) -> httpx.Response:
    assert request.read() == b"0123456789"
    return httpx.Response(200)


def _post(provider: Translator, handle: Callable[[httpx.Request], httpx.Response] = _fine) -> Answer:
    with httpx.Client(transport=Network(handle)) as client:
        return post(Attempt(batch=BATCH), provider, client, lambda: NOW)


def test_answer() -> None:
    """Where there is a receipt for each reader, the request is answered."""
    answer = _post(Translator(receipts=(SENT, QUEUED)))
    assert (answer.fate, [*answer.receipts]) == (Fate.ANSWERED, [SENT, QUEUED])
    assert (answer.cause, answer.wait) == (None, None)
    assert answer.attempt == Attempt(batch=BATCH)


def test_nothing_was_taken() -> None:
    """Where everyone is to be tried again, surely nothing happened; the reason is the service's."""
    answer = _post(Translator(receipts=(QUEUED, QUEUED)))
    assert (answer.fate, answer.reason) == (Fate.NOT_TAKEN, "busy")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_receipts_that_do_not_fit(count: int) -> None:
    """Too few or too many leave open whom they are about, even where all of them say that nothing was taken."""
    for receipt in (SENT, QUEUED):
        answer = _post(Translator(receipts=(receipt,) * count))
        assert answer.fate is Fate.OPEN
        assert answer.reason == f"translator gave {count} answers for 2 readers"


@pytest.mark.parametrize(
    ("fault", "fate"),
    [
        (UnclearError("half an answer"), Fate.OPEN),
        (ProviderError("the key is not valid"), Fate.REFUSED),
        (KeyError("a bug of the provider's"), Fate.OPEN),
    ],
)
def test_answer_that_cannot_be_read(fault: Exception, fate: Fate) -> None:
    """Only the provider's own word that nothing was taken is taken for that; a bug is no proof of anything."""
    answer = _post(Translator(receipts=fault))
    assert (answer.fate, answer.cause) == (fate, fault)


@pytest.mark.parametrize("fault", [ContentError("too long"), KeyError("a bug")])
def test_request_that_cannot_be_written(fault: Exception) -> None:
    """It has surely not left, and to try it again would not help."""
    answer = _post(Translator(unwritable=fault))
    assert (answer.fate, answer.cause) == (Fate.REFUSED, fault)


def _cut(blocks: int, fault: Exception) -> Callable[[httpx.Request], httpx.Response]:
    """Break off after so many blocks of the body."""

    def handle(request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        for _, _ in zip(range(blocks), request.stream, strict=False):
            pass
        raise fault

    return handle


@pytest.mark.parametrize("fault", [httpx.WriteError("x"), httpx.ReadError("x"), RuntimeError("x")])
@pytest.mark.parametrize(("blocks", "fate"), [(0, Fate.NOT_TAKEN), (1, Fate.NOT_TAKEN), (2, Fate.OPEN)])
def test_connection_that_broke(blocks: int, fault: Exception, fate: Fate) -> None:
    """It may have happened from the moment on when the last block was handed over, and surely not before."""
    answer = _post(Translator(), _cut(blocks, fault))
    assert (answer.fate, answer.cause, answer.reason) == (fate, fault, "x")


def test_transport_of_the_providers_own() -> None:
    """It may act on parts of a body, so that a broken one proves nothing."""
    provider = Translator(transport=Network(_fine))
    assert _post(provider, _cut(1, httpx.WriteError("x"))).fate is Fate.OPEN


def test_service_that_wants_to_be_left_alone() -> None:
    """For how long is read off the answer, whatever else it says."""

    def busy(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "30"})

    for receipts in ((QUEUED, QUEUED), (SENT, SENT), UnclearError("half an answer")):
        assert _post(Translator(receipts=receipts), busy).wait == 30.0


def test_reason_without_words_or_addresses() -> None:
    """A fault that says nothing is called by its kind; one that names a reader names nobody here."""
    assert _post(Translator(receipts=KeyError())).reason == "KeyError"
    assert _post(Translator(receipts=UnclearError("what of ann@example.org?"))).reason == "what of …"
    named = Receipt(state=State.REFUSED, reason="ann@example.org is unknown")
    assert [receipt.reason for receipt in _post(Translator(receipts=(named, SENT))).receipts] == ["… is unknown", ""]
    silent = Receipt(state=State.QUEUED)
    assert _post(Translator(receipts=(silent, silent))).reason == "it gave no reason"
