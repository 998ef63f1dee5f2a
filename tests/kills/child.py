"""
The program as a process that starts in a tenth of a second.

It is forked from a process that has imported the program and done nothing else. From there on all is as ever: its
arguments, environment, folder and exit code, and what a signal does to it. With several hundred starts, it pays.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import killer

from digest.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

# Whatever each process would import else, pytest for the sake of who started it; what is not installed is passed over.
_NEEDED = (
    "digest.branch",
    "digest.cli",
    "digest.cli.handing_over",
    "digest.cli.watching",
    "digest.publishing.mailing",
    "digest.subscribing.sourcing",
    "digest.tokens",
)
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [*_NEEDED, "digest.store.postgres", "digest.workers.running", "encodings.idna", "httpcore", "httpx", "pytest"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """How the program is started."""

    folder: Path
    packages: Path
    """A folder of further packages."""
    output: Path
    """The file to which its output goes, errors and all."""


def start(
    child: Child, *arguments: str, orders: killer.Orders, program: Callable[[], None] = main
) -> ForkServerProcess:
    """Start the program, or what stands for it, with our environment."""
    process = _SERVER.Process(target=_become_digest, args=(child, arguments, dict(os.environ), orders, program))
    process.start()
    return process


def _become_digest(
    child: Child, arguments: Sequence[str], environ: dict[str, str], orders: killer.Orders, program: Callable[[], None]
) -> None:
    output = os.open(child.output, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(child.folder)
    sys.path.insert(0, str(child.packages))
    sys.argv = ["digest", *arguments]
    killer.obey(orders)
    program()
