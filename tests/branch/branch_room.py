"""A bare repository as the remote, clones of it as machines, and the ledger on a branch of it."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from mailing_room import NOW, put

from digest.branch import Terms, open_branch_store
from digest.branch.repository import Repository
from digest.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from digest.branch import BranchStore
    from digest.config import Settings

BRANCH = "digest-ledger"
URL = f"git:origin/{BRANCH}"
KEY = "a key of the newsletter and long enough"
SITE = "https://plateau.example.org"
READERS = ("ann", "bob", "cyd", "dan", "eve")

_SETTINGS = """
[newsletter]
name = "Plateau"
from = "editor@example.org"
url = "https://plateau.example.org"
postal_address = "1 Example Street"

[fields]
city = ""

[provider]
name = "outbox"
"""


def git(folder: Path, *arguments: str | Path) -> str:
    """Run git in a folder, as a user would, and return what it prints."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode(errors="replace").strip()


@dataclass(kw_only=True)
class Clock:
    """A clock that stands until it is moved on; it is both kinds of clock."""

    passed: timedelta = field(default_factory=timedelta)

    def move(self, **passed: float) -> None:
        """Let so much time pass."""
        self.passed += timedelta(**passed)

    def _seconds(self) -> float:
        return self.passed.total_seconds()

    def terms(self, *, take_over: bool = False, waits: tuple[float, ...] = ()) -> Terms:
        """Return terms by this clock."""
        return Terms(
            take_over=take_over,
            waits=waits,
            now=lambda: NOW + self.passed,
            monotonic=self._seconds,
        )


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A machine: a clone of the newsletter's repository."""

    folder: Path
    clock: Clock

    @property
    def repository(self) -> Repository:
        """Return the ledger's branch as it is seen from here."""
        return Repository.find(self.folder, URL)

    def settings(self, *, window: int = 2, secret: str = KEY, url: str = URL, site: str = SITE) -> Settings:
        """Return the newsletter's settings."""
        (self.folder / "digest.toml").write_text(
            f'{_SETTINGS.replace(SITE, site)}\n[ledger]\nurl = "{url}"\nwindow = "{window} batches"\n', encoding="utf-8"
        )
        return load_settings(self.folder, {"DIGEST_SECRET": secret})

    @contextmanager
    def store(
        self,
        *,
        readers: Sequence[str] = READERS,
        window: int = 2,
        secret: str = KEY,
        url: str = URL,
        site: str = SITE,
        take_over: bool = False,
        waits: tuple[float, ...] = (),
    ) -> Iterator[BranchStore]:
        """Open the ledger, with these readers."""
        terms = self.clock.terms(take_over=take_over, waits=waits)
        with open_branch_store(self.settings(window=window, secret=secret, url=url, site=site), terms) as store:
            put(store, *readers)
            yield store


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A bare repository."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    def machine(self, name: str) -> Clone:
        """Return a clone that is there, ``one`` or ``two``."""
        return Clone(folder=self.folder.with_name(name), clock=self.clock)

    def clone(self, name: str, *options: str) -> Clone:
        """Return a new machine."""
        folder = self.folder.with_name(name)
        git(self.folder.parent, "clone", "--quiet", "--template=", *options, f"file://{self.folder}", folder)
        return Clone(folder=folder, clock=self.clock)

    def tip(self) -> str:
        """Return the commit that the ledger's branch ends with; blank when there is no such branch."""
        return git(self.folder, "for-each-ref", "--format=%(objectname)", f"refs/heads/{BRANCH}")

    def pushes(self) -> int:
        """Return how many commits the ledger's branch has."""
        return int(git(self.folder, "rev-list", "--count", BRANCH)) if self.tip() else 0

    def files(self) -> Mapping[str, str]:
        """Return the files on the ledger's branch by path."""
        paths = git(self.folder, "ls-tree", "-r", "--name-only", BRANCH).splitlines()
        return {path: git(self.folder, "show", f"{BRANCH}:{path}") for path in paths}

    def hook(self, name: str, script: str) -> Path:
        """Have a script run at each push."""
        path = self.folder / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let nobody reach it."""
        elsewhere = self.folder.with_name("elsewhere")
        self.folder.rename(elsewhere)
        try:
            yield
        finally:
            elsewhere.rename(self.folder)


@pytest.fixture(scope="session")
def untouched_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a bare repository of a newsletter and two clones, for copying only."""
    folder = tmp_path_factory.mktemp("untouched") / "room"
    remote, one = folder / "remote.git", folder / "one"
    git(folder.parent, "init", "--quiet", "--template=", "--bare", "--initial-branch=main", remote)
    git(folder.parent, "init", "--quiet", "--template=", "--initial-branch=main", one)
    for number in range(2):
        (one / f"{number}.md").write_text("A letter.\n", encoding="utf-8")
        git(one, "add", ".")
        git(one, "-c", "user.name=Ed", "-c", "user.email=ed@example.org", "commit", "--quiet", "--message=A letter")
    git(one, "remote", "add", "origin", "../remote.git")
    git(one, "push", "--quiet", "origin", "main")
    shutil.copytree(one, folder / "two")
    return folder


@pytest.fixture
def remote(untouched_room: Path, tmp_path: Path) -> Remote:
    """Return a remote of one's own."""
    room = shutil.copytree(untouched_room, tmp_path / "room", symlinks=True)
    return Remote(folder=room / "remote.git")


@pytest.fixture
def one(remote: Remote) -> Clone:
    """Return a machine."""
    return remote.machine("one")


@pytest.fixture
def two(remote: Remote) -> Clone:
    """Return another machine."""
    return remote.machine("two")
