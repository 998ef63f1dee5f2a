"""The store: the list of readers and the ledger, in one database."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from filelock import FileLock, Timeout

from digest.errors import IncompleteError, SettingsError
from digest.store.database import connect
from digest.store.editions import Frozen
from digest.store.ledger import Ledger
from digest.store.schema import migrate, read_migrations
from digest.store.subscribers import Put, Subscribers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.store.database import Database

__all__ = ["Frozen", "Ledger", "Put", "Store", "Subscribers", "open_store"]

_IN_MEMORY = ":memory:"


class Store:
    """An open store; it belongs to the thread that opened it."""

    def __init__(self, database: Database, path: str) -> None:
        self.subscribers = Subscribers(database)
        self.ledger = Ledger(database, self.subscribers)
        self._path = path

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """
        Be the only process that holds `name`; the system takes it back when the process dies, however it dies.

        Raises:
            IncompleteError: a living process holds it; this one does not wait.
        """
        if self._path == _IN_MEMORY:
            yield
            return
        lock = FileLock(f"{self._path}.{quote(name, safe='')}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as fault:
            msg = f"another digest is {name} right now"
            raise IncompleteError(msg, hint="Let it finish; to look on, ask digest status.") from fault
        try:
            yield
        finally:
            lock.release()


@contextmanager
def open_store(url: str, *, create: bool = True) -> Iterator[Store]:
    """
    Open the store at `url`: ``sqlite:///path/to/file.db``, or ``sqlite://`` for one that lives in memory only.

    A relative path starts at the working folder; an absolute one has four slashes. The file and its folder are made
    when they are missing, unless `create` is false.

    Raises:
        SettingsError: there is no such store, or it cannot be used.
        IncompleteError: another program does not stop writing to it.
    """
    path = _path_of(url)
    if path != _IN_MEMORY:
        _prepare(Path(path), create=create)
    with connect(path) as database:
        migrate(database, read_migrations())
        yield Store(database, path)


def _path_of(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if separator and scheme != "sqlite":
        msg = f"there is no store for {scheme}:// addresses"
        raise SettingsError(msg, hint="Write [store] url as sqlite:///path/to/file.db")
    if not separator or (rest and not rest.startswith("/")) or rest == "/":
        msg = "the address of the store names no file"
        raise SettingsError(msg, hint="Write [store] url as sqlite:///path/to/file.db")
    return rest[1:] or _IN_MEMORY


def _prepare(path: Path, *, create: bool) -> None:
    if path.exists():
        return
    if not create:
        msg = f"there is no database {path}"
        raise SettingsError(msg, hint="It is made by the first command that writes, such as digest subscribers import.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it will hold people's addresses, which are nobody else's business
    except OSError as fault:
        msg = f"the database {path} cannot be made: {fault.strerror}"
        raise SettingsError(msg, hint="[store] url must name a file in a folder that may be written to.") from fault
