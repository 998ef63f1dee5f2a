"""Whether a store is what it should be."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest
from mailing_room import AGAIN, IN_DOUBT, NOW, REFUSED, SENT, claim, erase, freeze, leave, put

from digest.errors import SettingsError
from digest.store import open_database, open_store
from digest.store.checking import check_store
from digest.store.packing import pack

if TYPE_CHECKING:
    from pathlib import Path

    from digest.store import Store


def furnish(store: Store) -> None:
    """Let a mailing be in every state that it can be in: settled, in doubt, queued again, refused and skipped."""
    put(store, "ann", "bob", "cyd", "dan", "eve", name="Zoë", city="Łódź", tags=("pro",))
    frozen = freeze(store)
    with store.claims(frozen) as claims:
        claims.settle(claim(claims), [SENT, REFUSED], now=NOW)
        leave(store, "cyd")
        claims.settle(claim(claims), [IN_DOUBT], now=NOW)
        claims.settle(claim(claims), [AGAIN], now=NOW)
        erase(store, "bob")
    freeze(store, slug="first-snow")


def _sentences(url: str) -> list[str]:
    return [fault.sentence for fault in check_store(url).faults]


def _break(url: str, script: str, **values: object) -> list[str]:
    """Change something in the tables of a furnished store, and return what is found."""
    with open_store(url) as store:
        furnish(store)
    with open_database(url) as (database, _):
        assert database.change(script, **values) > 0
    return _sentences(url)


def test_store_that_is_well(url: str) -> None:
    """Nothing is found where nothing is wrong, at whatever point a mailing stands."""
    with open_store(url) as store:
        furnish(store)
    checked = check_store(url)
    assert (checked.readers, checked.mailings, checked.faults) == (4, 2, ())


def test_store_that_is_being_sent_from(url: str) -> None:
    """Whoever is sending goes on, and is not taken for dead."""
    with open_store(url) as store:
        put(store, "ann", "bob", "cyd")
        with store.claims(freeze(store)) as claims:
            batch = claim(claims)
            assert not check_store(url).faults
            claims.settle(batch, [SENT, SENT], now=NOW)
        assert not check_store(url).faults


def test_batches_of_the_dead(url: str) -> None:
    """What was begun by a program that is gone is told, with the way on; it is no damage."""
    with open_store(url) as store:
        put(store, "ann", "bob", "cyd")
        with store.claims(freeze(store)) as claims:
            claim(claims)
    (fault,) = check_store(url).faults
    assert fault.exit_code == 6
    assert fault.sentence == "past-the-plateau: 1 batches were begun by a program that is gone"
    assert "digest send past-the-plateau" in fault.hint


@pytest.mark.parametrize(
    ("change", "value", "sentence"),
    [
        ("count", 7, "1 batches have another number of readers than they say"),
        ("readers", b"\x00noise", "1 batches cannot be read"),
        ("readers", pack([1, 2])[:-6], "1 batches cannot be read"),
        ("message_ids", b"\x00noise", "1 batches cannot be read"),
        (
            "message_ids",
            zlib.compress(b'["a","b","c"]'),
            "1 batches have another number of message ids than of readers",
        ),
        ("last", 1, "1 batches hold readers whom they were not cut from"),
        ("last", 9_000_000_000_000, "1 batches hold readers whom they were not cut from"),
    ],
)
def test_batch_that_contradicts_itself(url: str, change: str, value: object, sentence: str) -> None:
    """Whatever of a batch does not fit the rest of it is told."""
    script = f"update batches set {change} = :value where mailing_id = 1 and number = 1"  # noqa: S608  # a test's words
    assert f"past-the-plateau: {sentence}" in _break(url, script, value=value)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (
            "update batches set readers = :readers, count = 3, last = 5 where mailing_id = 1 and number = 1",
            "1 readers are in more than one batch",
        ),
        (
            "update batches set claimant = null where state = 'in_doubt'",
            "1 batches were begun, and it is not known how",
        ),
        (
            "update outcomes set subscriber_id = 5 where state = 'skipped'",
            "1 readers are skipped, and in a batch too",
        ),
        (
            "update outcomes set subscriber_id = 5 where state = 'refused'",
            "1 readers are refused, and in no batch that was settled",
        ),
    ],
)
def test_sums_that_do_not_hold(url: str, script: str, sentence: str) -> None:
    """Whatever of a mailing's rows contradicts the others is told, with how often, and without naming anyone."""
    values = {"readers": pack([1, 2, 5])} if ":readers" in script else {}
    assert _break(url, script, **values) == [f"past-the-plateau: {sentence}"]
    assert [fault.exit_code for fault in check_store(url).faults] == [3]


def test_readers_that_cannot_be_read(url: str) -> None:
    """Fields, tags and consent are what they were written as."""
    found = _break(url, "update subscribers set fields = '{\"city\": 5}' where key < 'd'")
    assert found == ["2 of 4 readers have fields, tags or consent that cannot be read"]


def test_edition_that_cannot_be_read(url: str) -> None:
    """What a mailing says can still be sent."""
    found = _break(url, "update editions set content = :noise where mailing_id = 1", noise=b"noise")
    assert found == ["past-the-plateau: what it says can no longer be read"]


def test_row_that_refers_to_none(tmp_path: Path) -> None:
    """SQLite does not watch over what other programs write; PostgreSQL does."""
    url = f"sqlite:///{tmp_path}/digest.db"
    with open_database(url) as (database, _):
        database.run("pragma foreign_keys = off")
    with open_store(url):
        pass
    with open_database(url) as (database, _):
        database.run("pragma foreign_keys = off")
        database.run("insert into history (subscriber_id, at, standing, before, reason) values (99, '', '', '', '')")
    (sentence,) = _sentences(url)
    assert sentence.endswith("is damaged: 1 references")


def test_damaged_index(tmp_path: Path) -> None:
    """Damage that no query has met yet is found."""
    path = tmp_path / "digest.db"
    with open_store(f"sqlite:///{path}") as store:
        furnish(store)
    with open_database(f"sqlite:///{path}") as (database, _):
        (page,) = database.fetch_one("select rootpage from sqlite_master where name = 'subscribers_by_standing'") or (
            0,
        )
        (size,) = database.fetch_one("pragma page_size") or (0,)
    content = bytearray(path.read_bytes())
    content[page * size - 40 : page * size] = bytes(40)
    path.write_bytes(content)
    assert "pages or indexes" in " ".join(_sentences(f"sqlite:///{path}"))


def test_nothing_to_check(tmp_path: Path) -> None:
    """A mistyped address makes no store."""
    with pytest.raises(SettingsError, match="there is no database"):
        check_store(f"sqlite:///{tmp_path}/typo.db")
