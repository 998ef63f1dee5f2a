"""Named SQL, and the reader of it."""

from __future__ import annotations

import re
import sqlite3
from importlib.resources import files
from pathlib import Path

import pytest

from digest.store.queries import read_queries, split_queries
from digest.store.schema import read_migrations

SQL_FILES = ("editions.sql", "ledger.sql", "schema.sql", "subscribers.sql")
QUERIES = [(filename, name) for filename in SQL_FILES for name in read_queries(filename)]
STORE = Path(str(files("digest.store")))


def test_queries_are_cut_at_their_names() -> None:
    """Each query is found under its name, and what stands before the first is for people."""
    text = "-- About this file.\n\n-- name: one\n-- Says one.\nselect 1;\n\n-- name: two\n-- Says two.\nselect\n  2;\n"
    assert split_queries(text) == {"one": "-- Says one.\nselect 1;", "two": "-- Says two.\nselect\n  2;"}


def test_two_queries_of_one_name_are_refused() -> None:
    """The second would hide the first."""
    with pytest.raises(ValueError, match="one name"):
        split_queries("-- name: a\nselect 1;\n-- name: a\nselect 2;\n")


@pytest.mark.parametrize(("filename", "name"), QUERIES)
def test_every_query_fits_the_tables(filename: str, name: str) -> None:
    """SQLite understands each query against the tables that the migrations make."""
    query = read_queries(filename)[name]
    values = dict.fromkeys(re.findall(r":(\w+)", query))
    connection = sqlite3.connect(":memory:")
    connection.execute(read_queries("schema.sql")["create_record"])
    for migration in read_migrations():
        connection.executescript(migration.script)
    connection.execute(f"explain {query}", values)
    connection.close()


@pytest.mark.parametrize(("filename", "name"), QUERIES)
def test_every_query_says_what_it_is_for(filename: str, name: str) -> None:
    """A sentence stands below each name."""
    assert re.match(r"-- [A-Z].*[.:]\n", read_queries(filename)[name])


@pytest.mark.parametrize("filename", SQL_FILES)
def test_every_query_is_used_and_every_used_one_is_there(filename: str) -> None:
    """The names in a module are exactly those in its file of SQL."""
    module = STORE.joinpath(filename).with_suffix(".py").read_text(encoding="utf-8")
    assert set(re.findall(r'_SQL\["(\w+)"\]', module)) == set(read_queries(filename))
