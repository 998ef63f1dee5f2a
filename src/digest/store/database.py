"""
The narrow seam to a database: transactions, queries whose values have names, and values as text.

`digest.store.sqlite` and `digest.store.postgres` stand behind it. A database belongs to the thread that opened it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec.json

from digest.store.queries import read_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

WAIT = 30.0
"""Seconds to wait for another program's transaction."""

_ENCODER = msgspec.json.Encoder(order="deterministic")


class Dialect(Enum):
    """A database's way to put SQL, named as in the names of files."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgres"


def to_json(value: object) -> str:
    """Spell equal values equally; an import does this for every reader, and msgspec is eight times as fast as json."""
    return _ENCODER.encode(value).decode()


def from_json(text: str | bytes) -> Any:
    """Read what `to_json` wrote."""
    return msgspec.json.decode(text)


def to_stamp(moment: datetime) -> str:
    """Spell a moment as RFC 3339 in UTC, always equally long, so that text sorts as time runs."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Database(ABC):
    """An open database, spoken to in ready-made SQL whose values are written ``:name``."""

    dialect: ClassVar[Dialect]

    def __init__(self, name: str) -> None:
        self.name = name
        """What a sentence calls it, such as "the database letters at db.example.org"; no secret, and no user."""
        self._in_transaction = False
        self._is_to_be_wiped = False

    def queries(self, filename: str) -> Mapping[str, str]:
        """Return the queries of a file of this package by name, in this database's words."""
        return read_queries(filename, self.dialect.value)

    @contextmanager
    def transaction(self, *, alone: bool = False) -> Iterator[None]:
        """
        Do all that happens inside, durably, or nothing of it; one that is opened inside another joins it.

        Those that ask to be `alone` run one after the other, in all programs: what one of them reads stays true until
        it ends. Where the database knows only one writer, every transaction is of that kind.
        """
        with self._whole(self._begin):
            if alone:
                self._keep_out_others()
            yield

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Within a transaction, do all that happens inside or nothing of it; what else it does stands either way."""
        self.run("savepoint attempt")
        try:
            yield
        except BaseException:
            self.run("rollback to savepoint attempt")
            self.run("release savepoint attempt")
            raise
        self.run("release savepoint attempt")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See one moment only, whatever others write meanwhile; they are not kept waiting, and nothing is changed."""
        with self._whole(self._begin_reading):
            yield

    @contextmanager
    def _whole(self, begin: Callable[[], None]) -> Iterator[None]:
        if self._in_transaction:
            yield
            return
        begin()
        self._in_transaction = True
        try:
            yield
            self._commit()
            if self._is_to_be_wiped:
                self._is_to_be_wiped = not self._wipe()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._in_transaction = False

    def wipe(self) -> None:
        """See to it that nothing is left in any file of what this transaction forgets, as soon as it has ended."""
        self._is_to_be_wiped = True

    def _wipe(self) -> bool:
        """Leave nothing of what was forgotten, and say whether that is so; a server looks after its files itself."""
        return True

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _begin_reading(self) -> None: ...

    @abstractmethod
    def _keep_out_others(self) -> None: ...

    @abstractmethod
    def _commit(self) -> None: ...

    @abstractmethod
    def _roll_back(self) -> None: ...

    @abstractmethod
    def fetch_all(self, query: str, **values: object) -> list[Any]:
        """Return all rows, as tuples; large reads walk by key instead."""

    @abstractmethod
    def fetch_one(self, query: str, **values: object) -> Any | None:
        """Return the first row, as a tuple."""

    @abstractmethod
    def stream(self, query: str, **values: object) -> Generator[Any, None, None]:
        """
        Return the rows one by one, as tuples; only inside a transaction or a snapshot, of which they are a part.

        Whoever may not come to their end closes them.
        """

    @abstractmethod
    def change(self, query: str, **values: object) -> int:
        """Return how many rows were changed."""

    @abstractmethod
    def change_many(self, query: str, rows: Iterable[Mapping[str, object]]) -> int:
        """Run a query once for each of the `rows`, and return how many rows were changed by all of it."""

    @abstractmethod
    def run(self, script: str) -> None:
        """Run several statements without values, in the transaction that is open."""
