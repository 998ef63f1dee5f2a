"""
The folder that an archive is written into, in which others may keep files of their own.

A list beside the pages tells what is ours: a digest of the path and the content of each file. So it names no page that
is not public yet, and what somebody has changed since is theirs.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import UsageError
from digest.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Content = bytes | Callable[[], bytes]
    """What is in a file, or what makes it: all the pictures of an archive do not fit into memory."""

LIST = ".digest-site"
_HEAD = "What `digest site` wrote here: a digest of the path and the content of each file.\n"


class Folder:
    """A folder, as an earlier run of ours left it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._ours = {*(path / LIST).read_text("utf-8").splitlines()[1:]}
        except FileNotFoundError:
            self._ours = set()
        self._put: dict[str, str] = {}
        self.written = 0
        """How many files had to be written."""

    def has(self, path: str) -> bool:
        """Say whether a file lies there that is none of ours."""
        content = _read(self._path / path)
        return content is not None and self._mark(path, content) not in self._ours

    def put(self, files: Mapping[str, Content]) -> None:
        """
        Write files, by their paths, unless they are there already.

        Raises:
            UsageError: somebody else has put something there; nothing was written.
        """
        changed: list[str] = []
        foreign: list[str] = []
        for path, content in files.items():
            new, there = made(content), _read(self._path / path)
            self._put[path] = self._mark(path, new)
            if there != new:
                (changed if self._is_free(path, there) else foreign).append(path)
        if foreign:
            more = f", and so are {len(foreign) - 1} more" if len(foreign) > 1 else ""
            msg = f"{self._path / foreign[0]} is in the way{more}: somebody else wrote it"
            raise UsageError(msg, hint="Move it, or write the archive into another folder: digest site --output DIR")
        if changed:  # a run that is killed leaves no file that the next one would take for somebody else's
            self._list({*self._ours, *self._put.values()})
        for path in changed:
            write_whole(self._path / path, made(files[path]))
        self.written = len(changed)

    def finish(self) -> list[str]:
        """Remove what an earlier run wrote and this one did not, and return the paths of it."""
        stale = [path for path in self._files() if self._is_stale(path)]
        for path in stale:
            (self._path / path).unlink()
            self._remove_empty(path)
        self._list(self._put.values())
        return stale

    def _list(self, marks: Iterable[str]) -> None:
        text = _HEAD + "".join(f"{mark}\n" for mark in sorted(marks))
        if _read(self._path / LIST) != text.encode():
            write_whole(self._path / LIST, text.encode())

    def _is_free(self, path: str, there: bytes | None) -> bool:
        return not self._is_blocked(path) and (there is None or self._mark(path, there) in self._ours)

    def _is_blocked(self, path: str) -> bool:
        """Say whether a folder lies at the place of a file, a file at that of a folder, or a link leads elsewhere."""
        file = self._path / path
        above = file.parents[: path.count("/")]
        return file.is_dir() or any(folder.is_file() for folder in above) or file.resolve() != file

    def _is_stale(self, path: str) -> bool:
        return path not in self._put and self._mark(path, (self._path / path).read_bytes()) in self._ours

    def _files(self) -> Iterator[str]:
        """Walk the folder, past all that is hidden: there, nothing is ours."""
        for folder, folders, names in os.walk(self._path if self._ours else ""):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                yield (Path(folder) / name).relative_to(self._path).as_posix()

    def _remove_empty(self, path: str) -> None:
        for above in (self._path / path).parents:
            if above == self._path or any(above.iterdir()):
                return
            above.rmdir()

    @staticmethod
    def _mark(path: str, content: bytes) -> str:
        return sha256(path.encode() + b"\0" + content).hexdigest()[:32]


def made(content: Content) -> bytes:
    """Return what is in a file."""
    return content if isinstance(content, bytes) else content()


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
