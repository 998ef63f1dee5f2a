"""The command that serves the pages on which readers join, choose and leave."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from digest.cli.opening import open_settings

if TYPE_CHECKING:
    from digest.listening import Listener
    from digest.web.desk import Desk

_LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


@click.command(short_help="Serve the pages on which readers join, choose and leave.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Listen here; 0.0.0.0 is everywhere."
)
@click.option("--port", default=8000, show_default=True, metavar="N", help="Listen at this port.")
def serve(host: str, port: int) -> None:
    """
    Serve the pages on which readers join, choose and leave, and hear from the provider what became of mail.

    A proxy that speaks TLS stands before it. What is asked for is logged without tokens and addresses. Ctrl-C ends it,
    once what is under way is done.

    \b
    Examples:
      digest serve
      digest serve --host 0.0.0.0 --port 8080
    """
    import logging

    from digest.listening import listen
    from digest.web import serving
    from digest.web.application import open_desk

    logging.basicConfig(format=_LOG_FORMAT, level=logging.INFO)
    for name in ("httpx", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)  # the one logs whole addresses, the other its own affairs
    desk = open_desk(open_settings())
    listener = listen(host, port)
    serving.serve(desk, listener, ready=lambda: _announce(desk, listener))


def _announce(desk: Desk, listener: Listener) -> None:
    from digest.web.application import addresses, what_is_missing

    settings, paths = desk.settings, addresses(desk)
    click.echo(f"{settings.newsletter.name}: {settings.web_url} is answered at {listener.url} - Ctrl-C ends it.")
    width = max(map(len, paths))
    for path, visitors in paths.items():
        click.echo(f"  {path.ljust(width)}  {visitors}")
    missing = what_is_missing(desk)
    if missing:
        click.echo(f"News of {desk.provider.name} are not heard: {missing.sentence}\n  {missing.hint}")
    click.echo()
    sys.stdout.flush()
