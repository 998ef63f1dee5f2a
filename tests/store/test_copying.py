"""A store into another one, of either kind, and back."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from mailing_room import AGAIN, IN_DOUBT, LATER, NOW, REFUSED, SENT, claim, erase, fates, freeze, leave, names, put

from digest.errors import IncompleteError, SettingsError, UsageError
from digest.model import Consent, Newcomer
from digest.store import SENDER, Sync, open_database, open_store
from digest.store.copying import NUMBERED, TABLES, Sum, columns_of, copy_store
from digest.store.database import Dialect
from digest.store.signups import Wish
from digest.store.subscribers import Seal

if TYPE_CHECKING:
    from pathlib import Path

    from postgresql import Server

    from digest.store import Store

_NEWS = """
insert into news (event, provider, subscriber_id, mailing_id, kind, at, heard_at, original, reason)
values ('e', 'resend', 1, 1, 'opened', '2026-11-24', '2026-11-24', '{"a": "ß 𝄞"}', '');
insert into numbers (key_id, number, subscriber_id, noted) values ('a7274504e23f4875', 4611686018427387903, 1, 0);
insert into paces (provider, account, due, held) values ('resend', 'a7274504e23f4875', 1795455595.488193, 0)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty store beside the one of `url`."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/other.db"
    server: Server = request.getfixturevalue("postgres_server")
    return server.url(server.new_database())


def furnish(store: Store) -> None:
    """Let a store have seen a bit of everything; the reader and the change with the highest ids are gone again."""
    put(store, "ann", "bob", "cyd", "dan", "eve", name="Zoë 𝄞", city="Łódź", tags=("pro",))
    frozen = freeze(store)
    with store.claims(frozen) as claims:
        claims.settle(claim(claims), [SENT, REFUSED], now=NOW)
        leave(store, "cyd")
        claims.settle(claim(claims), [IN_DOUBT], now=NOW)
        claims.settle(claim(claims), [AGAIN], now=NOW)
    put(store, "fay")
    leave(store, "fay")
    erase(store, "fay")
    store.pauses.put(1, until=LATER, now=NOW)
    for _ in range(2):
        store.proofs.forget_old(before=LATER)
        assert store.proofs.ask(1, "own", "ann@example.org", now=NOW)
    store.sign_ups.add(Wish(email="Gil@example.org", tags=("pro",), source="a form", asked_from="192.0.2.1"), now=NOW)
    store.notices.put("confirm", "Gil@example.org", [1], now=NOW)
    store.handovers.begin("first-snow", provider="listmonk", now=NOW)
    store.syncs.keep(Sync(provider="mailgun", account="eu", at=NOW, read=3, taken_off=1))


def _rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return all that a store keeps, in some order of its own."""
    with open_database(url) as (database, _):
        selects = {table: f"select {', '.join(columns_of(database, table))} from {table}" for table in TABLES}  # noqa: S608
        return {table: sorted(database.fetch_all(select), key=repr) for table, select in selects.items()}


def test_copy_is_what_it_was(url: str, other_url: str) -> None:
    """Every row arrives, of every table, and both kinds of database say the same of it."""
    with open_store(url) as store:
        furnish(store)
    with open_database(url) as (database, _):
        database.run(_NEWS)
    counts = copy_store(url, other_url)
    rows = _rows(url)
    assert _rows(other_url) == rows
    assert counts == {table: len(found) for table, found in rows.items()}
    assert all(counts.values()), counts


def test_copy_goes_on_where_it_was(url: str, other_url: str) -> None:
    """The copy sends what is left to the readers who are left, and gives no id that was given before."""
    with open_store(url) as store:
        furnish(store)
        frozen = store.mailings.get("past-the-plateau")
        before = fates(store, frozen)
    copy_store(url, other_url)
    with open_store(other_url) as store:
        frozen = store.mailings.get("past-the-plateau")
        assert fates(store, frozen) == before
        with store.claims(frozen) as claims:
            assert names(claim(claims)) == ["eve"]
        gus = Newcomer(email="gus@example.org", consent=Consent(source="test"))
        list(store.subscribers.put([gus], now=NOW, seal=Seal(b"secret")))
        leave(store, "gus")
        newest = store.subscribers.find("gus@example.org")
        assert newest
        assert newest.id == 7
    with open_database(other_url) as (database, _):
        assert database.fetch_one("select max(id) from history") == (3,)


def test_there_and_back_again(url: str, other_url: str, tmp_path: Path) -> None:
    """Whatever way a store has gone, it is the same."""
    with open_store(url) as store:
        furnish(store)
    back = f"sqlite:///{tmp_path}/back.db"
    copy_store(url, other_url)
    copy_store(other_url, back)
    assert _rows(back) == _rows(url)


def test_many_readers(url: str, other_url: str) -> None:
    """More rows than go at once arrive as well."""
    with open_store(url) as store:
        put(store, *(f"reader{number}" for number in range(2_345)))
    assert copy_store(url, other_url)["subscribers"] == 2_345


def test_empty_store(url: str, other_url: str) -> None:
    """A store without readers can be copied, and its first reader there is the first one."""
    with open_store(url):
        pass
    assert sum(copy_store(url, other_url).values()) == 1  # its name
    with open_store(other_url) as store:
        put(store, "ann")
        assert [reader.id for reader in store.subscribers.walk()] == [1]


def test_store_that_is_not_empty(url: str, other_url: str) -> None:
    """Nothing is mixed into a list that is there, and nothing of it is lost."""
    for address, name in ((url, "ann"), (other_url, "bob")):
        with open_store(address) as store:
            put(store, name)
    for target in (other_url, url):
        with pytest.raises(UsageError, match="is not empty"):
            copy_store(url, target)
    with open_store(other_url) as store:
        assert [reader.email for reader in store.subscribers.walk()] == ["bob@example.org"]


def test_nothing_to_copy(tmp_path: Path, url: str, other_url: str) -> None:
    """A mistyped address makes no store, neither here nor there."""
    with pytest.raises(SettingsError, match="there is no database"):
        copy_store(f"sqlite:///{tmp_path}/typo.db", other_url)
    with open_database(url):
        pass
    with pytest.raises(SettingsError, match="no list of readers"):
        copy_store(url, other_url)


_SEND = """
import sys, time
from digest.store import open_store
with open_store(sys.argv[1]) as store, store.claims(store.mailings.get("past-the-plateau")):
    print("sending", flush=True)
    time.sleep(60)
"""


def test_while_something_is_sent(url: str, other_url: str) -> None:
    """Nothing is copied under a process that sends: it would go on in what is left behind. Dead, it hinders nobody."""
    with open_store(url) as store:
        furnish(store)
    command = [sys.executable, "-c", _SEND, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdout
        assert sender.stdout.readline() == "sending\n"
        with pytest.raises(IncompleteError, match="is sending"):
            copy_store(url, other_url)
        sender.kill()
    with open_database(url) as (_, locks):
        assert any(not locks.is_any_held(SENDER) for _ in range(1_000))
    assert copy_store(url, other_url)["subscribers"] == 5


def test_failure_leaves_the_other_store_empty(url: str, other_url: str) -> None:
    """A copy that breaks off has not begun."""
    with open_store(url) as store:
        furnish(store)
    with open_store(other_url):
        pass
    refuse = {
        Dialect.SQLITE: "create trigger no before insert on erased begin select raise(abort, 'not today'); end;",
        Dialect.POSTGRESQL: "alter table erased add constraint no check (hash = 'not today')",
    }
    with open_database(other_url) as (database, _):
        database.run(refuse[database.dialect])
    with pytest.raises(Exception, match=r"not today|constraint"):
        copy_store(url, other_url)
    assert sum(map(len, _rows(other_url).values())) == 1  # its name


def test_copy_that_differs_is_none(url: str, other_url: str) -> None:
    """What can be read there is compared, row for row, and not only how many there are."""
    with open_store(url) as store:
        furnish(store)
    with open_store(other_url):
        pass
    twist = {
        Dialect.SQLITE: """
            create trigger twist after insert on outcomes begin update outcomes set reason = 'twisted'; end;
        """,
        Dialect.POSTGRESQL: """
            create function twist() returns trigger language plpgsql as
            $$ begin new.reason = 'twisted'; return new; end $$;
            create trigger twist before insert on outcomes for each row execute function twist();
        """,
    }
    with open_database(other_url) as (database, _):
        database.run(twist[database.dialect])
    with pytest.raises(IncompleteError, match="does not give outcomes back"):
        copy_store(url, other_url)
    assert sum(map(len, _rows(other_url).values())) == 1  # its name


def test_tables_are_all_tables(url: str) -> None:
    """A table that a migration adds is copied too, and so are the numbers that it gives."""
    queries = {
        Dialect.SQLITE: "select name, sql like '%autoincrement%' from sqlite_master where type = 'table'",
        Dialect.POSTGRESQL: """
            select table_name, bool_or(is_identity = 'YES') from information_schema.columns
            where table_schema = 'public' group by table_name
        """,
    }
    with open_store(url), open_database(url) as (database, _):
        found = dict(database.fetch_all(queries[database.dialect]))
    assert found.keys() - {"migrations", "sqlite_sequence"} == set(TABLES)
    assert {table for table, numbered in found.items() if numbered} == NUMBERED


def test_both_kinds_have_the_same_columns(tmp_path: Path, postgres_url: str) -> None:
    """What one kind of database keeps, the other keeps as well."""
    columns = []
    for url in (f"sqlite:///{tmp_path}/digest.db", postgres_url):
        with open_store(url), open_database(url) as (database, _):
            columns.append({table: columns_of(database, table) for table in TABLES})
    assert columns[0] == columns[1]


def test_sums_tell_rows_apart() -> None:
    """The order of rows does not matter; a row more, less, doubled or changed does."""

    def of(*rows: tuple[object, ...]) -> Sum:
        total = Sum()
        assert [*total.passing(rows)] == [*rows]
        return total

    one, two = (1, "a", b"\xff", None), (2, "b", b"", "")
    assert of(one, two) == of(two, one)
    assert len({repr(of(*rows)) for rows in ([one, two], [one], [one, one, two], [one, (2, "b", b"", None)], [])}) == 5
