"""
Kills the process that it runs in at a named point. Nothing in the program knows of it.

It stands where the program's libraries meet the outside: before and after each durable write, of sqlite3, psycopg or
git, and before and after each request of httpx. To be called in a process of its own, which it changes for good.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import sabotage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    Watch = Callable[[str], AbstractContextManager[None]]

POINTS = ("commit:before", "commit:after", "request:before", "request:after")

_VERB = re.compile(r"(?:\s|--.*\n)*(\w+)")
_ENDS = {"commit", "end"}
_WRITES = {"insert", "update", "delete", "replace"}

_reached: Counter[str] = Counter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to happen to a program."""

    die_at: tuple[str, int] | None = None
    """The point, and which time that it is reached, from 1."""
    log: Path | None = None
    """A file to which the name of every point is appended that is reached."""
    patience: float | None = None
    """Seconds after which a request is given up that is not answered, in place of the program's minute."""
    sabotage: str | None = None
    """What to break in the program: a function of `sabotage`."""


NO_ORDERS = Orders()


def obey(orders: Orders) -> None:
    """Watch this process from here on."""
    watch = partial(_around, orders)
    if "DIGEST_LEDGER_URL" in os.environ:
        _watch_pushes(watch)
    else:
        _watch_sqlite(watch)
    _watch_httpx(watch, orders.patience)
    if os.environ.get("DIGEST_STORE_URL", "").startswith("postgresql:"):
        _watch_psycopg(watch)
    if orders.sabotage:
        getattr(sabotage, orders.sabotage)()


@contextmanager
def _around(orders: Orders, kind: str) -> Iterator[None]:
    """Reach the point before what is done inside, and the one after it, whether it succeeds or not."""
    _reach(orders, f"{kind}:before")
    try:
        yield
    finally:
        _reach(orders, f"{kind}:after")


def _reach(orders: Orders, point: str) -> None:
    """Die here, if it is the point and the time."""
    _reached[point] += 1
    if orders.log:
        with orders.log.open("a", encoding="utf-8") as log:
            log.write(f"{point}\n")
    if (point, _reached[point]) == orders.die_at:
        os.kill(os.getpid(), signal.SIGKILL)


def _statement(watch: Watch, query: object, *, in_transaction: bool) -> AbstractContextManager[None]:
    """Return the surroundings of an SQL statement, which are watched if it makes something durable."""
    text = query.decode() if isinstance(query, bytes) else str(query)
    found = _VERB.match(text)
    verb = found[1].lower() if found else ""
    durable = verb in _ENDS or (verb in _WRITES and not in_transaction)
    return watch("commit") if durable else nullcontext()


def _watch_sqlite(watch: Watch) -> None:
    class Cursor(sqlite3.Cursor):
        """Watches its statements."""

        def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
            with _statement(watch, sql, in_transaction=self.connection.in_transaction):
                return super().execute(sql, parameters)

        def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
            with _statement(watch, sql, in_transaction=self.connection.in_transaction):
                return super().executemany(sql, parameters)

    class Connection(sqlite3.Connection):
        """Runs every statement in such a cursor."""

        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
            return Cursor(self).execute(sql, parameters)

        def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
            return Cursor(self).executemany(sql, parameters)

        def commit(self) -> None:
            with watch("commit"):
                super().commit()

    sqlite3.connect = partial(sqlite3.connect, factory=Connection)  # type: ignore[assignment]  # the same to its callers


def _watch_pushes(watch: Watch) -> None:
    """Watch what makes something durable where the store is gone with the process, and the ledger is on a branch."""

    class Process(subprocess.Popen[bytes]):
        """Is watched from before it begins until it has ended, if it is a push."""

        def __init__(self, command: Sequence[str], **options: Any) -> None:
            self._watched = watch("commit") if "push" in command else nullcontext()
            self._watched.__enter__()
            super().__init__(command, **options)

        def communicate(self, *arguments: Any, **options: Any) -> Any:
            try:
                return super().communicate(*arguments, **options)
            finally:
                self._watched.__exit__(None, None, None)

    subprocess.Popen = Process  # type: ignore[misc, assignment]  # the same to its callers


def _watch_psycopg(watch: Watch) -> None:
    import psycopg  # noqa: PLC0415  # who has no such store need not have it

    def watched(plain: Callable[..., Any]) -> Callable[..., Any]:
        def run(self: psycopg.Cursor[Any], query: object, *values: Any, **options: Any) -> Any:
            idle = self.connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
            with _statement(watch, query, in_transaction=not idle):
                return plain(self, query, *values, **options)

        return run

    def commit(self: psycopg.Connection[Any], plain: Callable[..., None] = psycopg.Connection.commit) -> None:
        with watch("commit"):
            plain(self)

    _replace(psycopg.Cursor, execute=watched(psycopg.Cursor.execute), executemany=watched(psycopg.Cursor.executemany))
    _replace(psycopg.Connection, commit=commit)


def _watch_httpx(watch: Watch, patience: float | None) -> None:
    plain = httpx.HTTPTransport.handle_request

    def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if patience:
            request.extensions["timeout"] |= {"read": patience}
        with watch("request"):
            return plain(self, request)

    _replace(httpx.HTTPTransport, handle_request=handle_request)


def _replace(owner: type, **methods: Callable[..., Any]) -> None:
    for name, method in methods.items():
        setattr(owner, name, method)
