"""
What follows from what providers tell later of messages: it is kept, and heeded at once.

A bounce tells of an address, a complaint of a person, and anything at all of a message that a reader in doubt has got
it. What names a message that is not ours is another list's, or another program's, with the same provider, and changes
nothing here: a complaint about a receipt must not end a newsletter. What names no message is about the address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Self

import idna

from digest.model import EventKind, Receipt, Standing, State
from digest.store import Item
from digest.wire.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from digest.config import Settings
    from digest.model import Event, Subscriber
    from digest.store import Store

OURSELVES = "digest"
"""Who tells of opens and clicks that our own server saw."""

_WATCHING = frozenset({EventKind.OPENED, EventKind.CLICKED})
_OF_THE_ADDRESS = frozenset({EventKind.DELIVERED, EventKind.SOFT_BOUNCED, EventKind.BOUNCED})
_STANDINGS = {
    EventKind.BOUNCED: Standing.BOUNCED,
    EventKind.COMPLAINED: Standing.COMPLAINED,
    EventKind.LEFT: Standing.LEFT,
}
_OURS = re.compile(r"(?P<edition>[0-9a-f]{16})-(?P<reader>[0-9]{1,19})")
"""Our name of a message; see `Batch.correlation_ids`."""
_NOBODY = 0
"""The number of no reader: that of tests, and of mails that are no issue."""


class Fate(Enum):
    """What became of an event."""

    HEEDED = "heeded"
    REPEATED = "repeated"
    """It was told before."""
    FOREIGN = "foreign"
    """It is of nobody on the list, or of a message that is not ours."""
    UNWANTED = "unwanted"
    """It is nothing that is kept: opens and clicks where nobody is watched, and words that we have none for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is made of events."""

    watched: frozenset[EventKind]
    """Those of opens and clicks that are kept."""
    max_soft_bounces: int

    @classmethod
    def of(cls, settings: Settings, *, through: str = "provider") -> Self:
        """Return that for events of the provider, or of our own server: who was not asked to watch is not believed."""
        tracking = settings.tracking
        asked = {EventKind.OPENED: tracking.opens, EventKind.CLICKED: tracking.clicks}
        watched = frozenset(kind for kind, wanted in asked.items() if wanted and tracking.through == through)
        return cls(watched=watched, max_soft_bounces=settings.web.max_soft_bounces)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """What an event is about."""

    mailing: int | None
    subscriber: int
    reader: Subscriber | None
    """None when they were erased."""


def hear(store: Store, provider: str, events: Sequence[Event], policy: Policy, *, now: datetime) -> list[Fate]:
    """
    Keep what a provider tells, each event once, and do what follows from it, all in one durable write.

    Returns:
        What became of each event.
    """
    with store.together(alone=True):
        return [_hear(store, provider, event, policy, now) for event in events]


def _hear(store: Store, provider: str, event: Event, policy: Policy, now: datetime) -> Fate:
    if event.kind is EventKind.OTHER:
        return Fate.UNWANTED
    event = replace(event, at=min(event.at, now), reason=clean(event.reason), original=clean(event.original))
    message = _find_message(store, event)
    if message is None:
        return Fate.FOREIGN
    unwatched = event.kind in _WATCHING and event.kind not in policy.watched
    kept = message.reader is not None and not unwatched
    if kept and not _add(store, provider, event, message, now):
        return Fate.REPEATED
    _settle_doubt(store, event, message, now)
    if message.reader is None:
        return Fate.FOREIGN
    if unwatched:
        return Fate.UNWANTED
    _heed(store, event, message.reader, policy, now)
    return Fate.HEEDED


def visit(store: Store, slug: str, name: str, event: Event, *, now: datetime) -> Fate:
    """
    Keep that a reader, known by name, opened or clicked an issue by way of our own server.

    What is told of an issue that never left, or of a reader whom the list does not know, is of nobody.
    """
    frozen, reader = store.mailings.find(slug), store.subscribers.find_name(name)
    if frozen is None or reader is None:
        return Fate.FOREIGN
    with store.together(alone=True):
        message = _Message(mailing=frozen.id, subscriber=reader.id, reader=reader)
        if not _add(store, OURSELVES, event, message, now):
            return Fate.REPEATED
        _settle_doubt(store, event, message, now)
    return Fate.HEEDED


def _add(store: Store, provider: str, event: Event, message: _Message, now: datetime) -> bool:
    item = Item(kind=event.kind, at=event.at, issue="", provider=provider, original=event.original, reason=event.reason)
    return store.news.add(event.id, item, subscriber=message.subscriber, mailing=message.mailing, now=now)


def _find_message(store: Store, event: Event) -> _Message | None:
    ours = _OURS.fullmatch(event.correlation_id)
    if event.correlation_id and not ours:
        return None
    if ours and int(ours["reader"]) != _NOBODY:
        return _named_message(store, event, ours["edition"], int(ours["reader"]))
    reader = _reader_of(store, event)
    if reader is None:
        return None
    return _Message(mailing=_mailing_of(store, reader, event.message_id), subscriber=reader.id, reader=reader)


def _named_message(store: Store, event: Event, fingerprint: str, number: int) -> _Message | None:
    mailing = store.news.mailing_of(fingerprint)
    if mailing is not None:
        return _Message(mailing=mailing, subscriber=number, reader=store.subscribers.find_id(number))
    reader = _reader_of(store, event)
    if reader is None or not store.numbers.is_of(number, reader.email):
        return None
    # It left from a machine whose ledger is elsewhere; but nobody else could number the reader so.
    return _Message(mailing=None, subscriber=reader.id, reader=reader)


def _reader_of(store: Store, event: Event) -> Subscriber | None:
    return next(filter(None, map(store.subscribers.find, _spellings(event.email))), None)


def _mailing_of(store: Store, reader: Subscriber, message_id: str) -> int | None:
    """Return the mailing in which a message of that name went to a reader, by what the provider said then."""
    slugs = (
        slug for slug, line in store.deliveries.of_reader(reader.id) if message_id and line.message_id == message_id
    )
    slug = next(slugs, None)
    return store.mailings.get(slug).id if slug else None


def _spellings(email: str) -> Iterator[str]:
    """Yield an address as it is told, and with its domain in the script that the list has it in."""
    if not email or not email.isprintable():  # no database keeps such an address, and PostgreSQL refuses the question
        return
    yield email
    local_part, _, domain = email.rpartition("@")
    if "xn--" in domain.lower():
        try:
            yield f"{local_part}@{idna.decode(domain)}"
        except idna.IDNAError:
            return


def _is_of_old_address(event: Event, reader: Subscriber) -> bool:
    """Say whether an event tells of an address that the reader has left behind since."""
    present = reader.email.lower()
    told = [spelling.lower() for spelling in _spellings(event.email)]
    return event.kind in _OF_THE_ADDRESS and bool(told) and present not in told


def _is_forgiven(store: Store, event: Event, reader: Subscriber) -> bool:
    """Say whether the reader has agreed to get the newsletter since it happened."""
    if event.kind not in _STANDINGS:
        return False
    agreed_at = store.news.agreed_at(reader.id)
    return agreed_at is not None and event.at < agreed_at


def _settle_doubt(store: Store, event: Event, message: _Message, now: datetime) -> None:
    """Let it be known of a reader in doubt that their message was taken; or that it was dropped."""
    if message.mailing is None:
        return
    state = State.REFUSED if event.kind is EventKind.REFUSED else State.SENT
    reason = event.reason or event.original if state is State.REFUSED else ""
    receipt = Receipt(state=state, message_id=event.message_id, reason=reason)
    store.doubts.settle(message.mailing, message.subscriber, receipt, now=now)


def _heed(store: Store, event: Event, reader: Subscriber, policy: Policy, now: datetime) -> None:
    if _is_of_old_address(event, reader) or _is_forgiven(store, event, reader):
        return
    if event.kind in _STANDINGS:
        reason = event.reason or event.original
        store.subscribers.stand(reader.id, _STANDINGS[event.kind], reason=reason, now=now)
    elif event.kind is EventKind.SOFT_BOUNCED:
        run = store.news.soft_bounces(reader.id)
        if run >= policy.max_soft_bounces:
            store.subscribers.stand(reader.id, Standing.BOUNCED, reason=f"{run} soft bounces in a row", now=now)
