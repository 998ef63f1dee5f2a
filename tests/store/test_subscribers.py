"""The list of readers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Audience, Newcomer, Standing
from digest.store import Put, Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    """Return an empty store in memory."""
    with open_store("sqlite://") as store:
        yield store


def _newcomer(
    email: str, name: str = "", tags: tuple[str, ...] = (), fields: dict[str, str] | None = None, **more: str
) -> Newcomer:
    return Newcomer(email=email, name=name, fields={**(fields or {}), **more}, tags=tags, source="list.csv")


def _put(store: Store, *newcomers: Newcomer) -> list[Put]:
    return list(store.subscribers.put(newcomers, now=NOW))


def _stand(store: Store, email: str, standing: Standing) -> None:
    """Give a reader a standing that only later events bring."""
    query = "update subscribers set standing = :standing where key = :key"
    store.subscribers._database.change(query, standing=standing.value, key=email)


def test_newcomer_becomes_a_reader(store: Store) -> None:
    """All that was said of a newcomer is kept; they are active and have a token of 128 bits."""
    assert _put(store, _newcomer("Zoë@example.org", "Zoë 🦊", ("staff", "b"), city="Köln", blank="")) == [Put.ADDED]
    reader = store.subscribers.find("zoË@example.org")
    assert reader
    assert (reader.email, reader.name, reader.tags) == ("Zoë@example.org", "Zoë 🦊", ("staff", "b"))
    assert reader.fields == {"city": "Köln"}
    assert reader.standing is Standing.ACTIVE
    assert len(reader.token) == 22


def test_case_makes_no_second_reader(store: Store) -> None:
    """Two spellings of an address are one reader, within a list and later; the first spelling stays."""
    assert _put(store, _newcomer("Ann@Example.org"), _newcomer("ann@example.ORG")) == [Put.ADDED, Put.UNCHANGED]
    assert _put(store, _newcomer("ANN@EXAMPLE.ORG")) == [Put.UNCHANGED]
    assert [reader.email for reader in store.subscribers.walk()] == ["Ann@Example.org"]


def test_update_adds_and_never_wipes(store: Store) -> None:
    """A blank name or field leaves what is known, another value replaces it, and tags are united."""
    _put(store, _newcomer("ann@example.org", "Ann", ("a", "b"), city="Ulm", level="staff"))
    before = store.subscribers.find("ann@example.org")
    assert _put(store, _newcomer("ann@example.org", "", ("b", "c"), city="", level="senior")) == [Put.UPDATED]
    after = store.subscribers.find("ann@example.org")
    assert before
    assert after
    assert (after.name, after.fields, after.tags) == ("Ann", {"city": "Ulm", "level": "senior"}, ("a", "b", "c"))
    assert (after.id, after.token) == (before.id, before.token)


def test_second_line_of_a_list_updates_the_first(store: Store) -> None:
    """An address that stands twice in one list is merged as if it had come in two."""
    outcomes = _put(
        store, _newcomer("ann@example.org", "Ann", city="Ulm"), _newcomer("Ann@example.org", "Anna", ("x",))
    )
    reader = store.subscribers.find("ann@example.org")
    assert outcomes == [Put.ADDED, Put.UPDATED]
    assert reader
    assert (reader.name, reader.fields, reader.tags) == ("Anna", {"city": "Ulm"}, ("x",))


@pytest.mark.parametrize("standing", [Standing.LEFT, Standing.BOUNCED, Standing.COMPLAINED])
def test_import_never_brings_anyone_back(store: Store, standing: Standing) -> None:
    """Who left, bounced or complained stays so, and nothing of them is changed."""
    _put(store, _newcomer("ann@example.org", "Ann"))
    _stand(store, "ann@example.org", standing)
    before = store.subscribers.find("ann@example.org")
    assert _put(store, _newcomer("ANN@example.org", "Another", ("new",), city="Ulm")) == [Put.KEPT_AWAY]
    assert store.subscribers.find("ann@example.org") == before


def test_pending_reader_waits_on(store: Store) -> None:
    """An import does not confirm for anyone."""
    _put(store, _newcomer("ann@example.org"))
    _stand(store, "ann@example.org", Standing.PENDING)
    assert _put(store, _newcomer("ann@example.org", "Ann")) == [Put.UPDATED]
    reader = store.subscribers.find("ann@example.org")
    assert reader
    assert reader.standing is Standing.PENDING


def test_list_with_a_fault_puts_nobody(store: Store) -> None:
    """A fault in the middle of a list undoes what came before it, and so does stopping early."""

    def faulty() -> Iterator[Newcomer]:
        yield from (_newcomer(f"reader{number}@example.org") for number in range(2_500))
        msg = "line 2501"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="line 2501"):
        list(store.subscribers.put(faulty(), now=NOW))
    next(store.subscribers.put([_newcomer("ann@example.org"), _newcomer("bob@example.org")], now=NOW))
    assert sum(store.subscribers.count().values()) == 0


def test_long_list_is_put_in_blocks(store: Store) -> None:
    """Outcomes come in the order of the list, across the blocks in which it is written."""
    many = [_newcomer(f"reader{number % 1_500}@example.org") for number in range(3_500)]
    assert _put(store, *many) == [Put.ADDED] * 1_500 + [Put.UNCHANGED] * 2_000
    assert [reader.id for reader in store.subscribers.walk()] == [*range(1, 1_501)]


def test_leaving(store: Store) -> None:
    """Leaving is news once; the row stays, and whoever complained has said more than that."""
    _put(store, _newcomer("ann@example.org"), _newcomer("bob@example.org"), _newcomer("cyd@example.org"))
    _stand(store, "bob@example.org", Standing.COMPLAINED)
    _stand(store, "cyd@example.org", Standing.BOUNCED)
    leave = store.subscribers.leave
    assert leave("ANN@example.org", now=NOW)
    assert leave("cyd@example.org", now=NOW)
    assert not leave("ann@example.org", now=NOW)
    assert not leave("bob@example.org", now=NOW)
    assert not leave("nobody@example.org", now=NOW)
    expected = {Standing.PENDING: 0, Standing.ACTIVE: 0, Standing.LEFT: 2, Standing.BOUNCED: 0, Standing.COMPLAINED: 1}
    assert store.subscribers.count() == expected


def test_walk_may_be_interrupted_by_changes(store: Store) -> None:
    """Readers may leave while the list is walked, and each is met at most once."""
    _put(store, *(_newcomer(f"reader{number}@example.org") for number in range(2_100)))
    met = []
    for reader in store.subscribers.walk(standing=Standing.ACTIVE):
        met.append(reader.id)
        store.subscribers.leave(reader.email, now=NOW)
    assert met == [*range(1, 2_101)]


def test_walk_by_standing_and_tag(store: Store) -> None:
    """A walk meets those of one standing, of one tag, or of both; part of a tag is no tag."""
    _put(store, _newcomer("ann@example.org", tags=("staff",)), _newcomer("bob@example.org", tags=("staffing", "x")))
    _put(store, _newcomer("cyd@example.org", tags=("x", "staff")), _newcomer("dan@example.org"))
    store.subscribers.leave("cyd@example.org", now=NOW)

    def names(standing: Standing | None = None, tag: str | None = None) -> list[str]:
        return [reader.email[:3] for reader in store.subscribers.walk(standing=standing, tag=tag)]

    assert names() == ["ann", "bob", "cyd", "dan"]
    assert names(tag="staff") == ["ann", "cyd"]
    assert names(Standing.ACTIVE, "staff") == ["ann"]
    assert names(Standing.LEFT) == ["cyd"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("email", 0),
        ("token", 0),
        ("name", 1),
        ("city", 2),
        ("odd \"'$.field", 2),
        ("unknown", 3),
    ],
)
def test_readers_without_a_value(store: Store, field: str, expected: int) -> None:
    """Those are counted whom a field without a fallback would leave with a gap."""
    _put(
        store,
        _newcomer("ann@example.org", "Ann", city="Ulm"),
        _newcomer("bob@example.org", fields={"odd \"'$.field": "x"}),
        _newcomer("cyd@example.org", "Cyd", city=" "),
        _newcomer("left@example.org"),
    )
    store.subscribers.leave("left@example.org", now=NOW)
    assert store.subscribers.without_value(field) == expected


def test_audience(store: Store) -> None:
    """Only the active may be written to; the others are counted by their standing."""
    _put(store, _newcomer("ann@example.org"), _newcomer("bob@example.org"))
    store.subscribers.leave("ann@example.org", now=NOW)
    assert store.subscribers.audience() == Audience(readers=1, excluded={"left": 1})


TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=8)
NEWCOMERS = st.builds(
    Newcomer,
    email=st.sampled_from(["ann@example.org", "ANN@example.org", "bob@example.org", "straße@example.org"]),
    name=TEXTS,
    fields=st.dictionaries(st.sampled_from(["city", "level"]), TEXTS),
    tags=st.lists(TEXTS, max_size=3).map(tuple),
    source=st.just("list.csv"),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NEWCOMERS, max_size=8), st.sets(st.sampled_from(["ann@example.org", "bob@example.org"])))
def test_putting_twice_is_putting_once(newcomers: list[Newcomer], leaving: set[str]) -> None:
    """The same list put again leaves every reader as they were, and never brings back those who left."""
    with open_store("sqlite://") as store:
        _put(store, *newcomers)
        for email in leaving:
            store.subscribers.leave(email, now=NOW)
        before = [*store.subscribers.walk()]
        outcomes = _put(store, *newcomers)
        assert [*store.subscribers.walk()] == before
        assert Put.ADDED not in outcomes
        assert {n.email.casefold() for n, o in zip(newcomers, outcomes, strict=True) if o is Put.KEPT_AWAY} <= leaving
