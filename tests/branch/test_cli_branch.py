"""The program on machines that forget: clones of one repository, with nothing else in common but a key and a list."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import counting_provider
import pytest
from branch_room import BRANCH, KEY, git
from mailing_room import NOW

from digest.branch.leases import TERM, Lease
from digest.branch.records import LEASE, folder_of
from digest.branch.repository import Repository
from digest.cli.opening import bring_readers, open_ledger, open_settings
from digest.store import Handed, Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Counted, Program, Run

SLUG = "2026-11-24-hello"


@pytest.fixture
def machine(letter: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the newsletter be a clone that keeps its ledger on a branch of its remote, which is there."""
    remote = letter.with_name("remote.git")
    git(letter, "init", "--quiet", "--template=", "--bare", remote)
    git(letter, "init", "--quiet", "--template=")
    git(letter, "remote", "add", "origin", "../remote.git")
    monkeypatch.setenv("DIGEST_LEDGER_URL", f"git:origin/{BRANCH}")
    monkeypatch.setenv("DIGEST_SUBSCRIBERS_SOURCE", "subscribers.csv")
    monkeypatch.setenv("DIGEST_SECRET", KEY)
    return letter


@pytest.fixture
def another(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that goes on as a new machine, which knows nothing but the files of the newsletter."""

    def go() -> None:
        fresh = machine.with_name("fresh")
        shutil.copytree(machine, fresh, ignore=shutil.ignore_patterns(".digest"))
        git(fresh, "update-ref", "-d", f"refs/digest/tips/origin/{BRANCH}")
        monkeypatch.chdir(fresh)

    return go


def facts(run: Run, *arguments: str) -> dict[str, object]:
    """Return what a command says in JSON."""
    result = run(*arguments, "--json")
    return dict(json.loads(result.stdout))


def test_sent_once_by_whichever_machine(run: Run, machine: Path, another: Callable[[], None]) -> None:
    """What one machine has sent, the next one knows, to the reader, and sends it to nobody again."""
    assert run("send", "--yes").exit_code == 0
    assert len([*(machine / ".digest" / "outbox" / SLUG).iterdir()]) == 2
    another()
    assert facts(run, "send", SLUG, "--yes")["sent"] == 2
    told = facts(run, "status", SLUG, "--recipients")["recipients"]
    assert isinstance(told, list)
    assert {line["email"]: line["state"] for line in told} == {"ada@example.org": "sent", "noor@example.org": "sent"}
    assert not (machine.with_name("fresh") / ".digest" / "outbox").exists()


def test_readers_of_another_list(run: Run, machine: Path) -> None:
    """Whom the list of this machine does not have is told as such."""
    assert run("send", "--yes").exit_code == 0
    (machine / "subscribers.csv").write_text("email\nada@example.org\n", encoding="utf-8")
    told = run("status", SLUG, "--recipients").stdout
    assert [line.split("  ")[0] for line in told.splitlines()[1:]].count("(not on the list)") == 1
    assert "ada@example.org" in told


def test_status_needs_neither_key_nor_list(run: Run, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever only looks needs no secret."""
    assert run("send", "--yes").exit_code == 0
    (machine / ".env").unlink(missing_ok=True)
    (machine / "subscribers.csv").unlink()
    monkeypatch.delenv("DIGEST_SECRET")
    assert facts(run, "status", SLUG)["sent"] == 2
    result = run("send", "--yes")
    assert result.exit_code == 3
    assert "DIGEST_SECRET is not set" in result.output
    assert "\n  DIGEST_SECRET=" in result.output
    monkeypatch.setenv("CI", "true")
    assert "\n  DIGEST_SECRET=" not in run("send", "--yes").output  # a log that others may read


def test_two_programs(program: Program, machine: Path, counted: Counted) -> None:
    """Of two that are started together, one sends, and the other says so, whichever comes first."""
    del machine
    counted.configure(messages=1, seconds=0.1)
    both = [program.start("send", SLUG, "--yes") for _ in range(2)]
    outputs = [process.communicate() for process in both]
    codes = sorted(process.returncode for process in both)
    assert counted.accepted() == {"ada@example.org": 1, "noor@example.org": 1}
    assert codes in ([0, 0], [0, 6]), outputs
    if codes == [0, 6]:
        words = ("in the hands of", "taken over by", "somebody has changed")  # where it has finished
        assert any(one in err for one in words for _, err in outputs), outputs


def test_branch_that_is_protected(run: Run, machine: Path, counted: Counted) -> None:
    """Where nothing can be pushed, nothing is sent, and the sentence says what the job lacks."""
    hook = machine.with_name("remote.git") / "hooks" / "pre-receive"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 5
    assert "takes nothing from here" in result.output
    assert "contents: write" in result.output
    assert not counted.accepted()


def test_branch_of_another_use(run: Run, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds the newsletter itself, or anything else, is never written to."""
    git(machine, "add", "digest.toml")
    git(machine, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "--message=Begin")
    git(machine, "push", "--quiet", "origin", "HEAD:main")
    monkeypatch.setenv("DIGEST_LEDGER_URL", "git:origin/main")
    result = run("send", "--yes")
    assert result.exit_code == 3
    assert "holds something else than a ledger" in result.stderr


def test_file_in_a_job_is_refused(
    run: Run, letter: Path, counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A throw-away database would let the next job send it all again; the sentence names the line to write."""
    del letter
    monkeypatch.setenv("CI", "true")
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 3
    assert 'url = "git:origin/digest-ledger"' in result.output
    assert not counted.accepted()
    monkeypatch.setenv("DIGEST_STORE_URL", f"sqlite:///{tmp_path}/kept.db")
    assert run("subscribers", "import", "subscribers.csv").exit_code == 0
    assert run("send", SLUG, "--yes").exit_code == 0


def test_decisions(run: Run, machine: Path, counted: Counted, another: Callable[[], None]) -> None:
    """Those in doubt, and an issue that was ended, are settled from another machine."""
    del machine
    counted.configure(messages=1, idempotent=False, answer="lost", stop_after=1)
    assert run("send", SLUG, "--yes").exit_code == 6
    another()
    assert facts(run, "status", SLUG) == facts(run, "status", SLUG) | {"in_doubt": 1, "queued": 1}
    assert run("resolve", SLUG, "--sent").exit_code == 0
    assert run("cancel", SLUG, "--yes").exit_code == 0
    assert facts(run, "status", SLUG) == facts(run, "status", SLUG) | {"sent": 1, "skipped": 1}


def test_wrong_list(run: Run, machine: Path, counted: Counted) -> None:
    """An issue does not go on with a list on which most of its readers are missing, since they would get nothing."""
    counted.configure(messages=1, answer="sent then barred")
    (machine / "subscribers.csv").write_text(
        "email\nada@example.org\nnoor@example.org\nzoe@example.org\n", encoding="utf-8"
    )
    assert run("send", SLUG, "--yes").exit_code == 6
    before = facts(run, "status", SLUG)
    (machine / "subscribers.csv").write_text("email\nbob@example.org\n", encoding="utf-8")
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 6
    assert "was begun for 3 readers, and the list here has 1" in result.output
    assert facts(run, "status", SLUG) == before
    assert (before["sent"], before["queued"]) == (1, 2)


@pytest.fixture
def ahead(run: Run, machine: Path, counted: Counted) -> None:
    """Hand the issue over ahead of its time, to one reader of two, at a service that gives it back no more."""
    counted.configure(name="generous", hours=72, messages=1, answer="sent then unreachable", back="too late")
    at = datetime.now(UTC) + timedelta(hours=48)
    text = f"---\nstatus: ready\nsend_at: {at:%Y-%m-%d %H:%M}\n---\nSome words.\n"
    (machine / "issues" / f"{SLUG}.md").write_text(text, encoding="utf-8")
    run("send", SLUG, "--yes", "--ahead")
    assert counted.accepted().total() == 1


@pytest.mark.usefixtures("ahead")
def test_ended_though_not_given_back(run: Run, another: Callable[[], None]) -> None:
    """What is not given back counts as sent, and the issue is ended on the branch all the same."""
    assert run("cancel", SLUG, "--yes").exit_code == 6
    another()
    assert facts(run, "status", SLUG) == facts(run, "status", SLUG) | {"sent": 1, "skipped": 1}


@pytest.mark.usefixtures("ahead")
def test_nothing_is_taken_back_while_more_may_be_handed_over(run: Run, machine: Path) -> None:
    """While another process is at it, which `status` tells, the issue is ended, and the provider is not asked."""
    settings = open_settings()
    with open_ledger(settings, needs_key=True) as store:
        bring_readers(store, settings)
        with store.claims(store.mailings.get(SLUG)) as claims:
            batch = claims.claim(now=datetime.now(UTC))
            assert batch
            assert "in the hands of process" in run("status", SLUG).stdout
            refused = run("cancel", SLUG, "--yes")
            assert (refused.exit_code, "in the hands of process" in refused.stderr) == (6, True)
            claims.release(batch)
            assert claims.claim(now=datetime.now(UTC)) is None
    assert not (machine / counting_provider.BACK).exists()
    assert facts(run, "status", SLUG) == facts(run, "status", SLUG) | {"sent": 1, "skipped": 1}


def test_watching(run: Run, program: Program, machine: Path, counted: Counted) -> None:
    """Whoever looks on sees what another program pushes, until nobody is queued."""
    del machine
    counted.configure(messages=1, idempotent=False, answer="lost", stop_after=1)
    run("send", SLUG, "--yes")
    with program.start("status", SLUG, "--watch") as watching:
        assert watching.stdout
        assert "queued 1" in watching.stdout.readline()
        assert run("cancel", SLUG, "--yes").exit_code == 0
        assert "skipped 1" in watching.stdout.readline()
        watching.communicate()
    assert watching.returncode == 0


@pytest.mark.parametrize("choice", [("--due",), (SLUG, "--yes")], ids=["due", "named"])
def test_taken_over(run: Run, machine: Path, counted: Counted, choice: tuple[str, ...]) -> None:
    """What another job has in hand is left to it, and it is named, until a person says that it is dead."""
    counted.configure(messages=1, answer="unreachable", stop_after=1)
    run("send", SLUG, "--yes")
    repository = Repository.find(machine, f"git:origin/{BRANCH}")
    now = datetime.now(UTC)
    lease = Lease(holder="send-0", name="the other job", since=now, until=now + TERM)
    files = {f"{folder_of(SLUG)}{LEASE}": lease.content}
    assert repository.push(repository.commit(files, parent=repository.fetch(), words="in hand")).accepted
    counted.configure(messages=1)
    refused = run("send", *choice)
    assert (refused.exit_code, "in the hands of the other job" in refused.output) == (6, True)
    assert not counted.accepted()
    assert run("send", *choice, "--take-over").exit_code == 0
    assert counted.accepted() == {"ada@example.org": 1, "noor@example.org": 1}


def test_hand_over(run: Run, machine: Path, another: Callable[[], None]) -> None:
    """Each step of handing an issue over is on the branch before the next one is taken, and another machine sees it."""
    del machine
    with open_ledger(open_settings()) as store, store.hold("handing an issue over"):
        handed = store.handovers.begin(SLUG, provider="buttondown", now=NOW)
        assert facts(run, "status", SLUG)["handed_over"]
        store.handovers.keep(replace(handed, stage=Stage.SENT, campaign="c1"), now=NOW)
    another()
    with open_ledger(open_settings()) as store:
        found = store.handovers.find(SLUG)
    assert found == Handed(
        slug=SLUG, provider="buttondown", stage=Stage.SENT, campaign="c1", begun_at=NOW, changed_at=NOW
    )
