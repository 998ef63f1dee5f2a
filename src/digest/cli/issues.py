"""The commands around issues."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.opening import open_list, open_newsroom, open_settings
from digest.cli.printing import json_option, many, print_json, print_json_stream, print_table
from digest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from click.shell_completion import CompletionItem

    from digest.model import Delivery, Tally
    from digest.publishing.dispatching import Dispatch, Progress, Standing

INCOMPLETE = 6  # the exit code of digest.errors.IncompleteError, for a send that ended with readers left


def _complete_issue(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the issues by the names of their files; reading their slugs would make the shell wait."""
    from click.shell_completion import CompletionItem

    del ctx, param
    names = sorted({path.stem for path in Path("issues").glob("*") if path.suffix == ".md" or path.is_dir()})
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="[DIR]")
def init(folder: Path) -> None:
    """
    Start a newsletter in DIR, or here: settings, an issue, and two readers who do not exist.

    \b
    Example:
      digest init my-newsletter
      cd my-newsletter && digest build && digest send
    """
    from digest.cli.readers import import_file
    from digest.publishing.starting import start_newsletter

    home = folder.resolve()
    for file in start_newsletter(home, _today()):
        click.echo(f"  {file.relative_to(home)}")
    import_file(open_settings(home), home / "subscribers.csv")
    click.echo(f"Your newsletter is there. Next: {'' if folder == Path() else f'cd {folder} && '}digest build")


@click.command()
@click.argument("title")
def new(title: str) -> None:
    """
    Start an issue, numbered and dated.

    \b
    Example:
      digest new "Past the plateau"
    """
    from digest.publishing.starting import start_issue

    root = open_settings().root
    click.echo(start_issue(root, title, _today()).relative_to(root))


@click.command()
@click.argument("issues", nargs=-1, metavar="[ISSUE]...", shell_complete=_complete_issue)
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Write into this folder.")
@click.option("--as", "email", metavar="ADDRESS", help="Fill it for this reader of the list.")
@json_option
def build(issues: tuple[str, ...], output: Path | None, email: str | None, as_json: bool) -> None:  # noqa: FBT001
    """
    Write each ISSUE, a path or a slug, as its readers get it; without one, all that are not yet sent.

    \b
    Examples:
      digest build
      digest build issues/2026-11-24-past-the-plateau.md --as ada@example.org
    """
    from digest.publishing.building import build_all

    if output and len(issues) != 1:
        msg = "--output takes one issue"
        raise UsageError(msg, hint="Name the issue: digest build ISSUE --output DIR")
    newsroom = open_newsroom()
    with open_list(newsroom.settings) as store:
        built = build_all(newsroom, store, issues, folder=output, email=email)
    if as_json:
        print_json({"issues": [{**one.facts, "folder": str(one.folder)} for one in built]})
        return
    for one in built:
        click.echo(f"{one.facts['issue']}: {one.facts['subject']}")
        for name in ("email.html", "email.txt", "message.eml", "edition.json"):
            click.echo(f"  {_near(one.folder / name)}")
    if not built:
        click.echo("Nothing to build: every issue has been sent.")


@click.command()
@click.argument("issue", required=False, shell_complete=_complete_issue)
@click.option("-y", "--yes", is_flag=True, help="Send without asking.")
@click.option("--dry-run", is_flag=True, help="Show the plan, and change nothing.")
@json_option
def send(issue: str | None, yes: bool, dry_run: bool, as_json: bool) -> None:  # noqa: FBT001
    """
    Send ISSUE, a path or a slug, to every reader on the list; without one, the issue that is ready.

    What was begun goes on: each reader gets an issue once, however often this is run.

    \b
    Examples:
      digest send --dry-run
      digest send issues/2026-11-24-past-the-plateau.md
      digest send 2026-11-24-past-the-plateau --yes --json
    """
    from digest.publishing.dispatching import carry_out, next_issue, prepare, provider_of

    newsroom = open_newsroom()
    with open_list(newsroom.settings) as store, nullcontext() if dry_run else store.hold("sending"):
        path = newsroom.find(issue) if issue else next_issue(newsroom, store)
        if path is None:
            _say("Nothing to send: every issue that is ready has been sent.", {"issue": None}, as_json=as_json)
            return
        provider = provider_of(newsroom.settings)
        dispatch = prepare(newsroom, store, provider, path)
        if not as_json:
            _show(dispatch)
        if dry_run or not dispatch.readers:
            _finish(dispatch.progress, dispatch.facts(), as_json=as_json)
            return
        _confirm(dispatch, yes=yes)
        with _watch(dispatch.readers, quiet=as_json) as report:
            progress = carry_out(dispatch, store, provider, report)
    _finish(progress, progress.facts(), as_json=as_json)


def _show(dispatch: Dispatch) -> None:
    """Say what a send would do, before anything happens."""
    click.echo(f"{dispatch.slug}: {dispatch.subject}")
    if dispatch.plan:
        audience = dispatch.plan.audience
        left_out = ", ".join(f"{count:,} {reason}" for reason, count in audience.excluded.items())
        click.echo(f"  to       {many(audience.readers, 'reader')}{f' (left out: {left_out})' if left_out else ''}")
        click.echo(f"  through  {dispatch.plan.provider}, in {many(dispatch.plan.batches, 'request')}")
        click.echo(f"  plan     {dispatch.plan.key}")
    elif dispatch.progress and dispatch.readers:
        click.echo(f"  begun at {dispatch.progress.begun_at:%Y-%m-%d %H:%M} UTC; it goes on as it was frozen then.")
    elif dispatch.progress:
        click.echo(f"  sent already, at {dispatch.progress.begun_at:%Y-%m-%d %H:%M} UTC; nothing is left to send.")
    if dispatch.changed:
        click.echo("  The issue has changed since; readers get what was frozen when it was begun.")


def _confirm(dispatch: Dispatch, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        msg = "nobody is here to confirm"
        raise UsageError(msg, hint="Add --yes to send without asking, or --dry-run to see the plan.")
    click.confirm(f"Send it to {many(dispatch.readers, 'reader')}?", abort=True)


@contextmanager
def _watch(readers: int, *, quiet: bool) -> Iterator[Callable[[Tally], None]]:
    """Show a bar at a terminal, and nothing elsewhere."""
    if quiet or not sys.stdout.isatty():
        yield lambda _tally: None
        return
    with click.progressbar(length=readers, label="Sending", show_pos=True) as bar:
        yield lambda tally: bar.update(max(0, readers - tally.queued - bar.pos))


def _finish(progress: Progress | None, facts: Mapping[str, object], *, as_json: bool) -> None:
    """Print how the issue stands, and leave with the code for a send that is not complete."""
    if as_json:
        print_json(facts)
    elif progress:
        click.echo(f"  {_summary(progress.tally)}")
    if progress and progress.tally.open:
        raise SystemExit(INCOMPLETE)


def _summary(tally: Tally) -> str:
    states = {"sent": tally.sent, "refused": tally.refused, "skipped": tally.skipped}
    states |= {"queued": tally.queued, "in doubt": tally.in_doubt}
    return " · ".join(f"{name} {count:,}" for name, count in states.items() if count or name == "sent")


@click.command()
@click.argument("issue", required=False, shell_complete=_complete_issue)
@click.option("--recipients", is_flag=True, help="Show what became of each reader.")
@json_option
def status(issue: str | None, recipients: bool, as_json: bool) -> None:  # noqa: FBT001
    """
    Show how ISSUE, a path or a slug, stands with its readers; without one, how all issues stand.

    \b
    Examples:
      digest status
      digest status 2026-11-24-past-the-plateau --recipients
    """
    from digest.publishing.dispatching import deliveries_of, overview

    newsroom = open_newsroom()
    if recipients and not issue:
        msg = "--recipients takes one issue"
        raise UsageError(msg, hint="Name it: digest status ISSUE --recipients")
    with open_list(newsroom.settings) as store:
        rows = overview(newsroom, store, [newsroom.find(issue)] if issue else newsroom.paths())
        deliveries = deliveries_of(store, rows[0].slug) if recipients else iter(())
        if as_json and issue:
            facts = rows[0].facts()
            if recipients:
                print_json_stream(facts, "recipients", map(_delivery_facts, deliveries))
            else:
                print_json(facts)
        elif as_json:
            print_json({"issues": [row.facts() for row in rows]})
        else:
            print_table(((row.slug, _state(row)) for row in rows), (40, 0))
            print_table(((one.email, one.state.value, one.reason) for one in deliveries), (40, 10, 0))


def _state(standing: Standing) -> str:
    if standing.progress:
        return _summary(standing.progress.tally)
    planned = f", for {standing.send_at:%Y-%m-%d %H:%M %Z}" if standing.send_at else ""
    return f"{'ready' if standing.ready else 'draft'}{planned}"


def _delivery_facts(delivery: Delivery) -> dict[str, object]:
    return {
        "email": delivery.email,
        "state": delivery.state.value,
        "reason": delivery.reason,
        "message_id": delivery.message_id,
        "at": delivery.at.isoformat() if delivery.at else None,
    }


def _near(path: Path) -> Path:
    """Return a path as it is shortest from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _today() -> date:
    return datetime.now().astimezone().date()


def _say(line: str, facts: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
    else:
        click.echo(line)


@click.command()
@json_option
def providers(as_json: bool) -> None:  # noqa: FBT001
    """
    List the services that can deliver.

    \b
    Example:
      digest providers
    """
    from digest.providers.finding import provider_names

    names = provider_names()
    if as_json:
        print_json({"providers": names})
    else:
        click.echo("\n".join(names))
