"""How the list grew, counted by the database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Standing
from digest.store import Store, open_store
from digest.store.database import to_stamp
from digest.store.growth import MOST_SOURCES, OTHERS, STRETCH, Growth, Length, read_growth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ADD = """
insert into subscribers (id, key, email, name, fields, tags, standing, token, source, added_at, changed_at)
values (:id, :email, :email, '', '{}', '[]', :standing, :email, :source, :at, :at)
"""
CHANGE = """
insert into history (subscriber_id, at, standing, before, reason) values (:id, :at, :standing, :before, '')
"""
NUMBERED_CHANGE = """
insert into history (id, subscriber_id, at, standing, before, reason) values (:id, 1, :at, :standing, :before, '')
"""


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an empty store, on each kind of database."""
    with open_store(url) as store:
        yield store


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _join(store: Store, number: int, at: datetime, *standings: tuple[datetime | None, str], source: str = "") -> None:
    """Put a reader on the list, with their standings and when each began; the first begins when they join."""
    database = store.subscribers._database
    email = f"reader{number}@example.org"
    last = standings[-1][1]
    database.change(ADD, id=number, email=email, standing=last, source=source or "list.csv", at=to_stamp(at))
    for (_, before), (moment, standing) in pairwise(standings):
        assert moment
        database.change(CHANGE, id=number, at=to_stamp(moment), standing=standing, before=before)


def _read(store: Store, length: Length = "month") -> Growth:
    return read_growth(store.subscribers._database, length=length, now=NOW)


def _rows(growth: Growth) -> list[tuple[object, ...]]:
    return [
        (each.start, each.joined, each.confirmed, each.left, each.bounced, each.complained, each.active)
        for each in growth.periods
    ]


def test_growth_by_month(store: Store) -> None:
    """Each month tells who joined, confirmed and went, and how many were active at its end."""
    _join(store, 1, _day("2026-08-03"), (None, "active"))
    _join(store, 2, _day("2026-08-31T23:59:59.999999"), (None, "pending"), (_day("2026-09-01"), "active"))
    _join(store, 3, _day("2026-09-10"), (None, "pending"), (_day("2026-09-11"), "active"), (_day("2026-10-05"), "left"))
    _join(store, 4, _day("2026-09-12"), (None, "active"), (_day("2026-10-06"), "bounced"))
    _join(store, 5, _day("2026-10-01"), (None, "active"), (_day("2026-10-02"), "complained"))
    _join(store, 6, _day("2026-10-20"), (None, "pending"))
    growth = _read(store)
    assert _rows(growth) == [
        ("2026-08", 2, 0, 0, 0, 0, 1),
        ("2026-09", 2, 2, 0, 0, 0, 4),
        ("2026-10", 2, 0, 1, 1, 1, 2),
        ("2026-11", 0, 0, 0, 0, 0, 2),
    ]
    assert [period.gone for period in growth.periods] == [0, 0, 3, 0]
    assert growth.standings == store.subscribers.count()


def test_coming_back(store: Store) -> None:
    """A reader who left and confirmed anew has joined once, confirmed, left, and is active again."""
    _join(
        store,
        1,
        _day("2026-09-01"),
        (None, "active"),
        (_day("2026-10-01"), "left"),
        (_day("2026-11-01"), "pending"),
        (_day("2026-11-02"), "active"),
    )
    assert _rows(_read(store)) == [
        ("2026-09", 1, 0, 0, 0, 0, 1),
        ("2026-10", 0, 0, 1, 0, 0, 0),
        ("2026-11", 0, 1, 0, 0, 0, 1),
    ]


def test_reader_who_came_as_left(store: Store) -> None:
    """Someone who was taken over as having left was never active, and did not leave here."""
    _join(store, 1, _day("2026-11-01"), (None, "left"))
    assert _rows(_read(store)) == [("2026-11", 1, 0, 0, 0, 0, 0)]


def test_weeks_begin_on_monday(store: Store) -> None:
    """A week bears the day of its Monday, over the end of a year too, and weeks without news are told."""
    _join(store, 1, _day("2026-01-01"), (None, "active"))
    _join(store, 2, _day("2026-01-04T23:00:00"), (None, "active"))
    _join(store, 3, _day("2026-01-05"), (None, "active"))
    periods = _read(store, "week").periods
    assert [(period.start, period.active) for period in periods[:3]] == [
        ("2025-12-29", 2),
        ("2026-01-05", 3),
        ("2026-01-12", 3),
    ]
    assert (periods[-1].start, len(periods)) == ("2026-11-23", 48)


def test_days_have_no_gaps(store: Store) -> None:
    """Every day from the first reader's to the present one is told."""
    _join(store, 1, _day("2026-11-20"), (None, "active"), (_day("2026-11-22"), "left"))
    told = [(period.start, period.joined, period.left, period.active) for period in _read(store, "day").periods]
    assert told == [
        ("2026-11-20", 1, 0, 1),
        ("2026-11-21", 0, 0, 1),
        ("2026-11-22", 0, 1, 0),
        ("2026-11-23", 0, 0, 0),
        ("2026-11-24", 0, 0, 0),
    ]


def test_clock_that_went_wrong(store: Store) -> None:
    """What is dated after the present is counted nevertheless."""
    _join(store, 1, _day("2027-01-15"), (None, "active"))
    assert _rows(_read(store)) == [("2027-01", 1, 0, 0, 0, 0, 1)]


def test_sources(store: Store) -> None:
    """The most frequent sources come first, by name where they are even, and the rest are one at the end."""
    numbers = iter(range(1, 1_000))
    for rank in range(MOST_SOURCES + 2):
        for count in range(max(1, MOST_SOURCES - rank)):
            month = "2026-10-01" if count else "2026-09-01"
            _join(store, next(numbers), _day(month), (None, "active"), source=f"source {rank}")
    sources = _read(store).sources
    assert [source.name for source in sources] == [*(f"source {rank}" for rank in range(MOST_SOURCES)), OTHERS]
    assert sources[0].joined == (1, MOST_SOURCES - 1, 0)
    assert sources[-1].joined == (2, 0, 0)
    assert [source.readers for source in sources] == [8, 7, 6, 5, 4, 3, 2, 1, 2]


def test_few_sources_have_no_others(store: Store) -> None:
    """With as many sources as are named, nobody is left for the others."""
    for number in range(1, MOST_SOURCES + 1):
        _join(store, number, NOW, (None, "active"), source=f"source {number}")
    assert OTHERS not in [source.name for source in _read(store).sources]


def test_nobody(store: Store) -> None:
    """An empty list has no periods, no sources, and nobody of any standing."""
    growth = _read(store)
    assert (growth.periods, growth.sources) == ((), ())
    assert growth.standings == dict.fromkeys(Standing, 0)


def test_long_list_is_counted_in_stretches(store: Store) -> None:
    """Readers and changes at both sides of where a stretch ends are counted once."""
    numbers = [1, STRETCH, STRETCH + 1, 2 * STRETCH, 3 * STRETCH + 7]
    for number in numbers:
        _join(store, number, _day("2026-11-01"), (None, "active"))
    database, now = store.subscribers._database, to_stamp(NOW)
    for number in numbers:
        database.change(NUMBERED_CHANGE, id=number, at=now, before="active", standing="left")
        database.change(NUMBERED_CHANGE, id=number + 10, at=now, before="left", standing="active")
    assert _rows(_read(store)) == [("2026-11", 5, 0, 5, 0, 0, 5)]


def test_facts_are_json(store: Store) -> None:
    """The facts can be printed, and the counts of a source stand beside the periods."""
    _join(store, 1, _day("2026-10-01"), (None, "active"), source="fair")
    facts = json.loads(json.dumps(_read(store).facts()))
    assert list(facts) == ["by", "periods", "standings", "sources"]
    assert facts["by"] == "month"
    assert facts["periods"][0] == {
        "start": "2026-10",
        "joined": 1,
        "confirmed": 0,
        "left": 0,
        "bounced": 0,
        "complained": 0,
        "active": 1,
    }
    assert facts["standings"] == {"pending": 0, "active": 1, "left": 0, "bounced": 0, "complained": 0}
    assert facts["sources"] == [{"name": "fair", "joined": [1, 0]}]


LIVES = st.lists(
    st.lists(
        st.tuples(
            st.datetimes(datetime(2025, 11, 1), datetime(2026, 11, 24)),  # noqa: DTZ001  # hypothesis wants them bare
            st.sampled_from([standing.value for standing in Standing]),
        ),
        min_size=1,
        max_size=5,
    ).map(lambda life: sorted(life, key=lambda step: step[0])),
    max_size=12,
)


@settings(max_examples=40)
@given(lives=LIVES, length=st.sampled_from(["month", "week", "day"]))
def test_active_readers_at_every_end(lives: Sequence[list[tuple[datetime, str]]], length: Length) -> None:
    """Whatever happened to readers, those active at the end of a period are those whose last standing by then is so."""
    with open_store("sqlite://") as store:
        for number, life in enumerate(lives, 1):
            steps = [(moment.replace(tzinfo=UTC), standing) for moment, standing in life]
            _join(store, number, steps[0][0], *steps)
        growth = _read(store, length)
        assert growth.standings == store.subscribers.count()
    for period, after in pairwise(growth.periods):
        end = _day(f"{after.start}-01" if length == "month" else after.start)
        by_then = [[standing for at, standing in life if at.replace(tzinfo=UTC) < end] for life in lives]
        assert period.active == sum(standings[-1:] == ["active"] for standings in by_then), period.start
