"""
Run every benchmark of this folder and print one table.

A benchmark is a module beside this one with a function ``measure() -> list[tuple[str, float, str]]``:
for each row its name, what was measured, and the bar in words that end in the unit, ``at most 2.5 x``.
A measurement that could not be made is NaN, and its bar says why.
"""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> None:
    """Print the table row by row, so that a slow benchmark does not keep the others waiting."""
    print(f"{'':56} {'measured':>12}   bar")
    for row, measured, bar in _rows():
        print(f"{row:56} {_shown(measured, bar):>12}   {bar}", flush=True)


def _rows() -> Iterator[tuple[str, float, str]]:
    for path in sorted(Path(__file__).parent.glob("*.py")):
        module = import_module(f"benchmarks.{path.stem}")
        if hasattr(module, "measure"):
            yield from module.measure()


def _shown(measured: float, bar: str) -> str:
    return "-" if math.isnan(measured) else f"{measured:,.2f} {bar.rpartition(' ')[2]}"


if __name__ == "__main__":
    main()
