"""When a code host runs `digest send --due` next, as far as the files in the repository tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import yaml
from croniter import CroniterError, croniter  # type: ignore[import-untyped]  # it has none

from digest.files import repository_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WORKFLOWS = (".github/workflows", ".forgejo/workflows", ".gitea/workflows")
_SENDS = ("--due", "command: send")
"""What stands in a workflow that sends: our command, or that of our action."""
_GITLAB = ".gitlab-ci.yml"
_TRIGGERS = ("on", True)  # YAML 1.1 takes a bare `on` for true


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that is to come."""

    at: datetime
    file: str
    """The workflow that asks for it, from the repository's root on."""


def next_runs(folder: Path, now: datetime) -> list[Run]:
    """Return the next run of each workflow that sends, soonest first; a host may be late with it, or leave it out."""
    root = repository_of(folder)
    runs = [
        Run(at=at, file=path.relative_to(root).as_posix())
        for place in _WORKFLOWS
        for path in sorted((root / place).glob("*.y*ml"))
        if (at := _next(path, now))
    ]
    return sorted(runs, key=lambda run: run.at)


def has_hidden_schedule(folder: Path) -> bool:
    """Tell whether GitLab runs jobs for the newsletter: when it does is kept over there alone."""
    return (repository_of(folder) / _GITLAB).is_file()


def _next(path: Path, now: datetime) -> datetime | None:
    text = path.read_text("utf-8", errors="replace")
    if not any(word in text for word in _SENDS):
        return None
    moments = [_moment(cron, zone, now) for cron, zone in _crons(text)]
    return min((moment for moment in moments if moment), default=None)


def _crons(text: str) -> Iterator[tuple[str, str]]:
    """Yield the expressions of a workflow, each with its time zone."""
    try:
        workflow = yaml.safe_load(text)
    except yaml.YAMLError:
        return
    if not isinstance(workflow, dict):
        return
    triggers = next((workflow[name] for name in _TRIGGERS if name in workflow), None)
    schedule = triggers.get("schedule") if isinstance(triggers, dict) else None
    for entry in schedule if isinstance(schedule, list) else ():
        if isinstance(entry, dict) and "cron" in entry:
            yield str(entry["cron"]), str(entry.get("timezone") or "UTC")


def _moment(cron: str, zone: str, now: datetime) -> datetime | None:
    """Return when an expression is met next; None of one that nobody understands, or that is never met."""
    try:
        return datetime.fromtimestamp(croniter(cron, now.astimezone(ZoneInfo(zone))).get_next(float), UTC)
    except (CroniterError, KeyError, OSError, ValueError):  # the last three for a time zone that there is not
        return None
