"""One issue on its way to its readers: what there is to do is shown, asked about, done, and how it then stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from digest.cli.confirming import confirm_sending
from digest.cli.handing_over import hand_over
from digest.cli.opening import bring_readers
from digest.cli.printing import duration, many, moment, print_json, rules_in_words, size, summary
from digest.cli.watching import watch
from digest.providers import OwnsList
from digest.publishing.mailing import carry_out, prepare
from digest.publishing.planning import refuse_forgetful_store

if TYPE_CHECKING:
    from threading import Event
    from zoneinfo import ZoneInfo

    from digest.model import Plan
    from digest.providers import Provider
    from digest.publishing.choosing import Wishes
    from digest.publishing.handing_over import HandOver
    from digest.publishing.mailing import Mailing
    from digest.publishing.newsroom import Newsroom
    from digest.store import Store


def send_one(
    newsroom: Newsroom,
    store: Store,
    service: Provider | OwnsList,
    issue: str | None,
    wishes: Wishes,
    *,
    stopping: Event,
    yes: bool,
    dry_run: bool,
    quiet: bool,
) -> Mailing | HandOver | None:
    """Show what there is to do with an issue, ask, do it, and say how it stands; None if there is none."""
    if not dry_run:
        refuse_forgetful_store(service, newsroom.settings)
    if isinstance(service, OwnsList):
        return hand_over(newsroom, store, service, issue, wishes, yes=yes, dry_run=dry_run, quiet=quiet)
    bring_readers(store, newsroom.settings, service)
    mailing = prepare(newsroom, store, service, issue, wishes)
    if mailing and not quiet:
        show(mailing, newsroom.timezone)
    if mailing and mailing.readers and not dry_run and (yes or confirm(mailing)):
        mailing = _send(mailing, store, newsroom.settings.send.stop_after, stopping, quiet=quiet)
    if mailing and not quiet:
        _finish(mailing)
    return mailing


def _send(mailing: Mailing, store: Store, stop_after: int, stopping: Event, *, quiet: bool) -> Mailing:
    with watch(mailing.readers, quiet=quiet) as report:
        return carry_out(mailing, store, stop_after=stop_after, report=report, stopping=stopping)


def show(mailing: Mailing, zone: ZoneInfo) -> None:
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


def confirm(mailing: Mailing) -> bool:
    """Ask whether a mailing is to go on its way."""
    return confirm_sending(many(mailing.readers, "reader"))


def _finish(mailing: Mailing) -> None:
    """Say how the issue stands."""
    if mailing.progress:
        click.echo(f"  {summary(mailing.progress.tally)}")
        if mailing.progress.tally.sent < mailing.progress.tally.total:
            click.echo(f"  Who, and why: digest status {mailing.slug} --recipients")


def tell(sent: Mailing | HandOver | None, *, as_json: bool) -> None:
    """Print all as JSON where that is wanted, or that there was nothing to do; the rest has been said."""
    if as_json:
        print_json(sent.facts() if sent else {"issue": None})
    elif sent is None:
        click.echo("Nothing to send: every issue that is ready has been sent.")
