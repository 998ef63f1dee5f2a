"""
The narrow seam to the database: a connection, transactions, queries whose values have names, and values as text.

A connection belongs to the thread that opened it.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec.json

from digest.errors import DigestError, IncompleteError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

WAIT = 30.0
"""Seconds to wait for another program's transaction."""

# FULL, because WAL with NORMAL may lose the last commits when the power fails: a forgotten claim is a second sending.
# The cache (in KiB) holds the index of addresses of a million readers, whose pages an import touches at random.
_PRAGMAS = """
pragma journal_mode = wal;
pragma synchronous = full;
pragma foreign_keys = on;
pragma cache_size = -65536;
"""


_ENCODER = msgspec.json.Encoder(order="deterministic")


def to_json(value: object) -> str:
    """Spell equal values equally; an import does this for every reader, and msgspec is eight times as fast as json."""
    return _ENCODER.encode(value).decode()


def from_json(text: str | bytes) -> Any:
    """Read what `to_json` wrote."""
    return msgspec.json.decode(text)


def to_stamp(moment: datetime) -> str:
    """Spell a moment as RFC 3339 in UTC, always equally long, so that text sorts as time runs."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Database:
    """SQLite, spoken to in ready-made SQL."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all that happens inside, durably, or nothing of it; nobody else writes meanwhile."""
        self._connection.execute("begin immediate")
        try:
            yield
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:  # on a full disk SQLite has rolled back by itself
                self._connection.execute("rollback")
            raise

    def fetch_all(self, query: str, **values: object) -> list[Any]:
        """Return all rows, as tuples; large reads walk by key instead."""
        return self._connection.execute(query, values).fetchall()

    def fetch_one(self, query: str, **values: object) -> Any | None:
        """Return the first row, as a tuple."""
        return self._connection.execute(query, values).fetchone()

    def change(self, query: str, **values: object) -> int:
        """Return how many rows were changed."""
        return self._connection.execute(query, values).rowcount

    def change_many(self, query: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Run a query once for each of the `rows`."""
        self._connection.executemany(query, rows)

    def run(self, script: str) -> None:
        """Run several statements, in the transaction that is open (sqlite3's own executescript would commit it)."""
        statement = ""
        for piece in re.split(r"(?<=;)", script):
            statement += piece
            if sqlite3.complete_statement(statement):
                self._connection.execute(statement)
                statement = ""
        self._connection.execute(statement)


@contextmanager
def connect(path: str) -> Iterator[Database]:
    """
    Open the SQLite database at `path`, or one in memory.

    Raises:
        DigestError: the file cannot be used, now or while it is open; the sentence says why.
    """
    try:
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as connection:
            database = Database(connection)
            database.run(_PRAGMAS)
            yield database
    except sqlite3.Error as fault:
        translation = _translate(fault, path)
        if translation is None:
            raise
        raise translation from fault


def _translate(fault: sqlite3.Error, path: str) -> DigestError | None:
    """Put what can happen to a file into words; anything else is a bug of ours and stays as it is."""
    name = getattr(fault, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        msg = f"another program has been writing to the database {path} for {WAIT:.0f} seconds"
        return IncompleteError(msg, hint="Run it again when the other one has finished.")
    for beginning, (what, hint) in _FAULTS.items():
        if name.startswith(beginning):
            return SettingsError(f"the database {path} {what}", hint=hint)
    return None


_DAMAGED = "Bring it back from a backup, or let [store] url name another file."
_FAULTS = {
    "SQLITE_NOTADB": ("is no SQLite database", _DAMAGED),
    "SQLITE_CORRUPT": ("is damaged", _DAMAGED),
    "SQLITE_CANTOPEN": ("cannot be opened", "[store] url must name a file in a folder that may be written to."),
    "SQLITE_READONLY": ("may not be written to", "Give yourself the right to write to the file and its folder."),
    "SQLITE_PERM": ("may not be written to", "Give yourself the right to write to the file and its folder."),
    "SQLITE_FULL": ("has no room to grow", "Free some space on its disk, then run it again."),
    "SQLITE_IOERR": ("could not be read or written", "Look after its disk, then run it again."),
}
