"""`digest send` and `digest status`, as a person and a script meet them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING

import pytest

from digest.config import load_settings
from digest.errors import IncompleteError
from digest.publishing.choosing import Wishes, provider_of
from digest.publishing.mailing import carry_out, prepare
from digest.publishing.newsroom import Newsroom
from digest.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Counted, Run

SLUG = "2026-11-24-hello"

pytestmark = pytest.mark.usefixtures("any_store")


def counts(output: str) -> tuple[int, ...]:
    """Return the counts that a command printed as JSON."""
    facts = json.loads(output)
    return tuple(facts[name] for name in ("sent", "refused", "skipped", "queued", "in_doubt"))


def write(letter: Path, name: str, *, status: str = "ready", words: str = "Some words.") -> Path:
    """Write an issue."""
    path = letter / "issues" / name
    path.write_text(f"---\nstatus: {status}\n---\n{words}\n", encoding="utf-8")
    return path


def test_send_shows_the_plan_and_the_outcome(run: Run, letter: Path) -> None:
    """A person reads who gets it, through what, where that goes, and how it ended."""
    result = run("send", "--yes")
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        f"{SLUG}: Hello from a text file",
        "  to       2 readers",
        "  through  outbox (.digest/outbox)",
    ]
    assert re.fullmatch(r"  in       1 request, about [0-9.]+ KB", lines[3])
    assert lines[-1] == "  sent 2"
    names = sorted(path.name for path in (letter / ".digest" / "outbox" / SLUG).iterdir())
    assert names == ["ada@example.org.eml", "noor@example.org.eml"]


def test_second_send_sends_nothing(run: Run, letter: Path) -> None:
    """Sending again is no failure; named or not, it says that nothing is left."""
    run("send", "--yes")
    for path in (letter / ".digest" / "outbox" / SLUG).iterdir():
        path.unlink()
    unnamed, named = run("send", "--yes"), run("send", SLUG, "--yes")
    assert (unnamed.exit_code, named.exit_code) == (0, 0)
    assert "Nothing to send" in unnamed.stdout
    assert "Nothing is left to send" in named.stdout
    assert list((letter / ".digest" / "outbox" / SLUG).iterdir()) == []
    assert json.loads(run("send", "--json").stdout) == {"issue": None}
    assert counts(run("send", SLUG, "--json").stdout) == (2, 0, 0, 0, 0)


def test_who_joins_later_is_not_written_to(run: Run) -> None:
    """What was sent was sent to those who were there."""
    run("send", "--yes")
    run("subscribers", "add", "late@example.org")
    assert counts(run("send", SLUG, "--yes", "--json").stdout) == (2, 0, 0, 0, 0)


def test_dry_run_changes_nothing(run: Run, letter: Path) -> None:
    """The plan is shown, those left out are counted, and nothing is begun; its key is the same each time."""
    run("subscribers", "remove", "noor@example.org")
    result = run("send", "--dry-run")
    assert result.exit_code == 0
    assert "  to       1 reader\n  left out 1 left\n" in result.stdout
    facts = json.loads(run("send", "--dry-run", "--json").stdout)
    assert (facts["readers"], facts["excluded"], facts["batches"]) == (1, {"left": 1}, 1)
    assert f"plan     {facts['plan']}" in result.stdout
    assert not (letter / ".digest" / "outbox").exists()
    assert json.loads(run("status", SLUG, "--json").stdout)["edition"] is None


def test_plan_has_another_key_for_another_list(run: Run) -> None:
    """A confirmation is for exactly these readers."""
    before = json.loads(run("send", "--dry-run", "--json").stdout)["plan"]
    run("subscribers", "add", "late@example.org")
    assert json.loads(run("send", "--dry-run", "--json").stdout)["plan"] != before


def test_list_that_changes_while_someone_thinks(letter: Path) -> None:
    """Who joins between the plan and its confirmation makes it another plan, so nothing is sent."""
    newsroom = Newsroom(settings=load_settings(letter, {}))
    with open_store(newsroom.settings.store.url) as store:
        mailing = prepare(newsroom, store, provider_of(newsroom.settings), None, Wishes())
        assert mailing
        with open_store(newsroom.settings.store.url) as other:
            assert other.subscribers.leave("noor@example.org", now=datetime.now(UTC))
        with pytest.raises(IncompleteError, match="list of readers has changed"):
            carry_out(mailing, store, stop_after=1, report=lambda _step: None, stopping=Event())
        assert store.mailings.all() == []


def test_draft_is_sent_when_it_is_named(run: Run, letter: Path) -> None:
    """Without a name it is not offered; the plan says that it is a draft, and a person's word is enough."""
    run("send", "--yes")
    write(letter, "2026-12-01-snow.md", status="draft")
    assert "Nothing to send" in run("send", "--yes").stdout
    planned = run("send", "2026-12-01-snow", "--dry-run")
    assert "a draft" in planned.stdout
    facts = json.loads(run("send", "2026-12-01-snow", "--dry-run", "--json").stdout)
    assert facts["findings"] == ["It is a draft; it is sent all the same when you confirm."]
    assert counts(run("send", "2026-12-01-snow", "--yes", "--json").stdout) == (2, 0, 0, 0, 0)


def test_several_are_ready(run: Run, letter: Path) -> None:
    """Which one is meant has to be said; they are named."""
    write(letter, "2026-12-01-snow.md")
    result = run("send", "--yes")
    assert result.exit_code == 2
    assert "2 issues are waiting to be sent" in result.stderr
    assert f"{SLUG}, 2026-12-01-snow" in result.stderr


def test_wrong_name(run: Run) -> None:
    """A near miss is suggested."""
    result = run("send", "2026-11-24-helo", "--yes")
    assert result.exit_code == 2
    assert f'did you mean "{SLUG}"?' in result.stderr


def test_nobody_confirms(run: Run) -> None:
    """Without a keyboard and without --yes, nothing is sent."""
    result = run("send")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert json.loads(run("status", SLUG, "--json").stdout)["edition"] is None


def test_nobody_to_write_to(run: Run) -> None:
    """An empty list is said."""
    for email in ("ada@example.org", "noor@example.org"):
        run("subscribers", "remove", email)
    result = run("send", "--yes")
    assert result.exit_code == 2
    assert "nobody to write to" in result.stderr


def test_reader_who_would_get_a_blank(run: Run, letter: Path) -> None:
    """It is found before anyone is written to, and the reader is counted and not named."""
    write(letter, "2026-12-01-snow.md", words="Hello {{ first_name }}")
    result = run("send", "2026-12-01-snow", "--yes")
    assert result.exit_code == 4
    assert "1 reader has no value for `first_name`" in result.stderr
    assert "noor" not in result.stderr
    assert "noor@example.org" in run("subscribers", "list", "--without", "first_name").stdout


def test_issue_that_changed_since_it_was_begun(run: Run, letter: Path, counted: Counted) -> None:
    """The change is named, and the readers who are left get what was frozen."""
    counted.configure(messages=1, answer="lost")
    assert run("send", "--yes").exit_code == 6
    (letter / "issues" / f"{SLUG}.md").write_text("---\nsubject: Another subject\n---\nOther words.\n", "utf-8")
    counted.configure(messages=1)
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 0
    assert f"{SLUG}: Hello from a text file" in result.stdout
    assert "The issue has changed since" in result.stdout
    assert set(counted.accepted().values()) == {1}


@pytest.mark.parametrize("text", [None, "---\nsubjct: broken\n---\n"])
def test_issue_whose_file_is_gone_or_broken(run: Run, letter: Path, counted: Counted, text: str | None) -> None:
    """What was begun goes on all the same, also unnamed: its readers wait for it."""
    counted.configure(messages=1, answer="lost")
    run("send", "--yes")
    file = letter / "issues" / f"{SLUG}.md"
    if text is None:
        file.unlink()
    else:
        file.write_text(text, "utf-8")
    counted.configure(messages=1)
    assert SLUG in run("status").stdout
    result = run("send", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "sent 2" in result.stdout
    assert "sent 2" in run("status").stdout
    assert counts(run("status", SLUG, "--json").stdout) == (2, 0, 0, 0, 0)


def test_another_provider_than_it_was_begun_with(run: Run, counted: Counted, letter: Path) -> None:
    """What is known of the batches holds for one provider alone; the way to finish is shown."""
    counted.configure(messages=1, answer="lost")
    run("send", "--yes")
    text = (letter / "digest.toml").read_text("utf-8").partition("[provider]")[0]
    (letter / "digest.toml").write_text(text, "utf-8")
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 2
    assert f"DIGEST_PROVIDER=counting digest send {SLUG}" in result.stderr


def test_refused_reader(run: Run, counted: Counted) -> None:
    """Who was refused is counted, the send is done, and where to see who it was is said."""
    counted.configure(answer="one refused")
    result = run("send", "--yes")
    assert result.exit_code == 0
    assert "sent 1 · refused 1" in result.stdout
    assert f"digest status {SLUG} --recipients" in result.stdout
    table = run("status", SLUG, "--recipients").stdout
    assert "ada@example.org" in table
    assert "no such mailbox" in table


def test_everyone_refused(run: Run, counted: Counted) -> None:
    """A provider that refuses every single reader is no success, and there is nothing to be run again."""
    counted.configure(messages=1, answer="one refused", stop_after=9)
    result = run("send", "--yes")
    assert result.exit_code == 5
    assert "counting refused every reader" in result.stderr
    assert "sent 0 · refused 2" in result.stdout


def test_provider_out_of_reach(run: Run, counted: Counted) -> None:
    """Nothing was sent, and that is another exit code than a send that is half done."""
    counted.configure(answer="unreachable")
    result = run("send", "--yes")
    assert result.exit_code == 5
    assert "counting took nothing: nobody is there" in result.stderr
    counted.configure()
    assert run("send", "--yes").exit_code == 0


@pytest.mark.parametrize("wish", ["--yes", "--to=editor@example.org"])
def test_address_of_a_service_that_is_none(run: Run, letter: Path, wish: str) -> None:
    """It is a fault of the settings, told before anything is built or begun."""
    settings = (letter / "digest.toml").read_text("utf-8").partition("[provider]")[0]
    choice = '[provider]\nname = "outbox"\napi_url = "http://[::1"\n'
    (letter / "digest.toml").write_text(f"{settings}{choice}", encoding="utf-8")
    result = run("send", SLUG, wish)
    assert result.exit_code == 3
    assert "api_url under [provider] is no address" in result.stderr


def test_refusal_in_the_middle(run: Run, counted: Counted) -> None:
    """What is to be mended is said beside that it goes on, when some have it already."""
    counted.configure(messages=1, answer="sent then barred")
    result = run("send", "--yes")
    assert result.exit_code == 6
    assert "Pay the bill. Run again, it goes on from here, and nobody gets it twice." in result.stderr


@pytest.mark.parametrize("answer", ["lost", "queued"])
def test_incomplete_send(run: Run, counted: Counted, answer: str) -> None:
    """With --json, the counts are printed all the same, and the sentence is on the other stream."""
    counted.configure(answer=answer)
    result = run("send", "--yes", "--json")
    assert result.exit_code == {"lost": 6, "queued": 5}[answer]
    assert counts(result.stdout) == (0, 0, 0, 2, 0)
    assert result.stderr.count("\n") == 2


def test_readers_in_doubt(run: Run, counted: Counted) -> None:
    """They are not written to again, and each run says so, with the way to see who they are."""
    counted.configure(answer="lost", idempotent=False)
    first, second = run("send", "--yes"), run("send", SLUG, "--yes")
    assert (first.exit_code, second.exit_code) == (6, 6)
    assert "nobody knows" in second.stderr
    assert "in doubt 2" in second.stdout
    assert set(counted.accepted().values()) == {1}
    facts = json.loads(run("status", SLUG, "--recipients", "--json").stdout)
    assert {row["state"] for row in facts["recipients"]} == {"in_doubt"}
    assert all(row["reason"] for row in facts["recipients"])


def test_causes_are_shown_when_asked_for(run: Run, counted: Counted) -> None:
    """With -v an error tells what it came from, down to the first cause."""
    counted.configure(answer="lost")
    quiet, verbose = run("send", "--yes"), run("-v", "send", "--yes")
    assert "because of" not in quiet.stderr
    assert "because of ReadError: the connection was lost" in verbose.stderr
    assert "because of OSError: the cable was cut" in verbose.stderr


@pytest.mark.usefixtures("counted")
def test_images_that_cannot_be_carried(run: Run, letter: Path) -> None:
    """A provider without inline images is found out before anyone is written to."""
    pixel = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000049454e44ae426082"
    (letter / "issues" / "pixel.png").write_bytes(bytes.fromhex(pixel))
    write(letter, "2026-12-01-snow.md", words="![A pixel](pixel.png)")
    result = run("send", "2026-12-01-snow", "--yes")
    assert result.exit_code == 5
    assert "cannot carry images" in result.stderr


def test_status_of_all(run: Run, letter: Path) -> None:
    """Drafts, planned issues, sent ones and broken ones: a line for each, with times in the newsletter's zone."""
    settings = (letter / "digest.toml").read_text("utf-8")
    (letter / "digest.toml").write_text(settings.replace("# timezone", "timezone"), "utf-8")
    run("send", "--yes")
    write(letter, "2026-12-01-snow.md", status="draft")
    write(letter, "2026-12-02-ice.md", status="ready\nsend_at: 2026-12-02 09:00")
    (letter / "issues" / "2026-12-03-broken.md").write_text("---\nsubjct: x\n---\nWords.\n", "utf-8")
    lines = [line.split(None, 1) for line in run("status").stdout.splitlines()]
    assert [slug for slug, _ in lines] == [SLUG, "2026-12-01-snow", "2026-12-02-ice", "2026-12-03-broken"]
    states = [state for _, state in lines]
    assert states[0].startswith("sent 2, 20")
    assert states[0].endswith((" CET", " CEST"))
    assert states[1:3] == ["draft", "ready, for 2026-12-02 09:00 CET"]
    assert states[3].startswith("cannot be read: issues/2026-12-03-broken.md:2: ")
    facts = json.loads(run("status", "--json").stdout)
    assert [row["sent"] for row in facts["issues"]] == [2, 0, 0, 0]


def test_status_of_one(run: Run) -> None:
    """Before it is sent it has counts of nothing; --recipients needs to know of which."""
    assert counts(run("status", SLUG, "--json").stdout) == (0, 0, 0, 0, 0)
    assert json.loads(run("status", SLUG, "--recipients", "--json").stdout)["recipients"] == []
    result = run("status", "--recipients")
    assert result.exit_code == 2
    assert "digest status ISSUE --recipients" in result.stderr
    assert run("status", "2026-11-24-helo").exit_code == 2
