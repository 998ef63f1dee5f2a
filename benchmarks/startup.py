"""How long a user waits for a command to begin, beside what its libraries cost alone; each run is a new process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "issues" / "2026-11-24-past-the-plateau.md"
DIGEST = str(Path(sys.executable).with_name("digest"))
ROUNDS = 15

EMPTY_PROGRAM = """
import click

@click.command()
def main():
    pass

main()
"""
LIBRARIES = "import jinja2, markdown_it, mjml"


def measure() -> list[tuple[str, float, str]]:
    """Compare ``digest --help`` with Click alone, and a build with the import of the libraries it needs."""
    with TemporaryDirectory() as folder:
        build = [DIGEST, "build", str(SAMPLE), "-o", folder]
        return [
            ("digest --help : an empty Click program", _ratio([DIGEST, "--help"], EMPTY_PROGRAM), "at most 2.5 x"),
            (f"digest build, cold : {LIBRARIES}", _ratio(build, LIBRARIES), "at most 3 x"),
        ]


def _ratio(command: list[str], floor: str) -> float:
    """Return how many times as long `command` takes as the Python text `floor`, turn by turn in one weather."""
    peer = [sys.executable, "-c", floor]
    pairs = [(_seconds(command), _seconds(peer)) for _ in range(ROUNDS)]
    return median(ours for ours, _ in pairs) / median(theirs for _, theirs in pairs)


def _seconds(command: list[str]) -> float:
    start = perf_counter()
    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - start
