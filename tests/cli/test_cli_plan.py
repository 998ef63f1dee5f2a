"""What a plan shows, what stops a send before anything leaves, and who is written to besides everyone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Counted, Run

SLUG = "2026-11-24-hello"

pytestmark = pytest.mark.usefixtures("any_store")
SECOND = "2026-12-01-snow"


@pytest.fixture
def second(letter: Path) -> Path:
    """Return a second issue, which is ready."""
    path = letter / "issues" / f"{SECOND}.md"
    path.write_text("---\nstatus: ready\n---\nSome words.\n", encoding="utf-8")
    return path


def plan_of(run: Run, *options: str) -> dict[str, object]:
    """Return the plan of the second issue."""
    facts: dict[str, object] = json.loads(run("send", SECOND, "--dry-run", "--json", *options).stdout)
    return facts


@pytest.mark.usefixtures("second")
def test_plan_compares_with_the_last_issue(run: Run) -> None:
    """It says how many more or fewer readers there are than last time; the first issue has nothing to compare with."""
    assert "than last time" not in run("send", SLUG, "--dry-run").stdout
    run("send", SLUG, "--yes")
    assert "2 readers, about as many as last time" in run("send", SECOND, "--dry-run").stdout
    run("subscribers", "add", "late@example.org")
    assert "3 readers, 50% more than last time" in run("send", SECOND, "--dry-run").stdout
    assert (plan_of(run)["last"], plan_of(run)["growth"]) == (2, 0.5)
    run("subscribers", "remove", "late@example.org")
    run("subscribers", "remove", "ada@example.org")
    assert "1 reader, 50% fewer than last time" in run("send", SECOND, "--dry-run").stdout


@pytest.mark.usefixtures("second")
def test_many_more_readers_than_last_time(run: Run, write_readers: Callable[[int], Path]) -> None:
    """It is taken for a wrong list, in a dry run too, until somebody vouches for the plan by its key."""
    run("send", SLUG, "--yes")
    run("subscribers", "import", str(write_readers(2)))
    stopped = run("send", SECOND, "--yes")
    assert (stopped.exit_code, stopped.stdout) == (4, "")
    assert "4 readers would get it, 100% more than the last issue's 2" in stopped.stderr
    key = stopped.stderr.rpartition("--plan ")[2].strip()
    sent = run("send", SECOND, "--yes", "--plan", key)
    assert (sent.exit_code, sent.stderr) == (0, "")
    assert "sent 4" in sent.stdout


@pytest.mark.usefixtures("second")
def test_far_fewer_readers_than_last_time(run: Run, write_readers: Callable[[int], Path]) -> None:
    """It is taken for a wrong list as well, until somebody vouches for the plan; a segment may be as small as it is."""
    run("subscribers", "import", str(write_readers(2)))
    run("send", SLUG, "--yes")
    assert run("send", SECOND, "--dry-run", "--segment", "email = ada@example.org").exit_code == 0
    for email in ("reader0@example.org", "reader1@example.org", "noor@example.org"):
        run("subscribers", "remove", email)
    stopped = run("send", SECOND, "--yes")
    assert (stopped.exit_code, stopped.stdout) == (4, "")
    assert "1 reader would get it, 75% fewer than the last issue's 4; [send] max_loss is 50" in stopped.stderr
    key = stopped.stderr.rpartition("--plan ")[2].strip()
    assert "sent 1" in run("send", SECOND, "--yes", "--plan", key).stdout


@pytest.mark.usefixtures("second")
def test_plan_of_a_key(run: Run) -> None:
    """A plan is carried out only while it is still that one."""
    key = str(plan_of(run)["plan"])
    run("subscribers", "add", "late@example.org")
    stopped = run("send", SECOND, "--yes", "--plan", key)
    assert stopped.exit_code == 2
    assert f"the plan is no longer {key}" in stopped.stderr
    again = ("send", SECOND, "--yes", "--plan", str(plan_of(run)["plan"]))
    assert run(*again).exit_code == 0
    assert run(*again).exit_code == 0  # as a job does that is run again


def test_same_number_of_other_readers_is_another_plan(run: Run) -> None:
    """Who exactly gets it is part of the key, and not only how many."""
    run("send", SLUG, "--dry-run")
    before = json.loads(run("send", SLUG, "--dry-run", "--json").stdout)
    run("subscribers", "remove", "ada@example.org")
    run("subscribers", "add", "late@example.org")
    after = json.loads(run("send", SLUG, "--dry-run", "--json").stdout)
    assert before["readers"] == after["readers"]
    assert before["plan"] != after["plan"]


def test_issue_that_is_late(run: Run, second: Path) -> None:
    """An issue whose time is long past waits for a person's word."""
    second.write_text("---\nstatus: ready\nsend_at: 2026-01-01 09:00\n---\nSome words.\n", encoding="utf-8")
    stopped = run("send", SECOND, "--yes")
    assert stopped.exit_code == 4
    assert "was meant for 2026-01-01 09:00 UTC, more than 12 hours ago" in stopped.stderr
    assert run("send", SECOND, "--yes", "--late").exit_code == 0


def test_issue_that_is_early(run: Run, second: Path) -> None:
    """The plan of an issue that has a time to come says so."""
    second.write_text("---\nstatus: ready\nsend_at: 2099-01-01 09:00\n---\nSome words.\n", encoding="utf-8")
    assert plan_of(run)["findings"] == ["It is meant for 2099-01-01 09:00 UTC, and would leave now."]


def test_segment(run: Run, letter: Path, counted: Counted) -> None:
    """Only readers of the segment are written to; the plan names it and counts those outside."""
    run("subscribers", "add", "pro@example.org", "--tag", "pro")
    planned = run("send", SLUG, "--dry-run", "--segment", "tag:pro and domain:example.org")
    assert "  segment  tag:pro and domain:example.org\n  left out 2 outside the segment\n" in planned.stdout
    with (letter / "digest.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[segments]\npros = "tag:pro"\n')
    sent = run("send", SLUG, "--yes", "--segment", "pros")
    assert (sent.exit_code, sent.stderr) == (0, "")
    assert counted.accepted() == {"pro@example.org": 1}
    assert run("send", SLUG, "--yes", "--segment", "pros").exit_code == 0
    other = run("send", SLUG, "--yes", "--segment", "not tag:pro")
    assert other.exit_code == 2
    assert "its readers were fixed then" in other.stderr


@pytest.mark.parametrize(
    ("expression", "sentence", "hint"),
    [
        ("tag:prp", 'nobody has the tag "prp"', "pro"),
        ("prps", 'there is no segment "prps"', "pros"),
        ("citi = Dublin", "citi", "first_name"),
        ("not opened:2026-01", "2026-01", ""),
    ],
)
def test_segment_that_is_wrong(run: Run, letter: Path, expression: str, sentence: str, hint: str) -> None:
    """A wrong name says what exists, and nothing is sent."""
    run("subscribers", "add", "pro@example.org", "--tag", "pro")
    with (letter / "digest.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[segments]\npros = "tag:pro"\n')
    result = run("send", SLUG, "--yes", "--segment", expression)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert hint in result.stderr


def test_segment_of_nobody(run: Run) -> None:
    """An empty audience stops with a sentence."""
    result = run("send", SLUG, "--yes", "--segment", "domain:nowhere.test")
    assert result.exit_code == 2
    assert "there is nobody to write to" in result.stderr


def test_readers_who_joined_since(run: Run, counted: Counted) -> None:
    """They get it when somebody says so, and those who had it do not get it again."""
    run("send", SLUG, "--yes")
    run("subscribers", "add", "late@example.org")
    assert "sent 2" in run("send", SLUG, "--yes").stdout
    sent = run("send", SLUG, "--yes", "--to-new")
    assert "1 of them joined since." in sent.stdout
    assert "sent 3" in sent.stdout
    assert set(counted.accepted().values()) == {1}
    assert counted.accepted().total() == 3
    assert "Nothing is left to send" in run("send", SLUG, "--yes", "--to-new").stdout


def test_amended_issue(run: Run, letter: Path, counted: Counted) -> None:
    """Those who are still queued get it as it reads now; the others keep what they have, and are not written to."""
    counted.configure(messages=1, answer="sent then queued")
    assert run("send", SLUG, "--yes").exit_code == 6
    (letter / "issues" / f"{SLUG}.md").write_text("---\nsubject: Corrected\n---\nOther words.\n", "utf-8")
    counted.configure(messages=1)
    planned = run("send", SLUG, "--dry-run", "--amend")
    assert "It was amended" in planned.stdout
    assert run("send", SLUG, "--yes", "--amend").exit_code == 0
    assert "Corrected" in run("send", SLUG, "--dry-run").stdout
    assert set(counted.accepted().values()) == {1}


@pytest.mark.parametrize("option", ["--amend", "--to-new"])
def test_what_needs_a_beginning(run: Run, option: str) -> None:
    """What was not begun can neither be amended nor extended."""
    result = run("send", SLUG, "--yes", option)
    assert result.exit_code == 2
    assert "has not been begun" in result.stderr


def test_many_who_joined_since(run: Run, write_readers: Callable[[int], Path]) -> None:
    """A wrong list is not written to by way of those who came later, either."""
    run("send", SLUG, "--yes")
    run("subscribers", "import", str(write_readers(20)))
    result = run("send", SLUG, "--yes", "--to-new")
    assert result.exit_code == 4
    assert "20 readers joined since it went to 2" in result.stderr


def test_issue_under_another_name(run: Run, letter: Path) -> None:
    """A file that is renamed after it was sent is not sent to everyone again, unless somebody means it."""
    run("send", SLUG, "--yes")
    (letter / "issues" / f"{SLUG}.md").rename(letter / "issues" / "2026-11-24-hello-again.md")
    stopped = run("send", "--yes")
    assert stopped.exit_code == 4
    assert f"it reads the same as {SLUG}" in stopped.stderr
    key = stopped.stderr.rpartition("--plan ")[2].strip()
    assert run("send", "2026-11-24-hello-again", "--yes", "--plan", key).exit_code == 0


def test_send_without_a_key(run: Run, letter: Path, counted: Counted) -> None:
    """Nobody is written to whose links could not be signed; a test into the outbox needs no key."""
    counted.configure()
    (letter / ".env").unlink()
    result = run("send", "--yes")
    assert (result.exit_code, counted.accepted()) == (3, {})
    assert "DIGEST_SECRET is not set" in result.stderr
    assert re.search(r"^  DIGEST_SECRET=[\w-]{43}$", result.stderr, re.MULTILINE)
    text = (letter / "digest.toml").read_text("utf-8").partition("[provider]")[0]
    (letter / "digest.toml").write_text(text, "utf-8")
    assert run("send", "--yes").exit_code == 0


def test_key_that_can_be_guessed(run: Run, letter: Path) -> None:
    """It is refused, and not shown."""
    (letter / ".env").write_text("DIGEST_SECRET=hunter2\n", "utf-8")
    result = run("send", "--yes")
    assert (result.exit_code, "hunter2" in result.output + result.stderr) == (3, False)
