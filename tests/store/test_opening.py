"""Opening a store: its address, its tables, its transactions."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from digest.errors import SettingsError
from digest.model import Consent, Newcomer
from digest.store import open_database, open_store
from digest.store.database import Database, Dialect
from digest.store.schema import Migration, migrate, read_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
_DATA = {Dialect.SQLITE: "blob", Dialect.POSTGRESQL: "bytea"}


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Return a database with one table, for words and bytes."""
    with open_database(url) as (opened, _):
        opened.run(f"create table words (word text primary key, bytes {_DATA[opened.dialect]})")
        yield opened


def _put(url: str) -> None:
    with open_store(url) as store:
        list(store.subscribers.put([Newcomer(email="ann@example.org", consent=Consent(source="test"))], now=NOW))


def _words(database: Database) -> list[str]:
    return [word for (word,) in database.fetch_all("select word from words order by word")]


def _add(database: Database, word: str) -> None:
    assert database.change("insert into words (word) values (:word)", word=word) == 1


class FailedError(Exception):
    """What a test breaks a transaction off with."""


@contextmanager
def _broken_off(database: Database) -> Iterator[None]:
    """Begin a transaction that fails at its end."""
    with suppress(FailedError), database.transaction():
        yield
        raise FailedError


def test_store_keeps_what_it_was_given(url: str) -> None:
    """What one program wrote, the next one reads."""
    _put(url)
    with open_store(url, create=False) as store:
        assert store.subscribers.find("ann@example.org")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_store_in_memory(url: str) -> None:
    """A store in memory begins empty each time."""
    _put(url)
    with open_store(url) as store:
        assert not store.subscribers.find("ann@example.org")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://ed:secret@db.example.org/letters", r"no store for mysql://"),
        ("digest.db", "names no file"),
        ("sqlite://digest.db", "names no file"),
        ("sqlite:///", "names no file"),
        ("", "names no file"),
    ],
)
def test_other_addresses_are_refused(url: str, sentence: str) -> None:
    """The sentence says what to write, and repeats no secret."""
    with pytest.raises(SettingsError, match=sentence) as caught, open_store(url):
        pass
    assert "secret" not in "".join(caught.value.lines())
    assert "sqlite:///" in caught.value.hint
    assert "postgresql://" in caught.value.hint


def test_missing_library_is_named() -> None:
    """Without psycopg, the sentence says how to get it, and SQLite works as ever."""
    script = (
        "import sys\nsys.modules['psycopg'] = None\n"
        "from digest.errors import SettingsError\nfrom digest.store import open_store\n"
        "with open_store('sqlite://'): pass\n"
        "try:\n with open_store('postgresql://db.example.org/letters'): pass\n"
        "except SettingsError as error: print(*error.lines())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "needs psycopg" in done.stdout
    assert "pip install 'digest[postgres]'" in done.stdout


def test_sqlite_does_without_psycopg() -> None:
    """A library that is not used costs no start."""
    script = (
        "import sys\nfrom digest.store import open_store\nwith open_store('sqlite://'): print('psycopg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_tables_are_not_made_unasked(url: str) -> None:
    """With `create=False`, an empty database stays empty, and the sentence says what fills it."""
    with open_database(url):
        pass
    with pytest.raises(SettingsError, match="no list of readers") as caught, open_store(url, create=False):
        pass
    assert "digest subscribers import" in caught.value.hint
    with open_database(url) as (database, _):
        assert not database.fetch_all(database.queries("schema.sql")["find_record"])


def test_transaction_is_whole_or_nothing(database: Database) -> None:
    """What ran before a failure is gone with it."""
    with _broken_off(database):
        _add(database, "one")
    with database.transaction():
        _add(database, "two")
    assert _words(database) == ["two"]


@pytest.mark.parametrize("alone", [False, True])
def test_transaction_joins_the_one_around_it(database: Database, *, alone: bool) -> None:
    """An inner one ends nothing: a later failure takes its work back too."""
    with _broken_off(database):
        with database.transaction(alone=alone):
            _add(database, "one")
        _add(database, "two")
    assert _words(database) == []
    with database.transaction(alone=alone), database.transaction():
        _add(database, "three")
    assert _words(database) == ["three"]


def test_others_see_what_is_finished(url: str, database: Database) -> None:
    """Nobody else sees a transaction before its end, and everybody at once then."""
    with open_database(url) as (other, _):
        with database.transaction():
            _add(database, "one")
            assert _words(other) == []
        assert _words(other) == ["one"]


_ADD_UP = """
import sys
from digest.store import open_database
with open_database(sys.argv[1]) as (database, _):
    for _ in range(25):
        with database.transaction(alone=True):
            (count,) = database.fetch_one("select count(*) from words")
            database.change("insert into words (word) values (:word)", word=str(count))
"""


def test_alone_means_one_after_the_other(url: str, database: Database) -> None:
    """What one has read stays true until it ends, in all programs."""
    processes = [subprocess.Popen([sys.executable, "-c", _ADD_UP, url]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert sorted(_words(database), key=int) == [str(number) for number in range(75)]


def test_values_come_back_as_they_were(database: Database) -> None:
    """Text and bytes of every kind survive, and rows are tuples."""
    rows = [("it's 5 % :a ✓ 𝄞", bytes(range(256))), ("", None)]
    database.change_many(
        "insert into words (word, bytes) values (:word, :bytes)",
        ({"word": word, "bytes": content} for word, content in rows),
    )
    assert database.fetch_all("select word, bytes from words order by word desc") == rows
    assert database.fetch_one("select word from words where bytes = :bytes", bytes=rows[0][1]) == rows[0][:1]
    assert database.fetch_one("select word from words where word = :word", word="nobody") is None
    assert database.change("delete from words where word = :word", word="nobody") == 0
    assert database.change("delete from words where bytes is null or word <> :word", word="") == 2


def test_rows_may_be_made_by_asking(database: Database) -> None:
    """The rows of a change may come from the same database, while it goes on."""
    count = 1_100

    def rows() -> Iterator[dict[str, object]]:
        for number in range(count):
            assert database.fetch_one("select :n + 1", n=number) == (number + 1,)
            yield {"word": str(number)}

    with database.transaction():
        database.change_many("insert into words (word) values (:word)", rows())
    assert len(_words(database)) == count


def test_script_of_several_statements(database: Database) -> None:
    """A script runs inside the transaction that is open, and its per cent signs and colons are its own."""
    script = "insert into words (word) values ('5 % :a;'); -- ; :b\ninsert into words (word) values ('b');"
    with _broken_off(database):
        database.run(script)
    assert _words(database) == []
    database.run(script)
    assert _words(database) == ["5 % :a;", "b"]


STEPS = (
    Migration(number=1, name="first", script="create table one (x text); insert into one values (';');"),
    Migration(number=2, name="second", script="create table two (x text)"),
)
BROKEN = Migration(number=2, name="broken", script="create table two (x text); insert into nowhere values (1);")


def _has(database: Database, table: str) -> bool:
    query = {
        Dialect.SQLITE: "select count(*) from sqlite_master where name = :table",
        Dialect.POSTGRESQL: "select count(*) from pg_tables where schemaname = 'public' and tablename = :table",
    }
    return bool(database.fetch_one(query[database.dialect], table=table) == (1,))


def test_migrations_run_once(url: str) -> None:
    """A database is brought to the newest form, from whatever form it has."""
    for steps in (STEPS[:1], STEPS, STEPS):
        with open_database(url) as (database, _):
            migrate(database, steps)
            assert database.fetch_all("select x from one") == [(";",)]
            assert database.fetch_all("select number, name from migrations") == [(s.number, s.name) for s in steps]
            assert _has(database, "two") == (len(steps) > 1)


def test_migration_that_fails_leaves_nothing_half_done(url: str) -> None:
    """What ran before the fault is gone with it, and the steps before stand."""
    with pytest.raises(Exception, match="nowhere"), open_database(url) as (database, _):
        migrate(database, (STEPS[0], BROKEN))
    with open_database(url) as (database, _):
        assert _has(database, "one")
        assert not _has(database, "two")
        migrate(database, STEPS)
        assert _has(database, "two")


@pytest.mark.parametrize("dialect", Dialect)
def test_our_migrations_are_numbered_without_gaps(dialect: Dialect) -> None:
    """The number of steps taken says which come next."""
    numbers = [migration.number for migration in read_migrations(dialect)]
    assert numbers == [*range(1, len(numbers) + 1)]
    assert numbers


def test_database_of_a_newer_digest(url: str) -> None:
    """An older program does not touch tables that it does not know."""
    _put(url)
    with open_database(url) as (database, _):
        database.change("insert into migrations (number, name) values (9999, 'from the future')")
    with pytest.raises(SettingsError, match="newer digest"), open_store(url):
        pass


def test_programs_that_open_a_new_database_at_once(url: str) -> None:
    """Only one of them makes the tables, and all find them."""
    script = "import sys; from digest.store import open_store\nwith open_store(sys.argv[1]) as s: s.subscribers.count()"
    processes = [subprocess.Popen([sys.executable, "-c", script, url]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
