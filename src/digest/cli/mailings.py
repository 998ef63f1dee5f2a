"""The commands with which an issue leaves, and that tell what became of it: send, status, providers."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from digest.cli.completing import complete_issue
from digest.cli.opening import open_list, open_newsroom
from digest.cli.printing import json_option, many, print_json, print_json_stream, print_table
from digest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from digest.model import Delivery, Plan, Tally
    from digest.publishing.mailing import Mailing
    from digest.publishing.status import IssueStatus


@click.command(short_help="Send an issue to its readers, each once.")
@click.argument("issue", required=False, shell_complete=complete_issue)
@click.option("-y", "--yes", is_flag=True, help="Send without asking.")
@click.option("--dry-run", is_flag=True, help="Show the plan, and send nothing.")
@json_option
def send(issue: str | None, yes: bool, dry_run: bool, as_json: bool) -> None:  # noqa: FBT001
    """
    Send ISSUE, a path or a slug, to every reader on the list; without one, the issue that is ready.

    What was begun goes on: each reader gets an issue once, however often this is run.

    \b
    Examples:
      digest send --dry-run
      digest send issues/2026-11-24-past-the-plateau.md
      digest send 2026-11-24-past-the-plateau --yes --json
    """
    from digest.publishing.mailing import carry_out, prepare

    newsroom = open_newsroom()
    with open_list(newsroom.settings) as store, nullcontext() if dry_run else store.hold("sending"):
        mailing = prepare(newsroom, store, issue)
        if mailing and not as_json:
            _show(mailing, newsroom.timezone)
        if mailing and mailing.readers and not dry_run and (yes or _confirm(mailing)):
            with _watch(mailing.readers, quiet=as_json) as report:
                mailing = carry_out(mailing, store, report)
    _finish(mailing, as_json=as_json)
    if mailing and not dry_run:
        mailing.raise_unless_complete()


def _show(mailing: Mailing, zone: ZoneInfo) -> None:
    """Say what a send would do, before anything happens."""
    click.echo(f"{mailing.slug}: {mailing.subject}")
    if mailing.plan:
        _show_plan(mailing.plan, mailing.provider.destination)
    if mailing.draft:
        click.echo("  status   a draft; it is sent all the same when you confirm")
    if mailing.progress:
        begun = _moment(mailing.progress.begun_at, zone)
        rest = f"It goes on for {many(mailing.readers, 'reader')}." if mailing.readers else "Nothing is left to send."
        click.echo(f"  It was begun at {begun}. {rest}")
    if mailing.changed:
        click.echo("  The issue has changed since; its readers get what was frozen then.")


def _show_plan(plan: Plan, destination: str) -> None:
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in plan.audience.excluded.items())
    click.echo(f"  to       {many(plan.audience.readers, 'reader')}{f' (left out: {left_out})' if left_out else ''}")
    click.echo(f"  through  {plan.provider} ({destination}), in {many(plan.batches, 'request')}")
    click.echo(f"  plan     {plan.key}")


def _confirm(mailing: Mailing) -> bool:
    if not sys.stdin.isatty():
        msg = "nobody is here to confirm"
        raise UsageError(msg, hint="Add --yes to send without asking, or --dry-run to see the plan.")
    if click.confirm(f"Send it to {many(mailing.readers, 'reader')}?", err=True):
        return True
    click.echo("Nothing was sent.", err=True)
    return False


@contextmanager
def _watch(readers: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar at a terminal, and nothing elsewhere."""
    if quiet or not sys.stdout.isatty():
        yield lambda _count: None
        return
    with click.progressbar(length=readers, label="Sending", show_pos=True) as bar:
        yield bar.update


def _finish(mailing: Mailing | None, *, as_json: bool) -> None:
    """Say how the issue stands."""
    if as_json:
        print_json(mailing.facts() if mailing else {"issue": None})
    elif mailing is None:
        click.echo("Nothing to send: every issue that is ready has been sent.")
    elif mailing.progress:
        click.echo(f"  {_summary(mailing.progress.tally)}")
        if mailing.progress.tally.sent < mailing.progress.tally.total:
            click.echo(f"  Who, and why: digest status {mailing.slug} --recipients")


def _summary(tally: Tally) -> str:
    states = {"sent": tally.sent, "refused": tally.refused, "skipped": tally.skipped}
    states |= {"queued": tally.queued, "in doubt": tally.in_doubt}
    return " · ".join(f"{name} {count:,}" for name, count in states.items() if count or name == "sent")


@click.command(short_help="Show how issues stand with their readers.")
@click.argument("issue", required=False, shell_complete=complete_issue)
@click.option("--recipients", is_flag=True, help="Show what became of each reader.")
@json_option
def status(issue: str | None, recipients: bool, as_json: bool) -> None:  # noqa: FBT001
    """
    Show how ISSUE, a path or a slug, stands with its readers; without one, how all issues stand.

    \b
    Examples:
      digest status
      digest status 2026-11-24-past-the-plateau --recipients
    """
    from digest.publishing.status import deliveries_of, overview, status_of

    if recipients and not issue:
        msg = "--recipients takes one issue"
        raise UsageError(msg, hint="Name it: digest status ISSUE --recipients")
    newsroom = open_newsroom()
    with open_list(newsroom.settings) as store:
        rows = [status_of(newsroom, store, issue)] if issue else overview(newsroom, store)
        if not as_json:
            print_table(((row.slug, _state(row, newsroom.timezone)) for row in rows), (40, 0))
        if recipients:
            _show_recipients(rows[0], deliveries_of(store, rows[0].slug), as_json=as_json)
        elif as_json:
            print_json(rows[0].facts() if issue else {"issues": [row.facts() for row in rows]})


def _show_recipients(status: IssueStatus, deliveries: Iterator[Delivery], *, as_json: bool) -> None:
    if as_json:
        print_json_stream(status.facts(), "recipients", map(_facts, deliveries))
    else:
        print_table(((one.email, one.state.value, one.reason) for one in deliveries), (40, 10, 0))


def _state(status: IssueStatus, zone: ZoneInfo) -> str:
    if status.progress:
        return f"{_summary(status.progress.tally)}, {_moment(status.progress.begun_at, zone)}"
    if status.fault:
        return f"cannot be read: {status.fault.lines()[0]}"
    if status.issue is None:
        return ""
    planned = f", for {_moment(status.issue.send_at, zone)}" if status.issue.send_at else ""
    return f"{'ready' if status.issue.ready else 'draft'}{planned}"


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _facts(delivery: Delivery) -> dict[str, object]:
    return {
        "email": delivery.email,
        "state": delivery.state.value,
        "reason": delivery.reason,
        "message_id": delivery.message_id,
        "at": delivery.at.isoformat() if delivery.at else None,
    }


@click.command(short_help="List the services that can deliver.")
@json_option
def providers(as_json: bool) -> None:  # noqa: FBT001
    """
    List the services that can deliver, by the names that [provider] in digest.toml takes.

    \b
    Example:
      digest providers
    """
    from digest.providers.finding import provider_names

    names = provider_names()
    if as_json:
        print_json({"providers": names})
    else:
        click.echo("\n".join(names))
