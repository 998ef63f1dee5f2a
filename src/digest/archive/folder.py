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
    from collections.abc import Iterator, Mapping

LIST = ".digest-site"
_HEAD = "What `digest site` wrote here: a digest of the path and the content of each file.\n"


class Folder:
    """A folder, as an earlier run of ours left it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._ours = {*(path / LIST).read_text("utf-8").splitlines()}
        except FileNotFoundError:
            self._ours = set()
        self._put: dict[str, str] = {}
        self.written = 0
        """How many files had to be written."""

    def has(self, path: str) -> bool:
        """Say whether a file lies there that is none of ours, or that was put there in this run."""
        file = self._path / path
        return path in self._put or (file.is_file() and self._mark(path, file.read_bytes()) not in self._ours)

    def refuse_foreign(self, files: Mapping[str, bytes]) -> None:
        """
        See to it that no file is in the way of these.

        Raises:
            UsageError: somebody else has put one there.
        """
        foreign = [path for path, content in files.items() if not self._is_free(path, content)]
        if foreign:
            more = f", and so are {len(foreign) - 1} more" if len(foreign) > 1 else ""
            msg = f"{self._path / foreign[0]} is in the way{more}: somebody else wrote it"
            raise UsageError(msg, hint="Move it, or write the archive into another folder: digest site --output DIR")

    def put(self, files: Mapping[str, bytes]) -> None:
        """
        Write files, by their paths, unless they are there already.

        Raises:
            UsageError: somebody else has put one there.
        """
        self.refuse_foreign(files)
        for path, content in files.items():
            if path in self._put:
                continue
            self._put[path] = self._mark(path, content)
            if _read(self._path / path) != content:
                write_whole(self._path / path, content)
                self.written += 1

    def finish(self) -> list[str]:
        """Remove what an earlier run wrote and this one did not, and return the paths of it."""
        stale = [path for path in self._files() if self._is_stale(path)]
        for path in stale:
            (self._path / path).unlink()
            self._remove_empty(path)
        text = _HEAD + "".join(f"{mark}\n" for mark in sorted(self._put.values()))
        if _read(self._path / LIST) != text.encode():
            write_whole(self._path / LIST, text.encode())
        return stale

    def _is_free(self, path: str, content: bytes) -> bool:
        there = _read(self._path / path)
        return there is None or there == content or self._mark(path, there) in self._ours

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


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
