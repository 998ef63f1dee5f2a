"""The commands that bring content from outside into an issue: add, pull."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from digest.cli.completing import complete_issue
from digest.cli.opening import open_newsroom
from digest.cli.printing import many, near
from digest.errors import IncompleteError, UsageError, did_you_mean, raise_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from digest.gathering.fetching import Fetcher
    from digest.publishing.collecting import Collected


@click.command(short_help="Add stories for pages on the web.")
@click.argument("issue", shell_complete=complete_issue)
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.pass_obj
def add(fetcher: Fetcher | None, issue: str, urls: tuple[str, ...]) -> None:
    """
    Add a story to ISSUE, a path or a slug, for each page at a URL: title, picture, teaser, author.

    \b
    Example:
      digest add issues/2026-11-24-past-the-plateau.md https://blog.example.org/plateau
    """
    from digest.gathering.fetching import Fetcher
    from digest.publishing.collecting import add_pages

    newsroom = open_newsroom()
    path = newsroom.find(issue)
    _report(add_pages(newsroom, path, [_address(url) for url in urls], fetcher or Fetcher()), "page", len(urls))


@click.command(short_help="Bring what feeds have new into an issue.")
@click.argument("feeds", nargs=-1, metavar="[FEED]...")
@click.option(
    "--issue", metavar="ISSUE", shell_complete=complete_issue, help="Extend this issue; without it, start one."
)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Take what is dated on this day or later."
)
@click.pass_obj
def pull(fetcher: Fetcher | None, feeds: tuple[str, ...], issue: str | None, since: datetime | None) -> None:
    """
    Bring what each FEED, a name of [feeds] or a URL, has new since the last issue; without one, all of [feeds].

    \b
    Examples:
      digest pull
      digest pull friends https://blog.example.org/feed.xml --since 2026-11-01
      digest pull --issue issues/2026-11-24-past-the-plateau.md
    """
    from datetime import UTC
    from datetime import datetime as moment

    from digest.gathering.fetching import Fetcher
    from digest.publishing.collecting import pull_feeds

    newsroom = open_newsroom()
    urls = _feeds(feeds, newsroom.settings.feeds)
    extended, day = newsroom.find(issue) if issue else None, since.date() if since else None
    collected = pull_feeds(newsroom, urls, fetcher or Fetcher(), now=moment.now(UTC), issue=extended, since=day)
    if not (collected.added or collected.faults):
        click.echo("Nothing new. `--since DATE` looks further back.")
    _report(collected, "feed", len(urls))


def _feeds(names: Sequence[str], known: Mapping[str, str]) -> list[str]:
    if not (names or known):
        msg = "no feed is named, neither here nor in digest.toml"
        raise UsageError(msg, hint='Write under [feeds]: friends = "https://blog.example.org/feed.xml"')
    for name in names:
        if name not in known and "://" not in name:
            msg = f'there is no feed "{name}"'
            raise UsageError(msg, hint=did_you_mean(name, known, then="A feed is a name of [feeds], or a URL."))
    return [known[name] if name in known else _address(name) for name in names or known]


def _address(url: str) -> str:
    from digest.gathering.addresses import shown, web_address

    address = web_address(url if "://" in url else f"https://{url}")
    if not address:
        msg = f"{shown(url)} is no address of the web"
        raise UsageError(msg, hint="It begins with https://")
    return address


def _report(collected: Collected, what: str, asked: int) -> None:
    from digest.gathering.addresses import shown, site_of

    if collected.added and collected.issue:
        click.echo(near(collected.issue))
    for clipping in collected.added:
        click.echo(f"  {clipping.title} ({site_of(clipping.link)})")
    for clipping in collected.known:
        click.echo(f"It is in the issue already: {shown(clipping.link)}")
    faults = collected.faults
    if len(faults) == asked:
        raise_all(faults)
    if faults:
        for line in (line for fault in faults for line in fault.lines()):
            click.echo(line, err=True)
        msg = f"{len(faults)} of {many(asked, what)} could not be read; what came of the others is written"
        slug = f", with --issue {quote(str(near(collected.issue)))}" if collected.issue and what == "feed" else ""
        raise IncompleteError(msg, hint=f"Run it again for what failed{slug}")
