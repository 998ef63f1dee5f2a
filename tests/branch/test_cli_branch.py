"""The program on machines that forget: clones of one repository, with nothing else in common but a key and a list."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from branch_room import BRANCH, KEY, git
from mailing_room import NOW

from digest.cli.opening import open_ledger, open_settings
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
        assert any("taken over by" in err or "in the hands of" in err for _, err in outputs)


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
