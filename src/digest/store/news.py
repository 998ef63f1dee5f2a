"""What is told later of messages: events, each kept once, beside the delivery that they tell of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from digest.model import EventKind
from digest.store.database import to_stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.store.database import Database
    from digest.store.mailings import Frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An event as it is kept of a reader."""

    kind: EventKind
    at: datetime
    issue: str
    """The slug of the issue that it is about; blank where nobody said which."""
    provider: str
    original: str
    """The provider's own word for it."""
    reason: str


class News:
    """The events in a store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.queries("news.sql")

    def mailing_of(self, fingerprint: str) -> int | None:
        """Return the id of the mailing of an edition whose fingerprint begins with these 16 digits."""
        row = self._database.fetch_one(self._sql["mailing_of"], fingerprint=fingerprint)
        return row[0] if row else None

    def add(self, name: str, item: Item, *, subscriber: int, mailing: int | None, now: datetime) -> bool:
        """
        Keep an event of a reader, and say whether it is the first time that it is told.

        Args:
            name: what the provider tells it from its other events by.
            item: the event; its issue is told by `mailing`.
            subscriber: the reader's id.
            mailing: the id of the mailing that it is about, if that is known.
            now: this moment; what is told of the future counts as of now.
        """
        return (
            self._database.change(
                self._sql["add"],
                event=sha256(f"{item.provider}\n{name}".encode()).hexdigest()[:32],
                provider=item.provider,
                subscriber=subscriber,
                mailing=mailing,
                kind=item.kind.value,
                at=to_stamp(min(item.at, now)),
                now=to_stamp(now),
                original=item.original,
                reason=item.reason,
            )
            == 1
        )

    def soft_bounces(self, subscriber: int) -> int:
        """Return how many messages to a reader came back for the time being, one after the other, up to the latest."""
        (count,) = self._database.fetch_one(self._sql["soft_bounces"], subscriber=subscriber) or (0,)
        return int(count or 0)

    def agreed_at(self, subscriber: int) -> datetime | None:
        """Return when a reader last agreed to get the newsletter; None if that was when they joined."""
        (stamp,) = self._database.fetch_one(self._sql["agreed_at"], subscriber=subscriber) or (None,)
        return datetime.fromisoformat(stamp) if stamp else None

    def counts(self, frozen: Frozen) -> Mapping[EventKind, int]:
        """Return of how many readers of a mailing each kind of event is known; kinds of which none is are left out."""
        found = dict(self._database.fetch_all(self._sql["counts"], mailing=frozen.id))
        return {kind: found[kind.value] for kind in EventKind if kind.value in found}

    def of_reader(self, subscriber: int) -> list[Item]:
        """Return all that was told of a reader, oldest first."""
        return [
            Item(
                kind=EventKind(kind),
                at=datetime.fromisoformat(at),
                issue=slug or "",
                provider=provider,
                original=original,
                reason=reason,
            )
            for kind, at, slug, provider, original, reason in self._database.fetch_all(
                self._sql["of_reader"], subscriber=subscriber
            )
        ]
