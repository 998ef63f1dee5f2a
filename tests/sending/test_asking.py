"""What a provider's log says of batches in doubt."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

import httpx
import pytest
from fickle_service import KEY_LIFETIME, KilledError, Moment, Service, Weather

from digest.errors import IncompleteError, ProviderError
from digest.model import Address, Batch, Consent, Edition, Newcomer, Pattern, Plan, Readers, Receipt, State, Tally
from digest.providers import Limits
from digest.sending import Engine
from digest.sending.asking import ask
from digest.store import open_store
from digest.wire.answers import UnclearError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from digest.store import Frozen, Store
    from digest.wire import Fetch

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
NAMES = ("ann@example.org", "bob@example.org")
BATCH = Batch(
    edition=EDITION,
    number=1,
    key="key-1",
    readers=Readers(ids=(1, 2), columns={"email": NAMES, "name": ("", ""), "token": ("a", "b")}),
    at=NOW,
)


@dataclass(frozen=True, kw_only=True)
class Log:
    """A provider whose log answers as it is told to."""

    answer: Callable[[httpx.Request], httpx.Response]
    log_delay: timedelta | None = timedelta(minutes=5)
    name: str = "log"
    destination: str = "log.test"

    @property
    def limits(self) -> Limits:
        """Return when the log is complete."""
        return Limits(messages=2, inline_images=True, log_delay=self.log_delay)

    @property
    def transport(self) -> httpx.BaseTransport:
        """Return the way to the answer."""
        return httpx.MockTransport(self.answer)

    def build_request(self, batch: Batch) -> NoReturn:
        """Refuse: nothing is sent here."""
        raise NotImplementedError

    def read_response(self, batch: Batch, response: httpx.Response) -> NoReturn:
        """Refuse: nothing is sent here."""
        raise NotImplementedError

    def consult_log(self, batch: Batch, fetch: Fetch) -> Sequence[Receipt]:
        """Ask for a key, and read a state for each reader who is named."""
        response = fetch(httpx.Request("GET", "https://log.test/", params={"key": batch.key}))
        try:
            states = json.loads(response.text)
        except ValueError as fault:
            msg = "the log cannot be read"
            raise UnclearError(msg) from fault
        return [Receipt(state=State(states.get(email, "queued"))) for email in batch.readers.emails]


def _knows_ann(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={NAMES[0]: "sent"} if request.url.params["key"] == "key-1" else {})


def test_log_that_knows() -> None:
    """Each reader has a receipt, in the order of the batch; who is not in the log surely got nothing."""
    receipts = ask(BATCH, Log(answer=_knows_ann), since=NOW, now=NOW + timedelta(hours=1))
    assert [receipt.state for receipt in receipts] == [State.SENT, State.QUEUED]
    unknown = ask(replace(BATCH, key="other"), Log(answer=_knows_ann), since=NOW, now=NOW + timedelta(hours=1))
    assert [receipt.state for receipt in unknown] == [State.QUEUED, State.QUEUED]


def test_log_is_told_who_asks() -> None:
    """Services turn away requests that do not say who asks."""

    def polite(request: httpx.Request) -> httpx.Response:
        return _knows_ann(request) if "User-Agent" in request.headers else httpx.Response(httpx.codes.FORBIDDEN)

    receipts = ask(BATCH, Log(answer=polite), since=NOW, now=NOW + timedelta(hours=1))
    assert receipts[0].state is State.SENT


def test_provider_without_a_log() -> None:
    """The sentence says so, and what a person can do instead."""
    with pytest.raises(ProviderError, match="log has no log that can be asked") as caught:
        ask(BATCH, Log(answer=_knows_ann, log_delay=None), since=NOW, now=NOW + timedelta(days=1))
    assert "--sent" in caught.value.hint


@pytest.mark.parametrize(("minutes", "left"), [(-60, 4030), (0, 430), (5, 130), (7, 10)])
def test_too_early(minutes: int, left: int) -> None:
    """Before the longest request can have ended and the log is complete, its silence proves nothing."""
    since = NOW + timedelta(days=1)  # long after the claim: until then it may have been posted again under its key
    with pytest.raises(IncompleteError, match=f"complete in {left} seconds"):
        ask(BATCH, Log(answer=_knows_ann), since=since, now=since + timedelta(minutes=minutes))


def test_early_enough() -> None:
    """To the second from which the log is complete."""
    assert ask(BATCH, Log(answer=_knows_ann), since=NOW, now=NOW + timedelta(seconds=430))


def test_log_that_leads_in_a_circle() -> None:
    """A page that names itself as the next one ends the asking, and nothing follows from what was read."""

    @dataclass(frozen=True, kw_only=True)
    class Endless(Log):
        def consult_log(self, batch: Batch, fetch: Fetch) -> NoReturn:
            while True:
                Log.consult_log(self, batch, fetch)

    with pytest.raises(ProviderError, match="leads in a circle"):
        ask(BATCH, Endless(answer=_knows_ann), since=NOW, now=NOW + timedelta(hours=1))


def test_log_that_names_no_address() -> None:
    """Where a page says that the next one is nowhere, that is told, and nothing follows from what was read."""

    @dataclass(frozen=True, kw_only=True)
    class Astray(Log):
        def consult_log(self, batch: Batch, fetch: Fetch) -> NoReturn:
            raise AssertionError(batch.key, fetch(httpx.Request("GET", "https://[::1")))

    with pytest.raises(ProviderError, match="could not be asked"):
        ask(BATCH, Astray(answer=_knows_ann), since=NOW, now=NOW + timedelta(hours=1))


def test_log_that_is_out_of_reach() -> None:
    """Nothing follows from that; the sentence says why, and keeps the cause."""

    def nobody(request: httpx.Request) -> httpx.Response:
        msg = "nobody is there"
        raise httpx.ConnectError(msg, request=request)

    with pytest.raises(ProviderError, match="log could not be asked: nobody is there") as caught:
        ask(BATCH, Log(answer=nobody), since=NOW, now=NOW + timedelta(hours=1))
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


def test_log_that_cannot_be_read() -> None:
    """An unreadable answer settles nothing."""
    with pytest.raises(UnclearError):
        ask(BATCH, Log(answer=lambda _: httpx.Response(200, text="<html>")), since=NOW, now=NOW + timedelta(hours=1))


def _send(store: Store, frozen: Frozen, service: Service, *weather: Weather) -> None:
    service.expect(Moment(one) for one in weather)
    with store.claims(frozen) as claims:
        engine = Engine(claims=claims, provider=service, now=service.now, report=lambda _: None, stop_after=1)
        with suppress(KilledError):
            engine.deliver()


def test_request_that_was_repeated_late() -> None:
    """A batch that was posted again just before its key died is not asked for before the log knows of that, too."""
    moments = [NOW]
    service = Service(now=lambda: moments[-1], heeds_keys=True)
    with open_store("sqlite://") as store:
        list(store.subscribers.put([Newcomer(email=NAMES[0], consent=Consent(source="test"))], now=NOW))
        plan = Plan(edition=EDITION, provider="fickle", audience=store.audiences.measure(None), batch_size=2)
        frozen = store.ledger.freeze(plan, now=NOW)
        _send(store, frozen, service, Weather.KILLED_BEFORE)
        moments.append(NOW + KEY_LIFETIME * 0.8)
        _send(store, frozen, service, Weather.KILLED_AFTER)
        moments.append(NOW + KEY_LIFETIME * 0.9)
        _send(store, frozen, service)
        assert store.deliveries.tally(frozen) == Tally(in_doubt=1)
        with store.claims(frozen) as claims:
            ((batch, since),) = claims.reopen()
            with pytest.raises(IncompleteError):
                ask(batch, service, since=since, now=moments[-1] + timedelta(seconds=1))
            (receipt,) = ask(batch, service, since=since, now=moments[-1] + timedelta(minutes=8))
    assert receipt.state is State.SENT
