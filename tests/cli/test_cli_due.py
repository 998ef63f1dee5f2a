"""`digest send --due` and `digest schedule`, as a schedule and a person run them."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import icalendar
import pytest
from long_send import EVERYONE_SENT, LongSend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Counted, Program, Run

SLUG = "2026-11-24-hello"


def write(letter: Path, name: str, *, status: str = "ready", text: str = "Some words.", **since: float) -> None:
    """Write an issue whose time was so long ago, or that has none."""
    moment = datetime.now(UTC) - timedelta(**since)
    send_at = f"send_at: {moment:%Y-%m-%d %H:%M:%S}\n" if since else ""
    body = f"---\nsubject: {name} {text}\nstatus: {status}\n{send_at}---\n{name}: {text}\n"
    (letter / "issues" / f"{name}.md").write_text(body, encoding="utf-8")


@pytest.fixture(autouse=True)
def _no_issue(letter: Path) -> None:
    (letter / "issues" / f"{SLUG}.md").unlink()


@pytest.mark.usefixtures("any_store")
def test_due_is_sent_once(run: Run, letter: Path, counted: Counted) -> None:
    """What is due leaves, oldest first and without a question; a second run says in a line that nothing is due."""
    write(letter, "younger", hours=1)
    write(letter, "older", hours=2)
    write(letter, "tomorrow", hours=-24)
    result = run("send", "--due")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.index("older: older") < result.stdout.index("younger: younger")
    again = run("send", "--due")
    assert again.exit_code == 0
    (line,) = again.stdout.splitlines()
    assert line.startswith("Nothing is due. Next is tomorrow, at ")
    assert set(counted.accepted().values()) == {2}


def test_one_fault_does_not_hold_up_the_others(run: Run, letter: Path, counted: Counted) -> None:
    """What cannot be read, is too late or has an error is red, with the gravest exit code; the rest leaves."""
    write(letter, "broken", status="redy", hours=3)
    write(letter, "erring", text="Hello {{ nobody_knows }}", hours=2)
    write(letter, "too-late", hours=13)
    write(letter, "good", hours=1)
    result = run("send", "--due", "--json")
    facts = json.loads(result.stdout)
    outcomes = {one["issue"]: (one["exit_code"], one.get("sent")) for one in facts["issues"]}
    assert outcomes == {"broken": (4, None), "erring": (4, None), "too-late": (4, None), "good": (0, 2)}
    assert result.exit_code == 4
    assert "issues/broken.md:3" in result.stderr
    assert "too-late: the issue was meant for" in result.stderr
    assert set(counted.accepted().values()) == {1}


def test_late_issue_waits_for_a_person(run: Run, letter: Path, counted: Counted) -> None:
    """It is red each time, until somebody says that it is to leave all the same."""
    write(letter, "too-late", hours=13)
    assert [run("send", "--due").exit_code for _ in range(2)] == [4, 4]
    assert not counted.accepted()
    assert run("send", "--due", "--late").exit_code == 0
    assert run("send", "--due").exit_code == 0
    assert set(counted.accepted().values()) == {1}


def test_what_is_not_due_is_said(run: Run, letter: Path) -> None:
    """A draft whose time has passed and an issue without a time are no errors, but a line."""
    write(letter, "forgotten", status="draft", hours=1)
    write(letter, "whenever")
    result = run("send", "--due")
    assert result.exit_code == 0
    assert "forgotten was meant for" in result.stdout
    assert "whenever is ready and has no send_at, so it is never due." in result.stdout
    assert json.loads(run("send", "--due", "--json").stdout)["issues"] == []


def test_begun_issue_goes_on(run: Run, letter: Path, counted: Counted) -> None:
    """Whatever stopped it, the next run ends it, however late; a paused one is left to people, who are told."""
    write(letter, "first", hours=1)
    counted.configure(messages=1, answer="sent then unreachable")
    assert run("send", "--due").exit_code == 6
    assert run("pause", "first").exit_code == 0
    counted.configure(messages=1)
    paused = run("send", "--due")
    assert paused.exit_code == 6
    assert "somebody has paused first" in paused.stderr
    assert counted.accepted().total() == 1
    write(letter, "first", days=3)
    assert run("send", "first", "--yes").exit_code == 0
    assert run("send", "--due").exit_code == 0
    assert set(counted.accepted().values()) == {1}


def test_doubt_is_red_until_it_is_resolved(run: Run, letter: Path, counted: Counted) -> None:
    """Nobody can say that everyone got it, so the schedule does not; a person ends that."""
    write(letter, "first", hours=1)
    counted.configure(idempotent=False, answer="lost")
    assert [run("send", "--due").exit_code for _ in range(2)] == [6, 6]
    assert run("resolve", "first", "--sent").exit_code == 0
    assert run("send", "--due").exit_code == 0
    assert set(counted.accepted().values()) == {1}


def test_handed_over_as_soon_as_it_can_be(run: Run, letter: Path, counted: Counted) -> None:
    """With --ahead, what lies within the provider's horizon is handed over with its time, and what is due leaves."""
    counted.configure(hours=72)
    write(letter, "soon", hours=-48)
    write(letter, "far", hours=-96)
    write(letter, "due", hours=1)
    assert run("send", "--due", "--ahead").exit_code == 0
    assert set(counted.accepted().values()) == {2}
    shown = run("schedule").stdout
    assert "soon  handed over to counting" in shown
    assert "far   ready" in shown
    write(letter, "soon", hours=-50)
    assert "and its file says otherwise since" in run("schedule").stdout
    counted.configure()
    refused = run("send", "--due", "--ahead")
    assert refused.exit_code == 5
    assert "counting delivers at once" in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--due", SLUG),
        ("--due", "--to", "a@example.org"),
        ("--within", "2h"),
        ("--within", "0s"),
        ("--due", "--within", "soon"),
    ],
)
def test_what_does_not_go_together(run: Run, arguments: tuple[str, ...]) -> None:
    """--due chooses the issues itself, and --within is for it alone, in a span of time."""
    assert run("send", *arguments).exit_code == 2


def test_dry_run_shows_and_does_nothing(run: Run, letter: Path, counted: Counted) -> None:
    """It shows what would leave, and does not wait for what is to come."""
    write(letter, "due", hours=1)
    write(letter, "soon", minutes=-5)
    result = run("send", "--due", "--within", "10m", "--dry-run")
    assert result.exit_code == 0
    assert "due: due" in result.stdout
    assert not counted.accepted()


def test_waiting_for_the_minute(program: Program, counted: Counted) -> None:
    """It waits for what is due soon, sends it at its second and not before, as it reads then."""
    write(counted.folder, "soon", seconds=-3)
    at = datetime.now(UTC) + timedelta(seconds=2)
    with program.start("send", "--due", "--within", "1m") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Waiting for soon, until ")
        path = counted.folder / "issues" / "soon.md"
        path.write_text(path.read_text("utf-8").replace("subject: soon", "subject: changed"), encoding="utf-8")
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "soon: changed" in out
    assert datetime.now(UTC) >= at
    assert set(counted.accepted().values()) == {1}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_waiting_ends_at_once(program: Program, letter: Path, number: signal.Signals) -> None:
    """Whoever stops it while it waits need not wait; and meanwhile the store is free for others."""
    write(letter, "soon", minutes=-5)
    with program.start("send", "--due", "--within", "10m") as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert program.run("subscribers", "remove", "ada@example.org").returncode == 0
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == 130


def test_what_went_wrong_is_not_forgotten_while_it_waits(program: Program, counted: Counted) -> None:
    """An issue that every reader was refused is over, so no later look finds it; the run is red all the same."""
    assert program.run("subscribers", "remove", "ada@example.org").returncode == 0
    write(counted.folder, "refused", hours=1)
    write(counted.folder, "soon", seconds=-3)
    counted.configure(answer="dislikes ")
    with program.start("send", "--due", "--within", "1m", "--json") as process:
        out, _ = process.communicate(timeout=60)
    outcomes = {one["issue"]: one["exit_code"] for one in json.loads(out)["issues"]}
    assert outcomes == {"refused": 5, "soon": 5}
    assert process.returncode == 5


def test_what_was_sent_is_said_though_the_waiting_is_ended(program: Program, counted: Counted) -> None:
    """A program that reads the answer learns who has it, whatever ended the run."""
    write(counted.folder, "due", hours=1)
    write(counted.folder, "soon", minutes=-5)
    with program.start("send", "--due", "--within", "10m", "--json") as process:
        deadline = time.monotonic() + 30
        while counted.accepted().total() < 2 and time.monotonic() < deadline:  # all readers
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    (one,) = json.loads(out)["issues"]
    assert (one["issue"], one["sent"]) == ("due", 2)


def test_second_thoughts(run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path]) -> None:
    """An issue that was due when the run began, and is a draft by the time that the ones before it are out, stays."""
    write(counted.folder, SLUG, hours=2)
    write(counted.folder, "regretted", hours=1)
    sending = LongSend.prepare(run=run, program=program, counted=counted, write_readers=write_readers)
    with program.start("send", "--due") as process:
        sending.reach(5, process)
        write(counted.folder, "regretted", status="draft", hours=1)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "regretted was meant for" in out
    assert sending.standing() == EVERYONE_SENT


def test_two_jobs_at_once(run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path]) -> None:
    """They share the work, or the second says that another has it in hand; nobody gets it twice."""
    write(counted.folder, SLUG, hours=1)
    sending = LongSend.prepare(run=run, program=program, counted=counted, write_readers=write_readers)
    with program.start("send", "--due") as one, program.start("send", "--due") as other:
        errors = [process.communicate()[1] for process in (one, other)]
    assert {one.returncode, other.returncode} <= {0, 6}
    assert 0 in {one.returncode, other.returncode}
    assert not any("Traceback" in error for error in errors)
    sending.configure(seconds=0)
    assert run("send", "--due").exit_code == 0
    assert sending.standing() == EVERYONE_SENT


def test_killed_job_is_taken_up(
    run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path]
) -> None:
    """A runner that is lost in the middle changes nothing: the next run ends it, and nobody gets it twice."""
    write(counted.folder, SLUG, hours=1)
    sending = LongSend.prepare(run=run, program=program, counted=counted, write_readers=write_readers)
    with program.start("send", "--due") as process:
        sending.reach(20, process)
        process.kill()
    sending.configure(seconds=0, idempotent=True)
    assert run("send", "--due").exit_code == 0
    assert sending.standing() == EVERYONE_SENT


def test_schedule(run: Run, letter: Path) -> None:
    """What is to come is shown by its time, in the newsletter's zone, and with the next run of its workflow."""
    settings = letter / "digest.toml"
    text = settings.read_text("utf-8").replace('# timezone = "Europe/Berlin"', 'timezone = "Asia/Kolkata"')
    settings.write_text(text, encoding="utf-8")
    write(letter, "later", hours=-48)
    write(letter, "sooner", hours=-24)
    write(letter, "idea", status="draft")
    workflows = letter / ".github" / "workflows"
    workflows.mkdir(parents=True)
    text = 'on:\n  schedule:\n    - cron: "17 * * * *"\njobs:\n  send:\n    steps:\n      - run: digest send --due\n'
    (workflows / "send.yml").write_text(text, encoding="utf-8")
    result = run("schedule")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[-2:] for line in lines[:2]] == [["sooner", "ready"], ["later", "ready"]]
    assert lines[2].split() == ["idea", "draft"]
    assert ":47 IST" in lines[3]
    assert lines[3].endswith("(.github/workflows/send.yml)")
    facts = json.loads(run("schedule", "--json").stdout)
    assert [one["issue"] for one in facts["issues"]] == ["sooner", "later", "idea"]
    assert facts["runs"][0]["file"] == ".github/workflows/send.yml"


def test_calendar(run: Run, letter: Path, tmp_path: Path) -> None:
    """Programs read it; it needs neither a list nor a secret, and is the same file as long as nothing changes."""
    (letter / ".env").unlink(missing_ok=True)
    write(letter, "first-snow", hours=-24)
    write(letter, "idea", status="draft", hours=-48)
    file = tmp_path / "issues.ics"
    assert run("schedule", "--ics", str(file)).exit_code == 0
    first = file.read_bytes()
    events = {str(event["uid"]): event for event in icalendar.Calendar.from_ical(first).walk("VEVENT")}
    assert {uid: str(event["status"]) for uid, event in events.items()} == {
        "first-snow@news.example.org": "CONFIRMED",
        "idea@news.example.org": "TENTATIVE",
    }
    time.sleep(0.01)
    assert run("schedule", "--ics", "-").stdout_bytes == first
