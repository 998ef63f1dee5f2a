"""A PostgreSQL server for tests: in a temporary folder, for this run alone, with an empty database for each test."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER = "owner"
"""The server's user who may do everything."""

_PROGRAMS = ("initdb", "pg_ctl", "postgres")
_UNPRIVILEGED = ("postgres", "nobody")
_ACCESS = "local all locked_out scram-sha-256\nlocal all all trust\n"
"""Everyone is let in without a password, but for one user, for whom tests have a wrong one."""

# A tenth of the time that a new database takes. Whatever a test has left connected goes first, and with it its locks.
_EMPTY = (
    """
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
    """,
    "drop schema public cascade",
    "create schema public",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server; it listens on a socket in its folder alone."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str, *, user: str = OWNER, **parameters: str) -> str:
        """Return the address of a database."""
        more = "".join(f"&{name}={quote(value)}" for name, value in parameters.items())
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder))}{more}"

    def ask(self, *sentences: str, database: str = "postgres") -> list[Any]:
        """Say something to the server as its owner; return the rows of its last answer, if it has any."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for sentence in sentences:
                cursor = connection.execute(sentence.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, options: str = "") -> str:
        """Make an empty database, and return its name."""
        name = f"test_{next(self.numbers)}"
        self.ask(f"create database {name} {options}")
        return name


@contextmanager
def serve() -> Iterator[Server]:
    """
    Run a server for as long as the block runs; like one in service, it waits for the disk at each commit.

    Its folder's path is short, since the path of a socket has room for some hundred characters.
    """
    programs, owner = find_programs(), _owner()
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        if owner:
            shutil.chown(folder, owner)
        data = folder / "data"
        folder.chmod(0o755)
        _run(
            owner,
            folder,
            programs / "initdb",
            f"--pgdata={data}",
            f"--username={OWNER}",
            "--encoding=UTF8",
            "--no-sync",
        )
        (data / "pg_hba.conf").write_text(_ACCESS, encoding="ascii")
        options = f"-h '' -k {folder} -c shared_buffers=16MB -c max_connections=40 -c lc_messages=C"
        _run(owner, folder, programs / "pg_ctl", "start", "--wait", f"--pgdata={data}", f"--options={options}")
        try:
            yield Server(folder=folder)
        finally:
            _run(owner, folder, programs / "pg_ctl", "stop", "--mode=immediate", f"--pgdata={data}")
    finally:
        shutil.rmtree(folder)


def find_programs() -> Path:
    """Return the folder of the server's programs; without one a test is skipped, or fails where none may be."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    for folder in [*reversed(versions), *([Path(on_path).resolve().parent] if on_path else [])]:
        if all((folder / program).exists() for program in _PROGRAMS):
            return folder
    reason = "no PostgreSQL server is installed; on Debian: apt-get install postgresql"
    if os.environ.get("DIGEST_TEST_REQUIRE_POSTGRES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _owner() -> str | None:
    """Return whom the server runs as, where that is not us: it refuses to be root's."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in known)


def _run(owner: str | None, folder: Path, *command: str | Path) -> None:
    # Into a file: the server inherits what is written to, and a pipe would stay open for as long as it runs.
    log = folder / "log"
    with log.open("a", encoding="utf-8") as output:
        done = subprocess.run(
            command,
            user=owner,
            group=pwd.getpwnam(owner).pw_gid if owner else None,
            extra_groups=[] if owner else None,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode:
        pytest.fail(f"{Path(command[0]).name} failed:\n{log.read_text('utf-8')}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """Run one server for all tests of this process; they are skipped where none is installed."""
    with serve() as server:
        server.ask("create database letters")
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    """Return the address of an empty database, which is the same one for each test, emptied."""
    postgres_server.ask(*_EMPTY, database="letters")
    return postgres_server.url("letters")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty store: a file of SQLite, then a database of PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/digest.db"
    address: str = request.getfixturevalue("postgres_url")
    return address
