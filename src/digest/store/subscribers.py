"""The list of readers: who they are, and whether we may write to them."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from itertools import islice
from secrets import token_urlsafe
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from digest.model import Audience, Standing, Subscriber
from digest.store.database import from_json, to_json, to_stamp
from digest.store.queries import read_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from digest.model import Newcomer
    from digest.store.database import Database

BLOCK = 1_000
"""How many readers are looked up, written or read at once."""

_SQL = read_queries("subscribers.sql")
_KEPT_AWAY = frozenset({Standing.LEFT.value, Standing.BOUNCED.value, Standing.COMPLAINED.value})


class Put(Enum):
    """What putting a newcomer on the list came to."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT_AWAY = "kept_away"
    """They left, complained, or their address is dead: they stay away, and nothing was changed."""

    @property
    def label(self) -> str:
        """The outcome in words."""
        return self.value.replace("_", " ")


class Subscribers:
    """The readers in a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, newcomers: Iterable[Newcomer], *, now: datetime) -> Iterator[Put]:
        """
        Put newcomers on the list and say of each, in their order, what that came to.

        All of it is one transaction that ends with the last outcome: whoever stops asking before has put nobody.
        What is known is added to and never wiped: a blank name or field changes nothing, tags are united.
        """
        stamp = to_stamp(now)
        with self._database.transaction():
            waiting = iter(newcomers)
            while block := [*islice(waiting, BLOCK)]:
                yield from self._put_block(block, stamp)

    def _put_block(self, block: Sequence[Newcomer], stamp: str) -> list[Put]:
        keys = [_key(newcomer.email) for newcomer in block]
        rows = self._database.fetch_all(_SQL["known"], keys=to_json(keys))
        entries = {key: _Entry(*columns) for key, *columns in rows}
        sources: dict[str, str] = {}
        changed: set[str] = set()
        outcomes = []
        for key, newcomer in zip(keys, block, strict=True):
            before = entries.get(key)
            outcome, entries[key] = _meet(before, newcomer)
            outcomes.append(outcome)
            if outcome is Put.ADDED:
                sources[key] = newcomer.source
            elif outcome is Put.UPDATED and key not in sources:
                changed.add(key)
        self._database.change_many(
            _SQL["add"],
            (
                {**entries[key].row(key, stamp), "token": token_urlsafe(16), "source": source}
                for key, source in sources.items()
            ),
        )
        self._database.change_many(_SQL["update"], (entries[key].row(key, stamp) for key in changed))
        return outcomes

    def find(self, email: str) -> Subscriber | None:
        """Return the reader of an address, however it is spelled in upper and lower case."""
        row = self._database.fetch_one(_SQL["find"], key=_key(email))
        return _subscriber(row) if row else None

    def by_ids(self, ids: Sequence[int]) -> list[Subscriber]:
        """Return those readers of `ids` that the store still knows, by rising id."""
        return [*map(_subscriber, self._database.fetch_all(_SQL["by_ids"], ids=to_json(ids)))]

    def emails(self, ids: Sequence[int]) -> dict[int, str]:
        """Return the addresses of those readers of `ids` that the store still knows."""
        return dict(self._database.fetch_all(_SQL["emails"], ids=to_json(ids)))

    def leave(self, email: str, *, now: datetime) -> bool:
        """Never write to a reader again, and say whether that is news. Their row stays, so that no import undoes it."""
        return self._database.change(_SQL["leave"], key=_key(email), now=to_stamp(now)) == 1

    def walk(self, *, standing: Standing | None = None, tag: str | None = None) -> Iterator[Subscriber]:
        """Return readers by rising id, in blocks: the list may be changed meanwhile."""
        wanted = standing.value if standing else None
        after = 0
        while rows := self._database.fetch_all(_SQL["walk"], after=after, standing=wanted, tag=tag, size=BLOCK):
            yield from map(_subscriber, rows)
            after = rows[-1][0]

    def active_ids(self) -> Iterator[int]:
        """Return the rising ids of those whom we may write to."""
        after, size = 0, 10 * BLOCK
        while rows := self._database.fetch_all(_SQL["active_ids"], after=after, size=size):
            yield from (row[0] for row in rows)
            after = rows[-1][0]

    def count(self) -> dict[Standing, int]:
        """Return how many readers there are of every standing."""
        counts = dict(self._database.fetch_all(_SQL["count"]))
        return {standing: counts.get(standing.value, 0) for standing in Standing}

    def audience(self) -> Audience:
        """Return how many may be written to now, and how many are left out for which standing."""
        counts = {standing.value: count for standing, count in self.count().items() if count}
        return Audience(readers=counts.pop(Standing.ACTIVE.value, 0), excluded=counts)

    def without_value(self, field: str) -> int:
        """Return how many of those whom we may write to lack a value for `field`."""
        ((count,),) = self._database.fetch_all(_SQL["without_value"], field=field)
        return int(count)


class _Entry(NamedTuple):
    """What an import can see and change of a reader, as the store keeps it."""

    email: str
    name: str
    fields: str
    tags: str
    standing: str

    def row(self, key: str, stamp: str) -> dict[str, str]:
        return {
            "key": key,
            "email": self.email,
            "name": self.name,
            "fields": self.fields,
            "tags": self.tags,
            "standing": self.standing,
            "now": stamp,
        }


def _meet(before: _Entry | None, newcomer: Newcomer) -> tuple[Put, _Entry]:
    """Decide what a newcomer comes to, given what is known of their address."""
    if before is None:
        return Put.ADDED, _merge(_Entry(newcomer.email, "", "{}", "[]", Standing.ACTIVE.value), newcomer)
    if before.standing in _KEPT_AWAY:
        return Put.KEPT_AWAY, before
    after = _merge(before, newcomer)
    return (Put.UNCHANGED if after == before else Put.UPDATED), after


def _merge(entry: _Entry, newcomer: Newcomer) -> _Entry:
    fields = entry.fields
    news = {name: value for name, value in newcomer.fields.items() if value}
    if news:
        fields = to_json({**from_json(fields), **news})
    tags = _unite(entry.tags, newcomer.tags)
    return _Entry(entry.email, newcomer.name or entry.name, fields, tags, entry.standing)


@lru_cache
def _unite(tags: str, more: tuple[str, ...]) -> str:
    """Cached, because most newcomers of a list bear the same tags."""
    return to_json([*dict.fromkeys([*from_json(tags), *more])])


def _subscriber(row: tuple[Any, ...]) -> Subscriber:
    number, email, name, fields, tags, standing, token = row
    return Subscriber(
        id=number,
        email=email,
        name=name,
        fields=MappingProxyType(from_json(fields)),
        tags=tuple(from_json(tags)),
        standing=Standing(standing),
        token=token,
    )


def _key(email: str) -> str:
    return email.casefold()
