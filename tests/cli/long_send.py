"""A send that takes long enough to be met in its middle, and what its readers are told of it afterwards."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result
    from conftest import Counted, Program, Run

SLUG = "2026-11-24-hello"
READERS = 60
BATCH = 5
_SECONDS = 0.06
"""How long a request takes; all of them, three quarters of a second."""


@dataclass(frozen=True, kw_only=True)
class LongSend:
    """The issue of a newsletter with many readers and small requests, one after the other."""

    run: Run
    program: Program
    counted: Counted

    @classmethod
    def prepare(
        cls,
        *,
        run: Run,
        program: Program,
        counted: Counted,
        write_readers: Callable[[int], Path],
    ) -> LongSend:
        """Put the readers on the list; the service heeds no keys, so that a second request would be a second letter."""
        sending = cls(run=run, program=program, counted=counted)
        sending.configure()
        assert run("subscribers", "import", str(write_readers(READERS - 2))).exit_code == 0
        return sending

    def configure(self, *, seconds: float = _SECONDS, idempotent: bool = False, answer: str = "sent") -> None:
        """Tell the service how to be."""
        self.counted.configure(messages=BATCH, seconds=seconds, idempotent=idempotent, answer=answer, stop_after=3)

    def begin(self) -> subprocess.Popen[str]:
        """Start the program, and return it when it is in the middle."""
        process = self.program.start("send", SLUG, "--yes")
        self.reach(2 * BATCH, process)
        assert process.poll() is None, "it ended before its middle"
        return process

    def reach(self, readers: int, process: subprocess.Popen[str]) -> None:
        """Wait until the service has accepted so many readers, or the process has ended."""
        deadline = time.monotonic() + 30
        while self.counted.accepted().total() < readers and process.poll() is None:
            assert time.monotonic() < deadline, "the program does not send"
            time.sleep(0.002)

    def go_on(self, *options: str) -> Result:
        """Run it again to its end, with a service that is quick and well."""
        self.configure(seconds=0)
        return self.run("send", SLUG, "--yes", *options)

    def standing(self) -> Counter[str]:
        """Return how many readers stand how, after a look at each: none is lost, none got it twice, none is lied of."""
        lines = json.loads(self.run("status", SLUG, "--recipients", "--json").stdout)["recipients"]
        accepted = self.counted.accepted()
        assert len({line["email"] for line in lines}) == len(lines) == READERS
        assert set(accepted.values()) <= {1}
        for line in lines:
            assert accepted[line["email"]] in _ACCEPTED[line["state"]], line["state"]
        return Counter(line["state"] for line in lines)


_ACCEPTED = {"sent": {1}, "in_doubt": {0, 1}, "skipped": {0}, "refused": {0}}
"""How often the service may have accepted a reader of each state, when all is done."""
EVERYONE_SENT = Counter(sent=READERS)
ONE_BATCH_IN_DOUBT = Counter(sent=READERS - BATCH, in_doubt=BATCH)
