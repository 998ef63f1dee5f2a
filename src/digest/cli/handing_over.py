"""How `digest send` hands an issue over to a service that owns its list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from digest.cli.confirming import confirm_sending
from digest.cli.printing import moment, rules_in_words

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from digest.providers import Campaign, OwnsList
    from digest.publishing.choosing import Wishes
    from digest.publishing.handing_over import HandOver
    from digest.publishing.newsroom import Newsroom
    from digest.store import Store


def hand_over(
    newsroom: Newsroom,
    store: Store,
    service: OwnsList,
    issue: str | None,
    wishes: Wishes,
    *,
    yes: bool,
    dry_run: bool,
    quiet: bool,
) -> HandOver | None:
    """Show what there is to do, ask, do it, and say how it stands; None if there is nothing."""
    from digest.publishing.handing_over import carry_out, prepare

    handover = prepare(newsroom, store, service, issue, wishes)
    if handover and not quiet:
        _show(handover, newsroom.timezone)
    everyone = f"everyone on the list of {service.name}"
    if handover and not dry_run and (handover.is_done or yes or confirm_sending(everyone)):
        handover = carry_out(handover, store, report=_tell)
        if not quiet:
            _finish(handover)
    return handover


def _show(handover: HandOver, zone: ZoneInfo) -> None:
    click.echo(f"{handover.slug}: {handover.subject}" if handover.subject else handover.slug)
    click.echo(f"  to       its own list, through {handover.service.name} ({handover.service.destination})")
    if handover.edition and handover.edition.deliver_at:
        click.echo(f"  at       {moment(handover.edition.deliver_at, zone)}")
    for name, value in rules_in_words(handover.slug, handover.warnings, handover.allowed).items():
        click.echo(f"  {name:8} {value}")
    for campaign in handover.campaigns:
        click.echo(f"  there    {_in_words(campaign)}")
    if handover.changed:
        click.echo("  The issue has changed since it was handed over; what is over there stays as it is.")
    if not handover.is_done:
        for caveat in handover.service.limits.caveats:
            click.echo(f"  {caveat}")


def _in_words(campaign: Campaign) -> str:
    return ", ".join(filter(None, (campaign.progress.value, campaign.id, campaign.url)))


def _tell(trouble: str) -> None:
    click.echo(f"  {trouble}", err=True)


def _finish(handover: HandOver) -> None:
    if handover.campaign and not handover.stop:
        click.echo(f"  {_in_words(handover.campaign)}")
    for other in handover.others:
        click.echo(f"  There is another one of it, which is left alone: {_in_words(other)}")
