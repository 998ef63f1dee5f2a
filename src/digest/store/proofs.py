"""Proofs that an address is a reader's: each is asked for by a link that is mailed there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from digest.store.database import to_stamp

if TYPE_CHECKING:
    from digest.store.database import Database

ProofKind: TypeAlias = Literal["own", "move"]
"""What is proven: that the address on the list is one's own, or that the one to move to is."""

SELDOM = timedelta(days=1)
"""Nobody is mailed twice for the same within this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a link that was mailed to an address is about."""

    subscriber: int
    kind: ProofKind
    email: str = field(repr=False)
    asked_at: datetime


class Proofs:
    """The proofs that were asked for in a store, until they are given or too old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.queries("proofs.sql")

    def ask(self, subscriber: int, kind: ProofKind, email: str, *, now: datetime) -> int | None:
        """Return the number that the link is to hold; None where the reader has asked for such a link a while ago."""
        with self._database.transaction(alone=True):
            (latest,) = self._database.fetch_one(self._sql["latest"], subscriber=subscriber, kind=kind) or (None,)
            if latest and now < datetime.fromisoformat(latest) + SELDOM:
                return None
            self._database.change(self._sql["ask"], subscriber=subscriber, kind=kind, email=email, now=to_stamp(now))
            ((number,),) = self._database.fetch_all(self._sql["number"], subscriber=subscriber, kind=kind)
        return int(number)

    def find(self, number: int) -> Proof | None:
        """Return what the link with a number is about."""
        row = self._database.fetch_one(self._sql["find"], id=number)
        if row is None:
            return None
        subscriber, kind, email, asked_at = row
        return Proof(subscriber=subscriber, kind=kind, email=email, asked_at=datetime.fromisoformat(asked_at))

    def forget_old(self, *, before: datetime) -> None:
        """Delete what was asked for before a moment, with the addresses that it holds."""
        self._database.change(self._sql["forget_old"], before=to_stamp(before))
