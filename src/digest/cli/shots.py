"""The command that takes pictures of an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from digest.cli.completing import complete_issue
from digest.cli.issues import output_option, reader_option
from digest.cli.opening import open_list, open_newsroom
from digest.cli.printing import near

if TYPE_CHECKING:
    from pathlib import Path


@click.command(short_help="Take pictures of an issue, for those who review it.")
@click.argument("issue", metavar="ISSUE", shell_complete=complete_issue)
@output_option
@reader_option
def shots(issue: str, output: Path | None, email: str | None) -> None:
    """
    Take pictures of ISSUE, a path or a slug, as mail programs show it: narrow and wide, light and dark, images off.

    It needs a browser such as Chromium, and: pip install 'digest[shots]'

    \b
    Examples:
      digest shots 2026-11-24-past-the-plateau
      digest shots 2026-11-24-past-the-plateau --output review --as ada@example.org
    """
    from datetime import UTC, datetime

    from digest.addressing import find_reader
    from digest.errors import SettingsError
    from digest.publishing.proofing import make_proof

    try:
        from digest.preview.shots import take_shots
    except ModuleNotFoundError as fault:
        msg = "taking pictures needs Playwright, which is not installed here"
        raise SettingsError(msg, hint="pip install 'digest[shots]'") from fault
    newsroom, reader = open_newsroom(), None
    path = newsroom.find(issue)
    if email:
        with open_list(newsroom.settings) as store:
            reader = find_reader(store.subscribers, email)
    proof = make_proof(newsroom, newsroom.read(path), now=datetime.now(UTC), reader=reader)
    folder = output or newsroom.settings.root / ".digest" / "shots" / proof.edition.slug
    for picture in take_shots(proof, folder):
        click.echo(near(picture))
