"""The question before anything leaves."""

from __future__ import annotations

import sys

import click

from digest.errors import UsageError


def confirm_sending(to: str) -> bool:
    """
    Ask whether an issue is to be sent, and return the answer.

    Raises:
        UsageError: nobody is there to answer.
    """
    if not sys.stdin.isatty():
        msg = "nobody is here to confirm"
        raise UsageError(msg, hint="Add --yes to send without asking, or --dry-run to see the plan.")
    if click.confirm(f"Send it to {to}?", err=True):
        return True
    click.echo("Nothing was sent.", err=True)
    return False
