"""The store: the list of readers and the ledger, in one database."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from digest.errors import SettingsError
from digest.store import sqlite
from digest.store.audiences import Audiences, present
from digest.store.claims import Claims
from digest.store.columns import Columns
from digest.store.deliveries import Deliveries
from digest.store.doubts import Doubts
from digest.store.growth import read_growth
from digest.store.handovers import Handed, Handovers, Stage
from digest.store.ledger import Ledger
from digest.store.locks import FileLocks, Locks
from digest.store.mailings import BegunError, Course, Frozen, Mailings
from digest.store.news import Item, News
from digest.store.notices import Notices
from digest.store.numbering import Numbering, Numbers, numberings_of
from digest.store.paces import Paces
from digest.store.pauses import Pauses
from digest.store.proofs import Proofs
from digest.store.schema import migrate, name_of, read_migrations, steps_taken
from digest.store.signups import SignUps
from digest.store.subscribers import Put, Subscribers
from digest.store.syncs import Sync, Syncs
from digest.store.taking import take_readers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from digest.store.database import Database
    from digest.store.growth import Growth, Length
    from digest.tokens import Tokens

__all__ = [
    "SENDER",
    "Audiences",
    "BegunError",
    "Claims",
    "Course",
    "Frozen",
    "Handed",
    "Item",
    "Ledger",
    "MissingStoreError",
    "Numbering",
    "Put",
    "Stage",
    "Store",
    "Subscribers",
    "Sync",
    "Syncs",
    "bring_up_to_date",
    "numberings_of",
    "open_database",
    "open_store",
]

SENDER = "sender"
"""The family of names that processes hold while they send."""

_POSTGRESQL = frozenset({"postgresql", "postgres"})
_HINT = "Write [store] url as sqlite:///path/to/file.db, or as postgresql://host/database."
_HOW_MADE = "It is made by the first command that writes, such as digest subscribers import."


class MissingStoreError(SettingsError):
    """There is no store yet, and none was to be made."""


class Store:
    """An open store; it belongs to the thread that opened it."""

    def __init__(
        self,
        database: Database,
        locks: Locks,
        tokens: Tokens | None = None,
        clock: Callable[[], datetime] = present,
        numbering: Numbering | None = None,
    ) -> None:
        self.name = name_of(database)
        """The list's own name in public addresses: it stays, wherever the list is moved to."""
        self.numbering = numbering
        """How its readers are numbered, where it is made anew for each run and knows nothing of earlier ones."""
        # There each name tells its list, too, since readers may have been named elsewhere.
        own_name = partial(tokens.name_reader, self.name) if tokens else str
        spell = tokens.sign_name if tokens and numbering else own_name
        self.numbers = Numbers(database, numberings_of(tokens.keys) if tokens else ())
        self._columns = Columns(database, spell)
        self.subscribers = Subscribers(database, spell, self.numbers, numbering)
        self.audiences = Audiences(database, self.subscribers, self._columns, clock)
        self.pauses = Pauses(database)
        self.paces = Paces(database)
        self.proofs = Proofs(database)
        self.sign_ups = SignUps(database)
        self.notices = Notices(database)
        self.mailings = Mailings(database)
        self.handovers = Handovers(database)
        self.syncs = Syncs(database)
        self.ledger = Ledger(database, self.mailings, self.audiences)
        self.deliveries = Deliveries(database, self.subscribers, self.mailings)
        self.doubts = Doubts(database)
        self.news = News(database)
        self._database = database
        self._locks = locks

    @contextmanager
    def claims(self, frozen: Frozen, *, abreast: int = 1) -> Iterator[Claims]:
        """
        Return the batches of a mailing for this process to claim; whoever looks can tell as long as it lives.

        So many of them are to be posted `abreast`, which matters where they are claimed ahead.
        """
        del abreast
        claimant = f"{SENDER}-{token_hex(8)}"
        with self._locks.hold(claimant):
            lives = self._locks.is_held
            yield Claims(self._database, self.mailings, self._columns, frozen=frozen, claimant=claimant, lives=lives)

    def admit(self, frozen: Frozen) -> None:
        """Let a mailing be changed beside whoever sends it: a database sees to it that each batch is one's alone."""

    def held_by(self, frozen: Frozen) -> str:
        """Return who alone may send a mailing now; blank where nobody has that right."""
        del frozen
        return ""

    def together(self, *, alone: bool = False) -> AbstractContextManager[None]:
        """
        Make one durable write of all that is done inside; nothing of it has happened before its end.

        Those that ask to be `alone` run one after the other, in all programs.
        """
        return self._database.transaction(alone=alone)

    def attempt(self) -> AbstractContextManager[None]:
        """Inside of `together`, do all of something or nothing; the rest stands either way."""
        return self._database.attempt()

    def take_readers(self, url: str) -> int:
        """
        Bring all readers of another store into this one, which is numbered and empty; return how many they are.

        Raises:
            SettingsError: there is no such store, or it cannot be used.
            CollisionError: two addresses have one number.
        """
        if self.numbering is None:
            msg = "readers are taken over by numbers that follow from their addresses"
            raise ValueError(msg)
        with open_database(url, create=False) as (source, _):
            return take_readers(source, self._database, self.numbering)

    def growth(self, *, length: Length, now: datetime) -> Growth:
        """Count the list period by period, up to the present one."""
        return read_growth(self._database, length=length, now=now)

    def hold(self, name: str) -> AbstractContextManager[None]:
        """
        Be the only one that holds `name`; it is given back when this process dies, however it dies.

        Raises:
            IncompleteError: a living process holds it, and be it this one; nobody waits.
        """
        return self._locks.hold(name)

    def is_held(self, name: str) -> bool:
        """Return whether a living process holds `name`, be it this one."""
        return self._locks.is_held(name)


@contextmanager
def open_store(
    url: str,
    *,
    create: bool = True,
    tokens: Tokens | None = None,
    clock: Callable[[], datetime] = present,
    numbering: Numbering | None = None,
) -> Iterator[Store]:
    """
    Open the store at `url`, and bring its tables to their newest form.

    That is ``sqlite:///path/to/file.db``, ``sqlite://`` for one that lives in memory only, or
    ``postgresql://host/database``. A relative path starts at the working folder; an absolute one has four slashes. The
    file and its folder are made when they are missing, and so are the tables, unless `create` is false. `tokens` sign
    the tokens of readers; without, theirs open nothing. Whose pause is not over is told by the `clock`. With a
    `numbering`, readers get ids that follow from their addresses: the same in each store that is filled with them.

    Raises:
        SettingsError: there is no such store, or it cannot be used.
        IncompleteError: another program does not stop writing to it, or its server went away.
    """
    with open_database(url, create=create) as (database, locks):
        bring_up_to_date(database, create=create)
        yield Store(database, locks, tokens, clock, numbering)


def bring_up_to_date(database: Database, *, create: bool = True) -> None:
    """
    Give a database the newest form of the tables.

    Raises:
        MissingStoreError: there are no tables, and `create` is false.
        SettingsError: a newer digest has been here.
    """
    if not create and not steps_taken(database):
        msg = f"there is no list of readers in {database.name} yet"
        raise MissingStoreError(msg, hint=_HOW_MADE)
    migrate(database, read_migrations(database.dialect))


@contextmanager
def open_database(url: str, *, create: bool = True) -> Iterator[tuple[Database, Locks]]:
    """
    Open what `open_store` opens, with whatever tables it has.

    Raises:
        SettingsError: there is no such store, or it cannot be used.
        IncompleteError: another program does not stop writing to it, or its server went away.
    """
    scheme, separator, _ = url.partition("://")
    if separator and scheme in _POSTGRESQL:
        with _connect_to_server(url) as opened:
            yield opened
        return
    path = _path_of(url)
    if path != sqlite.IN_MEMORY:
        _prepare(Path(path), create=create)
    with sqlite.connect(path) as database:
        yield database, Locks() if path == sqlite.IN_MEMORY else FileLocks(Path(path))


def _connect_to_server(url: str) -> AbstractContextManager[tuple[Database, Locks]]:
    try:
        connect = import_module("digest.store.postgres").connect
    except ImportError as fault:
        msg = "a store on PostgreSQL needs psycopg, which is not installed here"
        raise SettingsError(msg, hint="pip install 'digest[postgres]'") from fault
    opened: AbstractContextManager[tuple[Database, Locks]] = connect(url)
    return opened


def _path_of(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if separator and scheme != "sqlite":
        msg = f"there is no store for {scheme}:// addresses"
        raise SettingsError(msg, hint=_HINT)
    if not separator or (rest and not rest.startswith("/")) or rest == "/":
        msg = "the address of the store names no file"
        raise SettingsError(msg, hint=_HINT)
    return rest[1:] or sqlite.IN_MEMORY


def _prepare(path: Path, *, create: bool) -> None:
    if path.exists():
        return
    if not create:
        msg = f"there is no database {path}"
        raise MissingStoreError(msg, hint=_HOW_MADE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it will hold people's addresses, which are nobody else's business
    except OSError as fault:
        msg = f"the database {path} cannot be made: {fault.strerror}"
        raise SettingsError(msg, hint="[store] url must name a file in a folder that may be written to.") from fault
