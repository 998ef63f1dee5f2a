"""Tests and rehearsals: what reaches whom, and that nothing of it is written down; and issues handed over ahead."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import counting_provider
import pytest

from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Counted, Run

SLUG = "2026-11-24-hello"


def log_of(letter: Path) -> list[dict[str, object]]:
    """Return what the counting provider has accepted, request by request."""
    log = letter / counting_provider.LOG
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


def begin_ahead(letter: Path, hours: float) -> str:
    """Give the issue a time so many hours from now, and return it."""
    moment = datetime.now(UTC) + timedelta(hours=hours)
    issue = letter / "issues" / f"{SLUG}.md"
    issue.write_text(f"---\nstatus: ready\nsend_at: {moment:%Y-%m-%d %H:%M}\n---\nSome words.\n", encoding="utf-8")
    return f"{moment:%Y-%m-%dT%H:%M}"


def test_test_to_an_address(run: Run, letter: Path) -> None:
    """It reaches that address alone, its subject is marked, and its links open nothing; no ledger knows of it."""
    sent = run("send", SLUG, "--to", "editor@example.org")
    assert (sent.exit_code, sent.stderr) == (0, "")
    assert "[Test] " in sent.stdout
    (file,) = (letter / ".digest" / "outbox" / SLUG).iterdir()
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert file.name == "editor@example.org.eml"
    assert message["Subject"].startswith("[Test] ")
    assert message["List-Unsubscribe"].endswith("/unsubscribe/example>")
    assert run("status").stdout.split() == [SLUG, "ready"]


def test_test_is_filled_as_its_reader_is(run: Run, letter: Path) -> None:
    """A reader of the list sees their own fields, anyone else an example's; a token of theirs is in neither."""
    issue = letter / "issues" / f"{SLUG}.md"
    issue.write_text("---\nstatus: ready\nsubject: Hello {{ first_name }}\n---\nSome words.\n", encoding="utf-8")
    run("subscribers", "add", "noor@example.org", "--field", "first_name=Noor")
    run("send", SLUG, "--to", "noor@example.org", "--to", "other@example.org", "--to", "noor@example.org")
    messages = {
        file.stem: message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in (letter / ".digest" / "outbox" / SLUG).iterdir()
    }
    assert messages["noor@example.org"]["Subject"] == "[Test] Hello Noor"
    assert messages["other@example.org"]["Subject"] == "[Test] Hello First name"
    assert {message["List-Unsubscribe"] for message in messages.values()} == {
        "<https://news.example.org/unsubscribe/example>"
    }


def test_test_can_be_repeated(run: Run, letter: Path, counted: Counted) -> None:
    """Each test has a key of its own, so that a provider which heeds keys takes the same one twice."""
    counted.configure()
    for _ in range(2):
        assert run("send", SLUG, "--to", "editor@example.org").exit_code == 0
    assert [line["emails"] for line in log_of(letter)] == [["editor@example.org"]] * 2
    assert str(log_of(letter)[0]["subject"]).startswith("[Test] ")


def test_json_of_a_trial(run: Run) -> None:
    """The object says what kind of trial it was, and how many messages were taken."""
    facts = json.loads(run("send", SLUG, "--to", "editor@example.org", "--json").stdout)
    assert (facts["trial"], facts["sent"], facts["queued"], facts["reasons"]) == ("test", 1, 0, {})


def test_rehearsal(run: Run, letter: Path, counted: Counted) -> None:
    """Everyone is in it, the provider delivers nothing, nothing is written down, and the send comes as ever."""
    counted.configure(messages=1)
    rehearsed = run("send", SLUG, "--sandbox")
    assert (rehearsed.exit_code, rehearsed.stderr) == (0, "")
    assert "2 taken. Nothing was written down." in rehearsed.stdout
    assert log_of(letter) == []
    assert run("status").stdout.split() == [SLUG, "ready"]
    assert run("send", SLUG, "--yes").exit_code == 0
    assert sum(counted.accepted().values()) == 2


def test_rehearsal_that_finds_something(run: Run, counted: Counted) -> None:
    """Who would be refused is counted with the reason, and no address is told."""
    counted.configure(stop_after=9, answer="dislikes ada")
    rehearsed = run("send", SLUG, "--sandbox", "--json")
    facts = json.loads(rehearsed.stdout)
    assert rehearsed.exit_code == 6
    assert (facts["sent"], facts["refused"]) == (1, 1)
    assert facts["reasons"] == {"an address is no good": 1}
    assert "did not take 1 of 2 messages" in rehearsed.stderr


def test_trial_that_takes_nothing(run: Run, counted: Counted) -> None:
    """Where nothing is taken, it ends as a failure of the provider."""
    counted.configure(answer="unreachable")
    stopped = run("send", SLUG, "--to", "editor@example.org")
    assert stopped.exit_code == 5
    assert "nobody is there" in stopped.stderr


def test_no_sandbox(run: Run, letter: Path) -> None:
    """A provider without one is not asked to send as if it had one."""
    settings = letter / "digest.toml"
    settings.write_text(
        settings.read_text("utf-8").partition("[provider]")[0] + '[provider]\nname = "resend"\n', "utf-8"
    )
    stopped = run("send", SLUG, "--sandbox")
    assert stopped.exit_code == 2
    assert "resend has no sandbox" in stopped.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--to", "editor@example.org"),
        ("--sandbox",),
        (SLUG, "--to", "editor@example.org", "--segment", "tag:pro"),
        (SLUG, "--sandbox", "--amend"),
        (SLUG, "--to", "nonsense"),
    ],
)
def test_trial_of_what_cannot_be(run: Run, arguments: tuple[str, ...]) -> None:
    """A trial names its issue and its addresses, and takes no wish that is about the ledger."""
    assert run("send", *arguments).exit_code == 2


def test_too_many_bytes_for_a_request(run: Run, letter: Path, counted: Counted) -> None:
    """A request has fewer readers where all of them would be too large, and the plan counts the requests."""
    counted.configure(bytes=40)
    planned = json.loads(run("send", SLUG, "--dry-run", "--json").stdout)
    assert planned["batches"] == 2
    assert run("send", SLUG, "--yes").exit_code == 0
    assert [len(line["emails"]) for line in log_of(letter)] == [1, 1]  # type: ignore[arg-type]  # it is a list


def test_one_message_is_too_large(run: Run, counted: Counted) -> None:
    """An issue of which not even one message fits is refused before anyone is written to."""
    counted.configure(bytes=4)
    stopped = run("send", SLUG, "--yes")
    assert stopped.exit_code == 5
    assert "bytes for counting, which takes 4" in stopped.stderr


def test_everything_is_rejected(run: Run, write_readers: Callable[[int], Path], counted: Counted) -> None:
    """Where no request passes, however small, nothing was sent, and the exit code says so; everyone is still queued."""
    counted.configure(stop_after=3, messages=100, answer="dislikes ")
    run("subscribers", "import", str(write_readers(90)))
    stopped = run("send", SLUG, "--yes")
    facts = json.loads(run("status", SLUG, "--json").stdout)
    assert (facts["sent"], facts["refused"], facts["queued"]) == (0, 0, 92)
    assert stopped.exit_code == 5
    assert "an address is no good" in stopped.stderr


def test_handed_over_ahead(run: Run, letter: Path, counted: Counted) -> None:
    """The provider is told the issue's time, the plan says so, and a second run knows that it was sent."""
    counted.configure(hours=72)
    moment = begin_ahead(letter, 48)
    planned = run("send", SLUG, "--dry-run", "--ahead").stdout
    assert "It is handed over now, to be delivered at" in planned
    assert "A log reads nothing." in planned
    assert run("send", SLUG, "--yes", "--ahead").exit_code == 0
    assert str(log_of(letter)[0]["deliver-at"]).startswith(moment)
    again = run("send", SLUG, "--yes")
    assert "Nothing is left to send" in again.stdout
    assert "has changed since" not in again.stdout


def test_cancelled_after_it_was_handed_over(run: Run, counted: Counted) -> None:
    """Whoever cancels is told that what the provider has is delivered all the same."""
    counted.configure(hours=72, messages=1, answer="sent then unreachable")
    begin_ahead(counted.folder, 48)
    assert run("send", SLUG, "--yes", "--ahead").exit_code == 6
    cancelled = run("cancel", SLUG, "--yes").stdout
    assert "1 reader skipped" in cancelled
    assert "What the provider has, for 1 reader, it delivers all the same." in cancelled


def test_moment_that_has_come_meanwhile(run: Run, counted: Counted) -> None:
    """What was to be handed over and was not, until its time had come, leaves at once."""
    counted.configure(hours=72, messages=1, answer="sent then unreachable")
    begin_ahead(counted.folder, 48)
    run("send", SLUG, "--yes", "--ahead")
    counted.configure(hours=72, messages=1)
    with open_store(f"sqlite:///{counted.folder}/.digest/digest.db") as store:
        begun = store.mailings.edition(store.mailings.get(SLUG).edition_id)
        past = replace(begun, deliver_at=datetime.now(UTC) - timedelta(hours=1))
        store.mailings.amend(past, now=datetime.now(UTC))
    finished = run("send", SLUG, "--yes")
    assert finished.exit_code == 0
    assert "Its time has come, so they get it at once." in finished.stdout
    assert "deliver-at" not in log_of(counted.folder)[1]
    assert sum(counted.accepted().values()) == 2


@pytest.mark.parametrize(
    ("hours", "horizon", "sentence"),
    [
        (48, 24, "counting keeps messages for 24 hours at most"),
        (0.1, 24, "send_at is too near"),
        (48, None, "counting delivers at once"),
    ],
)
def test_what_cannot_be_handed_over(
    run: Run, counted: Counted, *, hours: float, horizon: float | None, sentence: str
) -> None:
    """A time that is too near, too far or of no use to the provider is refused before anything leaves."""
    options: dict[str, Any] = {} if horizon is None else {"hours": horizon}
    counted.configure(**options)
    begin_ahead(counted.folder, hours)
    stopped = run("send", SLUG, "--yes", "--ahead")
    assert stopped.exit_code in {2, 5}
    assert sentence in stopped.stderr
    assert log_of(counted.folder) == []


def test_issue_without_a_time_cannot_be_handed_over(run: Run, counted: Counted) -> None:
    """There must be a time to hand over."""
    counted.configure(hours=24)
    stopped = run("send", SLUG, "--yes", "--ahead")
    assert stopped.exit_code == 2
    assert "no send_at in the future" in stopped.stderr
