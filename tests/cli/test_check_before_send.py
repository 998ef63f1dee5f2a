"""`digest send` holds an issue to the rules: what stops it, what is let pass, and what is remembered of that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from list_owners import BUTTONDOWN_KEY, ButtondownOwner, Host, host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Counted, Run

SLUG = "2026-11-24-hello"
FILE = f"issues/{SLUG}.md"
FRONT = (
    "---\nstatus: ready\nsubject: Nine lamps that outlived their streets\n"
    "preheader: What a night watchman counted in the rain\n---\n"
)
SOUND = f'{FRONT}Good evening {{{{ first_name or "there" }}}}, the lamps are lit at five.\n'
INSECURE = f"{SOUND}\nThe [list of lamps](http://lamps.example.net/list) in the clear.\n"
LOCAL = f"{INSECURE}\nThe [plan](https://localhost/plan) of the streets.\n"
ALLOW = ("--allow", "link-localhost")


@pytest.fixture
def issue(letter: Path) -> Path:
    """Return the file of an issue with an error."""
    path = letter / "issues" / f"{SLUG}.md"
    path.write_text(LOCAL, encoding="utf-8")
    return path


def facts(run: Run, *arguments: str) -> dict[str, Any]:
    """Return the JSON that a command prints."""
    found: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return found


@pytest.mark.usefixtures("issue", "any_store")
def test_errors_stop_a_send(run: Run, letter: Path) -> None:
    """Nothing leaves and nothing is begun; all is told at its place, with what to do, a dry run included."""
    for option in ("--yes", "--dry-run"):
        stopped = run("send", SLUG, option)
        assert (stopped.exit_code, stopped.stdout) == (4, "")
        first, fix, sentence, way_out = stopped.stderr.splitlines()
        assert first.startswith(f"{FILE}:10:")
        assert first.endswith("(link-localhost)")
        assert fix.startswith("  ")
        assert sentence == f"{SLUG} is not sent, since it has an error"
        assert way_out.endswith(f"digest check {SLUG}; or send it all the same: --allow link-localhost")
    assert not (letter / ".digest" / "outbox").exists()
    assert facts(run, "status", SLUG)["edition"] is None


@pytest.mark.usefixtures("any_store")
def test_warnings_stop_nothing(run: Run, issue: Path) -> None:
    """How many there are stands in the plan."""
    issue.write_text(INSECURE, encoding="utf-8")
    planned = run("send", SLUG, "--dry-run")
    assert planned.exit_code == 0
    assert f"  rules    1 warning, shown by: digest check {SLUG}\n" in planned.stdout
    assert "let pass" not in planned.stdout
    assert facts(run, "send", SLUG, "--dry-run")["warnings"] == 1
    assert run("send", SLUG, "--yes").exit_code == 0


@pytest.mark.usefixtures("issue", "any_store")
def test_allowed_errors_are_remembered(run: Run) -> None:
    """They stand in the plan, and with what was sent: for people, and for machines."""
    planned = run("send", SLUG, "--dry-run", *ALLOW, "--allow", "gmail-clip")
    assert (planned.exit_code, planned.stderr) == (0, "")
    assert "  let pass gmail-clip, link-localhost\n" in planned.stdout
    assert facts(run, "send", SLUG, "--dry-run", *ALLOW)["allowed"] == ["link-localhost"]
    sent = facts(run, "send", SLUG, "--yes", *ALLOW)
    assert (sent["sent"], sent["allowed"]) == (2, ["link-localhost"])
    assert ", link-localhost let pass\n" in run("status").stdout
    assert facts(run, "status", SLUG)["allowed"] == ["link-localhost"]


def test_what_is_allowed_is_a_part_of_the_plan(run: Run, issue: Path) -> None:
    """Its key is another one, so that nobody sends by it what was shown without; without it, keys are as they were."""
    issue.write_text(INSECURE, encoding="utf-8")
    key, allowing = (facts(run, "send", SLUG, "--dry-run", *more)["plan"] for more in ((), ALLOW))
    assert key != allowing
    assert run("send", SLUG, "--yes", "--plan", key, *ALLOW).exit_code == 2
    assert run("send", SLUG, "--yes", "--plan", allowing, *ALLOW).exit_code == 0


@pytest.mark.usefixtures("issue")
def test_key_of_a_plan_lets_no_error_pass(run: Run) -> None:
    """Whoever vouches for the readers has not vouched for the words."""
    key = facts(run, "send", SLUG, "--dry-run", *ALLOW)["plan"]
    assert run("send", SLUG, "--yes", "--plan", key).exit_code == 4


@pytest.mark.usefixtures("issue")
def test_rule_that_does_not_exist(run: Run) -> None:
    """It is refused, with what was meant."""
    refused = run("send", SLUG, "--yes", "--allow", "link-locahlost")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == 'there is no rule "link-locahlost"\n  did you mean "link-localhost"?\n'


def test_unknown_rule_in_the_settings(run: Run, letter: Path) -> None:
    """Nothing is sent, since nobody knows what was meant."""
    with (letter / "digest.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[check.rules]\nlink-locahlost = "off"\n')
    assert run("send", SLUG, "--yes").exit_code == 3


@pytest.mark.usefixtures("any_store")
def test_reader_who_would_get_a_blank(run: Run, issue: Path) -> None:
    """It is an error like others, and of those alone who would get the issue."""
    issue.write_text(SOUND.replace(' or "there"', ""), encoding="utf-8")
    run("subscribers", "add", "ada@example.org", "--field", "first_name=Ada", "--tag", "friends")
    stopped = run("send", SLUG, "--yes")
    assert stopped.exit_code == 4
    assert "(blank-field)" in stopped.stderr
    assert "noor@" not in stopped.stderr
    assert run("send", SLUG, "--yes", "--segment", "tag:friends").exit_code == 0


def test_what_was_begun_is_not_held_to_the_rules_again(run: Run, issue: Path, counted: Counted) -> None:
    """It goes on as it was frozen, whatever its file says now, and without saying again what is let pass."""
    counted.configure(messages=1, answer="sent then queued")
    assert run("send", SLUG, "--yes", *ALLOW).exit_code == 6
    issue.write_text(LOCAL.replace("plan", "map"), encoding="utf-8")
    counted.configure(messages=1)
    assert run("send", SLUG, "--yes").exit_code == 0
    assert len(counted.accepted()) == 2
    assert facts(run, "status", SLUG)["allowed"] == ["link-localhost"]


def test_amendment_is_held_to_the_rules(run: Run, issue: Path, counted: Counted) -> None:
    """What those still queued are to get has to be sound, or is let pass as it is then; and that is remembered."""
    issue.write_text(SOUND, encoding="utf-8")
    counted.configure(messages=1, answer="sent then queued")
    assert run("send", SLUG, "--yes").exit_code == 6
    assert "allowed" not in facts(run, "status", SLUG)
    issue.write_text(LOCAL, encoding="utf-8")
    counted.configure(messages=1)
    stopped = run("send", SLUG, "--yes", "--amend")
    assert stopped.exit_code == 4
    assert "(link-localhost)" in stopped.stderr
    assert run("send", SLUG, "--yes", "--amend", *ALLOW).exit_code == 0
    assert facts(run, "status", SLUG)["allowed"] == ["link-localhost"]


@pytest.mark.usefixtures("issue")
def test_test_is_not_refused(run: Run) -> None:
    """It is for looking at; how many errors there are is said."""
    sent = run("send", SLUG, "--to", "editor@example.org")
    assert (sent.exit_code, sent.stderr) == (0, "")
    assert f"  It has 1 error; to see them: digest check {SLUG}\n" in sent.stdout
    assert facts(run, "send", SLUG, "--to", "editor@example.org")["errors"] == 1
    assert run("send", SLUG, "--to", "editor@example.org", *ALLOW).exit_code == 2


@pytest.mark.usefixtures("issue")
def test_rehearsal_is_held_to_the_rules(run: Run, counted: Counted) -> None:
    """It stops where the send would, and takes the same wish."""
    counted.configure()
    stopped = run("send", SLUG, "--sandbox")
    assert stopped.exit_code == 4
    assert "--allow link-localhost" in stopped.stderr
    passed = facts(run, "send", SLUG, "--sandbox", *ALLOW)
    assert (passed["sent"], passed["errors"]) == (2, 1)


@pytest.fixture
def owner(letter: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """Let the newsletter's list be with a service."""
    monkeypatch.setenv("BUTTONDOWN_API_KEY", BUTTONDOWN_KEY)
    with host(ButtondownOwner()) as hosted:
        settings = (letter / "digest.toml").read_text("utf-8").partition("[provider]")[0]
        provider = f'[provider]\nname = "buttondown"\napi_url = "{hosted.url}"\n'
        (letter / "digest.toml").write_text(settings + provider, encoding="utf-8")
        yield hosted


@pytest.mark.usefixtures("issue", "any_store")
def test_hand_over_is_held_to_the_rules(run: Run, owner: Host) -> None:
    """Nothing is asked of the service before; what is let pass is shown, and remembered with what was handed over."""
    stopped = run("send", SLUG, "--yes")
    assert stopped.exit_code == 4
    assert "(link-localhost)" in stopped.stderr
    assert not owner.asked
    sent = run("send", SLUG, "--yes", *ALLOW)
    assert sent.exit_code == 0, sent.output
    assert "  let pass link-localhost\n" in sent.stdout
    assert ", link-localhost let pass\n" in run("status", SLUG).stdout
    assert facts(run, "status", SLUG)["handed_over"]["allowed"] == ["link-localhost"]
    assert run("send", SLUG, "--yes").exit_code == 0
    assert facts(run, "status", SLUG)["handed_over"]["allowed"] == ["link-localhost"]
