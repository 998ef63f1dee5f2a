"""How readers stand with a mailing: in numbers, or a line for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from digest.model import Delivery, State, Tally
from digest.store.packing import unpack, unpack_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.store.database import Database
    from digest.store.mailings import Frozen, Mailings
    from digest.store.subscribers import Subscribers

_STATES = {
    "queued": State.QUEUED,
    "claimed": State.QUEUED,
    "settled": State.SENT,
    "in_doubt": State.IN_DOUBT,
    "skipped": State.SKIPPED,
}
"""What the state of a batch says of its readers."""


class Deliveries:
    """What became of each reader; nothing is changed here."""

    def __init__(self, database: Database, subscribers: Subscribers, mailings: Mailings) -> None:
        self._database = database
        self._sql = database.queries("deliveries.sql")
        self._subscribers = subscribers
        self._mailings = mailings

    def tally(self, frozen: Frozen) -> Tally:
        """Return how many readers stand how; their sum is everyone whom the mailing was ever for."""
        rows = self._database.fetch_all(self._sql["tally"], mailing=frozen.id)
        batches = {state: int(count) for kind, state, count in rows if kind == "batch"}
        readers = {state: int(count) for kind, state, count in rows if kind == "reader"}
        refused = readers.get("refused", 0)
        return Tally(
            sent=batches.get("settled", 0) - refused,
            refused=refused,
            skipped=readers.get("skipped", 0) + batches.get("skipped", 0),
            queued=batches.get("queued", 0) + batches.get("claimed", 0),
            in_doubt=batches.get("in_doubt", 0),
        )

    def has_begun(self, frozen: Frozen) -> bool:
        """Return whether anything of a mailing has left or may have."""
        return self._database.fetch_one(self._sql["begun"], mailing=frozen.id) is not None

    def lines(self, frozen: Frozen) -> Iterator[Delivery]:
        """Return a line for every reader of a mailing, in the order in which they were cut into batches."""
        origin = 0
        while origin := self._next_origin(frozen, origin):
            fates = self._fates(frozen.id, origin)
            emails = self._subscribers.emails([*fates])
            for number, delivery in sorted(fates.items(), key=itemgetter(0)):
                yield replace(delivery, email=emails.get(number, ""))

    def _next_origin(self, frozen: Frozen, after: int) -> int:
        ((origin,),) = self._database.fetch_all(self._sql["next_origin"], mailing=frozen.id, after=after)
        return origin or 0

    def of_reader(self, subscriber: int) -> Iterator[tuple[str, Delivery]]:
        """Return the slugs of all mailings that a reader was in, oldest first, each with what became of it."""
        slugs = {frozen.id: frozen.slug for frozen in self._mailings.all()}
        for mailing, origin in self._database.fetch_all(self._sql["origins_around"], subscriber=subscriber):
            fates = self._fates(mailing, origin)
            if subscriber in fates:
                yield slugs[mailing], fates[subscriber]

    def _fates(self, mailing: int, origin: int) -> dict[int, Delivery]:
        """Return what became of all who were cut into one batch; their addresses are blank."""
        rows = self._database.fetch_all(self._sql["fates"], mailing=mailing, origin=origin)
        fates: dict[int, Delivery] = {}
        for _, state, reason, at, packed, packed_names in (row for row in rows if row[0] is None):
            ids = unpack(packed)
            names = unpack_texts(packed_names) or [""] * len(ids)
            same = {"email": "", "state": _STATES[state], "reason": reason, "at": _moment(at)}
            fates |= {one: Delivery(**same, message_id=name) for one, name in zip(ids, names, strict=True)}
        for one, state, reason, at, *_ in (row for row in rows if row[0] is not None):
            fates[one] = Delivery(email="", state=State(state), reason=reason, at=_moment(at))
        return fates


def _moment(stamp: str | None) -> datetime | None:
    return datetime.fromisoformat(stamp) if stamp else None
