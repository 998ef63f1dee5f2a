"""Who would get an issue now."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from mailing_room import NOW, leave, put

from digest.model import Consent, Newcomer, Standing
from digest.segments import parse_segment

if TYPE_CHECKING:
    from digest.store import Store

PRO = parse_segment("tag:pro", fields=(), timezone=UTC)


def test_audience_in_numbers(store: Store) -> None:
    """Everyone who may be written to is counted, and whoever is left out, by the reason."""
    leave(store, "ann")
    leave(store, "bob", "cyd", standing=Standing.BOUNCED)
    audience = store.audiences.measure(None)
    assert (audience.readers, audience.excluded) == (2, {"left": 1, "bounced": 2})


def test_audience_of_a_segment(store: Store) -> None:
    """Those outside of it are counted, too; whoever may not be written to is told by how they stand."""
    put(store, "ann", "bob", tags=("pro",))
    leave(store, "bob")
    audience = store.audiences.measure(PRO)
    assert (audience.readers, audience.excluded) == (1, {"outside the segment": 3, "left": 1})


def test_exactly_who(store: Store) -> None:
    """The hash is the same for the same readers, and another one for others, be they as many."""
    before = store.audiences.measure(None)
    put(store, "ann", name="Ann")
    assert store.audiences.measure(None) == before
    leave(store, "ann")
    fewer = store.audiences.measure(None)
    put(store, "fay")
    after = store.audiences.measure(None)
    assert after.readers == before.readers
    assert len({before.digest, fewer.digest, after.digest}) == 3


def test_segment_of_everyone(store: Store) -> None:
    """It has the same readers as no segment at all, and so the same hash, however many blocks there are."""
    put(store, *(f"reader{number}" for number in range(10_001)))
    everyone = parse_segment("not tag:pro", fields=(), timezone=UTC)
    assert store.audiences.measure(everyone) == store.audiences.measure(None)
    assert [len(ids) for ids in store.audiences.blocks(None)] == [10_000, 6]


def test_nobody(store: Store) -> None:
    """An empty audience has no blocks and a hash of its own."""
    assert store.audiences.measure(PRO).readers == 0
    assert [*store.audiences.blocks(PRO)] == []
    assert len(store.audiences.sample(PRO, 3, ["city"])) == 0


def test_readers_without_a_value(store: Store) -> None:
    """Those who may be written to are counted who lack a value, of the segment if there is one."""
    put(store, "ann", city="Ulm")
    put(store, "bob", name="Bob", tags=("pro",))
    leave(store, "eve")
    assert store.audiences.without_value("city", None) == 3
    assert store.audiences.without_value("name", None) == 3
    assert store.audiences.without_value("email", None) == 0
    assert store.audiences.without_value("city", PRO) == 1
    assert store.audiences.without_value("name", PRO) == 0


def test_tags(store: Store) -> None:
    """All tags of the list are known, each once."""
    put(store, "ann", tags=("pro", "staff"))
    put(store, "bob", tags=("pro",))
    assert store.audiences.tags() == ["pro", "staff"]
    assert store.audiences.has_tag("staff")
    assert not store.audiences.has_tag("sta")


def test_sample(store: Store) -> None:
    """The first few readers of an audience come with the fields that are asked for."""
    put(store, "bob", "dan", city="Ulm", tags=("pro",))
    readers = store.audiences.sample(PRO, 1, ["city"])
    assert [*readers.emails] == ["bob@example.org"]
    assert [*readers.columns["city"]] == ["Ulm"]
    assert len(store.audiences.sample(None, 3, [])) == 3


def test_who_has_no_record_of_consent(store: Store) -> None:
    """When, how or what for each makes a record; where an address was found is none, and who left is not counted."""
    (everyone,) = store.audiences.blocks(None)
    assert [*store.audiences.without_consent(None)] == [everyone]
    records = [Consent(source="a", at=NOW), Consent(source='"words":', how="fair"), Consent(source="b", words="Yes")]
    newcomers = [Newcomer(email=f"new{number}@example.org", consent=one) for number, one in enumerate(records)]
    list(store.subscribers.put(newcomers, now=NOW))
    leave(store, "ann")
    assert [*store.audiences.without_consent(None)] == [everyone[1:]]
    assert [*store.audiences.without_consent(PRO)] == []


def test_everyone_has_a_token_of_their_own(store: Store) -> None:
    """The store gives each reader another one, long enough that nobody guesses it."""
    assert [*store.audiences.without_own_token(None)] == []
