"""The commands that send an issue, and that list who can deliver it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from digest.cli.completing import complete_issue, complete_rule
from digest.cli.opening import open_list, open_newsroom
from digest.cli.printing import duration, json_option, many, moment, print_json, rules_in_words, size, summary
from digest.errors import UsageError

if TYPE_CHECKING:
    from threading import Event
    from zoneinfo import ZoneInfo

    from digest.model import Plan
    from digest.publishing.mailing import Mailing
    from digest.publishing.rehearsing import Trial
    from digest.store import Store


def _known(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the rules of these names, sorted; they are looked up only where there are any."""
    if not names:
        return ()
    from digest.publishing.proofing import allowed_rules

    del ctx, param
    return allowed_rules(names)


@click.command(short_help="Send an issue to its readers, each once.")
@click.argument("issue", required=False, shell_complete=complete_issue)
@click.option("-y", "--yes", is_flag=True, help="Send without asking.")
@click.option("--dry-run", is_flag=True, help="Show the plan, and send nothing.")
@click.option("--segment", default="", metavar="NAME|EXPRESSION", help="Only to readers of this segment.")
@click.option("--plan", default="", metavar="KEY", help="Only if the plan is still the one with this key.")
@click.option("--late", is_flag=True, help="Even long after its time.")
@click.option("--amend", is_flag=True, help="To those still queued, as the issue reads now.")
@click.option("--to-new", is_flag=True, help="Also to those who joined since it was begun.")
@click.option("--ahead", is_flag=True, help="Hand it over now, for the provider to deliver at its time.")
@click.option(
    "--allow",
    multiple=True,
    metavar="RULE",
    callback=_known,
    shell_complete=complete_rule,
    help="Even with errors of this rule; repeatable.",
)
@click.option("--to", "addresses", multiple=True, metavar="ADDRESS", help="A test, to this address alone; repeatable.")
@click.option("--sandbox", is_flag=True, help="Have the provider check everything and deliver nothing.")
@json_option
def send(issue: str | None, yes: bool, dry_run: bool, as_json: bool, **wishes: Any) -> None:  # noqa: FBT001
    """
    Send ISSUE, a path or a slug, to every reader on the list; without one, the issue that is ready.

    What was begun goes on: each reader gets an issue once, however often this is run.

    \b
    Examples:
      digest send --dry-run
      digest send issues/2026-11-24-past-the-plateau.md --segment pros
      digest send 2026-11-24-past-the-plateau --yes --json
      digest send 2026-11-24-past-the-plateau --to editor@example.org
    """
    addresses, sandbox = wishes.pop("addresses"), wishes.pop("sandbox")
    if addresses or sandbox:
        _try_out(issue, addresses, wishes, sandbox=sandbox, dry_run=dry_run, as_json=as_json)
    else:
        _send_to_readers(issue, wishes, yes=yes, dry_run=dry_run, as_json=as_json)


def _try_out(
    issue: str | None,
    addresses: tuple[str, ...],
    wishes: dict[str, Any],
    *,
    sandbox: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from dataclasses import replace

    from digest.cli.watching import stoppable, watch
    from digest.publishing.choosing import Wishes
    from digest.publishing.rehearsing import count_errors, perform, prepare_sandbox, prepare_test

    given = {name for name, value in wishes.items() if value}
    if issue is None or given - ({"segment", "allow"} if sandbox and not addresses else set()):
        msg = "a test or a rehearsal is of one issue, as it reads now, and written down nowhere"
        raise UsageError(msg, hint="Name the issue; beside --sandbox go --segment and --allow, and no other wish.")
    newsroom = open_newsroom()
    with open_list(newsroom.settings) as store, stoppable() as stopping:
        if addresses:
            trial = prepare_test(newsroom, store, issue, addresses, sandbox=sandbox)
            trial = replace(trial, errors=count_errors(newsroom, store, issue))
        else:
            trial = prepare_sandbox(newsroom, store, issue, Wishes(**wishes))
        if not as_json:
            _show_trial(trial)
        if not dry_run:
            with watch(trial.readers, quiet=as_json) as report:
                stop_after = newsroom.settings.send.stop_after
                trial = perform(trial, stop_after=stop_after, report=report, stopping=stopping)
    if as_json:
        print_json(trial.facts())
    elif not dry_run:
        click.echo(f"  {trial.tally.sent:,} taken. Nothing was written down.")
    if stopping.is_set():
        raise KeyboardInterrupt
    if not dry_run:
        trial.raise_unless_complete()


def _show_trial(trial: Trial) -> None:
    place = f"{trial.provider.name} ({trial.provider.destination})"
    click.echo(f"{trial.edition.slug}: {trial.subject}")
    click.echo(f"  {_KINDS[trial.kind]} for {many(trial.readers, 'reader')}, through {place}")
    if trial.errors:
        click.echo(f"  It has {many(trial.errors, 'error')}; to see them: digest check {trial.edition.slug}")


_KINDS = {"test": "A test", "sandbox": "A rehearsal that delivers nothing,"}


def _send_to_readers(issue: str | None, wishes: dict[str, Any], *, yes: bool, dry_run: bool, as_json: bool) -> None:
    from digest.cli.handing_over import hand_over
    from digest.cli.watching import stoppable
    from digest.providers import OwnsList
    from digest.publishing.choosing import Wishes, service_of
    from digest.publishing.mailing import prepare

    newsroom = open_newsroom()
    service = service_of(newsroom.settings)
    with open_list(newsroom.settings) as store, stoppable() as stopping:
        if isinstance(service, OwnsList):
            hand_over(newsroom, store, service, issue, Wishes(**wishes), yes=yes, dry_run=dry_run, as_json=as_json)
            return
        mailing = prepare(newsroom, store, service, issue, Wishes(**wishes))
        if mailing and not as_json:
            _show(mailing, newsroom.timezone)
        if mailing and mailing.readers and not dry_run and (yes or _confirm(mailing)):
            mailing = _send(mailing, store, newsroom.settings.send.stop_after, stopping, quiet=as_json)
    _finish(mailing, as_json=as_json)
    if stopping.is_set():
        raise KeyboardInterrupt
    if mailing and not dry_run:
        mailing.raise_unless_complete()


def _send(mailing: Mailing, store: Store, stop_after: int, stopping: Event, *, quiet: bool) -> Mailing:
    from digest.cli.watching import watch
    from digest.publishing.mailing import carry_out

    with watch(mailing.readers, quiet=quiet) as report:
        return carry_out(mailing, store, stop_after=stop_after, report=report, stopping=stopping)


def _show(mailing: Mailing, zone: ZoneInfo) -> None:
    """Say what a send would do, before anything happens."""
    click.echo(f"{mailing.slug}: {mailing.subject}")
    if mailing.plan:
        _show_plan(mailing.plan, mailing.provider.destination)
    if mailing.progress:
        begun = moment(mailing.progress.begun_at, zone)
        rest = f"It goes on for {many(mailing.readers, 'reader')}." if mailing.readers else "Nothing is left to send."
        click.echo(f"  It was begun at {begun}{_COURSES[mailing.progress.course.value]}. {rest}")
    if mailing.newcomers:
        click.echo(f"  {mailing.newcomers:,} of them joined since.")
    if mailing.overdue and mailing.readers:
        click.echo("  Its time has come, so they get it at once.")
    elif mailing.amendment:
        click.echo("  It was amended: they get it as it reads now.")
    if mailing.changed:
        click.echo("  The issue has changed since; its readers get what was frozen then, unless you --amend it.")


_COURSES = {"open": "", "paused": ", and paused", "cancelled": ", and cancelled"}


def _show_plan(plan: Plan, destination: str) -> None:
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in plan.audience.excluded.items())
    rows = {
        "to": f"{many(plan.audience.readers, 'reader')}{_compared(plan)}",
        "segment": plan.segment,
        "left out": left_out,
        "through": f"{plan.provider} ({destination})",
        "in": f"{many(plan.batches, 'request')}, about {size(plan.bytes)}{_at_pace(plan)}",
        **rules_in_words(plan.edition.slug, plan.warnings, plan.allowed),
        "plan": plan.key,
    }
    for name, value in rows.items():
        if value:
            click.echo(f"  {name:8} {value}")
    for finding in plan.findings:
        click.echo(f"  {finding}")


def _compared(plan: Plan) -> str:
    if plan.growth is None:
        return ""
    if not round(plan.growth * 100):
        return ", about as many as last time"
    return f", {abs(plan.growth):.0%} {'more' if plan.growth > 0 else 'fewer'} than last time"


def _at_pace(plan: Plan) -> str:
    seconds = plan.seconds or 0
    return f", {duration(seconds)} at the provider's pace" if seconds >= 1 else ""


def _confirm(mailing: Mailing) -> bool:
    if not sys.stdin.isatty():
        msg = "nobody is here to confirm"
        raise UsageError(msg, hint="Add --yes to send without asking, or --dry-run to see the plan.")
    if click.confirm(f"Send it to {many(mailing.readers, 'reader')}?", err=True):
        return True
    click.echo("Nothing was sent.", err=True)
    return False


def _finish(mailing: Mailing | None, *, as_json: bool) -> None:
    """Say how the issue stands."""
    if as_json:
        print_json(mailing.facts() if mailing else {"issue": None})
    elif mailing is None:
        click.echo("Nothing to send: every issue that is ready has been sent.")
    elif mailing.progress:
        click.echo(f"  {summary(mailing.progress.tally)}")
        if mailing.progress.tally.sent < mailing.progress.tally.total:
            click.echo(f"  Who, and why: digest status {mailing.slug} --recipients")
