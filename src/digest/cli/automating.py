"""The command that has issues checked and sent by a code host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from digest.cli.opening import open_settings
from digest.cli.printing import near

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    from digest.config import Settings

HOSTS = ("github", "gitlab", "forgejo")
"""The names of ``digest.publishing.automating.HOSTS``, which need not be imported to be shown in a help."""


@click.command(short_help="Have issues checked and sent by GitHub, GitLab or Forgejo.")
@click.argument("host", type=click.Choice(HOSTS))
@click.option("--force", is_flag=True, help="Write over what is there.")
def ci(host: str, force: bool) -> None:  # noqa: FBT001  # Click passes by name
    """
    Write the files by which HOST checks issues in a pull request, and sends what is due, and say what is left to do.

    \b
    Example:
      digest ci github
    """
    write_for(host, open_settings(), force=force)


def write_for(host: str, settings: Settings, *, force: bool = False, told: Container[Path] = ()) -> None:
    """Write the files of a code host, and print them, but for those that were `told` of, and what is left to do."""
    from digest.publishing.automating import HOSTS as KNOWN
    from digest.publishing.automating import automate

    written = automate(settings, KNOWN[host], force=force)
    for file in written.files:
        if file not in told:
            click.echo(f"  {near(file)}")
    if not written.files:
        click.echo("Everything is written already.")
    click.echo(f"Left for you: make these secrets, under {written.place}:")
    widest = max(map(len, written.secrets))
    for name, meaning in written.secrets.items():
        click.echo(f"  {name.ljust(widest)}  {meaning}")
    for step in written.steps:
        click.echo(step)
