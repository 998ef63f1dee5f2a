"""Readers are found by the numbers that machines know them under which have no store of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from digest.model import Consent, Newcomer
from digest.store import Numbering, numberings_of, open_store
from digest.store.erasing import Seal
from digest.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.store import Store

KEYS = ("a newer key, of thirty-two characters", "an older key of thirty-two characters")
NEWER, OLDER = numberings_of(KEYS)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return a store that numbers its readers from 1, with two of them."""
    with open_store(url, tokens=Tokens(KEYS)) as opened:
        put(opened, "ann", "bob")
        yield opened


def put(store: Store, *names: str) -> None:
    """Put people at example.org on the list."""
    newcomers = [Newcomer(email=f"{name}@example.org", consent=Consent(source="test")) for name in names]
    assert len([*store.subscribers.put(newcomers, now=NOW)]) == len(names)


def found(store: Store, name: str, numbering: Numbering = NEWER) -> str | None:
    """Return whom a name leads to that follows from somebody's address."""
    called = numbering.name_of(numbering.number_of(f"{name}@example.org"))
    reader = store.subscribers.find_name(called)
    return reader.email.partition("@")[0] if reader else None


def test_number_is_what_it_always_was() -> None:
    """Ledgers and links that left hold it, so it never changes: 62 bits of HMAC-SHA256."""
    numbering = Numbering(b"k" * 32)
    assert numbering.number_of("ann@example.org") == 160_244_043_351_700_982
    assert numbering.name_of(12) == f"{Seal(b'k' * 32).key_id}.000000000000000c"


def test_readers_are_found_by_each_key(store: Store) -> None:
    """Whoever is on the list, and whoever joins later, is found by each of our keys, and nobody else is."""
    assert [found(store, name) for name in ("ann", "bob", "cyd")] == ["ann", "bob", None]
    put(store, "cyd", "dan")
    assert [found(store, name) for name in ("dan", "cyd", "ann")] == ["dan", "cyd", "ann"]
    assert [found(store, name, OLDER) for name in ("ann", "dan")] == ["ann", "dan"]
    assert found(store, "ann", Numbering(b"another key")) is None


@pytest.mark.parametrize("name", ["a.b", f"{NEWER.key_id}.ffffffffffffffff", f"{NEWER.key_id}.0000000000000001", "."])
def test_made_up_name_leads_to_nobody(store: Store, name: str) -> None:
    """A name of another form, or with a number that no address has, finds nobody, not even the reader of that id."""
    assert store.subscribers.find_name(name) is None


def test_link_outlives_a_move(store: Store) -> None:
    """What was mailed to a reader's old address leads to them, and so does what is mailed to the new one."""
    ann = store.subscribers.find("ann@example.org")
    bob = store.subscribers.find("bob@example.org")
    assert ann
    assert bob
    assert store.subscribers.move(bob.id, "robert@example.org", seal=Seal(b"k" * 32), now=NOW)
    assert [found(store, name) for name in ("bob", "robert", "ann")] == ["robert", "robert", "ann"]
    assert store.subscribers.move(ann.id, "anna@example.org", seal=Seal(b"k" * 32), now=NOW)
    assert [found(store, name) for name in ("ann", "anna")] == ["anna", "anna"]


def test_address_that_changed_hands(store: Store) -> None:
    """Whoever has the address now is who a link in its mail is for."""
    bob = store.subscribers.find("bob@example.org")
    assert bob
    store.subscribers.move(bob.id, "robert@example.org", seal=Seal(b"k" * 32), now=NOW)
    newcomer = Newcomer(email="bob@example.org", consent=Consent(source="test"))
    store.subscribers.welcome(newcomer, reason="signed up", seal=Seal(b"k" * 32), now=NOW)
    assert [found(store, name) for name in ("bob", "robert", "cyd")] == ["bob", "robert", None]


def test_nothing_is_left_of_who_was_erased(store: Store) -> None:
    """Their numbers go with them."""
    assert found(store, "bob") == "bob"
    store.subscribers.erase("bob@example.org", seal=Seal(b"k" * 32), now=NOW)
    assert [found(store, name) for name in ("bob", "ann")] == [None, "ann"]


def test_number_alone(store: Store) -> None:
    """Without a list's name a number is looked for under every key, and it proves itself by the address."""
    number = OLDER.number_of("bob@example.org")
    reader = store.subscribers.find("bob@example.org")
    assert reader
    assert store.numbers.find_number(number) == reader.id
    assert store.numbers.is_of(number, "Bob@Example.org")
    assert not store.numbers.is_of(number + 1, "bob@example.org")
