"""The command that tells how issues stand, and those with which a person decides about one that was begun."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from digest.cli.completing import complete_issue
from digest.cli.opening import bring_readers, open_ledger, open_newsroom, open_settings
from digest.cli.printing import (
    json_option,
    many,
    moment,
    print_csv,
    print_json,
    print_json_stream,
    print_table,
    summary,
)
from digest.errors import UsageError
from digest.model import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from zoneinfo import ZoneInfo

    from digest.model import Delivery
    from digest.publishing.deciding import Decision
    from digest.publishing.issues import Issues
    from digest.publishing.newsroom import Newsroom
    from digest.publishing.status import IssueStatus
    from digest.store import Store

_EVERY = 1.0
"""Seconds between two looks at a send that is watched."""
_TOLD = frozenset({EventKind.DELIVERED, EventKind.BOUNCED, EventKind.COMPLAINED, EventKind.OPENED, EventKind.CLICKED})
"""What is shown of what providers tell later."""
_UNKNOWN = "(not on the list)"
"""In place of an address that is forgotten, or that another machine's list has."""
_COLUMNS = ("email", "state", "reason", "message_id", "at")


@click.command(short_help="Show how issues stand with their readers.")
@click.argument("issue", required=False, shell_complete=complete_issue)
@click.option("--watch", is_flag=True, help="Go on showing it until nobody is queued.")
@click.option("--recipients", is_flag=True, help="Show what became of each reader.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the recipients as CSV, and nothing else.")
@json_option
def status(issue: str | None, watch: bool, recipients: bool, as_csv: bool, as_json: bool) -> None:  # noqa: FBT001
    """
    Show how ISSUE, a path or a slug, stands with its readers; without one, how all issues stand.

    \b
    Examples:
      digest status
      digest status 2026-11-24-past-the-plateau --watch
      digest status 2026-11-24-past-the-plateau --recipients --csv
    """
    from digest.publishing.issues import Issues
    from digest.publishing.status import overview, status_of

    if (recipients or as_csv or watch) and not issue:
        msg = "--recipients, --csv and --watch take one issue"
        raise UsageError(msg, hint="Name it: digest status ISSUE --recipients")
    issues = Issues(settings=open_settings())
    readers = recipients or as_csv
    if watch and issue:
        _watch(issues, issue)
    with open_ledger(issues.settings, needs_key=readers) as store:
        if readers:
            bring_readers(store, issues.settings)
        rows = [status_of(issues, store, issue)] if issue else overview(issues, store)
        if readers:
            _show_recipients(rows[0], store, issues.timezone, as_csv=as_csv, as_json=as_json)
        elif as_json:
            print_json(rows[0].facts() if issue else {"issues": [row.facts() for row in rows]})
        else:
            _show_states(rows, issues.timezone)


def _watch(issues: Issues, issue: str) -> None:
    """Show the state whenever it has changed, until nobody is queued."""
    from digest.publishing.status import status_of

    shown = ""
    while True:
        with open_ledger(issues.settings) as store:  # anew, since a ledger on a branch stays as it was when opened
            status = status_of(issues, store, issue)
        state = _state(status, issues.timezone)
        if state != shown:
            click.echo(state)
            shown = state
        if not (status.progress and status.progress.tally.queued):
            return
        time.sleep(_EVERY)


def _show_states(rows: Iterable[IssueStatus], zone: ZoneInfo) -> None:
    print_table(((row.slug, _state(row, zone)) for row in rows), (40, 0))


def _show_recipients(status: IssueStatus, store: Store, zone: ZoneInfo, *, as_csv: bool, as_json: bool) -> None:
    from digest.publishing.status import deliveries_of

    deliveries = deliveries_of(store, status.slug)
    if as_csv:
        print_csv(_COLUMNS, (_facts(one).values() for one in deliveries))
    elif as_json:
        print_json_stream(status.facts(), "recipients", map(_facts, deliveries))
    else:
        _show_states([status], zone)
        print_table(((one.email or _UNKNOWN, one.state.value, one.reason) for one in deliveries), (40, 10, 0))


def _state(status: IssueStatus, zone: ZoneInfo) -> str:
    if status.progress:
        course = "" if status.progress.course.value == "open" else f", {status.progress.course.value}"
        held = f": {status.progress.held}" if status.progress.held else ""
        holder = f", in the hands of {status.progress.held_by}" if status.progress.held_by else ""
        let_pass = _let_pass(status.progress.allowed)
        since = "".join(
            f" · {kind.value.replace('_', ' ')} {count:,}"
            for kind, count in status.progress.news.items()
            if kind in _TOLD
        )
        return (
            f"{summary(status.progress.tally)}{since}, {moment(status.progress.begun_at, zone)}"
            f"{course}{held}{holder}{let_pass}"
        )
    if status.handed:
        handed = status.handed
        let_pass = _let_pass(handed.allowed)
        return f"with {handed.provider}: {handed.stage.value}, {moment(handed.changed_at, zone)}{let_pass}"
    if status.fault:
        return f"cannot be read: {status.fault.lines()[0]}"
    if status.issue is None:
        return ""
    planned = f", for {moment(status.issue.send_at, zone)}" if status.issue.send_at else ""
    return f"{'ready' if status.issue.ready else 'draft'}{planned}"


def _let_pass(rules: Sequence[str]) -> str:
    return f", {', '.join(rules)} let pass" if rules else ""


def _facts(delivery: Delivery) -> dict[str, object]:
    return {
        "email": delivery.email,
        "state": delivery.state.value,
        "reason": delivery.reason,
        "message_id": delivery.message_id,
        "at": delivery.at.isoformat() if delivery.at else None,
    }


@click.command(short_help="Let nothing more of an issue leave.")
@click.argument("issue", shell_complete=complete_issue)
def pause(issue: str) -> None:
    """
    Let nothing more of ISSUE leave until somebody sends it by its name again; what is in flight is finished.

    \b
    Example:
      digest pause 2026-11-24-past-the-plateau
    """
    from digest.publishing.deciding import pause as decide

    decision = _carry_out(decide, issue)
    _tell(decision, "held back", f"To go on: digest send {decision.slug}")


@click.command(short_help="End an issue: what is not yet sent never will be.")
@click.argument("issue", shell_complete=complete_issue)
@click.option("-y", "--yes", is_flag=True, help="Do it without asking.")
def cancel(issue: str, yes: bool) -> None:  # noqa: FBT001
    """
    End ISSUE: what is not yet sent never will be. What is in flight is finished.

    What was handed over ahead is taken back, where the provider gives it back.

    \b
    Example:
      digest cancel 2026-11-24-past-the-plateau
    """
    from digest.publishing.deciding import cancel as decide

    if not yes:
        click.confirm(f"Never send {issue} to those who have not got it?", abort=True, err=True)
    decision = _carry_out(decide, issue)
    if decision.draft_at:
        click.echo(f"{decision.slug} is a draft at {decision.draft_at}.")
        click.echo(f"  To send it after all: digest send {decision.slug}")
        return
    _tell(decision, "skipped", "")
    if decision.deliver_at and decision.tally.sent:
        there = many(decision.tally.sent, "reader")
        click.echo(f"  What the provider has, for {there}, it delivers all the same. Take it back there in time.")


@click.command(short_help="Queue those again whom the provider refused.")
@click.argument("issue", shell_complete=complete_issue)
def retry(issue: str) -> None:
    """
    Queue those again whom the provider refused ISSUE for, when the reasons are mended; send then writes to them.

    \b
    Example:
      digest retry 2026-11-24-past-the-plateau
    """
    from digest.publishing.deciding import retry as decide

    decision = _carry_out(decide, issue)
    _tell(decision, "queued again", f"To write to them: digest send {decision.slug}")


@click.command(short_help="Settle those of whom nobody knows whether they got an issue.")
@click.argument("issue", shell_complete=complete_issue)
@click.option("--sent", "ruling", flag_value="sent", help="They got it.")
@click.option("--resend", "ruling", flag_value="resend", help="They are to get it, be it for the second time.")
def resolve(issue: str, ruling: str | None) -> None:
    """
    Settle those in doubt: of whom nobody knows whether they got ISSUE. Without an option, the provider's log is asked.

    \b
    Examples:
      digest resolve 2026-11-24-past-the-plateau
      digest resolve 2026-11-24-past-the-plateau --sent
    """
    from functools import partial

    from digest.publishing.deciding import Ruling
    from digest.publishing.deciding import resolve as decide

    decision = _carry_out(partial(decide, ruling=Ruling(ruling or "ask")), issue, readers=True)
    _tell(decision, "settled", f"To write to them: digest send {decision.slug}" if decision.tally.queued else "")


def _carry_out(decide: Callable[[Newsroom, Store, str], Decision], issue: str, *, readers: bool = False) -> Decision:
    newsroom = open_newsroom()
    with open_ledger(newsroom.settings, needs_key=readers) as store:
        if readers:
            bring_readers(store, newsroom.settings)
        return decide(newsroom, store, issue)


def _tell(decision: Decision, done: str, then: str) -> None:
    click.echo(f"{decision.slug}: {many(decision.changed, 'reader')} {done}.")
    click.echo(f"  {summary(decision.tally)}")
    if then and decision.changed:
        click.echo(f"  {then}")
