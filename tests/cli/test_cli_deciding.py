"""What a person decides about an issue that was begun: pause, cancel, retry, resolve; and how it is watched."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Counted, Program, Run

SLUG = "2026-11-24-hello"

pytestmark = pytest.mark.usefixtures("any_store")


def counts(run: Run) -> dict[str, int]:
    """Return how the issue stands, in those numbers that are not 0."""
    facts = json.loads(run("status", SLUG, "--json").stdout)
    return {name: count for name, count in facts.items() if isinstance(count, int) and count}


@pytest.fixture
def half_sent(run: Run, counted: Counted) -> Counted:
    """Return the provider of an issue of which one reader has got it, and one has not."""
    counted.configure(messages=1, answer="sent then queued")
    assert run("send", SLUG, "--yes").exit_code == 6
    counted.configure(messages=1)
    return counted


def test_paused_issue(run: Run, half_sent: Counted) -> None:
    """Nothing more leaves until it is sent by its name; a job that sends whatever is waiting passes it over."""
    paused = run("pause", SLUG)
    assert paused.exit_code == 0
    assert f"{SLUG}: 1 reader held back." in paused.stdout
    assert "Nothing to send" in run("send", "--yes").stdout
    assert counts(run) == {"sent": 1, "queued": 1}
    assert run("status", SLUG).stdout.endswith(", paused\n")
    sent = run("send", SLUG, "--yes")
    assert "and paused" in sent.stdout
    assert counts(run) == {"sent": 2}
    assert set(half_sent.accepted().values()) == {1}


def test_cancelled_issue(run: Run, half_sent: Counted) -> None:
    """Whoever has not got it never will, not even by its name, and nothing about it can be decided any more."""
    cancelled = run("cancel", SLUG, "--yes")
    assert f"{SLUG}: 1 reader skipped." in cancelled.stdout
    assert counts(run) == {"sent": 1, "skipped": 1}
    assert run("send", SLUG, "--yes").exit_code == 0
    for command in ("pause", "retry"):
        assert "was cancelled" in run(command, SLUG).stderr
    assert run("send", SLUG, "--yes", "--to-new").exit_code == 2
    assert half_sent.accepted().total() == 1
    reasons = [row["reason"] for row in json.loads(run("status", SLUG, "--recipients", "--json").stdout)["recipients"]]
    assert reasons == ["", "cancelled"]


def test_cancel_asks_first(run: Run, half_sent: Counted) -> None:
    """Without an answer nothing is changed."""
    assert run("cancel", SLUG).exit_code == 130
    assert counts(run) == {"sent": 1, "queued": 1}
    assert run("send", SLUG, "--yes").exit_code == 0
    assert half_sent.accepted().total() == 2


def test_refused_readers_are_tried_again(run: Run, counted: Counted) -> None:
    """Once the reason is mended, those whom the provider refused are queued, and nobody else is written to."""
    counted.configure(answer="one refused")
    run("send", SLUG, "--yes")
    assert counts(run) == {"sent": 1, "refused": 1}
    counted.configure()
    assert f"{SLUG}: 1 reader queued again." in run("retry", SLUG).stdout
    assert run("send", SLUG, "--yes").exit_code == 0
    assert counts(run) == {"sent": 2}
    assert f"{SLUG}: 0 readers queued again." in run("retry", SLUG).stdout


@pytest.mark.parametrize(
    ("option", "after", "times"), [("--sent", {"sent": 2}, 1), ("--resend", {"queued": 2}, 2)], ids=["sent", "resend"]
)
def test_readers_in_doubt_are_settled(
    run: Run, counted: Counted, option: str, after: dict[str, int], times: int
) -> None:
    """A person takes it upon themselves to say that they got it, or that they are to get it, be it twice."""
    counted.configure(answer="lost", idempotent=False)
    run("send", SLUG, "--yes")
    assert counts(run) == {"in_doubt": 2}
    counted.configure(idempotent=False)
    assert f"{SLUG}: 2 readers settled." in run("resolve", SLUG, option).stdout
    assert counts(run) == after
    run("send", SLUG, "--yes")
    assert counts(run) == {"sent": 2}
    assert set(counted.accepted().values()) == {times}


def test_readers_in_doubt_of_a_cancelled_issue(run: Run, counted: Counted) -> None:
    """What they got can be said afterwards, and nobody is written to again."""
    counted.configure(messages=1, answer="lost", idempotent=False)
    run("send", SLUG, "--yes")
    run("cancel", SLUG, "--yes")
    assert counts(run) == {"in_doubt": 1, "skipped": 1}
    run("resolve", SLUG, "--resend")
    assert counts(run) == {"skipped": 2}
    assert run("send", SLUG, "--yes").exit_code == 0
    assert counted.accepted().total() == 1


def test_provider_that_cannot_be_asked(run: Run, counted: Counted) -> None:
    """Without a log, the ways out are named, and nothing is changed."""
    counted.configure(answer="lost", idempotent=False)
    run("send", SLUG, "--yes")
    result = run("resolve", SLUG)
    assert result.exit_code == 5
    assert "--resend" in result.stderr
    assert counts(run) == {"in_doubt": 2}
    facts = json.loads(run("status", SLUG, "--recipients", "--json").stdout)
    assert {row["reason"] for row in facts["recipients"]} == {"the connection was lost"}


@pytest.mark.parametrize("command", ["pause", "retry", "resolve"])
def test_issue_that_nobody_has_begun(run: Run, command: str) -> None:
    """There is nothing to decide about it."""
    result = run(command, SLUG)
    assert result.exit_code == 2
    assert "nobody has begun to send" in result.stderr


def test_recipients_as_csv(run: Run, counted: Counted) -> None:
    """A row for each reader, which a spreadsheet takes for text."""
    run("subscribers", "add", "+plus@example.org")
    counted.configure(answer="one refused")
    run("send", SLUG, "--yes")
    rows = [*csv.DictReader(run("status", SLUG, "--csv").stdout.splitlines())]
    assert [row["email"] for row in rows] == ["ada@example.org", "noor@example.org", "'+plus@example.org"]
    assert [row["state"] for row in rows] == ["refused", "sent", "sent"]


def test_watching(run: Run, program: Program, half_sent: Counted) -> None:
    """It shows each change until nobody is queued, and then ends."""
    del half_sent
    with program.start("status", SLUG, "--watch") as watching:
        assert watching.stdout
        assert watching.stdout.readline().startswith("sent 1 · queued 1")
        run("send", SLUG, "--yes")
        assert watching.stdout.readline().startswith("sent 2")
        watching.communicate()
    assert watching.returncode == 0


def test_issue_that_is_sent_is_not_watched_for_ever(run: Run, letter: Path) -> None:
    """Where nothing is under way, it says how things stand and ends."""
    del letter
    run("send", SLUG, "--yes")
    assert run("status", SLUG, "--watch").exit_code == 0
