"""The command that takes pictures of issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from digest.cli.completing import complete_issue
from digest.cli.issues import changed_option, named_issues, output_option, reader_option
from digest.cli.opening import open_list, open_newsroom
from digest.cli.printing import near
from digest.errors import SettingsError, UsageError, raise_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from digest.checking.proof import Proof
    from digest.errors import DigestError
    from digest.model import Subscriber
    from digest.publishing.newsroom import Newsroom


@click.command(short_help="Take pictures of issues, for those who review them.")
@click.argument("issues", nargs=-1, metavar="[ISSUE]...", shell_complete=complete_issue)
@output_option
@reader_option
@changed_option
def shots(*, issues: tuple[str, ...], output: Path | None, email: str | None, commit: str | None) -> None:
    """
    Take pictures of each ISSUE, a path or a slug, as mail programs show it: wide, narrow, light, dark, images off.

    It needs a browser such as Chromium, and: pip install 'digest[shots]'

    \b
    Examples:
      digest shots 2026-11-24-past-the-plateau
      digest shots 2026-11-24-past-the-plateau --output review --as ada@example.org
    """
    if (output and len(issues) != 1) or not (issues or commit):
        msg = "--output takes one issue" if output else "it is not said of which issue to take pictures"
        raise UsageError(msg, hint="Name it: digest shots ISSUE")
    take_shots, newsroom = _camera(), open_newsroom()
    reader = _find_reader(newsroom, email) if email else None
    proofs, faults = _proofs(newsroom, named_issues(newsroom, issues, commit) or [], reader)
    for proof in proofs:
        folder = output or newsroom.settings.root / ".digest" / "shots" / proof.edition.slug
        for picture in take_shots(proof, folder):
            click.echo(near(picture))
    if not proofs and not faults:
        click.echo("Nothing to take pictures of: no issue has changed.")
    raise_all(faults)


def _camera() -> Callable[[Proof, Path], Iterator[Path]]:
    try:
        from digest.preview.shots import take_shots
    except ModuleNotFoundError as fault:
        msg = "taking pictures needs Playwright, which is not installed here"
        raise SettingsError(msg, hint="pip install 'digest[shots]'") from fault
    return take_shots


def _find_reader(newsroom: Newsroom, email: str) -> Subscriber:
    from digest.addressing import find_reader

    with open_list(newsroom.settings) as store:
        return find_reader(store.subscribers, email)


def _proofs(
    newsroom: Newsroom, paths: Sequence[Path], reader: Subscriber | None
) -> tuple[list[Proof], list[DigestError]]:
    """Return the issues as they are photographed, and what stands in the way of the others."""
    from datetime import UTC, datetime

    from digest.publishing.issues import FAULTS
    from digest.publishing.proofing import make_proof

    proofs: list[Proof] = []
    faults: list[DigestError] = []
    for path in paths:
        try:
            proofs.append(make_proof(newsroom, newsroom.read(path), now=datetime.now(UTC), reader=reader))
        except FAULTS as fault:
            faults.append(fault)
    return proofs, faults
