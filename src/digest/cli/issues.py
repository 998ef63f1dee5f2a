"""The commands with which an issue is made: init, new, build."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from digest.cli.automating import HOSTS, write_for
from digest.cli.completing import complete_issue
from digest.cli.opening import open_list, open_newsroom, open_settings, unsent_issues
from digest.cli.printing import json_option, near, print_json
from digest.errors import UsageError, raise_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.publishing.building import Built
    from digest.publishing.newsroom import Newsroom


output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write into this folder.",
)
reader_option = click.option("--as", "email", metavar="ADDRESS", help="Fill it for this reader of the list.")
changed_option = click.option(
    "--changed-since", "commit", metavar="COMMIT", help="Those that changed since the branch left COMMIT."
)


@click.command(short_help="Start a newsletter.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="[DIR]")
@click.option("--ci", "host", type=click.Choice(HOSTS), help="Have issues checked and sent there, as `digest ci` does.")
def init(folder: Path, host: str | None) -> None:
    """
    Start a newsletter in DIR, or here: settings, an issue, and two readers who do not exist.

    \b
    Example:
      digest init my-newsletter
      cd my-newsletter && digest preview
    """
    from digest.cli.readers import import_file
    from digest.publishing.starting import start_newsletter

    home = folder.resolve()
    files = start_newsletter(home, _today())
    for file in files:
        click.echo(f"  {near(file)}")
    import_file(open_settings(home), str(home / "subscribers.csv"))
    if host:
        write_for(host, open_settings(home), told=files)
    there = "" if folder == Path() else f"cd {quote(str(folder))} && "
    click.echo(f"Your newsletter is there. Next: {there}digest preview")


@click.command(short_help="Start an issue, numbered and dated.")
@click.argument("title")
def new(title: str) -> None:
    """
    Start an issue with TITLE as its subject, numbered and dated, and print the path of its file.

    \b
    Example:
      digest new "Past the plateau"
    """
    from digest.publishing.starting import start_issue

    click.echo(near(start_issue(open_settings().root, title, _today())))


@click.command(short_help="Write an issue as its readers get it.")
@click.argument("issues", nargs=-1, metavar="[ISSUE]...", shell_complete=complete_issue)
@output_option
@reader_option
@changed_option
@json_option
def build(
    *, issues: tuple[str, ...], output: Path | None, email: str | None, commit: str | None, as_json: bool
) -> None:
    """
    Write each ISSUE, a path or a slug, as its readers get it; without one, all that are not yet sent.

    \b
    Examples:
      digest build
      digest build issues/2026-11-24-past-the-plateau.md --as ada@example.org
    """
    from digest.addressing import find_reader
    from digest.publishing.building import build_all

    if output and len(issues) != 1:
        msg = "--output takes one issue"
        raise UsageError(msg, hint="Name the issue: digest build ISSUE --output DIR")
    newsroom = open_newsroom()
    paths, reader = named_issues(newsroom, issues, commit), None
    if email or paths is None:
        with open_list(newsroom.settings) as store:
            reader = find_reader(store.subscribers, email) if email else None
            paths = unsent_issues(newsroom, store) if paths is None else paths
    built, faults = build_all(newsroom, paths, folder=output, reader=reader)
    if as_json:
        print_json({"issues": [{**one.facts, "folder": str(one.folder)} for one in built]})
    elif built or faults:
        _list_files(built)
    elif commit:
        click.echo("Nothing to build: no issue has changed.")
    else:
        click.echo("Nothing to build: every issue has been sent. Name one to build it again.")
    raise_all(faults)


def named_issues(newsroom: Newsroom, names: Sequence[str], commit: str | None) -> list[Path] | None:
    """
    Return the issues that a person names, or those that changed since a commit; None where they ask for neither.

    Raises:
        UsageError: they ask for both, or for what there is not.
    """
    from digest.publishing.changed import changed_since

    if names and commit:
        msg = "--changed-since finds the issues by itself"
        raise UsageError(msg, hint="Leave out their names, or --changed-since.")
    if commit:
        return changed_since(newsroom, commit)
    return [newsroom.find(name) for name in names] or None


def _list_files(built: list[Built]) -> None:
    for one in built:
        click.echo(f"{one.facts['issue']}: {one.facts['subject']}")
        for name in ("email.html", "email.txt", "message.eml", "edition.json"):
            click.echo(f"  {near(one.folder / name)}")


def _today() -> date:
    return datetime.now().astimezone().date()
