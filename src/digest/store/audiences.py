"""Who would get an issue now: everyone who may be written to, or those of a segment."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain, islice
from typing import TYPE_CHECKING

from digest.model import Audience, Standing
from digest.store.database import to_stamp
from digest.store.pauses import PAUSED, Pauses
from digest.store.selecting import compile_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from digest.model import Readers
    from digest.segments import Segment
    from digest.store.columns import Columns
    from digest.store.database import Database
    from digest.store.subscribers import Subscribers

OUTSIDE = "outside the segment"
"""Why an active reader is left out."""

_BLOCK = 10_000


def present() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class Audiences:
    """
    The readers who may be written to, and are in no pause, as ids and as numbers.

    Args:
        database: where they are.
        subscribers: all readers of it.
        columns: reads what is known of them.
        clock: tells the present moment.
    """

    def __init__(
        self, database: Database, subscribers: Subscribers, columns: Columns, clock: Callable[[], datetime] = present
    ) -> None:
        self._database = database
        self._sql = database.queries("audiences.sql")
        self._subscribers = subscribers
        self._columns = columns
        self._pauses = Pauses(database)
        self._now = clock

    def blocks(self, segment: Segment | None) -> Iterator[Sequence[int]]:
        """Return the rising ids of those in a segment who may be written to, in blocks; None is everyone."""
        return self._blocks("ids", segment)

    def without_consent(self, segment: Segment | None) -> Iterator[Sequence[int]]:
        """Return, as `blocks` does, those of whom nobody knows when or how they agreed, or to what."""
        return self._blocks("without_consent", segment)

    def without_own_token(self, segment: Segment | None) -> Iterator[Sequence[int]]:
        """Return, as `blocks` does, those whose token is too short to be unguessable, or another reader's as well."""
        return self._blocks("without_own_token", segment)

    def _blocks(self, name: str, segment: Segment | None) -> Iterator[Sequence[int]]:
        now = self._now()
        for ids in self._active(name, segment):
            if staying := self._pauses.without(ids, now):
                yield staying

    def _active(self, name: str, segment: Segment | None) -> Iterator[list[int]]:
        query, values = self._query(name, segment)
        after = 0
        while rows := self._database.fetch_all(query, after=after, size=_BLOCK, **values):
            yield [number for (number,) in rows]
            ((after,),) = rows[-1:]

    def measure(self, segment: Segment | None) -> Audience:
        """Return how many may be written to now, how many are left out and why, and who exactly they are as a hash."""
        digest, readers, paused, now = sha256(), 0, 0, self._now()
        for ids in self._active("ids", segment):
            staying = self._pauses.without(ids, now)
            digest.update(octets(staying))
            readers += len(staying)
            paused += len(ids) - len(staying)
        counts = self._subscribers.count()
        outside = counts.pop(Standing.ACTIVE) - readers - paused
        excluded = {OUTSIDE: outside, PAUSED: paused, **{standing.value: count for standing, count in counts.items()}}
        return Audience(
            readers=readers,
            excluded={reason: count for reason, count in excluded.items() if count},
            digest=digest.hexdigest(),
        )

    def without_value(self, field: str, segment: Segment | None) -> int:
        """Return how many of those in a segment who may be written to have no value of `field`."""
        query, values = self._query("without_value", segment)
        ((count,),) = self._database.fetch_all(query, field=field, moment=to_stamp(self._now()), **values)
        return int(count)

    def has_tag(self, tag: str) -> bool:
        """Return whether anyone on the list has a tag."""
        return self._database.fetch_one(self._sql["has_tag"], tag=tag) is not None

    def tags(self) -> list[str]:
        """Return all tags on the list, sorted; every reader is looked at for them."""
        return [tag for (tag,) in self._database.fetch_all(self._sql["tags"])]

    def sample(self, segment: Segment | None, size: int, fields: Sequence[str]) -> Readers:
        """Return the first few of those in a segment who may be written to, with these further fields."""
        return self._columns.active([*islice(chain.from_iterable(self.blocks(segment)), size)], fields)

    def walk(self, segment: Segment | None, size: int, fields: Sequence[str]) -> Iterator[Readers]:
        """Return all of those in a segment who may be written to, with these further fields, so many at a time."""
        for ids in self.blocks(segment):
            for start in range(0, len(ids), size):
                yield self._columns.active(ids[start : start + size], fields)

    def _query(self, name: str, segment: Segment | None) -> tuple[str, dict[str, object]]:
        if segment is None:
            return self._sql[name], {}
        condition = compile_segment(segment, dialect=self._database.dialect)
        return self._sql[name].replace("/* segment */", f"and {condition.sql}"), dict(condition.values)


def octets(ids: Sequence[int]) -> bytes:
    """Return ids as bytes, so that a hash of them does not depend on the blocks in which they came."""
    return array("Q", ids).tobytes()
