"""SQLite behind the seam: one file, one writer at a time."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from digest.errors import DigestError, IncompleteError, SettingsError
from digest.store.database import WAIT, Database, Dialect

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

IN_MEMORY = ":memory:"
"""The path of a database without a file."""
TEMPORARY = ""
"""The path of a database of this process alone: as much of it as memory does not hold is in a file without a name."""

_OLDEST = (3, 34)
_LOOK = 0.001
"""Seconds between two looks whether another program's transaction has ended."""

# FULL, because WAL with NORMAL may lose the last commits when the power fails: a forgotten claim is a second sending.
# Secure delete, because whom we were asked to forget must not stay in free pages of the file.
# The cache (in KiB) holds the index of addresses of a million readers, whose pages an import touches at random.
_PRAGMAS = """
pragma journal_mode = wal;
pragma synchronous = full;
pragma foreign_keys = on;
pragma secure_delete = on;
pragma cache_size = -16384;
"""

# Where a list is brought in by numbers that are hashes, each reader belongs somewhere else: pages that were put out of
# the cache come back at once. With this much a million take 1.3 times the CPU of an import, else twice.
_FOR_RANDOM_PLACES = "pragma cache_size = -262144;"


class SQLite(Database):
    """An SQLite database."""

    dialect = Dialect.SQLITE

    def __init__(self, connection: sqlite3.Connection, name: str, wait: float) -> None:
        super().__init__(name)
        self._connection = connection
        self._wait = wait

    def _begin(self) -> None:
        """Wait for other writers; SQLite itself looks ever more rarely, in the end ten times a second: too late."""
        end = monotonic() + self._wait
        with self._impatient():
            while not self._begins(again=monotonic() < end):
                sleep(_LOOK)

    def _begins(self, *, again: bool) -> bool:
        try:
            self._connection.execute("begin immediate")
        except sqlite3.OperationalError as fault:
            if again and fault.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                return False
            raise
        return True

    @contextmanager
    def _impatient(self) -> Iterator[None]:
        """Have SQLite wait for nobody."""
        self._connection.execute("pragma busy_timeout = 0")
        try:
            yield
        finally:
            self._connection.execute(f"pragma busy_timeout = {self._wait * 1000:.0f}")

    def _begin_reading(self) -> None:
        self._connection.execute("begin")

    def _keep_out_others(self) -> None:
        """Do nothing: whoever has begun is the only one who writes."""

    def _commit(self) -> None:
        self._connection.execute("commit")

    def _wipe(self) -> bool:
        """Empty the log, which has what pages were before; while somebody reads in it, nobody waits: it comes later."""
        with self._impatient():
            try:
                ((is_busy, *_),) = self._connection.execute("pragma wal_checkpoint(truncate)").fetchall()
            except sqlite3.OperationalError:  # somebody reads in this very connection
                return False
        return not is_busy

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # on a full disk SQLite has rolled back by itself
            self._connection.execute("rollback")

    def fetch_all(self, query: str, **values: object) -> list[Any]:
        """Return all rows, as tuples."""
        return self._connection.execute(query, values).fetchall()

    def fetch_one(self, query: str, **values: object) -> Any | None:
        """Return the first row, as a tuple."""
        return self._connection.execute(query, values).fetchone()

    def stream(self, query: str, **values: object) -> Generator[Any, None, None]:
        """Return the rows one by one, as tuples."""
        yield from self._connection.execute(query, values)

    def change(self, query: str, **values: object) -> int:
        """Return how many rows were changed."""
        return self._connection.execute(query, values).rowcount

    def change_many(self, query: str, rows: Iterable[Mapping[str, object]]) -> int:
        """Run a query once for each of the `rows`, and return how many rows were changed by all of it."""
        return self._connection.executemany(query, rows).rowcount

    def run(self, script: str) -> None:
        """Run several statements in the transaction that is open; sqlite3's own executescript would commit it."""
        statement = ""
        for piece in re.split(r"(?<=;)", script):
            statement += piece
            if sqlite3.complete_statement(statement):
                self._connection.execute(statement)
                statement = ""
        self._connection.execute(statement)


@contextmanager
def connect(path: str, *, wait: float = WAIT) -> Iterator[SQLite]:
    """
    Open the SQLite database at `path`, or one in memory; another program's writing is waited for so many seconds.

    Raises:
        DigestError: the file cannot be used, now or while it is open; the sentence says why.
    """
    require(sqlite3.sqlite_version_info)
    try:
        with closing(sqlite3.connect(path, timeout=wait, isolation_level=None)) as connection:
            database = SQLite(connection, f"the database {path}", wait)
            database.run(_PRAGMAS + _FOR_RANDOM_PLACES if path == TEMPORARY else _PRAGMAS)
            yield database
    except sqlite3.Error as fault:
        translation = _translate(fault, path, wait)
        if translation is None:
            raise
        raise translation from fault


def require(version: tuple[int, ...]) -> None:
    """
    Accept an SQLite of this version, or not.

    Raises:
        SettingsError: it is too old for what our queries ask of it.
    """
    if version < _OLDEST:
        numbers = ".".join(map(str, version))
        msg = f"this Python brings SQLite {numbers}, and digest needs 3.34 or newer"
        raise SettingsError(msg, hint="Use a newer Python, or let [store] url name a PostgreSQL database.")


def _translate(fault: sqlite3.Error, path: str, wait: float) -> DigestError | None:
    """Put what can happen to a file into words; anything else is a bug of ours and stays as it is."""
    name = getattr(fault, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        msg = f"another program has been writing to the database {path} for {wait:.0f} seconds"
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
