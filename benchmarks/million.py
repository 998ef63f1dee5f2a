"""A list of a million readers, imported, planned and sent by the real program: memory stays what it is for a few."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

READERS = 1_000_000
DIGEST = str(Path(sys.executable).with_name("digest"))
_MIB = 1024 if sys.platform == "linux" else 1024 * 1024  # the unit of ru_maxrss differs


def measure(readers: int = READERS) -> list[tuple[str, float, str]]:
    """Return the greatest memory of any of the commands, and how long each took."""
    with TemporaryDirectory() as folder:
        letter = Path(folder) / "letter"
        _run([DIGEST, "init", str(letter)], Path(folder))
        settings = letter / "digest.toml"
        settings.write_text(settings.read_text("utf-8").replace('"outbox"', '"outbox"\ndiscard = true'), "utf-8")
        _write_list(letter / "list.csv", readers)
        commands = {
            "import": ["subscribers", "import", "list.csv"],
            "check": ["check"],
            "plan": ["send", "--dry-run"],
            "send to an outbox that discards": ["send", "--yes"],
            "status --recipients": ["status", next((letter / "issues").iterdir()).stem, "--recipients", "--json"],
        }
        measured = {name: _run([DIGEST, *arguments], letter) for name, arguments in commands.items()}
    peak = max(memory for _, memory in measured.values())
    return [
        (f"{readers:,} readers: peak memory of any command", peak, "at most 200 MiB"),
        *(
            (f"{readers:,} readers: {name}", seconds, "for information, in s")
            for name, (seconds, _) in measured.items()
        ),
    ]


def _write_list(path: Path, readers: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,first_name,tags\n")
        file.writelines(
            f"reader.{number}@example.org,Reader {number} Fictional,Reader {number},staff;dublin\n"
            for number in range(readers)
        )


def _run(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command to its end; return its seconds, and its peak memory in MiB."""
    start = perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return perf_counter() - start, usage.ru_maxrss / _MIB


if __name__ == "__main__":
    for row, measured, bar in measure(int(sys.argv[1]) if len(sys.argv) > 1 else READERS):
        print(f"{row:60} {measured:10,.1f}   {bar}")
