"""Named SQL, the reader of it, and how each database understands it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from digest.store.database import Dialect
from digest.store.postgres import spell
from digest.store.queries import read_queries, split_queries
from digest.store.schema import read_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgresql import Server

STORE = Path(str(files("digest.store")))
OVERLAYS = sorted(path.name for path in STORE.glob("*.postgres.sql"))
SQL_FILES = sorted(path.name for path in STORE.glob("*.sql") if path.name not in OVERLAYS)
FOR_SERVERS = {"paces.sql"}
"""What only PostgreSQL is asked."""
MODULES = {path.stem: path.read_text("utf-8") for path in sorted(STORE.glob("*.py"))}
SQLITE, POSTGRESQL = (
    [(file, name) for file in SQL_FILES for name in read_queries(file, dialect.value)] for dialect in Dialect
)


def test_queries_are_cut_at_their_names() -> None:
    """Each query is found under its name, and what stands before the first is for people."""
    text = "-- About this file.\n\n-- name: one\n-- Says one.\nselect 1;\n\n-- name: two\n-- Says two.\nselect\n  2;\n"
    assert split_queries(text) == {"one": "-- Says one.\nselect 1;", "two": "-- Says two.\nselect\n  2;"}


def test_two_queries_of_one_name_are_refused() -> None:
    """The second would hide the first."""
    with pytest.raises(ValueError, match="one name"):
        split_queries("-- name: a\nselect 1;\n-- name: a\nselect 2;\n")


@pytest.fixture(scope="module")
def sqlite_tables() -> Iterator[sqlite3.Connection]:
    """Return a database of SQLite with our tables."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(read_queries("schema.sql", "sqlite")["create_record"])
        for migration in read_migrations(Dialect.SQLITE):
            connection.executescript(migration.script)
        yield connection


@pytest.fixture(scope="module")
def postgres_tables(postgres_server: Server) -> Iterator[psycopg.Connection]:
    """Return a database of PostgreSQL with our tables."""
    url = postgres_server.url(postgres_server.new_database())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(read_queries("schema.sql", "postgres")["create_record"].encode())
        for migration in read_migrations(Dialect.POSTGRESQL):
            connection.execute(migration.script.encode())
        yield connection


@pytest.mark.parametrize(("filename", "name"), [query for query in SQLITE if query[0] not in FOR_SERVERS])
def test_sqlite_understands_every_query(sqlite_tables: sqlite3.Connection, filename: str, name: str) -> None:
    """Each query fits the tables that the migrations make."""
    query = read_queries(filename, "sqlite")[name]
    sqlite_tables.execute(f"explain {query}", dict.fromkeys(re.findall(r":(\w+)", query)))


@pytest.mark.parametrize(("filename", "name"), POSTGRESQL)
def test_postgresql_understands_every_query(postgres_tables: psycopg.Connection, filename: str, name: str) -> None:
    """Each query fits the tables, and says of each value of what type it is, even of null."""
    spelled = spell(read_queries(filename, "postgres")[name]).decode()
    names = [*dict.fromkeys(re.findall(r"%\((\w+)\)s", spelled))]
    numbered = re.sub(r"%\((\w+)\)s", lambda value: f"${names.index(value[1]) + 1}", spelled).replace("%%", "%")
    result = postgres_tables.pgconn.prepare(b"", numbered.encode())
    assert result.status == psycopg.pq.ExecStatus.COMMAND_OK, result.error_message.decode()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_replaces_what_is_there(overlay: str) -> None:
    """What one database says otherwise is a query that the others have too, and really differs."""
    shared = read_queries(overlay.replace(".postgres", ""), "sqlite")
    own = split_queries((STORE / overlay).read_text("utf-8"))
    assert own.keys() <= shared.keys()
    assert not [name for name, query in own.items() if _words(query) == _words(shared[name])]


def _words(query: str) -> str:
    """Return a query without its comments and its layout."""
    return " ".join(re.sub(r"--[^\n]*", "", query).split())


@pytest.mark.parametrize(("filename", "name"), SQLITE)
def test_every_query_says_what_it_is_for(filename: str, name: str) -> None:
    """A sentence stands below each name."""
    assert re.match(r"-- [A-Z].*[.:,]\n", read_queries(filename, "sqlite")[name])


@pytest.mark.parametrize("filename", SQL_FILES)
def test_every_query_is_used(filename: str) -> None:
    """Modules that read a file of SQL leave nothing of it over."""
    readers = "".join(text for text in MODULES.values() if f'queries("{filename}")' in text)
    assert read_queries(filename, "sqlite").keys() <= set(re.findall(r'"(\w+)"', readers))


@pytest.mark.parametrize("module", MODULES)
def test_every_query_that_is_asked_for_is_there(module: str) -> None:
    """A module asks for no name that its files of SQL do not have."""
    files_read = re.findall(r'queries\("([\w.]+)"\)', MODULES[module])
    known = {name for filename in files_read for name in read_queries(filename, "sqlite")}
    assert set(re.findall(r'sql\["(\w+)"\]', MODULES[module])) <= known


@pytest.mark.parametrize(
    ("query", "spelled"),
    [
        ("select :a, :b_2, :a", "select %(a)s, %(b_2)s, %(a)s"),
        ("select :a::text, cast(:b as json)", "select %(a)s::text, cast(%(b)s as json)"),
        ("select ':a', 'it''s :a', \":a\", :b", "select ':a', 'it''s :a', \":a\", %(b)s"),
        ("-- says :a\nselect :a /* not :b */", "-- says :a\nselect %(a)s /* not :b */"),
        ("select $$:a$$, $tag$ :a $$ $tag$, :b", "select $$:a$$, $tag$ :a $$ $tag$, %(b)s"),
        ("select 5 % 2, '%', '%s' like :a", "select 5 %% 2, '%%', '%%s' like %(a)s"),
        ("select (array[1, 2])[1:2], '10:30', :a", "select (array[1, 2])[1:2], '10:30', %(a)s"),
    ],
)
def test_values_are_spelled_for_psycopg(query: str, spelled: str) -> None:
    """Only what stands for a value is changed, and a per cent sign stays one."""
    assert spell(query).decode() == spelled


def test_spelling_means_what_it_meant(postgres_server: Server) -> None:
    """PostgreSQL finds in the new spelling what stood in the old one."""
    query = "select :a::text || ':a' /* :a % */, 7 % 4, $$:a$$ -- :a %s"
    with psycopg.connect(postgres_server.url("postgres")) as connection:
        assert connection.execute(spell(query), {"a": "it's 5 % :a"}).fetchone() == ("it's 5 % :a:a", 3, ":a")
