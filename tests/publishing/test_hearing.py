"""What follows from what providers tell later of messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from mailing_room import IN_DOUBT, LATER, NOW, SENT, SLUG, claim, edition, erase, fates, put

from digest.model import Event, EventKind, Receipt, Standing, State, Tally
from digest.publishing.hearing import Fate, Policy, hear, visit
from digest.store import numberings_of, open_store
from digest.tokens import Tokens

if TYPE_CHECKING:
    from digest.store import Frozen, Store

NOBODY = frozenset[EventKind]()
WATCHED = frozenset({EventKind.OPENED, EventKind.CLICKED})
POLICY = Policy(watched=NOBODY, max_soft_bounces=3)
PROOFS = [
    EventKind.ACCEPTED,
    EventKind.DELIVERED,
    EventKind.DEFERRED,
    EventKind.SOFT_BOUNCED,
    EventKind.BOUNCED,
    EventKind.COMPLAINED,
    EventKind.LEFT,
    EventKind.OPENED,
    EventKind.CLICKED,
]


def number(store: Store, name: str) -> int:
    """Return the id of a reader."""
    reader = store.subscribers.find(f"{name}@example.org")
    assert reader
    return reader.id


def told(store: Store, kind: EventKind, name: str = "ann", **facts: Any) -> Event:
    """Return an event of a reader's message of the mailing, as a provider tells it that keeps our names."""
    correlation_id = f"{edition().fingerprint[:16]}-{number(store, name)}"
    event = Event(id=f"{kind.value} {name}", kind=kind, at=LATER, original=kind.value, correlation_id=correlation_id)
    return replace(event, **facts)


def tell(store: Store, *events: Event, policy: Policy = POLICY) -> list[Fate]:
    """Have a provider tell some events."""
    return hear(store, "resend", events, policy, now=LATER)


def standing(store: Store, name: str = "ann") -> Standing:
    """Return how a reader stands."""
    reader = store.subscribers.find_id(number(store, name))
    assert reader
    return reader.standing


def heard(store: Store, name: str = "ann") -> list[EventKind]:
    """Return what is kept of a reader."""
    return [item.kind for item in store.news.of_reader(number(store, name))]


@pytest.fixture
def url() -> str:
    """Return the address of a store in memory; tests/store has these with every database."""
    return "sqlite://"


@pytest.fixture
def sent(store: Store, frozen: Frozen) -> Frozen:
    """Return a mailing that was sent to all five, by a provider that gives names of its own."""
    with store.claims(frozen) as claims:
        while batch := claims.claim(now=NOW):
            receipts = [Receipt(state=State.SENT, message_id=f"m-{one}") for one in batch.readers.ids]
            claims.settle(batch, receipts, now=NOW)
    return frozen


@pytest.fixture
def doubted(store: Store, frozen: Frozen) -> Frozen:
    """Return a mailing of which the first two readers are in doubt."""
    with store.claims(frozen) as claims:
        claims.doubt(claim(claims), reason="no answer", now=NOW)
    return frozen


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        (EventKind.BOUNCED, Standing.BOUNCED),
        (EventKind.COMPLAINED, Standing.COMPLAINED),
        (EventKind.LEFT, Standing.LEFT),
        (EventKind.SOFT_BOUNCED, Standing.ACTIVE),
        (EventKind.DEFERRED, Standing.ACTIVE),
        (EventKind.REFUSED, Standing.ACTIVE),
        (EventKind.DELIVERED, Standing.ACTIVE),
    ],
)
def test_who_is_written_to_no_longer(store: Store, sent: Frozen, kind: EventKind, after: Standing) -> None:
    """A hard bounce, a complaint and a way out count at once, with the provider's reason; the delivery stays."""
    reason = "550 5.1.1 <ann@example.org> is\x00 unknown"
    assert tell(store, told(store, kind, reason=reason)) == [Fate.HEEDED]
    assert standing(store) is after
    (item,) = store.news.of_reader(number(store, "ann"))
    assert (item.kind, item.at, item.issue, item.provider, item.reason) == (
        kind,
        LATER,
        SLUG,
        "resend",
        "550 5.1.1 <…> is unknown",
    )
    reasons = [change.reason for change in store.subscribers.history(number(store, "ann"))]
    assert reasons == ([] if after is Standing.ACTIVE else ["550 5.1.1 <…> is unknown"])
    assert store.deliveries.tally(sent) == Tally(sent=5)
    assert store.news.counts(sent) == {kind: 1}


def test_told_again(store: Store, sent: Frozen) -> None:
    """An event is kept once, however often it is told; another provider may use the same name."""
    event = told(store, EventKind.DELIVERED)
    assert tell(store, event, event) == [Fate.HEEDED, Fate.REPEATED]
    assert tell(store, event) == [Fate.REPEATED]
    assert hear(store, "postmark", [event], POLICY, now=LATER) == [Fate.HEEDED]
    assert store.news.counts(sent) == {EventKind.DELIVERED: 1}


def soft(store: Store, message: int, **facts: Any) -> Event:
    """Return a soft bounce of another message to ann, a day after the one before."""
    at = NOW - timedelta(days=30 - message)
    address = {"correlation_id": "", "email": "Ann@example.org"}
    return told(store, EventKind.SOFT_BOUNCED, id=f"soft {message}", at=at, **{**address, **facts})


@pytest.mark.usefixtures("sent")
def test_run_of_soft_bounces(store: Store) -> None:
    """So many in a row end it, in whatever order they are told; what arrived in between begins a new run."""
    arrived = replace(soft(store, 3), id="arrived", kind=EventKind.DELIVERED)
    tell(store, soft(store, 5), soft(store, 2), arrived, soft(store, 1), soft(store, 4))
    assert standing(store) is Standing.ACTIVE
    tell(store, soft(store, 6))
    assert standing(store) is Standing.BOUNCED
    (change,) = store.subscribers.history(number(store, "ann"))
    assert change.reason == "3 soft bounces in a row"


@pytest.mark.usefixtures("sent")
def test_soft_bounces_of_one_message(store: Store) -> None:
    """What a provider tried again and again is one message that came back."""
    tell(store, *(told(store, EventKind.SOFT_BOUNCED, id=f"try {number}") for number in range(9)))
    assert standing(store) is Standing.ACTIVE


@pytest.mark.usefixtures("sent")
def test_who_came_back(store: Store) -> None:
    """What happened before a reader agreed anew is forgiven; what happens after it counts."""
    ann = number(store, "ann")
    tell(store, soft(store, 1), soft(store, 2))
    store.subscribers.stand(ann, Standing.LEFT, reason="page", now=NOW)
    store.subscribers._stand(ann, "left", "active", reason="confirmed", stamp=(NOW + timedelta(minutes=1)).isoformat())
    tell(store, soft(store, 3), told(store, EventKind.LEFT, at=NOW), told(store, EventKind.BOUNCED, at=NOW))
    assert standing(store) is Standing.ACTIVE
    tell(store, told(store, EventKind.COMPLAINED))
    assert standing(store) is Standing.COMPLAINED


def test_by_address_and_by_the_providers_name(store: Store, sent: Frozen) -> None:
    """Without our name, the address tells who, and the provider's name of the message which issue."""
    facts = {"correlation_id": "", "email": "Ann@Example.org"}
    tell(store, told(store, EventKind.COMPLAINED, **facts))
    tell(store, told(store, EventKind.DELIVERED, "bob", correlation_id="", email="bob@example.org", message_id="m-2"))
    assert standing(store) is Standing.COMPLAINED
    assert [item.issue for item in store.news.of_reader(number(store, "ann"))] == [""]
    assert [item.issue for item in store.news.of_reader(number(store, "bob"))] == [SLUG]
    assert store.news.counts(sent) == {EventKind.DELIVERED: 1}


@pytest.mark.usefixtures("sent")
def test_addresses_in_other_scripts(store: Store) -> None:
    """A provider tells a domain as mail servers write it; the list has it in its own script."""
    store.subscribers._database.change(
        "update subscribers set key = :key, email = :key where id = 1", key="ann@bücher.example"
    )
    event = Event(id="x", kind=EventKind.BOUNCED, at=LATER, original="bounce", email="ann@xn--bcher-kva.example")
    odd = [replace(event, id=email, email=email) for email in ("", "@", "xn--", "a@xn--\x00", "a@xn--99999999", "\x00")]
    assert tell(store, *odd, event) == [Fate.FOREIGN] * len(odd) + [Fate.HEEDED]


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("name", ["fedcba9876543210-1", "order-1", "-1", "x", "\x00-1", f"{'9' * 16}-{'9' * 99}"])
def test_messages_that_are_not_ours(store: Store, name: str) -> None:
    """Another list, or a shop, with the same provider: its bounces and complaints change nothing here."""
    event = told(store, EventKind.COMPLAINED, correlation_id=name, email="ann@example.org", message_id="m-1")
    assert tell(store, event, replace(event, id="b", kind=EventKind.BOUNCED)) == [Fate.FOREIGN] * 2
    assert (standing(store), heard(store)) == (Standing.ACTIVE, [])


@pytest.mark.usefixtures("sent")
def test_message_that_left_from_elsewhere() -> None:
    """Where the ledger is not here, the number that only our key makes of the address shows that a message is ours."""
    tokens = Tokens(["a key of more than thirty-two characters"])
    (numbering,) = numberings_of(tokens.keys)
    with open_store("sqlite://", tokens=tokens) as store:
        put(store, "ann", "bob")
        named = f"{'f' * 16}-{numbering.number_of('ann@example.org')}"
        event = told(store, EventKind.COMPLAINED, "ann", correlation_id=named, email="ann@example.org")
        of_another = told(store, EventKind.COMPLAINED, "bob", correlation_id=named, email="bob@example.org")
        of_nobody = replace(event, id="n", correlation_id=f"{'f' * 16}-9999999999999999999")
        assert tell(store, event, of_another, of_nobody) == [Fate.HEEDED, Fate.FOREIGN, Fate.FOREIGN]
        assert (standing(store, "ann"), standing(store, "bob")) == (Standing.COMPLAINED, Standing.ACTIVE)


def test_mails_that_are_no_issue(store: Store) -> None:
    """Tests, and mails to who signs up, are nobody's by number; what is told of them is about the address."""
    event = told(store, EventKind.COMPLAINED, correlation_id="fedcba9876543210-0", email="ann@example.org")
    assert tell(store, event) == [Fate.HEEDED]
    assert standing(store) is Standing.COMPLAINED


def test_reader_who_was_erased(store: Store, doubted: Frozen) -> None:
    """Nothing is kept of them; that their message was taken is a fact of the ledger."""
    event = told(store, EventKind.DELIVERED, email="ann@example.org", reason="ann@example.org")
    erase(store, "ann")
    assert tell(store, event, replace(event, id="b", correlation_id="")) == [Fate.FOREIGN] * 2
    assert store.news.counts(doubted) == {}
    assert store.deliveries.tally(doubted) == Tally(sent=1, queued=3, in_doubt=1)


@pytest.mark.usefixtures("sent")
def test_reader_who_moved(store: Store) -> None:
    """A bounce of the old address says nothing of the new one; a complaint is the person's own."""
    tell(store, told(store, EventKind.BOUNCED, email="old@example.org"))
    assert (standing(store), heard(store)) == (Standing.ACTIVE, [EventKind.BOUNCED])
    tell(store, told(store, EventKind.COMPLAINED, email="old@example.org"))
    assert standing(store) is Standing.COMPLAINED


@pytest.mark.usefixtures("sent")
def test_moments_that_cannot_be(store: Store) -> None:
    """What is told of the future happened now, or one such delivery would excuse all that comes; a year ago counts."""
    tell(store, told(store, EventKind.DELIVERED, at=LATER + timedelta(days=900)))
    assert [item.at for item in store.news.of_reader(number(store, "ann"))] == [LATER]
    tell(store, told(store, EventKind.BOUNCED, at=LATER - timedelta(days=400)))
    assert standing(store) is Standing.BOUNCED


@pytest.mark.usefixtures("sent")
def test_nobody_is_watched_by_default(store: Store) -> None:
    """Opens and clicks are kept only where [tracking] asks for them, and what has no word of ours is not kept."""
    events = [told(store, kind) for kind in (EventKind.OPENED, EventKind.CLICKED, EventKind.OTHER)]
    assert tell(store, *events) == [Fate.UNWANTED] * 3
    assert heard(store) == []
    watching = Policy(watched=WATCHED, max_soft_bounces=3)
    assert tell(store, *events, policy=watching) == [Fate.HEEDED, Fate.HEEDED, Fate.UNWANTED]
    assert {*heard(store)} == WATCHED


@pytest.mark.parametrize("kind", PROOFS)
def test_news_settle_readers_in_doubt(store: Store, doubted: Frozen, kind: EventKind) -> None:
    """Whoever tells anything of a message has taken it; of the others in the request nothing is known yet."""
    tell(store, told(store, kind, "bob", message_id="m-bob"))
    assert fates(store, doubted)["ann"] is State.IN_DOUBT
    line = next(line for line in store.deliveries.lines(doubted) if line.email == "bob@example.org")
    assert (line.state, line.message_id) == (State.SENT, "m-bob")


def test_all_of_a_batch_are_settled(store: Store, doubted: Frozen) -> None:
    """One by one, until nobody is in doubt; they are settled together, however many calls it took."""
    tell(store, told(store, EventKind.DELIVERED, "bob", message_id="m-bob"))
    tell(store, told(store, EventKind.DELIVERED, "bob", id="b"), told(store, EventKind.REFUSED, reason="policy"))
    assert store.deliveries.tally(doubted) == Tally(sent=1, refused=1, queued=3)
    lines = [(line.state, line.reason, line.message_id) for line in store.deliveries.lines(doubted)][:2]
    assert lines == [(State.REFUSED, "policy", ""), (State.SENT, "", "m-bob")]
    with store.claims(doubted) as claims:
        assert [*claims.reopen()] == []


def test_news_that_come_before_the_doubt(store: Store, frozen: Frozen) -> None:
    """A service that delivers at once and answers too late: when the answer is given up, it is known already."""
    with store.claims(frozen) as claims:
        first, second = claim(claims), claim(claims)
        tell(store, told(store, EventKind.DELIVERED, "bob"), told(store, EventKind.BOUNCED, "cyd"))
        assert store.deliveries.tally(frozen) == Tally(queued=5)
        claims.doubt(first, reason="no answer", now=LATER)
        claims.settle(second, [IN_DOUBT, SENT], now=LATER)
    assert store.deliveries.tally(frozen) == Tally(sent=3, queued=1, in_doubt=1)
    assert fates(store, frozen)["ann"] is State.IN_DOUBT


def test_news_of_an_earlier_attempt(store: Store, frozen: Frozen) -> None:
    """That a provider dropped a message says nothing of the next one; that it took one, says all."""
    with store.claims(frozen) as claims:
        first = claim(claims)
        tell(store, told(store, EventKind.REFUSED), told(store, EventKind.DELIVERED, "bob"))
        claims.release(first)
        again = claims.claim(now=LATER + timedelta(hours=1))
        assert again
        claims.doubt(again, reason="no answer", now=LATER + timedelta(hours=1))
    assert store.deliveries.tally(frozen) == Tally(sent=1, queued=3, in_doubt=1)


def test_readers_who_are_not_in_doubt(store: Store, sent: Frozen) -> None:
    """That a message was dropped stands beside the delivery, and changes nothing of it."""
    tell(store, told(store, EventKind.REFUSED, reason="suppressed over there"))
    assert store.deliveries.tally(sent) == Tally(sent=5)
    assert heard(store) == [EventKind.REFUSED]


def test_visits(store: Store, doubted: Frozen) -> None:
    """Our own server tells of readers by their names; what it tells of nobody, or of no issue, is not kept."""
    put(store, "fay")
    names = dict(store.subscribers._database.fetch_all("select key, token from subscribers"))
    click = Event(id="a", kind=EventKind.CLICKED, at=NOW, original="click")
    ann = names["ann@example.org"]
    told = [
        visit(store, slug, name, click, now=NOW) for slug, name in ((SLUG, ann), (SLUG, ann), ("x", ann), (SLUG, "x"))
    ]
    assert told == [Fate.HEEDED, Fate.REPEATED, Fate.FOREIGN, Fate.FOREIGN]
    assert store.news.counts(doubted) == {EventKind.CLICKED: 1}
    assert store.deliveries.tally(doubted) == Tally(sent=1, queued=3, in_doubt=1)
