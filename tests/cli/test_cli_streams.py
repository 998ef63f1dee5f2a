"""Whatever becomes of the terminal, the streams and the shell around a send, it ends well and nobody gets it twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import PROGRAM
from long_send import BATCH, EVERYONE_SENT, ONE_BATCH_IN_DOUBT, READERS, SLUG, LongSend

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Counted, Program, Run

FULL = Path("/dev/full")

needs_full_device = pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")


@pytest.fixture
def sending(run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path]) -> LongSend:
    """Return an issue that takes a while to send."""
    return LongSend.prepare(run=run, program=program, counted=counted, write_readers=write_readers)


@needs_full_device
def test_standard_output_is_full(sending: LongSend) -> None:
    """A plan that cannot be shown is not carried out."""
    command = [str(PROGRAM), "send", SLUG, "--yes"]
    with FULL.open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("a file could not be written: ")
    assert not sending.counted.accepted()


@needs_full_device
def test_standard_error_is_full(sending: LongSend) -> None:
    """Troubles that cannot be told do not keep what was answered from being written down."""
    sending.counted.configure(messages=BATCH, idempotent=False, answer="sent then queued", stop_after=2)
    command = [str(PROGRAM), "send", SLUG, "--yes"]
    with FULL.open("w") as full:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, check=False)
    assert done.returncode != 0
    assert sending.go_on().exit_code == 0
    assert sending.standing() == EVERYONE_SENT


def test_reader_of_the_output_that_has_enough(sending: LongSend) -> None:
    """Behind a pipe that is closed, a send that has begun goes on to its end."""
    with sending.begin() as process:
        assert process.stdout
        process.stdout.close()
        process.wait()
    assert process.returncode == 1
    assert sending.standing() == EVERYONE_SENT


def test_interrupted_together_with_the_reader_of_its_output(sending: LongSend) -> None:
    """Ctrl-C ends a tee behind us as well; what is in flight is finished and written down all the same."""
    with sending.begin() as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stderr.close()
        process.send_signal(signal.SIGINT)
        process.wait()
    assert 0 < sending.counted.accepted().total() < READERS
    assert sending.go_on().exit_code == 0
    assert sending.standing() == EVERYONE_SENT


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_ended_by_the_shell(sending: LongSend, number: signal.Signals) -> None:
    """A terminal that is closed ends it at once, as a kill does: one batch is in doubt at most."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever started the tests has it ignored, as nohup does, and so does what they start")
    with sending.begin() as process:
        process.send_signal(number)
        process.communicate()
    assert process.returncode == -number
    sending.go_on()
    assert sending.standing() in (EVERYONE_SENT, ONE_BATCH_IN_DOUBT)


SURROUNDINGS = {
    "nothing set": 'exec env -i "$0" "$@"',
    "plain C": 'exec env -i LC_ALL=C TERM=dumb "$0" "$@"',
    "C and nothing but ASCII": 'exec env -i LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 "$0" "$@"',
    "narrow": 'COLUMNS=40 exec "$0" "$@"',
    "no home": 'unset HOME; exec "$0" "$@"',
    "home that is not there": 'HOME=/nowhere exec "$0" "$@"',
    "for ourselves": 'umask 077; exec "$0" "$@"',
    "for everyone": 'umask 000; exec "$0" "$@"',
    "no standard input": 'exec "$0" "$@" <&-',
    "no streams": 'exec "$0" "$@" <&- >&- 2>&-',
}


@pytest.mark.parametrize("script", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_surroundings(run: Run, letter: Path, script: str) -> None:
    """It needs no more of its surroundings than the folder that it works in; the list is for its owner alone."""
    issue = letter / "issues" / f"{SLUG}.md"
    issue.write_text("---\nsubject: Grüße – こんにちは 🎉\n---\nSome words.\n", encoding="utf-8")
    done = subprocess.run(
        ["sh", "-c", script, PROGRAM, "send", SLUG, "--yes"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "sent 2" in run("status", SLUG).stdout
    assert {file.stat().st_mode & 0o077 for file in (letter / ".digest").glob("digest.db*")} == {0}


def test_nobody_to_ask(letter: Path) -> None:
    """Without standard input there is nobody to confirm, which is said."""
    script = 'exec "$0" send <&-'
    done = subprocess.run(["sh", "-c", script, PROGRAM], cwd=letter, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nobody is here to confirm" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no folder that somebody works in")
@pytest.mark.parametrize("command", [("send", "--yes"), ("status",), ("init", "elsewhere")], ids=" ".join)
def test_working_folder_that_is_gone(letter: Path, command: tuple[str, ...]) -> None:
    """The sentence says so."""
    (letter / "gone").mkdir()
    script = 'cd gone && rmdir ../gone && exec "$0" "$@"'
    done = subprocess.run(
        ["sh", "-c", script, PROGRAM, *command], cwd=letter, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("the working folder is no longer there\n")
