"""
Who is at a mailing, and until when: written on the branch, so that the next one can wait, and knows for whom.

A lease saves doubts and does not make anything safe: only one push gets through, whoever believes what.
"""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from digest.errors import IncompleteError
from digest.store.database import from_json, to_json, to_stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TERM = timedelta(minutes=15)
"""How long a lease lasts from each push."""
MARGIN = timedelta(minutes=5)
"""How long before its end its holder posts nothing more: a request takes two minutes, and clocks differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to send a mailing."""

    holder: str
    """The process, by a name that nobody else has."""
    name: str
    """The process, as people know it."""
    since: datetime
    until: datetime

    @classmethod
    def read(cls, content: bytes) -> Lease:
        """Read what `content` wrote."""
        facts = from_json(content)
        since, until = (datetime.fromisoformat(facts[name]) for name in ("since", "until"))
        return cls(holder=facts["holder"], name=facts["name"], since=since, until=until)

    @property
    def content(self) -> bytes:
        """The lease as a file."""
        facts = {
            "holder": self.holder,
            "name": self.name,
            "since": to_stamp(self.since),
            "until": to_stamp(self.until),
        }
        return f"{to_json(facts)}\n".encode()

    @property
    def words(self) -> str:
        """Who has it, and how long."""
        since, until = (f"{moment:%H:%M:%S}" for moment in (self.since, self.until))
        return f"{self.name}, since {since} and until {until} UTC at least"

    def refusal(self, slug: str) -> IncompleteError:
        """Return what to tell whoever else wants it."""
        msg = f"{slug} is in the hands of {self.words}"
        way = "digest send ISSUE --take-over"
        return IncompleteError(msg, hint=f"Let it finish. If it is dead, and you cannot wait: {way}")


def name_of_process(environ: Mapping[str, str]) -> str:
    """Return what people call this process: the run of a scheduled job, or a process of a machine."""
    if "GITHUB_RUN_ID" in environ:  # Forgejo and Gitea set the same
        server = environ.get("GITHUB_SERVER_URL", "https://github.com").partition("://")[2]
        run, attempt = environ["GITHUB_RUN_ID"], environ.get("GITHUB_RUN_ATTEMPT", "1")
        return f"run {run} (attempt {attempt}) of {server}/{environ.get('GITHUB_REPOSITORY', '')}"
    if "CI_JOB_URL" in environ:
        return f"the job {environ['CI_JOB_URL']}"
    return f"process {os.getpid()} on {socket.gethostname()}"


class Signs:
    """
    Signs of life of the processes of this very clone: locked files in its git folder.

    The system lets a lock go when its process dies, and the file stays: so a dead holder is known at once.
    """

    def __init__(self, git_folder: Path) -> None:
        self._folder = git_folder / "digest"
        self._dead: set[str] = set()

    @contextmanager
    def show(self, holder: str) -> Iterator[None]:
        """Show that a process lives, until it dies or comes to the end of this."""
        self._folder.mkdir(exist_ok=True)
        with FileLock(self._path(holder)):
            yield

    def is_dead(self, holder: str) -> bool:
        """Return whether a process of this clone is surely dead; of another one, nobody here knows."""
        path = self._path(holder)
        if holder not in self._dead and path.exists():
            with suppress(Timeout), FileLock(path, timeout=0):
                self._dead.add(holder)
        return holder in self._dead

    def forget(self, *holders: str) -> None:
        """Take the signs away of processes that hold nothing any more."""
        for holder in holders:
            self._path(holder).unlink(missing_ok=True)

    def _path(self, holder: str) -> Path:
        return self._folder / f"{holder}.lock"
