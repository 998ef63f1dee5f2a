"""The command that holds issues to the rules."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from digest.cli.completing import complete_issue
from digest.cli.issues import changed_option, named_issues
from digest.cli.opening import open_list, open_newsroom, unsent_issues

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from digest.checking.proof import Answer, Proof
    from digest.config import Settings
    from digest.publishing.newsroom import Newsroom
    from digest.publishing.proofing import Checked

_FORMATS = ("text", "json", "github", "gitlab", "sarif")


@click.command(short_help="Find what had better not leave, before it leaves.")
@click.argument("issues", nargs=-1, metavar="[ISSUE]...", shell_complete=complete_issue)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="How to print what was found.",
)
@click.option("--strict", is_flag=True, help="Fail on warnings, too.")
@click.option("--online", is_flag=True, help="Ask each link whether it still leads somewhere.")
@click.option("--segment", default="", metavar="NAME|EXPRESSION", help="As it is for the readers of this segment.")
@changed_option
def check(*, issues: tuple[str, ...], form: str, strict: bool, online: bool, segment: str, commit: str | None) -> None:
    """
    Hold each ISSUE, a path or a slug, to the rules; without one, all that are not yet sent.

    \b
    Examples:
      digest check
      digest check issues/2026-11-24-past-the-plateau.md --online
      digest check --strict --format github --changed-since origin/main
    """
    from digest.cli.reporting import report
    from digest.errors import ContentError
    from digest.model import Severity

    begun = time.perf_counter()
    newsroom = open_newsroom()
    checked = _check(newsroom, named_issues(newsroom, issues, commit), segment, online=online)
    nothing = (
        "no issue has changed." if commit else "there is no issue that was not sent yet. Name one to check it again."
    )
    report(form, checked, newsroom.settings.root, time.perf_counter() - begun, nothing=nothing)
    grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(finding.severity in grave for one in checked for finding in one.findings):
        click.get_current_context().exit(ContentError.exit_code)


def _check(newsroom: Newsroom, named: Sequence[Path] | None, segment: str, *, online: bool) -> list[Checked]:
    from datetime import UTC, datetime

    from digest.addressing import find_segment
    from digest.publishing.proofing import check as hold_to_the_rules

    now = datetime.now(UTC)
    ask = _asking(newsroom.settings, now) if online else None
    with open_list(newsroom.settings) as store:
        paths = unsent_issues(newsroom, store) if named is None else {path.resolve(): path for path in named}.values()
        chosen = find_segment(segment, newsroom.settings, store)
        return [hold_to_the_rules(newsroom, path, store, now=now, segment=chosen, ask=ask) for path in paths]


def _asking(settings: Settings, now: datetime) -> Callable[[Proof], Mapping[str, Answer]]:
    from digest.checking.asking import ask_links, links_to_ask

    memory = settings.root / ".digest" / "links.json"
    return lambda proof: ask_links(links_to_ask(proof), memory, now=now)
