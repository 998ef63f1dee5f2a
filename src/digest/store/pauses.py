"""Readers who asked for no issues for a while: nothing leaves for them until then, and nothing follows later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from digest.store.database import to_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from digest.model import Subscriber
    from digest.store.database import Database

PAUSED = "paused"
"""Why a reader who may be written to is left out or skipped meanwhile."""

_BLOCK = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time without issues."""

    since: datetime
    until: datetime

    def holds(self, moment: datetime) -> bool:
        """Tell whether a moment lies in it."""
        return self.since <= moment < self.until


class Pauses:
    """The pauses in a store: of each reader the latest one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.queries("pauses.sql")

    def put(self, subscriber: int, *, until: datetime, now: datetime) -> None:
        """Let a reader have a pause from now on; one that they are in the middle of ends then instead."""
        self._database.change(self._sql["put"], subscriber=subscriber, now=to_stamp(now), until=to_stamp(until))

    def end(self, subscriber: int, *, now: datetime) -> bool:
        """End a reader's pause, and say whether that is news."""
        return self._database.change(self._sql["end"], subscriber=subscriber, now=to_stamp(now)) == 1

    def find(self, subscriber: int) -> Pause | None:
        """Return the latest pause of a reader, which may be over."""
        row = self._database.fetch_one(self._sql["find"], subscriber=subscriber)
        return Pause(since=datetime.fromisoformat(row[0]), until=datetime.fromisoformat(row[1])) if row else None

    def among(self, ids: Sequence[int], moment: datetime) -> Mapping[int, datetime]:
        """Return which of the rising `ids` are in the middle of a pause at a moment, each with its end."""
        wanted = {*ids}
        rows = self._between(ids, moment)
        return {number: datetime.fromisoformat(until) for number, until in rows if number in wanted}

    def _between(self, ids: Sequence[int], moment: datetime) -> Sequence[tuple[int, str]]:
        if not ids:
            return ()
        return self._database.fetch_all(self._sql["between"], first=ids[0], last=ids[-1], moment=to_stamp(moment))

    def without(self, ids: Sequence[int], moment: datetime) -> Sequence[int]:
        """Return the rising `ids` without those who are in the middle of a pause at a moment."""
        paused = {number for number, _ in self._between(ids, moment)}
        return [number for number in ids if number not in paused] if paused else ids

    def beside(self, readers: Iterable[Subscriber], now: datetime) -> Iterator[tuple[Subscriber, datetime | None]]:
        """Return readers, who come by rising id, each beside the end of the pause that they are in the middle of."""
        waiting = iter(readers)
        while block := [*islice(waiting, _BLOCK)]:
            paused = self.among([reader.id for reader in block], now)
            yield from ((reader, paused.get(reader.id)) for reader in block)

    def count(self, now: datetime) -> int:
        """Return how many of those who may be written to are in the middle of a pause."""
        ((count,),) = self._database.fetch_all(self._sql["count"], moment=to_stamp(now))
        return int(count)
