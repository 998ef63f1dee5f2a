"""The command that shows what is to come."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.opening import open_ledger, open_settings
from digest.cli.printing import json_option, moment, print_json, print_table
from digest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from digest.config import Settings
    from digest.publishing.scheduling.schedule import Appointment


@click.command(short_help="Show when each issue leaves, and how it stands.")
@click.option("--ics", type=click.Path(dir_okay=False, path_type=Path), help="Write a calendar; - prints it.")
@json_option
def schedule(ics: Path | None, as_json: bool) -> None:  # noqa: FBT001  # Click passes options by name
    """
    Show what is to come, by time, and what has left within the last week; and when a job of the code host runs next.

    \b
    Examples:
      digest schedule
      digest schedule --ics issues.ics
    """
    from digest.publishing.issues import Issues
    from digest.publishing.scheduling.schedule import appointments, is_shown

    if ics and as_json:
        msg = "a calendar and JSON are two answers"
        raise UsageError(msg, hint="Ask for the one, then for the other: --ics FILE, or --json.")
    settings, now = open_settings(), datetime.now(UTC)
    issues = Issues(settings=settings)
    with open_ledger(settings) as store:
        entries = appointments(issues, store, now)
    shown = [one for one in entries if is_shown(one, now)]
    if ics:
        _write_calendar(entries, settings, ics)
    elif as_json:
        print_json(_schedule_facts(shown, settings, now))
    else:
        _show(shown, issues.timezone)
        _show_runs(settings, issues.timezone, now)


def _write_calendar(entries: Sequence[Appointment], settings: Settings, ics: Path) -> None:
    from digest.files import write_whole
    from digest.publishing.scheduling.calendar import to_ics

    content = to_ics(entries, settings.newsletter)
    if str(ics) == "-":
        click.echo(content, nl=False)
    else:
        write_whole(ics, content)
        click.echo(ics)


def _show(shown: Sequence[Appointment], zone: ZoneInfo) -> None:
    rows = [(moment(one.at, zone) if one.at else "", one.slug, _state(one)) for one in shown]
    if rows:
        print_table(rows, [max(map(len, column)) for column in zip(*rows, strict=True)])
    else:
        click.echo("Nothing is to come.")


def _state(one: Appointment) -> str:
    moved = ", and its file says otherwise since" if one.moved else ""
    through = f" to {one.begun.provider}" if one.begun and one.phase.name == "AHEAD" else ""
    return f"{one.phase.value}{through}{moved}"


def _show_runs(settings: Settings, zone: ZoneInfo, now: datetime) -> None:
    from digest.publishing.scheduling.jobs import has_hidden_schedule, next_runs

    for run in next_runs(settings.root, now):
        click.echo(f"Next run: {moment(run.at, zone)} ({run.file})")
    if has_hidden_schedule(settings.root):
        click.echo("When GitLab runs next stands there alone, under Build > Pipeline schedules.")


def _schedule_facts(shown: Sequence[Appointment], settings: Settings, now: datetime) -> dict[str, object]:
    from digest.publishing.scheduling.jobs import next_runs

    return {
        "timezone": settings.newsletter.timezone,
        "issues": [
            {**one.facts(), "phase": one.phase.name.lower(), "title": one.title, "moved": one.moved} for one in shown
        ],
        "runs": [{"at": run.at.isoformat(), "file": run.file} for run in next_runs(settings.root, now)],
    }
