"""Others are at work on the same list while an issue is sent: it goes on, and everyone still gets it at most once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from long_send import BATCH, EVERYONE_SENT, READERS, SLUG, LongSend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Counted, Program, Run


@pytest.fixture
def sending(run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path]) -> LongSend:
    """Return an issue that takes a while to send."""
    return LongSend.prepare(run=run, program=program, counted=counted, write_readers=write_readers)


def test_two_begin_at_the_same_moment(sending: LongSend) -> None:
    """One freezes the issue; the other works with it or says that it was begun; both end well."""
    with sending.program.start("send", SLUG, "--yes") as one, sending.program.start("send", SLUG, "--yes") as other:
        errors = [process.communicate()[1] for process in (one, other)]
    assert {one.returncode, other.returncode} <= {0, 6}
    assert 0 in {one.returncode, other.returncode}
    assert not any("Traceback" in error for error in errors)
    assert sending.go_on().exit_code == 0
    assert sending.standing() == EVERYONE_SENT


def test_stopped_process_keeps_what_it_claimed(sending: LongSend) -> None:
    """One that sleeps still lives: others leave its batch alone, and when it wakes it goes on with it."""
    with sending.begin() as sleeper:
        sleeper.send_signal(signal.SIGSTOP)
        other = sending.program.run("send", SLUG, "--yes")
        assert other.returncode == 6
        assert f"sent {READERS - BATCH} · queued {BATCH}" in other.stdout
        assert "in the hands of another digest" in other.stderr
        sleeper.send_signal(signal.SIGCONT)
        sleeper.communicate()
    assert sleeper.returncode == 0
    assert sending.standing() == EVERYONE_SENT


def test_lock_files_are_swept_away(sending: LongSend) -> None:
    """Who removes them makes a living process look dead: its readers may be in doubt, and nobody gets it twice."""
    with sending.begin() as process:
        for lock in (sending.program.folder / ".digest").glob("*.lock"):
            lock.unlink()
        other = sending.program.run("send", SLUG, "--yes")
        _, error = process.communicate()
    assert {process.returncode, other.returncode} <= {0, 6}
    assert "Traceback" not in error + other.stderr
    assert sending.go_on().exit_code in {0, 6}
    assert sending.standing()["sent"] >= READERS - BATCH


def test_pause(sending: LongSend) -> None:
    """The program that sends finishes its request and says that somebody has paused it; the rest waits."""
    with sending.begin() as process:
        assert sending.run("pause", SLUG).exit_code == 0
        _, error = process.communicate()
    assert process.returncode == 6
    assert f"somebody has paused {SLUG}" in error
    sent = sending.counted.accepted().total()
    assert sent < READERS
    assert f"sent {sent} · queued {READERS - sent}" in sending.run("status", SLUG).stdout
    assert sending.go_on().exit_code == 0
    assert sending.standing() == EVERYONE_SENT


def test_cancel(sending: LongSend) -> None:
    """What is in flight is finished and settled; nobody is left queued, and the program that sends ends well."""
    with sending.begin() as process:
        assert sending.run("cancel", SLUG, "--yes").exit_code == 0
        process.communicate()
    assert process.returncode == 0
    assert sending.go_on().exit_code == 0
    sent = sending.counted.accepted().total()
    assert sent < READERS
    assert sending.standing() == {"sent": sent, "skipped": READERS - sent}


def test_amendment(sending: LongSend) -> None:
    """Another program amends what the first one is sending; they share the rest, and everyone gets one of the two."""
    issue = sending.program.folder / "issues" / f"{SLUG}.md"
    with sending.begin() as process:
        issue.write_text("---\nsubject: A correction\n---\nOther words.\n", encoding="utf-8")
        amending = sending.run("send", SLUG, "--yes", "--amend")
        assert "It was amended" in amending.stdout
        process.communicate()
    assert {process.returncode, amending.exit_code} <= {0, 6}
    assert sending.go_on().exit_code == 0
    assert sending.standing() == EVERYONE_SENT


def test_import_and_leave(sending: LongSend) -> None:
    """Who joins now is not in it, and who leaves now is skipped, if their request has not left."""
    newcomers = "".join(f"late{number}@example.org\n" for number in range(500)).encode()
    with sending.begin() as process:
        last = f"reader{READERS - 3}@example.org"
        assert sending.run("subscribers", "remove", last).exit_code == 0
        assert sending.run("subscribers", "import", "-", stdin=b"email\n" + newcomers).exit_code == 0
        process.communicate()
    assert process.returncode == 0
    assert sending.standing() == {"sent": READERS - 1, "skipped": 1}
    assert last not in sending.counted.accepted()


def test_resolve_and_retry(sending: LongSend) -> None:
    """What is in flight is neither in doubt nor refused: deciding about those does not touch it."""
    with sending.begin() as process:
        assert "0 readers settled" in sending.run("resolve", SLUG, "--resend").stdout
        assert "0 readers queued again" in sending.run("retry", SLUG).stdout
        process.communicate()
    assert process.returncode == 0
    assert sending.standing() == EVERYONE_SENT
