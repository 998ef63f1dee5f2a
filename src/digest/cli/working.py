"""The command that sends what is queued, on as many machines as there are, and what queues an issue for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from digest.cli.opening import open_newsroom, open_settings
from digest.cli.printing import many, summary
from digest.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from types import ModuleType

_HINT = "pip install 'digest[postgres]'"


@click.command(short_help="Send what is queued, beside other workers.")
@click.option("--concurrency", type=click.IntRange(1, 256), metavar="N", help="Requests side by side.")
@click.option("--metrics", metavar="HOST:PORT", help="Tell Prometheus what is going on, at this address.")
def worker(concurrency: int | None, metrics: str | None) -> None:
    """
    Send what `digest send --enqueue` has queued and what falls due, beside any number of other workers on any machines.

    They share a store on PostgreSQL, and keep the provider's pace together. Ctrl-C or SIGTERM ends it, once the
    requests in flight are done; what it leaves, even when it is killed, others take on.

    \b
    Examples:
      digest worker
      digest worker --concurrency 4 --metrics 127.0.0.1:9100
    """
    running, telling = _load("running"), _load("telling")
    settings = open_settings()
    telling.begin_to_log()
    if metrics:
        _serve_metrics(metrics)
    running.run(settings, threads=concurrency, ready=_announce)


def _load(name: str) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(f"digest.workers.{name}")
    except ModuleNotFoundError as fault:
        if (fault.name or "").partition(".")[0] not in {"procrastinate", "psycopg"}:
            raise
        msg = f"workers need {fault.name}, which is not installed here"
        raise SettingsError(msg, hint=_HINT) from fault


def _serve_metrics(place: str) -> None:
    from prometheus_client import start_http_server

    host, _, port = place.rpartition(":")
    try:
        start_http_server(int(port), host.strip("[]") or "127.0.0.1", _load("counting").REGISTRY)
    except (OSError, OverflowError, ValueError) as fault:
        msg = f"nothing can be served at {place}"
        raise UsageError(
            msg, hint="Give --metrics an address of this machine and a free port: 127.0.0.1:9100."
        ) from fault


def _announce(provider: str, threads: int) -> None:
    click.echo(f"Working on what is queued for {provider}, {many(threads, 'request')} side by side. Ctrl-C ends it.")


def enqueue_issue(
    issue: str | None,
    wishes: dict[str, Any],
    *,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Show what there is to do with an issue, ask whether to, freeze it, and leave its batches to the workers."""
    from digest.cli.delivering import confirm, show, tell
    from digest.publishing.choosing import Wishes
    from digest.publishing.mailing import prepare

    queues, enqueueing = _load("queue"), _load("enqueueing")
    newsroom = open_newsroom()
    provider = _load("station").provider_of(newsroom.settings)
    with queues.open_queue(newsroom.settings) as queue:
        mailing = prepare(newsroom, queue.store, provider, issue, Wishes(**wishes))
        if mailing and not as_json:
            show(mailing, newsroom.timezone)
        if mailing and mailing.readers and not dry_run and (yes or confirm(mailing)):
            mailing = enqueueing.enqueue(mailing, queue)
            if not as_json:
                click.echo(f"  {summary(mailing.progress.tally)}")
                click.echo(f"  Workers send it; to look on: digest status {mailing.slug} --watch")
    tell(mailing, as_json=as_json)
