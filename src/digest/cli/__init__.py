"""
The command line: each command parses, calls one function, and prints.

Everything but Click is imported inside the commands, so that ``digest --help`` costs little more than Click.
"""

from __future__ import annotations

import errno
from typing import Any

import click

from digest import __version__
from digest.cli.issues import build, init, new
from digest.cli.mailings import providers, send, status
from digest.cli.readers import subscribers
from digest.errors import DigestError, UsageError

_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells count


class _Doorway(click.Group):
    """The one place where a failure becomes text and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DigestError as error:
            _explain(error, causes=ctx.params["verbose"])
            ctx.exit(error.exit_code)
        except OSError as error:
            if error.filename is None or error.errno == errno.EPIPE:  # a bug, or a reader such as head that has enough
                raise
            _explain(UsageError(f"{error.filename}: {error.strerror}"), causes=False)
            ctx.exit(UsageError.exit_code)
        except (KeyboardInterrupt, click.Abort):
            click.echo("\nInterrupted. Run it again; it goes on from here.", err=True)
            ctx.exit(_INTERRUPTED)


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
      digest build
      digest send
    """


for _command in (init, new, build, send, status, subscribers, providers):
    digest.add_command(_command)


def main() -> None:
    """Run the program."""
    digest(prog_name="digest")
