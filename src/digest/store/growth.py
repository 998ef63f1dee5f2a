"""How the list grew: who joined, confirmed and left in each period, how many were active, and where they came from."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, date, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Literal, TypeAlias

from digest.model import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from digest.store.database import Database

STRETCH = 50_000
"""How many ids are counted at once; more takes memory, fewer takes time."""
MOST_SOURCES = 8
"""How many sources bear their names; the others are counted together."""
OTHERS = "others"

Length: TypeAlias = Literal["month", "week", "day"]
Counts: TypeAlias = Counter[tuple[str, str, str]]
"""Of those who joined: by period, source and first standing; of changes: by period, standing before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What happened to the list in a month, a week or a day, by the clock of UTC."""

    start: str
    """A month as ``2026-11``, a day as ``2026-11-24``, and a week as its Monday."""
    joined: int
    """With whatever standing; a reader who comes back has joined only once."""
    confirmed: int
    left: int
    bounced: int
    complained: int
    active: int
    """At the end of the period."""

    @property
    def gone(self) -> int:
        """How often a reader left, bounced or complained."""
        return self.left + self.bounced + self.complained


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where readers came from."""

    name: str
    joined: tuple[int, ...]
    """Period by period."""

    @property
    def readers(self) -> int:
        """How many in all, whatever became of them."""
        return sum(self.joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The story of a list. Readers who were erased are no part of it."""

    length: Length
    periods: tuple[Period, ...]
    """Without gaps, from the first in which something happened to the present one, which is not over."""
    standings: Mapping[Standing, int]
    """How many readers have each standing now."""
    sources: tuple[Source, ...]
    """The most frequent first, and last the others, if there are more than `MOST_SOURCES`."""

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        return {
            "by": self.length,
            "periods": [asdict(period) for period in self.periods],
            "standings": {standing.value: count for standing, count in self.standings.items()},
            "sources": [asdict(source) for source in self.sources],
        }


def read_growth(database: Database, *, length: Length, now: datetime) -> Growth:
    """Count the list period by period, up to the one in which `now` lies; see `trace_growth`."""
    with database.snapshot():
        joined = _count(database, "joined", "last_reader", length)
        changed = _count(database, "changed", "last_change", length)
    return trace_growth(joined, changed, length=length, now=now)


def _count(database: Database, query: str, end: str, length: Length) -> Counts:
    counts: Counts = Counter()
    sql = database.queries("growth.sql")
    signs = 7 if length == "month" else 10
    ((last,),) = database.fetch_all(sql[end])
    for after in range(0, last or 0, STRETCH):
        for start, one, other, count in database.fetch_all(sql[query], signs=signs, after=after, last=after + STRETCH):
            counts[_start_of_week(start) if length == "week" else start, one, other] += count
    return counts


def trace_growth(joined: Counts, changed: Counts, *, length: Length, now: datetime) -> Growth:
    """
    Follow the list from its beginning: each period's standings are the last one's, with who joined and what changed.

    Nothing but the counts says how many are active, so the last standings are the present ones.
    """
    arrivals: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (start, _, standing), count in joined.items():
        arrivals[start][standing] += count
    changes: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for (start, before, after), count in changed.items():
        changes[start][before, after] += count

    standings: Counter[str] = Counter()
    starts = [*_starts({*arrivals, *changes}, length, now)]
    periods = tuple(_pass(start, arrivals[start], changes[start], standings) for start in starts)
    return Growth(
        length=length,
        periods=periods,
        standings={standing: standings[standing.value] for standing in Standing},
        sources=_rank_sources(joined, starts),
    )


def _pass(start: str, arrived: Counter[str], changes: Counter[tuple[str, str]], standings: Counter[str]) -> Period:
    """Tell a period, and bring the standings to its end."""
    became: Counter[str] = Counter()
    standings.update(arrived)
    for (before, after), count in changes.items():
        standings[before] -= count
        standings[after] += count
        became[after] += count
    return Period(
        start=start,
        joined=arrived.total(),
        confirmed=changes[Standing.PENDING.value, Standing.ACTIVE.value],
        left=became[Standing.LEFT.value],
        bounced=became[Standing.BOUNCED.value],
        complained=became[Standing.COMPLAINED.value],
        active=standings[Standing.ACTIVE.value],
    )


def _rank_sources(joined: Counts, starts: Sequence[str]) -> tuple[Source, ...]:
    totals: Counter[str] = Counter()
    for (_, source, _), count in joined.items():
        totals[source] += count
    ranked = sorted(totals, key=lambda source: (-totals[source], source))
    named = {source: number for number, source in enumerate(ranked[:MOST_SOURCES])}
    rows = [dict.fromkeys(starts, 0) for _ in ranked[: MOST_SOURCES + 1]]
    for (start, source, _), count in joined.items():
        rows[named.get(source, MOST_SOURCES)][start] += count
    names = chain(named, [OTHERS])
    return tuple(Source(name=name, joined=tuple(row.values())) for name, row in zip(names, rows, strict=False))


def _starts(eventful: set[str], length: Length, now: datetime) -> Iterator[str]:
    """Return the periods from the first eventful one on, to the present or, should a clock be wrong, the last one."""
    if not eventful:
        return
    start, last = min(eventful), max(*eventful, _present(length, now))
    while start <= last:
        yield start
        start = _next(start, length)


def _present(length: Length, now: datetime) -> str:
    today = now.astimezone(UTC).date().isoformat()
    return {"month": today[:7], "week": _start_of_week(today), "day": today}[length]


def _next(start: str, length: Length) -> str:
    if length == "month":
        return (date.fromisoformat(f"{start}-01") + timedelta(days=31)).isoformat()[:7]
    return (date.fromisoformat(start) + timedelta(days=7 if length == "week" else 1)).isoformat()


def _start_of_week(day: str) -> str:
    then = date.fromisoformat(day)
    return (then - timedelta(days=then.weekday())).isoformat()
