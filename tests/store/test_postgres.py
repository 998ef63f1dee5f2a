"""What can happen to a database of PostgreSQL, each a sentence that keeps passwords and people to itself."""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from digest.errors import DigestError, IncompleteError, SettingsError
from digest.store import open_database, open_store
from digest.store.postgres import complete, connect
from digest.store.postgres_faults import translate, unreachable
from digest.store.schema import Migration, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgresql import Server

    from digest.store.database import Database

TABLE = "create table words (word text primary key)"


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """Return a database with one table of words."""
    with open_database(postgres_url) as (opened, _):
        opened.run(TABLE)
        yield opened


@contextmanager
def _failing(kind: type[DigestError], sentence: str, *silent: str) -> Iterator[None]:
    """Expect a failure; neither what is shown nor what `-v` adds holds the words that are to be silent."""
    with pytest.raises(kind, match=sentence) as caught:
        yield
    shown = "".join([*caught.value.lines(), str(caught.value.__cause__)])
    assert caught.value.hint
    assert not [word for word in silent if word in shown], shown


def test_session_is_durable_and_named(postgres_url: str) -> None:
    """A commit is on the disk when it returns, whatever the server thinks best, and administrators see who we are."""
    options = ("synchronous_commit%3Doff", "client_encoding%3Dlatin1", "idle_session_timeout%3D9000")
    url = f"{postgres_url}&options=-c{'%20-c'.join(options)}"
    with open_database(url) as (database, _):
        names = ("synchronous_commit", "application_name", "client_encoding", "idle_session_timeout", "lock_timeout")
        found = [database.fetch_one(f"select current_setting('{name}')") for name in names]
    assert found == [("on",), ("digest",), ("UTF8",), ("0",), ("30s",)]


def test_stricter_server_stays_so(postgres_url: str) -> None:
    """A server that waits for its standby goes on doing so."""
    with open_database(f"{postgres_url}&options=-csynchronous_commit%3Dremote_apply") as (database, _):
        assert database.fetch_one("select current_setting('synchronous_commit')") == ("remote_apply",)


def test_address_in_its_shorter_form(postgres_url: str) -> None:
    """``postgres://`` is the same, as everywhere else."""
    with open_store(postgres_url.replace("postgresql://", "postgres://")) as store:
        assert not store.subscribers.find("ann@example.org")


@pytest.mark.parametrize("rest", ["[broken/letters", "hortensia:secret@localhost/letters?passwort=secret"])
def test_address_that_is_none(rest: str) -> None:
    """A mistake in the address is said without quoting it."""
    with (
        _failing(SettingsError, "none that PostgreSQL knows", "secret", "hortensia"),
        open_database(f"postgresql://{rest}"),
    ):
        pass


def test_no_server(postgres_server: Server) -> None:
    """Where nobody listens, the sentence asks for the server, the host and the port."""
    urls = ["postgresql://hortensia:secret@127.0.0.1:1/letters", "postgresql://hortensia:secret@/letters?host=/nowhere"]
    for url in (*urls, postgres_server.url("letters", user="hortensia", port="1")):
        with _failing(SettingsError, "no server answers there", "secret", "hortensia"), open_database(url):
            pass


def test_unknown_host() -> None:
    """A host that no name server knows is said to be unknown."""
    with (
        _failing(SettingsError, "the database letters at nowhere.invalid cannot be found", "secret", "hortensia"),
        open_database("postgresql://hortensia:secret@nowhere.invalid/letters"),
    ):
        pass


def test_wrong_password(postgres_server: Server) -> None:
    """Nobody is let in with a wrong password, without one, or under an unknown name; none of them is told."""
    postgres_server.ask("drop role if exists locked_out", "create role locked_out login password 'right'")
    for user, more in (("locked_out", {"password": "secret"}), ("locked_out", {}), ("stranger", {})):
        url = postgres_server.url("postgres", user=user, **more)
        with _failing(SettingsError, "does not let us in", "secret", user), open_database(url):
            pass
    with open_database(postgres_server.url("postgres", user="locked_out", password="right")) as (database, _):  # noqa: S106
        assert database.fetch_one("select 1") == (1,)


def test_missing_database(postgres_server: Server) -> None:
    """A database is made by its administrator, not by a mistyped address."""
    with (
        _failing(SettingsError, "database no_such_thing .* does not exist"),
        open_database(postgres_server.url("no_such_thing")),
    ):
        pass


def test_too_many_connections(postgres_server: Server) -> None:
    """A full server is not the settings' fault."""
    postgres_server.ask("drop role if exists crowd", "create role crowd login connection limit 1")
    url = postgres_server.url("postgres", user="crowd")
    with open_database(url), _failing(IncompleteError, "no connection left"), open_database(url):
        pass


def test_no_rights(postgres_server: Server) -> None:
    """A user who may not make tables is told what the owner must say."""
    name = postgres_server.new_database()
    postgres_server.ask("drop role if exists guest", "create role guest login")
    with _failing(SettingsError, "may not be used so", "guest"), open_store(postgres_server.url(name, user="guest")):
        pass


def test_standby(postgres_url: str) -> None:
    """A server that may only be read is said to be one."""
    url = f"{postgres_url}&options=-cdefault_transaction_read_only%3Don"
    with _failing(SettingsError, "may only be read"), open_store(url):
        pass


def test_missing_schema(postgres_url: str) -> None:
    """Where the tables have no place to be, nothing is tried."""
    with _failing(SettingsError, "no schema"), open_database(f"{postgres_url}&options=-csearch_path%3Dnowhere"):
        pass


def test_encoding_without_room(postgres_server: Server) -> None:
    """A database that cannot keep every name is refused before any is lost."""
    name = postgres_server.new_database("encoding 'latin1' locale 'C' template template0")
    with _failing(SettingsError, "LATIN1"), open_database(postgres_server.url(name)):
        pass


def test_server_that_goes_away(postgres_server: Server, postgres_url: str) -> None:
    """A connection that breaks in a transaction is a sentence, and nothing of it has happened."""
    with (
        _failing(IncompleteError, "broke off the connection"),
        open_database(postgres_url) as (database, locks),
        locks.hold("sending"),
    ):
        database.run(TABLE)
        with database.transaction():
            database.run("insert into words values ('lost')")
            postgres_server.ask(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'digest'"
            )
            database.run("insert into words values ('more')")
    with open_database(postgres_url) as (database, locks):
        assert database.fetch_all("select word from words") == []
        assert not locks.is_held("sending")


def test_query_that_takes_too_long(postgres_url: str) -> None:
    """An administrator's limit is named by what sets it."""
    with (
        _failing(IncompleteError, "took too long"),
        open_database(f"{postgres_url}&options=-cstatement_timeout%3D20") as (database, _),
    ):
        database.fetch_one("select pg_sleep(5)")


def test_another_program_that_does_not_end(postgres_url: str) -> None:
    """Whoever wants to be alone waits for the other, and not for ever."""
    with (
        open_database(postgres_url) as (other, _),
        other.transaction(alone=True),
        _failing(IncompleteError, "another program"),
        connect(postgres_url, wait=0.05) as (database, _),
        database.transaction(alone=True),
    ):
        pass


def test_another_program_in_the_way_for_a_while(postgres_url: str) -> None:
    """What somebody else is writing is waited for."""
    with open_database(postgres_url) as (database, _), psycopg.connect(postgres_url) as other:
        database.run(TABLE)
        other.execute("insert into words values ('one')")
        timer = threading.Timer(0.2, other.commit)
        timer.start()
        assert database.change("insert into words values ('one') on conflict do nothing") == 0
        timer.join()


def test_tables_that_another_program_is_making(postgres_server: Server, postgres_url: str) -> None:
    """Whoever has waited for another to make the tables sees them, though it had looked for them before."""
    steps = (Migration(number=1, name="words", script=TABLE),)

    def migrate_too() -> None:
        with open_database(postgres_url) as (database, _):
            migrate(database, steps)

    with ThreadPoolExecutor() as pool, open_database(postgres_url) as (database, _):
        with database.transaction(alone=True):
            waiting = pool.submit(migrate_too)
            while not postgres_server.ask("select 1 from pg_locks where locktype = 'advisory' and not granted"):
                assert not waiting.done()
            migrate(database, steps)
        waiting.result()


def test_deadlock(postgres_url: str) -> None:
    """Of two who wait for each other one is told to run again, and the other goes on."""
    with open_database(f"{postgres_url}&options=-cdeadlock_timeout%3D10ms") as (database, _):
        database.run(TABLE)
        database.run("insert into words values ('one'), ('two')")
        with psycopg.connect(f"{postgres_url}&options=-cdeadlock_timeout%3D30s") as other:
            other.execute("delete from words where word = 'two'")
            with (
                _failing(IncompleteError, "at the same instant"),
                connect(f"{postgres_url}&options=-cdeadlock_timeout%3D50ms") as (mine, _),
                mine.transaction(),
            ):
                mine.run("delete from words where word = 'one'")
                waiting = threading.Thread(target=other.execute, args=["delete from words where word = 'one'"])
                waiting.start()
                mine.run("delete from words where word = 'two'")
            waiting.join()
        assert database.fetch_all("select word from words") == []


def test_mistakes_of_ours_stay_visible_without_readers(postgres_url: str) -> None:
    """A bug keeps its traceback; the row that it is about is a person, and is left out."""
    insert = "insert into words (word) values (:word), (:word)"
    with open_database(postgres_url) as (database, _):
        database.run(TABLE)
    with pytest.raises(psycopg.errors.UniqueViolation) as caught, open_database(postgres_url) as (database, _):
        database.change(insert, word="ann@example.org")
    shown = "".join(traceback.format_exception(caught.value))
    assert "database.change(insert" in shown
    assert "ann@example.org" not in shown.replace('word="ann@example.org"', "")


def test_failure_that_was_passed_over(database: Database) -> None:
    """PostgreSQL answers a commit after a failure with a quiet rollback, which would be a lie to pass on."""

    def pass_over() -> None:
        with database.transaction():
            database.run("insert into words values ('one')")
            with pytest.raises(psycopg.errors.UndefinedTable):
                database.run("select * from nowhere")

    with pytest.raises(RuntimeError, match="failed before"):
        pass_over()
    assert database.fetch_all("select word from words") == []


def test_two_newsletters_in_one_database(postgres_server: Server, postgres_url: str) -> None:
    """Each in its own schema, they neither share tables nor wait for each other's names."""
    postgres_server.ask("create schema other", database="letters")
    other_url = f"{postgres_url}&options=-csearch_path%3Dother"
    try:
        with open_store(postgres_url) as one, open_store(other_url) as other, one.hold("sending"):
            assert not other.is_held("sending")
            with other.hold("sending"):
                pass
    finally:
        postgres_server.ask("drop schema other cascade", database="letters")


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        ("connection timeout expired", IncompleteError, "does not answer"),
        ("could not connect: Connection timed out", IncompleteError, "does not answer"),
        ("FATAL:  sorry, too many clients already", IncompleteError, "no connection left"),
        ("FATAL:  the database system is starting up", IncompleteError, "not ready"),
        ("server does not support SSL, but SSL was required", SettingsError, "encryption"),
        ("certificate verify failed", SettingsError, "encryption"),
        ("no route to host", SettingsError, "no server answers"),
        ("FATAL:  Ce n'est pas possible", SettingsError, "cannot be opened"),
    ],
)
def test_what_is_said_at_the_door(words: str, kind: type[DigestError], sentence: str) -> None:
    """Whatever keeps us out is a sentence, and what is not known is not guessed."""
    error = unreachable(words, "the database letters")
    assert type(error) is kind
    assert sentence in str(error)


@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        (psycopg.errors.DiskFull, SettingsError, "no room to grow"),
        (psycopg.errors.OutOfMemory, IncompleteError, "run out of memory"),
        (psycopg.errors.SerializationFailure, IncompleteError, "at the same instant"),
        (psycopg.errors.IoError, SettingsError, "could not be read or written"),
        (psycopg.errors.DataCorrupted, SettingsError, "is damaged"),
        (psycopg.errors.IdleInTransactionSessionTimeout, IncompleteError, "broke off"),
        (psycopg.errors.CrashShutdown, IncompleteError, "broke off"),
        (psycopg.errors.ConnectionFailure, IncompleteError, "broke off"),
    ],
)
def test_what_a_test_cannot_bring_about(fault: type[psycopg.Error], kind: type[DigestError], sentence: str) -> None:
    """A code of PostgreSQL's is enough to say what happened."""
    error = translate(fault("in its own words"), "the database letters", lost=False)
    assert type(error) is kind
    assert sentence in str(error)


def test_other_libraries_notice_a_lost_network_too() -> None:
    """What an address does not say, a library that connects by itself is told as well; what it says stays."""
    parameters = conninfo_to_dict(complete("postgresql://me@db.example.org/letters?connect_timeout=3"))
    assert parameters["connect_timeout"] == "3"
    assert parameters["tcp_user_timeout"] == "60000"
    assert parameters["dbname"] == "letters"
