"""The command that sends an issue, or tries it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from digest.cli.completing import complete_issue, complete_rule
from digest.cli.durations import Duration
from digest.cli.opening import open_ledger, open_list, open_newsroom
from digest.cli.printing import json_option, many, print_json
from digest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.publishing.rehearsing import Trial


def _known(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the rules of these names, sorted; they are looked up only where there are any."""
    if not names:
        return ()
    from digest.publishing.proofing import allowed_rules

    del ctx, param
    return allowed_rules(names)


@click.command(short_help="Send an issue to its readers, each once.")
@click.argument("issue", required=False, shell_complete=complete_issue)
@click.option("-y", "--yes", is_flag=True, help="Send without asking.")
@click.option("--dry-run", is_flag=True, help="Show the plan, and send nothing.")
@click.option("--segment", default="", metavar="NAME|EXPRESSION", help="Only to readers of this segment.")
@click.option("--plan", default="", metavar="KEY", help="Only if the plan is still the one with this key.")
@click.option("--late", is_flag=True, help="Even long after its time.")
@click.option("--amend", is_flag=True, help="To those still queued, as the issue reads now.")
@click.option("--to-new", is_flag=True, help="Also to those who joined since it was begun.")
@click.option("--ahead", is_flag=True, help="Hand it over now, for the provider to deliver at its time.")
@click.option("--due", is_flag=True, help="Without asking, each issue that is ready and whose time has come.")
@click.option("--enqueue", is_flag=True, help="Let workers send it, on as many machines as there are.")
@click.option("--within", type=Duration(), help="With --due, wait for what is due so soon, such as 30m or 2h.")
@click.option(
    "--allow",
    multiple=True,
    metavar="RULE",
    callback=_known,
    shell_complete=complete_rule,
    help="Even with errors of this rule; repeatable.",
)
@click.option("--take-over", is_flag=True, help="Even from a machine that has it in hand but is dead.")
@click.option("--to", "addresses", multiple=True, metavar="ADDRESS", help="A test, to this address alone; repeatable.")
@click.option("--sandbox", is_flag=True, help="Have the provider check everything and deliver nothing.")
@json_option
def send(issue: str | None, yes: bool, dry_run: bool, as_json: bool, **wishes: Any) -> None:  # noqa: FBT001
    """
    Send ISSUE, a path or a slug, to every reader on the list; without one, the issue that is ready.

    What was begun goes on: each reader gets an issue once, however often this is run.

    \b
    Examples:
      digest send --dry-run
      digest send issues/2026-11-24-past-the-plateau.md --segment pros
      digest send 2026-11-24-past-the-plateau --yes --json
      digest send 2026-11-24-past-the-plateau --to editor@example.org
      digest send --due --within 30m
      digest send 2026-11-24-past-the-plateau --enqueue
    """
    addresses, sandbox = wishes.pop("addresses"), wishes.pop("sandbox")
    due, within, enqueue = wishes.pop("due"), wishes.pop("within"), wishes.pop("enqueue")
    if due or within is not None:
        from digest.cli.due import send_due

        others = [
            issue,
            addresses,
            sandbox,
            enqueue,
            *(value for name, value in wishes.items() if name not in WITH_DUE),
        ]
        if not due or any(others):
            msg = "--due chooses the issues by their time, and --within waits for them"
            raise UsageError(msg, hint=f"Beside --due go --within, {_options(WITH_DUE)}, --dry-run and --json.")
        send_due(wishes, within, dry_run=dry_run, as_json=as_json)
    elif addresses or sandbox:
        _try_out(issue, addresses, wishes, sandbox=sandbox, dry_run=dry_run, as_json=as_json)
    elif enqueue:
        from digest.cli.working import enqueue_issue

        enqueue_issue(issue, wishes, yes=yes, dry_run=dry_run, as_json=as_json)
    else:
        _send_to_readers(issue, wishes, yes=yes, dry_run=dry_run, as_json=as_json)


def _try_out(
    issue: str | None,
    addresses: tuple[str, ...],
    wishes: dict[str, Any],
    *,
    sandbox: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from dataclasses import replace

    from digest.cli.watching import stoppable, watch
    from digest.publishing.choosing import Wishes
    from digest.publishing.rehearsing import count_errors, perform, prepare_sandbox, prepare_test

    given = {name for name, value in wishes.items() if value}
    if issue is None or given - ({"segment", "allow"} if sandbox and not addresses else set()):
        msg = "a test or a rehearsal is of one issue, as it reads now, and written down nowhere"
        raise UsageError(msg, hint="Name the issue; beside --sandbox go --segment and --allow, and no other wish.")
    newsroom = open_newsroom()
    with open_list(newsroom.settings) as store, stoppable() as stopping:
        if addresses:
            trial = prepare_test(newsroom, store, issue, addresses, sandbox=sandbox)
            trial = replace(trial, errors=count_errors(newsroom, store, issue))
        else:
            trial = prepare_sandbox(newsroom, store, issue, Wishes(**wishes))
        if not as_json:
            _show_trial(trial)
        if not dry_run:
            with watch(trial.readers, quiet=as_json) as report:
                stop_after = newsroom.settings.send.stop_after
                trial = perform(trial, stop_after=stop_after, report=report, stopping=stopping)
    if as_json:
        print_json(trial.facts())
    elif not dry_run:
        click.echo(f"  {trial.tally.sent:,} taken. Nothing was written down.")
    if stopping.is_set():
        raise KeyboardInterrupt
    if not dry_run:
        trial.raise_unless_complete()


def _show_trial(trial: Trial) -> None:
    place = f"{trial.provider.name} ({trial.provider.destination})"
    click.echo(f"{trial.edition.slug}: {trial.subject}")
    click.echo(f"  {_KINDS[trial.kind]} for {many(trial.readers, 'reader')}, through {place}")
    if trial.errors:
        click.echo(f"  It has {many(trial.errors, 'error')}; to see them: digest check {trial.edition.slug}")


_KINDS = {"test": "A test", "sandbox": "A rehearsal that delivers nothing,"}


WITH_DUE = ("late", "ahead", "take_over")
"""The wishes that can be had of all issues that are due."""


def _options(names: Iterable[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)


def _send_to_readers(issue: str | None, wishes: dict[str, Any], *, yes: bool, dry_run: bool, as_json: bool) -> None:
    from digest.cli.delivering import send_one, tell
    from digest.cli.watching import stoppable
    from digest.publishing.choosing import Wishes, service_of

    newsroom, asked = open_newsroom(), Wishes(**wishes)
    service = service_of(newsroom.settings)
    opened = open_ledger(newsroom.settings, take_over=asked.take_over, needs_key=True)
    with opened as store, stoppable() as stopping:
        sent = send_one(
            newsroom,
            store,
            service,
            issue,
            asked,
            stopping=stopping,
            yes=yes,
            dry_run=dry_run,
            quiet=as_json,
        )
    tell(sent, as_json=as_json)
    if stopping.is_set():
        raise KeyboardInterrupt
    if sent and not dry_run:
        sent.raise_unless_complete()
