"""When a job runs next, by the files of the repository; what they do not tell, nobody makes up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from digest.publishing.scheduling.jobs import has_hidden_schedule, next_runs

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
SENDS = "jobs:\n  send:\n    steps:\n      - run: digest send --due\n"


def write(root: Path, schedule: str, rest: str = SENDS, place: str = ".github/workflows/send.yml") -> None:
    """Write a workflow."""
    file = root / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"on:\n{schedule}\n{rest}", encoding="utf-8")


@pytest.mark.parametrize(
    ("schedule", "at"),
    [
        ('  schedule:\n    - cron: "17 * * * *"', "2026-10-24T23:17"),
        ('  schedule:\n    - cron: "17 7 * * 1-5"\n    - cron: "45 9 * * *"', "2026-10-25T09:45"),
        ('  schedule:\n    - cron: "17 7 * * MON"', "2026-10-26T07:17"),
        # The clocks go back in between; where a workflow names no zone, it is meant in UTC.
        ('  schedule:\n    - cron: "0 9 * * *"\n      timezone: Europe/Berlin', "2026-10-25T08:00"),
        ('  schedule:\n    - cron: "61 * * * *"\n    - cron: "5 0 * * *"', "2026-10-25T00:05"),
    ],
)
def test_next_run(tmp_path: Path, schedule: str, at: str) -> None:
    """It is the soonest of those that its expressions name."""
    write(tmp_path, schedule)
    (run,) = next_runs(tmp_path, NOW)
    assert (f"{run.at:%Y-%m-%dT%H:%M}", run.at.tzinfo) == (at, UTC)
    assert run.file == ".github/workflows/send.yml"


@pytest.mark.parametrize(
    ("schedule", "rest"),
    [
        ('  schedule:\n    - cron: "17 * * * *"', "jobs: {}\n"),
        ('  schedule:\n    - cron: "every day"', SENDS),
        ('  schedule:\n    - cron: "0 0 31 2 *"', SENDS),
        ('  schedule:\n    - cron: "0 9 * * *"\n      timezone: Middle/Earth', SENDS),
        ("  workflow_dispatch:", SENDS),
        ("  - push", SENDS),
        ("  schedule: soon", SENDS),
        ("  : : [", SENDS),
    ],
)
def test_no_run_is_known(tmp_path: Path, schedule: str, rest: str) -> None:
    """What does not send, has no schedule, or cannot be understood, tells nothing."""
    write(tmp_path, schedule, rest)
    assert next_runs(tmp_path, NOW) == []


def test_several_hosts(tmp_path: Path) -> None:
    """A newsletter in a folder of a repository is run by whatever lies at its root, the soonest first."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "letter"
    folder.mkdir()
    write(tmp_path, '  schedule:\n    - cron: "50 * * * *"')
    action = "jobs:\n  send:\n    steps:\n      - uses: somebody/digest@main\n        with:\n          command: send\n"
    write(tmp_path, '  schedule:\n    - cron: "40 * * * *"', action, ".forgejo/workflows/send.yaml")
    assert [run.file for run in next_runs(folder, NOW)] == [
        ".forgejo/workflows/send.yaml",
        ".github/workflows/send.yml",
    ]
    assert not has_hidden_schedule(folder)
    (tmp_path / ".gitlab-ci.yml").touch()
    assert has_hidden_schedule(folder)
