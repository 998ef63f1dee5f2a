"""The command that writes the public archive: site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from digest.cli.issues import output_option
from digest.cli.opening import open_newsroom
from digest.cli.printing import near

if TYPE_CHECKING:
    from pathlib import Path

    from digest.publishing.archiving import Written


@click.command(short_help="Write the public archive.")
@output_option
def site(output: Path | None) -> None:
    """
    Write the public archive: a page for each issue, feeds, and where "read more" leads.

    Without --output, the folder is .digest/site.

    \b
    Examples:
      digest site
      digest site --output public
    """
    from datetime import UTC, datetime

    from digest.publishing.archiving import write_archive

    _tell(write_archive(open_newsroom(), output, datetime.now(UTC)))


def _tell(written: Written) -> None:
    count, pages = len(written.publications), len(written.site.pages)
    news = f"{_files(written.changed)} new or changed" if written.changed else "nothing has changed"
    click.echo(f"{near(written.folder)}: {pages} pages for {count} {'issue' if count == 1 else 'issues'}; {news}")
    for waiting in written.waiting:
        click.echo(
            f"  {waiting.issue.slug} waits: its pages are there, but listed nowhere until {waiting.at:%Y-%m-%d %H:%M}."
        )
    for url, fields in written.blanks.items():
        names = ", ".join(f"{{{{ {name} }}}}" for name in fields)
        click.echo(f"  {url} has a stand-in for {names}, which has no fallback.")
    for address in written.gone:
        click.echo(f"  {address} is gone. If it has moved, say so: `formerly` in the front matter.")


def _files(count: int) -> str:
    return f"{count} {'file' if count == 1 else 'files'}"
