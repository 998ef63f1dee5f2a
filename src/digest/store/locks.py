"""
Names that only one living process holds at a time; the system takes them back when it dies, however it dies.

`digest.store.postgres` has those of a server.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from filelock import FileLock, Timeout

from digest.errors import IncompleteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ENDING = ".lock"
_PATIENCE = 0.05
"""Seconds to try for a lock file, since whoever asks if it is held has it for some microseconds."""


class Locks:
    """The names that this store holds; where no other process can open its database, that is all."""

    def __init__(self) -> None:
        self._held: set[str] = set()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """
        Be the only one that holds `name`.

        Raises:
            IncompleteError: a living process holds it, and be it this one; nobody waits.
        """
        if name in self._held or not self._take(name):
            msg = f"another digest is {name} right now"
            raise IncompleteError(msg, hint="Let it finish; to look on, ask digest status.")
        self._held.add(name)
        try:
            yield
        finally:
            self._held.remove(name)
            self._let_go(name)

    def is_held(self, name: str) -> bool:
        """Return whether a living process holds `name`, be it this one."""
        return name in self._held or self._is_taken(name)

    def is_any_held(self, family: str) -> bool:
        """Return whether a living process holds a name that begins with `family` and a hyphen."""
        return any(name.startswith(f"{family}-") for name in self._held) or self._is_any_taken(family)

    def _take(self, name: str) -> bool:
        del name
        return True

    def _let_go(self, name: str) -> None:
        del name

    def _is_taken(self, name: str) -> bool:
        del name
        return False

    def _is_any_taken(self, family: str) -> bool:
        del family
        return False


class FileLocks(Locks):
    """Locked files beside a database's file; one is removed by whoever last had its name."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self._database = database
        self._files: dict[str, FileLock] = {}

    def _take(self, name: str) -> bool:
        lock = FileLock(self._path(name), mode=0o600)
        try:
            lock.acquire(timeout=_PATIENCE, poll_interval=_PATIENCE / 5)
        except Timeout:
            return False
        self._files[name] = lock
        return True

    def _let_go(self, name: str) -> None:
        # Removed while it is locked: whoever has opened it meanwhile finds that it has no name any more, and begins
        # anew (filelock since 3.21). Windows removes no open file; there it stays, and does no harm.
        with suppress(OSError):
            self._path(name).unlink()
        self._files.pop(name).release()

    def _is_taken(self, name: str) -> bool:
        if not self._path(name).exists():
            return False
        if not self._take(name):
            return True
        self._let_go(name)
        return False

    def _is_any_taken(self, family: str) -> bool:
        beginning = self._path(f"{family}-").name.removesuffix(_ENDING)
        files = [path.name for path in self._database.parent.iterdir() if path.name.startswith(beginning)]
        names = [file.removeprefix(f"{self._database.name}.").removesuffix(_ENDING) for file in files]
        return any(self._is_taken(unquote(name)) for name in names)

    def _path(self, name: str) -> Path:
        return self._database.with_name(f"{self._database.name}.{quote(name, safe='')}{_ENDING}")
