"""
The command line: each command parses, calls one function, and prints.

Everything but Click is imported inside the commands, so that ``digest --help`` costs little more than Click.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from digest import __version__
from digest.cli.automating import ci
from digest.cli.checks import check
from digest.cli.databases import store
from digest.cli.gathering import add, pull
from digest.cli.issues import build, init, new
from digest.cli.mailings import send
from digest.cli.preview import preview
from digest.cli.providers import doctor, providers
from digest.cli.readers import subscribers
from digest.cli.scheduling import schedule
from digest.cli.serving import serve
from digest.cli.shots import shots
from digest.cli.site import site
from digest.cli.standing import cancel, pause, resolve, retry, status
from digest.cli.statistics import stats
from digest.cli.syncing import sync
from digest.cli.working import worker
from digest.errors import DigestError, UsageError

_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells count

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class _Doorway(click.Group):
    """The one place where a failure becomes text and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DigestError as error:
            _explain(error, causes=ctx.params["verbose"])
            ctx.exit(error.exit_code)
        except OSError as error:
            fault = _fault_of(error)
            if fault is None:
                raise
            _explain(fault, causes=False)
            ctx.exit(fault.exit_code)
        except (KeyboardInterrupt, click.Abort):
            click.echo("\nInterrupted. Run it again; it goes on from here.", err=True)
            ctx.exit(_INTERRUPTED)


def _fault_of(error: OSError) -> DigestError | None:
    """Return what a person can do about it; None for a bug, and for a reader such as head that has had enough."""
    if error.errno in _FULL:
        return DigestError(f"a file could not be written: {error.strerror}", hint="Free some space, then run it again.")
    if error.filename is None and isinstance(error, FileNotFoundError):  # so says the system of the working folder
        return UsageError("the working folder is no longer there", hint="Go to the folder of the newsletter again.")
    if error.filename is None or error.errno == errno.EPIPE:
        return None
    return UsageError(f"{error.filename}: {error.strerror}")


def _explain(error: DigestError, *, causes: bool) -> None:
    for line in error.lines():
        click.echo(line, err=True)
    cause = error.__cause__ if causes else None
    while cause:
        click.echo(f"  because of {type(cause).__name__}: {cause}", err=True)
        cause = cause.__cause__


@click.group(cls=_Doorway, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="With an error, show what it came from.")
def digest(verbose: bool) -> None:  # noqa: FBT001  # `_Doorway.invoke` reads it; Click passes by name
    """
    Newsletter as code: an issue is a Markdown file.

    \b
    Example:
      digest init my-newsletter
      cd my-newsletter
      digest preview
      digest check
      digest send
    """


for _command in (
    init,
    new,
    add,
    pull,
    build,
    preview,
    check,
    shots,
    send,
    site,
    ci,
    status,
    schedule,
    pause,
    cancel,
    resolve,
    retry,
    subscribers,
    serve,
    worker,
    sync,
    store,
    providers,
    doctor,
):
    digest.add_command(_command)
subscribers.add_command(stats)


def main() -> None:
    """Run the program."""
    _stand_in_for_closed_streams()
    try:
        digest(prog_name="digest")
    except SystemExit as leaving:
        _leave(leaving.code)


def _stand_in_for_closed_streams() -> None:
    """Open what we were started without, lest a file or a connection of ours is taken for standard error."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115  # it stays open, as the real one would
            setattr(sys, name, stream)


def _leave(code: str | int | None) -> NoReturn:
    """Leave at once: to dismantle the interpreter takes a fifteenth of a build, and all that we opened is closed."""
    with suppress(BrokenPipeError):  # whoever read our output has had enough
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))
