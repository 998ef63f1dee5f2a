"""The machine fails a send in its middle: disk, database, server, clock. A sentence each, and nothing is lost."""

from __future__ import annotations

import os
import re
import resource
import shlex
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import PROGRAM
from long_send import BATCH, EVERYONE_SENT, ONE_BATCH_IN_DOUBT, READERS, SLUG, LongSend
from postgresql import find_programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conftest import Counted, Program, Run
    from postgresql import Server

DATABASE = Path(".digest", "digest.db")
COMMANDS = [("send", SLUG, "--yes"), ("subscribers", "import", "further.csv")]

FURTHER = 500

both_commands = pytest.mark.parametrize("command", COMMANDS, ids=["send", "import"])


@pytest.fixture
def sending(run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path]) -> LongSend:
    """Return an issue that takes a while to send, beside a file of further readers."""
    newcomers = "".join(f"further{number}@example.org\n" for number in range(FURTHER))
    Path("further.csv").write_text(f"email\n{newcomers}", encoding="utf-8")
    return LongSend.prepare(run=run, program=program, counted=counted, write_readers=write_readers)


def in_short(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code of a program that has met trouble, and its sentence, which is no traceback."""
    _, error = process.communicate()
    assert "Traceback" not in error
    assert "@example.org" not in error
    return process.returncode, error


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system cannot limit a process that runs")
@pytest.mark.parametrize("idempotent", [True, False], ids=["keys", "no keys"])
def test_disk_that_fills_up(sending: LongSend, *, idempotent: bool) -> None:
    """When nothing more can be written down, nothing more leaves; with room again, it goes on from there."""
    sending.configure(idempotent=idempotent)
    with sending.begin() as process:
        full = DATABASE.with_name("digest.db-wal").stat().st_size
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        code, error = in_short(process)
    assert code != 0
    assert "could not be read or written" in error
    sent = sending.counted.accepted().total()
    assert sent < READERS
    sending.configure(seconds=0, idempotent=idempotent)
    sending.run("send", SLUG, "--yes")
    assert sending.standing() == (EVERYONE_SENT if idempotent else ONE_BATCH_IN_DOUBT)


SMALL_DISK = """
set -e
mount -t tmpfs -o size=4m none .digest
"$0" subscribers import more.csv
dd if=/dev/zero of=.digest/filler bs=4k 2>/dev/null || true
set +e
"$0" send {slug} --yes; echo "sent: $?"
"$0" subscribers import further.csv; echo "imported: $?"
rm .digest/filler
"$0" subscribers import further.csv; echo "imported: $?"
"$0" send {slug} --yes; echo "sent: $?"
"""


@pytest.mark.skipif(not shutil.which("unshare"), reason="a small disk of our own takes unshare")
def test_disk_that_is_full(sending: LongSend) -> None:
    """Nothing is begun and nobody is put on the list; with room again, the same commands do all of it."""
    sending.configure(seconds=0)
    boxed = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*boxed, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody have a disk of their own")
    script = SMALL_DISK.format(slug=SLUG)
    done = subprocess.run([*boxed, "sh", "-c", script, PROGRAM], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert len(re.findall("has no room to grow|could not be read or written", done.stderr)) == 2
    codes = [line for line in done.stdout.splitlines() if line.startswith(("sent:", "imported:"))]
    assert codes == ["sent: 3", "imported: 3", "imported: 0", "sent: 0"]
    assert f"added {FURTHER} " in done.stdout
    accepted = sending.counted.accepted()
    assert (accepted.total(), set(accepted.values())) == (READERS - 2 + FURTHER, {1})


def damaged(path: Path) -> None:
    """Make a file what a broken disk makes of it."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"U" * size)


def of_a_newer_digest(path: Path) -> None:
    """Let a program of the future have been here."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("insert into migrations (number, name) values (9999, 'from the future')")


@both_commands
@pytest.mark.parametrize(
    ("happen", "sentence"), [(damaged, "is no SQLite database"), (of_a_newer_digest, "newer digest")]
)
def test_database_that_cannot_be_used(
    sending: LongSend, happen: Callable[[Path], None], sentence: str, command: Sequence[str]
) -> None:
    """It is a fault of the settings, nobody is written to, and the file stays as it is."""
    happen(DATABASE)
    before = DATABASE.read_bytes()
    result = sending.run(*command)
    assert (result.exit_code, result.stdout) == (3, "")
    assert sentence in result.stderr
    assert DATABASE.read_bytes() == before
    assert not sending.counted.accepted()


def test_database_that_is_damaged_meanwhile(sending: LongSend) -> None:
    """The send ends with a sentence, and from then on nothing leaves until the database is brought back."""
    with sending.begin() as process:
        damaged(DATABASE)
        code, error = in_short(process)
    assert code == 3
    assert "is damaged" in error
    accepted = sending.counted.accepted()
    assert sending.go_on().exit_code == 3
    assert sending.counted.accepted() == accepted
    assert set(accepted.values()) == {1}


def test_database_that_is_removed_meanwhile(sending: LongSend) -> None:
    """Who deletes it has no list any more: what was begun is finished, and the next run has nobody to write to."""
    with sending.begin() as process:
        for file in DATABASE.parent.glob("digest.db*"):
            file.unlink()
        assert in_short(process)[0] == 0
    again = sending.go_on()
    assert again.exit_code == 2
    assert "nobody to write to" in again.stderr
    accepted = sending.counted.accepted()
    assert (accepted.total(), set(accepted.values())) == (READERS, {1})


def bound() -> Sequence[str]:
    """Return what binds a program to the rights of files, even where we are root."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root may write to everything, and there is no setpriv here")
    return ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]


@pytest.fixture(params=[DATABASE, DATABASE.parent], ids=["file", "folder"])
def sealed(request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """Return what makes the database, or its folder, one that may only be read; afterwards that is undone."""
    path: Path = request.param
    yield lambda: path.chmod(0o500 if path.is_dir() else 0o400)
    path.chmod(0o700)


@both_commands
def test_database_that_may_only_be_read(sending: LongSend, sealed: Callable[[], None], command: Sequence[str]) -> None:
    """The sentence says what is missing, and nobody is written to."""
    sealed()
    done = subprocess.run([*bound(), PROGRAM, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "may not be written to" in done.stderr
    assert not sending.counted.accepted()


def test_database_that_may_only_be_read_from_now_on(sending: LongSend, sealed: Callable[[], None]) -> None:
    """A send that has it open is finished."""
    command = [*bound(), str(PROGRAM), "send", SLUG, "--yes"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        sending.reach(BATCH, process)
        sealed()
        assert in_short(process) == (0, "")
    assert sending.standing() == EVERYONE_SENT


def test_database_that_another_program_writes_to(sending: LongSend) -> None:
    """While it is locked, the send waits with what was answered in its hands; then it goes on, and knows all."""
    with sending.begin() as process, closing(sqlite3.connect(DATABASE, isolation_level=None)) as other:
        other.execute("begin immediate")
        time.sleep(1)
        waiting = sending.counted.accepted().total()
        assert process.poll() is None
        other.execute("commit")
        assert in_short(process) == (0, "")
    assert waiting < READERS
    assert sending.standing() == EVERYONE_SENT


CLOCK = """
import datetime, os, time

def shift():
    try:
        return float(open(os.environ["CLOCK"]).read())
    except (OSError, ValueError):
        return 0.0

class Wrong(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(seconds=shift())

right = time.time
time.time = lambda: right() + shift()
datetime.datetime = Wrong
"""
DAY, YEAR = 86_400, 31_536_000


@pytest.fixture
def put_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return what puts the clock of all programs on by so many seconds, those included that run."""
    folder, clock = tmp_path / "clock", tmp_path / "clock.txt"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(CLOCK, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ['PYTHONPATH']}")
    monkeypatch.setenv("CLOCK", str(clock))

    def put(seconds: int) -> None:
        scratch = clock.with_suffix(".new")
        scratch.write_text(str(seconds), encoding="utf-8")
        scratch.replace(clock)

    return put


@pytest.mark.parametrize("seconds", [-DAY, YEAR], ids=["a day back", "a year on"])
def test_clock_that_jumps_between_two_runs(sending: LongSend, put_clock: Callable[[int], None], seconds: int) -> None:
    """What the service may have forgotten by now is not repeated under its key, but in doubt; the others get it."""
    sending.configure(idempotent=True)
    with sending.begin() as process:
        process.kill()
    put_clock(seconds)
    sending.configure(seconds=0, idempotent=True)
    assert sending.program.run("send", SLUG, "--yes").returncode == 6
    assert sending.standing() == ONE_BATCH_IN_DOUBT


@pytest.mark.parametrize("seconds", [-DAY, YEAR], ids=["a day back", "a year on"])
def test_clock_that_jumps_before_a_request_is_repeated(
    sending: LongSend, put_clock: Callable[[int], None], seconds: int
) -> None:
    """What was to be repeated is in doubt once its key is too old, and the others go on without waiting."""
    sending.configure(idempotent=True, answer="lost then sent")
    with sending.program.start("send", SLUG, "--yes") as process:
        assert process.stderr
        assert "it is tried again" in process.stderr.readline()
        put_clock(seconds)
        code, _ = in_short(process)
    assert code == 6
    assert sending.standing() == ONE_BATCH_IN_DOUBT


def control(server: Server, action: str) -> None:
    """Start or stop a server, whose owner is that of its folder; it is stopped as a power failure would."""
    data = server.folder / "data"
    before = shlex.split((data / "postmaster.opts").read_text("utf-8"))
    again = [f"--log={data / 'log'}", f"--options={shlex.join(before[before.index(str(data)) + 1 :])}"]
    options = ["--mode=immediate"] if action == "stop" else again
    owner = data.stat() if os.geteuid() == 0 else None  # whoever is not root has started it as themselves
    subprocess.run(
        [find_programs() / "pg_ctl", action, "--wait", f"--pgdata={data}", *options],
        user=owner.st_uid if owner else None,
        group=owner.st_gid if owner else None,
        extra_groups=[] if owner else None,
        cwd=server.folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )


@pytest.mark.parametrize("idempotent", [True, False], ids=["keys", "no keys"])
def test_server_that_goes_away(
    sending: LongSend,
    monkeypatch: pytest.MonkeyPatch,
    postgres_server: Server,
    postgres_url: str,
    *,
    idempotent: bool,
) -> None:
    """The send ends with a sentence, and so does whatever is run meanwhile; with the server back, it goes on."""
    monkeypatch.setenv("DIGEST_STORE_URL", postgres_url)
    sending.configure(idempotent=idempotent)
    for file in ("subscribers.csv", "more.csv"):
        sending.run("subscribers", "import", file)
    with sending.begin() as process:
        control(postgres_server, "stop")
        try:
            code, error = in_short(process)
            meanwhile = sending.run("send", SLUG, "--yes")
        finally:
            control(postgres_server, "start")
    assert code == 6
    assert "Run it again when its server answers; it goes on from there." in error
    assert meanwhile.exit_code == 3
    assert "no server answers there" in meanwhile.stderr
    sending.configure(seconds=0, idempotent=idempotent)
    sending.run("send", SLUG, "--yes")
    assert sending.standing() == (EVERYONE_SENT if idempotent else ONE_BATCH_IN_DOUBT)
