"""PostgreSQL behind the seam: a server, any number of writers, and locks that die with their connection."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from functools import lru_cache
from hashlib import blake2b
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from digest.errors import SettingsError
from digest.store.database import WAIT, Database, Dialect, to_json
from digest.store.locks import Locks
from digest.store.postgres_faults import translate, unreachable, without_details

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from psycopg import Connection
    from psycopg.rows import TupleRow

_OLDEST = 15
_BLOCK = 1_000
"""How many rows go to or come from the server at once; it may not be asked anything else meanwhile."""

# What the address of the store does not say otherwise. A connection that no one answers on is given up after a minute,
# so that a lost network is an error and no endless wait.
_DEFAULTS = {
    "application_name": "digest",
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}

# A commit must be on the disk when it returns: a forgotten claim is a second sending. The server gives up a connection
# whose program's machine has died after a minute, and with it its locks; and never one that merely has nothing to ask.
_SETTINGS = b"""
set idle_session_timeout = 0;
select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') <> 'remote_apply';
set tcp_keepalives_idle = 30;
set tcp_keepalives_interval = 10;
set tcp_keepalives_count = 3;
"""

_TOKENS = re.compile(
    r"""
    '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | ::
    | :(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=512)
def spell(query: str) -> bytes:
    """Put ``:name`` as psycopg has it, ``%(name)s``; strings, comments and ``::casts`` stay as they are."""
    return _TOKENS.sub(_spell_token, query.replace("%", "%%")).encode()


def _spell_token(token: re.Match[str]) -> str:
    name = token["name"]
    return f"%({name})s" if name else token[0]


class PostgreSQL(Database):
    """A database of a PostgreSQL server."""

    dialect = Dialect.POSTGRESQL

    def __init__(self, connection: Connection[TupleRow], *, name: str, schema: str) -> None:
        super().__init__(name)
        self._connection = connection
        self._alone = lock_key(schema, "transaction")
        self._streams = count()

    @property
    def connection(self) -> Connection[TupleRow]:
        """The connection itself, for a library that is to take part in what happens here."""
        return self._connection

    def _begin(self) -> None:
        # Whatever the server's default: a later level would go on seeing what was there before it waited for others.
        self._connection.execute(b"begin isolation level read committed")

    def _begin_reading(self) -> None:
        self._connection.execute(b"begin isolation level repeatable read read only")

    def _keep_out_others(self) -> None:
        self._connection.execute(b"select pg_advisory_xact_lock(%s)", [self._alone])

    def _commit(self) -> None:
        if self._connection.execute(b"commit").statusmessage != "COMMIT":
            msg = "the transaction failed before, and somebody went on in it"  # the server says no more than ROLLBACK
            raise RuntimeError(msg)

    def _roll_back(self) -> None:
        if self._connection.info.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
            self._connection.execute(b"rollback")

    def fetch_all(self, query: str, **values: object) -> list[Any]:
        """Return all rows, as tuples."""
        return self._execute(query, values).fetchall()

    def fetch_one(self, query: str, **values: object) -> Any | None:
        """Return the first row, as a tuple."""
        return self._execute(query, values).fetchone()

    def stream(self, query: str, **values: object) -> Generator[Any, None, None]:
        """Return the rows one by one, as tuples."""
        with self._connection.cursor(name=f"stream_{next(self._streams)}") as cursor:
            cursor.itersize = _BLOCK
            cursor.execute(spell(query), values, binary=True)
            yield from cursor

    def change(self, query: str, **values: object) -> int:
        """Return how many rows were changed."""
        return self._execute(query, values).rowcount

    def _execute(self, query: str, values: Mapping[str, object]) -> psycopg.Cursor[TupleRow]:
        return self._connection.execute(spell(query), values, binary=True)

    def change_many(self, query: str, rows: Iterable[Mapping[str, object]]) -> int:
        """Run a query once for each of the `rows`, which may ask this database while they are made."""
        waiting, changed = iter(rows), 0
        with self._connection.cursor() as cursor:
            while block := [*islice(waiting, _BLOCK)]:
                cursor.executemany(spell(query), block)
                changed += cursor.rowcount
        return changed

    def run(self, script: str) -> None:
        """Run several statements in the transaction that is open."""
        self._connection.execute(script.encode())


class SessionLocks(Locks):
    """Advisory locks of a connection."""

    def __init__(self, connection: Connection[TupleRow], *, schema: str) -> None:
        super().__init__()
        self._connection = connection
        self._schema = schema

    def _take(self, name: str) -> bool:
        return self._ask(b"select pg_try_advisory_lock(%s::integer, %s::integer)", *self._keys(name))

    def _let_go(self, name: str) -> None:
        if not self._connection.closed:  # else it is gone with the connection
            self._ask(b"select pg_advisory_unlock(%s::integer, %s::integer)", *self._keys(name))

    def _is_taken(self, name: str) -> bool:
        return self._ask(
            _IS_TAKEN + b"and classid::bigint::bit(32)::integer = %s and objid::bigint::bit(32)::integer = %s)",
            *self._keys(name),
        )

    def _is_any_taken(self, family: str) -> bool:
        return self._ask(_IS_TAKEN + b"and classid::bigint::bit(32)::integer = %s)", self._keys(family)[0])

    def _keys(self, name: str) -> tuple[int, int]:
        """Return the numbers of a name's family and of the name."""
        family = name.partition("-")[0]
        return lock_key(self._schema, "family", family, bits=32), lock_key(self._schema, "name", name, bits=32)

    def _ask(self, query: bytes, *keys: int) -> bool:
        row = self._connection.execute(query, keys).fetchone()
        return bool(row and row[0])


# To look is better than to take it for a moment, which others would see. A lock of two numbers is of kind 2.
_IS_TAKEN = b"""
select exists (
    select 1 from pg_locks
    where locktype = 'advisory' and granted and objsubid = 2
    and database = (select oid from pg_database where datname = current_database())
"""


def lock_key(*purpose: str, bits: int = 64) -> int:
    """Return a number of an advisory lock: a hash, so that strangers in the database do not meet."""
    digest = blake2b(to_json(["digest", *purpose]).encode(), digest_size=bits // 8).digest()
    return int.from_bytes(digest, signed=True)


@contextmanager
def connect(url: str, *, wait: float = WAIT) -> Iterator[tuple[PostgreSQL, SessionLocks]]:
    """
    Open the database at ``postgresql://user:password@host:port/name``; another program's writing is waited for so long.

    What the address does not say comes from where PostgreSQL's own programs take it: ``PGPASSWORD``, ``~/.pgpass``.

    Raises:
        DigestError: the server or the database cannot be used, now or while it is open; the sentence says why.
    """
    parameters = _read(url)
    name = _name(parameters)
    with closing(_dial(parameters, name)) as connection:
        try:
            schema = _prepare(connection, name, wait)
            yield PostgreSQL(connection, name=name, schema=schema), SessionLocks(connection, schema=schema)
        except psycopg.Error as fault:
            bare = without_details(fault)
            error = translate(bare, name, lost=connection.closed)
            if error is None:
                raise bare from None
            raise error from bare


def complete(url: str) -> str:
    """Return an address with what `connect` puts where it says nothing, for a library that connects by itself."""
    return make_conninfo(**_read(url))


def _read(url: str) -> dict[str, Any]:
    try:
        return {**_DEFAULTS, **conninfo_to_dict(url), "client_encoding": "utf8"}
    except psycopg.Error:
        msg = "the address of the store is none that PostgreSQL knows"  # the cause would quote the password
        raise SettingsError(msg, hint="Write [store] url as postgresql://user@host/database.") from None


def _name(parameters: Mapping[str, Any]) -> str:
    host = parameters.get("host") or parameters.get("hostaddr")
    return f"the database {parameters.get('dbname', 'of PostgreSQL')}" + (f" at {host}" if host else "")


def _dial(parameters: Mapping[str, Any], name: str) -> Connection[TupleRow]:
    try:
        return psycopg.connect(autocommit=True, **parameters)
    except psycopg.Error as fault:
        words = str(fault)
        for secret in (parameters.get("password"), parameters.get("user")):
            words = words.replace(secret, "...") if secret else words
        raise unreachable(words, name) from psycopg.OperationalError(words)


def _prepare(connection: Connection[TupleRow], name: str, wait: float) -> str:
    """Make the session one that our promises can stand on; return the schema that our tables lie in."""
    version, encoding = connection.info.server_version, connection.info.parameter_status("server_encoding")
    if version < _OLDEST * 10_000:
        msg = f"{name} is of PostgreSQL {version // 10_000}, and digest needs {_OLDEST} or newer"
        raise SettingsError(msg, hint="Let [store] url name a newer server.")
    if encoding != "UTF8":
        msg = f"{name} keeps its text as {encoding}, which has no room for every name"
        raise SettingsError(msg, hint="Make one with: createdb --encoding=UTF8 --template=template0 NAME")
    connection.execute(_SETTINGS)
    connection.execute(b"select set_config('lock_timeout', %s, false)", [f"{wait * 1000:.0f}"])
    row = connection.execute(b"select current_schema()").fetchone()
    if row is None or row[0] is None:
        msg = f"{name} has no schema for the tables: nothing on the search_path exists, or may be used"
        raise SettingsError(msg, hint="Let the owner say: create schema NAME; and grant usage, create on it.")
    return str(row[0])
