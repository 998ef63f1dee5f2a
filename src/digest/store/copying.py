"""A store into another one, of either kind: all of it or nothing, and compared before it counts."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from digest.errors import IncompleteError, UsageError
from digest.store import SENDER, bring_up_to_date, open_database
from digest.store.database import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from digest.store.database import Database
    from digest.store.locks import Locks

NUMBERED = frozenset({"subscribers", "mailings", "editions", "history", "proofs", "sign_ups", "notices"})
"""Tables that number their rows themselves, and never give a number twice."""
IDENTITY = "identity"
"""The table that every store has something in from its beginning: what the list is called."""
TABLES = (
    "subscribers",
    "mailings",
    "editions",
    "edition_images",
    "batches",
    "outcomes",
    "news",
    "history",
    "pauses",
    "proofs",
    "erased",
    "sign_ups",
    "notices",
    "handovers",
    "syncs",
    "paces",
    "numbers",
    IDENTITY,
)
"""All that a store keeps, each table behind those that it refers to."""

_HASH_BYTES = 16


@dataclass(slots=True, kw_only=True)
class Sum:
    """A count and a hash of rows, in whatever order they come."""

    count: int = 0
    total: int = 0

    def take(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take rows in."""
        for _ in self.passing(rows):
            pass

    def passing(self, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """Hand rows on, and take each in."""
        for row in rows:
            digest = blake2b(to_json(row).encode(), digest_size=_HASH_BYTES).digest()
            self.total = (self.total + int.from_bytes(digest)) % (1 << 8 * _HASH_BYTES)
            self.count += 1
            yield row


def copy_store(source_url: str, target_url: str) -> Mapping[str, int]:
    """
    Copy all that a store keeps into an empty one, and return how many rows each table has.

    Nobody writes to either meanwhile. If it does not come to its end, the other store stays empty.

    Raises:
        UsageError: the other store is not empty.
        IncompleteError: something is being sent, or what can be read there is not what was read here.
        SettingsError: one of them cannot be used.
    """
    with open_database(source_url, create=False) as (source, locks), open_database(target_url) as (target, _):
        bring_up_to_date(source, create=False)
        bring_up_to_date(target)
        _require_empty(target)  # before both are held, since they could be one
        with source.transaction(alone=True), target.transaction(alone=True):
            for database in (source, target):
                database.run(database.queries("copying.sql")["keep_still"])
            _require_empty(target)
            _require_rest(locks)
            counts = {table: _copy(table, source, target) for table in TABLES}
            _require_rest(locks)  # whoever began meanwhile waits to write to what is left behind
        return counts


def _require_empty(target: Database) -> None:
    tables = (table for table in TABLES if table != IDENTITY)
    if any(target.fetch_all(f"select 1 from {table} limit 1") for table in tables):  # noqa: S608  # names of ours
        msg = f"{target.name} is not empty"
        raise UsageError(msg, hint="Copy into a new one: what both hold could not be told apart.")


def _require_rest(locks: Locks) -> None:
    if locks.is_any_held(SENDER):
        msg = "another digest is sending right now; nothing was copied"
        raise IncompleteError(msg, hint="Let it finish, or stop it with Ctrl-C, and run this again.")


def _copy(table: str, source: Database, target: Database) -> int:
    """Copy a table, compare what is there then, and return how many rows it has."""
    columns = columns_of(source, table)
    names, values = ", ".join(columns), ", ".join(f":{column}" for column in columns)
    select = f"select {names} from {table}"  # noqa: S608  # names of ours
    insert = f"insert into {table} ({names}) values ({values})"  # noqa: S608  # names of ours
    read, written = Sum(), Sum()
    if table == IDENTITY:
        target.change(target.queries("copying.sql")["forget_identity"])
    with closing(source.stream(select)) as rows:
        target.change_many(insert, (dict(zip(columns, row, strict=True)) for row in read.passing(rows)))
    with closing(target.stream(select)) as rows:
        written.take(rows)
    if read != written:
        msg = f"{target.name} does not give {table} back as they were; nothing was copied"
        raise IncompleteError(msg, hint="Look after its disk, then run it again.")
    if table in NUMBERED:
        _number_on(table, source, target)
    return read.count


def columns_of(database: Database, table: str) -> list[str]:
    """Return the names of a table's columns, sorted."""
    return [name for (name,) in database.fetch_all(database.queries("copying.sql")["columns"], table=table)]


def _number_on(table: str, source: Database, target: Database) -> None:
    """Let the table never give an id that was given before, be it to a row that is gone."""
    ((highest,),) = source.fetch_all(source.queries("copying.sql")["highest_id"], table=table)
    sql = target.queries("copying.sql")
    target.change(sql["forget_ids"], table=table)
    if highest:
        target.change(sql["go_on_from"], table=table, highest=highest)
