"""
What readers see and change of themselves, on pages that links in their mail lead to.

Mail is forwarded, and with it the link that every issue has. So that one lets a reader choose what they get, and have a
pause; it shows nothing that the mail does not. Whoever wants to see all that is known, to move to another address or to
be erased proves first that the address is theirs, by another link that is mailed there and is good for a day.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from digest.model import Newcomer, Standing
from digest.store.proofs import SELDOM
from digest.store.standing import may_return
from digest.subscribing.addresses import normal_email

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import tzinfo

    from digest.model import Subscriber
    from digest.store import Store
    from digest.store.erasing import Seal
    from digest.store.proofs import Proof

PAUSES = (1, 3, 6)
"""For how many months issues can be paused."""
OWN_FOR = timedelta(days=1)
"""How long a link is good that shows all; it opens nothing any more once the reader has moved to another address."""
ELSEWHERE = "has another address that was on the list"
"""Why a reader has left who moved to where they were a reader already."""


class Outcome(Enum):
    """What came of something that a reader asked for."""

    SAVED = "saved"
    PAUSED = "paused"
    RESUMED = "resumed"
    MAILED = "mailed"
    """A link is on its way; or, which is told nobody, there is a reason why it is not."""
    TOO_OFTEN = "too_often"
    """One was asked for within a day."""
    WRONG_ADDRESS = "wrong_address"
    """No mail can be sent to what was written."""
    UNAVAILABLE = "unavailable"
    """Not as they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """A reader, and until when they are in a pause."""

    reader: Subscriber
    paused_until: datetime | None


def find_preferences(store: Store, name: str, *, now: datetime) -> Preferences | None:
    """Return the reader of a name in public addresses; None: nobody has it any more."""
    reader = store.subscribers.find_name(name)
    if reader is None:
        return None
    pause = store.pauses.find(reader.id)
    return Preferences(reader=reader, paused_until=pause.until if pause and pause.holds(now) else None)


def choose_tags(
    store: Store, reader: Subscriber, *, chosen: Collection[str], offered: Sequence[str], now: datetime
) -> Outcome:
    """Give a reader those of the offered tags that they chose; what is not offered is no business of theirs."""
    if reader.standing is not Standing.ACTIVE:
        return Outcome.UNAVAILABLE
    kept = [tag for tag in reader.tags if tag not in offered]
    tags = (*kept, *(tag for tag in offered if tag in chosen))
    if {*tags} != {*reader.tags}:
        store.subscribers.retag(reader.id, tags, now=now)
    return Outcome.SAVED


def pause(store: Store, reader: Subscriber, *, months: int, timezone: tzinfo, now: datetime) -> Outcome:
    """Send a reader nothing for so many months."""
    if reader.standing is not Standing.ACTIVE or months not in PAUSES:
        return Outcome.UNAVAILABLE
    store.pauses.put(reader.id, until=months_ahead(now.astimezone(timezone), months), now=now)
    return Outcome.PAUSED


def months_ahead(now: datetime, months: int) -> datetime:
    """Return the beginning of the day some months later; of the month's last day, where it is shorter."""
    years, month = divmod(now.month - 1 + months, 12)
    year, month = now.year + years, month + 1
    day = min(now.day, monthrange(year, month)[1])
    return datetime(year, month, day, tzinfo=now.tzinfo)


def resume(store: Store, reader: Subscriber, *, now: datetime) -> Outcome:
    """End a reader's pause."""
    store.pauses.end(reader.id, now=now)
    return Outcome.RESUMED


def ask_for_own(store: Store, reader: Subscriber, *, now: datetime) -> Outcome:
    """Mail a reader the link that shows all; not where mail does not arrive, or is not wanted for good."""
    if not _may_be_mailed(reader):
        return Outcome.UNAVAILABLE
    number = store.proofs.ask(reader.id, "own", reader.email, now=now)
    if number is None:
        return Outcome.TOO_OFTEN
    store.notices.put("own", reader.email, [number], now=now)
    return Outcome.MAILED


def _may_be_mailed(reader: Subscriber) -> bool:
    return reader.standing is Standing.ACTIVE or may_return(reader.standing)


def find_owner(store: Store, number: int) -> Subscriber | None:
    """Return the reader who has proven that their address is theirs, by the number in their link; None: it is over."""
    proof = store.proofs.find(number)
    return store.subscribers.find_id(proof.subscriber) if proof and proof.kind == "own" else None


def ask_to_move(store: Store, reader: Subscriber, *, email: str, now: datetime) -> Outcome:
    """
    Mail a link to the address that a reader wants to have instead.

    Whoever is on the list under that address is told nobody: the answer is the same, and so is the mail. Only where
    the list has reason never to write there, or has done so today, there is none.
    """
    if reader.standing is not Standing.ACTIVE:
        return Outcome.UNAVAILABLE
    try:
        wanted = normal_email(email.strip())
    except ValueError:
        return Outcome.WRONG_ADDRESS
    number = store.proofs.ask(reader.id, "move", wanted, now=now)
    if number is None:
        return Outcome.TOO_OFTEN
    other, last = store.subscribers.find(wanted), store.notices.latest(wanted, "move")
    if (other is None or _may_be_mailed(other)) and (last is None or now >= last + SELDOM):
        store.notices.put("move", wanted, [number], now=now)
    return Outcome.MAILED


def find_move(store: Store, number: int) -> Proof | None:
    """Return what the link to a new address is about, as long as there is something to do; None: it is over."""
    proof = store.proofs.find(number)
    reader = store.subscribers.find_id(proof.subscriber) if proof and proof.kind == "move" else None
    return proof if reader and reader.standing is Standing.ACTIVE else None


def move(store: Store, number: int, *, seal: Seal, now: datetime) -> bool:
    """
    Let a reader have the address that they have proven theirs; False: the link is over.

    Where a reader has that address, it is the same person, as they read the mail of both. Then that one is written to
    from now on, with what both chose, and the other one leaves.

    Raises:
        SettingsError: readers were erased, and not with this seal.
    """
    proof = find_move(store, number)
    if proof is None:
        return False
    return store.subscribers.move(proof.subscriber, proof.email, seal=seal, now=now) or _unite(
        store, proof, seal=seal, now=now
    )


def _unite(store: Store, proof: Proof, *, seal: Seal, now: datetime) -> bool:
    leaving = store.subscribers.find_id(proof.subscriber)
    record = store.subscribers.record(leaving.email) if leaving else None
    if record is None:
        return False
    reader = record.subscriber
    newcomer = Newcomer(
        email=proof.email, name=reader.name, fields=reader.fields, tags=reader.tags, consent=record.consent
    )
    reason = "moved here from another address"
    if store.subscribers.welcome(newcomer, reason=reason, seal=seal, now=now) is not Standing.ACTIVE:
        return False
    return store.subscribers.stand(reader.id, Standing.LEFT, reason=ELSEWHERE, now=now)
