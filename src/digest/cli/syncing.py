"""The command that takes over whom the provider no longer writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from digest.cli.opening import open_list, open_settings
from digest.cli.printing import json_option, many, print_json

if TYPE_CHECKING:
    from digest.subscribing.syncing import Synced


@click.command(short_help="Take over who bounced, complained or left at the provider.")
@click.option("--dry-run", is_flag=True, help="Tell what would become of the list, and change nothing.")
@json_option
def sync(dry_run: bool, as_json: bool) -> None:  # noqa: FBT001  # Click passes options by name
    """
    Take over from the provider's own lists who bounced, complained or left there, for those without digest serve.

    Run it before each send; [send] max_suppression_age makes sure that it was.

    \b
    Examples:
      digest sync --dry-run
      digest sync && digest send --yes
    """
    from digest.publishing.choosing import service_of
    from digest.subscribing.leaving import seal_of
    from digest.subscribing.syncing import sync as take_over

    settings = open_settings()
    service = service_of(settings)
    with open_list(settings) as store:
        synced = take_over(store, service, settings, report=_tell, seal=seal_of(settings.environ), rehearse=dry_run)
    if as_json:
        print_json(synced.facts())
    else:
        _show(synced)


def _tell(trouble: str) -> None:
    click.echo(trouble, err=True)


def _show(synced: Synced) -> None:
    click.echo(f"{synced.provider}: {many(synced.read, 'suppression')}")
    counts = {"taken off": synced.taken_off, "kept away": synced.kept_away, "passed over": synced.passed_over}
    click.echo("  " + " · ".join(f"{name} {count:,}" for name, count in counts.items()))
    if synced.rehearsed:
        click.echo("This was a rehearsal; nothing was changed.")
