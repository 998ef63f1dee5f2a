"""Readers by columns, as batches take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mailing_room import NOW, erase, leave, put

from digest.model import Consent, Newcomer, Readers
from digest.store import open_database
from digest.store.columns import Columns
from digest.store.schema import migrate, read_migrations
from digest.store.subscribers import Subscribers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.store import Store
    from digest.store.database import Database

# The list takes neither of these: no value has a control character.
VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)


@pytest.fixture
def columns(store: Store) -> Columns:
    """Return what reads the columns of five readers."""
    return Columns(store.subscribers._database, str)


def _ids(store: Store, *names: str) -> list[int]:
    found = [store.subscribers.find(f"{name}@example.org") for name in names]
    return [reader.id for reader in found if reader]


def _names(readers: Readers) -> list[str]:
    return [email.partition("@")[0] for email in readers.emails]


def test_readers_who_may_be_written_to(store: Store, columns: Columns) -> None:
    """Of those who are asked for, the active come, by rising id, with the values that every reader has."""
    leave(store, "bob")
    ids = _ids(store, "ann", "bob", "cyd")
    readers = columns.active(ids, [])
    assert _names(readers) == ["ann", "cyd"]
    assert [reader.values for reader in readers] == [
        reader.values for reader in store.subscribers.walk() if reader.id in ids and reader.email != "bob@example.org"
    ]
    assert readers.ids == (ids[0], ids[2])


def test_nobody_between_who_was_not_asked_for(store: Store, columns: Columns) -> None:
    """Whoever lies between two of them is not read by the way, be they near or far from each other."""
    put(store, *(f"reader{number}" for number in range(20)))
    assert _names(columns.active(_ids(store, "ann", "cyd", "eve"), [])) == ["ann", "cyd", "eve"]
    assert _names(columns.active(_ids(store, "ann", "reader19"), [])) == ["ann", "reader19"]
    leave(store, "cyd")
    assert _names(columns.active(_ids(store, "ann", "cyd", "dan"), [])) == ["ann", "dan"]


def test_nobody_is_left(store: Store, columns: Columns) -> None:
    """Where nobody may be written to, the columns are there and empty."""
    leave(store, "ann")
    readers = columns.active(_ids(store, "ann"), ["city"])
    assert len(readers) == 0
    assert [*readers] == []
    assert readers.columns.keys() == {"email", "name", "token", "city"}


def test_further_fields(store: Store, columns: Columns) -> None:
    """A field that was asked for has a value for each, blank for none; others are not read."""
    put(store, "bob", city="Ulm")
    readers = columns.active(_ids(store, "ann", "bob"), ["city", "size"])
    assert readers.columns["city"] == ["", "Ulm"]
    assert readers.columns["size"] == ["", ""]
    assert columns.active(_ids(store, "bob"), []).columns.keys() == {"email", "name", "token"}


def test_whoever_they_are(store: Store, columns: Columns) -> None:
    """However they stand, those who are known come; those who were erased do not."""
    ids = _ids(store, "ann", "bob", "cyd")
    leave(store, "ann")
    erase(store, "bob")
    assert _names(columns.whoever(ids, [])) == ["ann", "cyd"]
    assert columns.standings(ids) == {ids[0]: "left", ids[2]: "active"}


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Return a database with our tables."""
    with open_database(url) as (opened, _):
        migrate(opened, read_migrations(opened.dialect))
        yield opened


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(VALUES, st.dictionaries(st.sampled_from(["city", "x"]), VALUES)), min_size=1, max_size=4))
def test_values_come_back(database: Database, values: list[tuple[str, dict[str, str]]]) -> None:
    """Whatever names and fields hold, the columns have exactly that: quotes, commas and signs of any script."""
    database.run("delete from subscribers")
    newcomers = [
        Newcomer(email=f"reader{number}@example.org", name=name, fields=fields, consent=Consent(source="test"))
        for number, (name, fields) in enumerate(values)
    ]
    subscribers = Subscribers(database, str)
    list(subscribers.put(newcomers, now=NOW))
    known = [*subscribers.walk()]
    readers = Columns(database, str).active([reader.id for reader in known], ["city", "x"])
    assert [*readers.columns["email"]] == [reader.email for reader in known]
    assert [*readers.columns["name"]] == [reader.name for reader in known]
    assert [*readers.columns["token"]] == [reader.token for reader in known]
    for field in ("city", "x"):
        assert [*readers.columns[field]] == [reader.fields.get(field, "") for reader in known]
