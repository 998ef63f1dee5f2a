"""`digest cancel` of what was handed over ahead: it is taken back where it can be, and nothing is made up."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import counting_provider
import pytest

from digest.store import open_store

if TYPE_CHECKING:
    from conftest import Counted, Run

SLUG = "2026-11-24-hello"


def hand_over(run: Run, counted: Counted, *, hours: float = 48, answer: str = "sent", back: str = "done") -> None:
    """Hand the issue over for so many hours from now, to a service that answers so."""
    counted.configure(name="generous", hours=72, messages=1, answer=answer, back=back, idempotent=False)
    at = datetime.now(UTC) + timedelta(hours=hours)
    text = f"---\nstatus: ready\nsend_at: {at:%Y-%m-%d %H:%M}\n---\nSome words.\n"
    (counted.folder / "issues" / f"{SLUG}.md").write_text(text, encoding="utf-8")
    run("send", SLUG, "--yes", "--ahead")


def standing(run: Run) -> dict[str, int]:
    """Return how many readers stand how, without the states that nobody is in."""
    facts = json.loads(run("status", SLUG, "--json").stdout)
    states = ("sent", "refused", "skipped", "queued", "in_doubt")
    return {state: facts[state] for state in states if facts[state]}


def asked(counted: Counted) -> list[str]:
    """Return what the service was asked to give back."""
    file = counted.folder / counting_provider.BACK
    return file.read_text("utf-8").split() if file.exists() else []


@pytest.mark.usefixtures("any_store")
def test_taken_back(run: Run, counted: Counted) -> None:
    """All that the provider had is skipped, as cancelled; it is asked once for all, and a schedule leaves it alone."""
    hand_over(run, counted)
    assert standing(run) == {"sent": 2}
    cancelled = run("cancel", SLUG, "--yes")
    assert (cancelled.exit_code, cancelled.stderr) == (0, "")
    assert f"{SLUG}: 2 readers skipped." in cancelled.stdout
    assert "delivers all the same" not in cancelled.stdout
    assert standing(run) == {"skipped": 2}
    assert "cancelled" in run("schedule").stdout
    assert run("send", "--due", "--ahead").exit_code == 0
    assert run("store", "check").exit_code == 0
    assert run("cancel", SLUG, "--yes").exit_code == 2
    assert len(asked(counted)) == 1


@pytest.mark.parametrize(
    ("answer", "before", "after"),
    [
        ("sent then unreachable", {"sent": 1, "queued": 1}, {"skipped": 2}),
        ("lost", {"queued": 1, "in_doubt": 1}, {"skipped": 2}),
    ],
)
def test_part_of_it(run: Run, counted: Counted, answer: str, before: dict[str, int], after: dict[str, int]) -> None:
    """Who was sent it, who is in doubt and who is queued: none of them gets it any more."""
    hand_over(run, counted, answer=answer)
    assert standing(run) == before
    run("cancel", SLUG, "--yes")
    assert standing(run) == after
    assert run("store", "check").exit_code == 0


@pytest.mark.parametrize(
    ("back", "sentence"),
    [("too late", "generous delivers it all the same"), ("lost", "generous may deliver it all the same")],
)
def test_not_given_back(run: Run, counted: Counted, back: str, sentence: str) -> None:
    """Then they count as sent, and it is no cancelled one yet; the rest is ended, and it can be tried again."""
    hand_over(run, counted, answer="sent then unreachable", back=back)
    refused = run("cancel", SLUG, "--yes")
    assert refused.exit_code == 6
    assert sentence in refused.stderr
    assert standing(run) == {"sent": 1, "skipped": 1}
    assert "handed over to generous" in run("schedule").stdout
    settings = counted.folder / "digest.toml"
    settings.write_text(settings.read_text("utf-8").replace(f'"{back}"', '"done"'), encoding="utf-8")
    assert run("cancel", SLUG, "--yes").exit_code == 0
    assert "cancelled" in run("schedule").stdout
    assert standing(run) == {"skipped": 2}
    assert len(asked(counted)) == 2
    assert len(set(asked(counted))) == 1


def test_no_longer_given_back(run: Run, counted: Counted) -> None:
    """Shortly before its time the provider is not even asked, and what it has counts as sent."""
    hand_over(run, counted)
    with open_store(f"sqlite:///{counted.folder}/.digest/digest.db") as store:
        frozen = store.mailings.get(SLUG)
        edition = store.mailings.edition(frozen.edition_id)
        near = datetime.now(UTC) + timedelta(minutes=9)
        store.mailings.amend(replace(edition, deliver_at=near), now=datetime.now(UTC))
    cancelled = run("cancel", SLUG, "--yes")
    assert cancelled.exit_code == 6
    assert "gives nothing back within 10 minutes" in cancelled.stderr
    assert (standing(run), asked(counted)) == ({"sent": 2}, [])


def test_with_another_provider(run: Run, counted: Counted) -> None:
    """It is asked of the provider that has it; who has set another by now is told how."""
    hand_over(run, counted)
    counted.configure(hours=72)
    cancelled = run("cancel", SLUG, "--yes")
    assert cancelled.exit_code == 2
    assert f"DIGEST_PROVIDER=generous digest cancel {SLUG}" in cancelled.stderr
    assert standing(run) == {"sent": 2}
