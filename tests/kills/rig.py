"""A newsletter whose program is started, killed at a moment or at a point, and run again to its end."""

from __future__ import annotations

import json
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from audit import Ending
from child import Child, start
from conftest import NO_RULES
from killer import NO_ORDERS
from loopback_service import Turn, open_service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from multiprocessing.context import ForkServerProcess
    from random import Random

    from conftest import Run
    from killer import Orders
    from loopback_service import Service

BATCH = 5
"""Readers a request."""

_PROVIDER = Path(__file__).resolve().with_name("loopback_provider.py")
_KILLED = -signal.SIGKILL
_ENDINGS = {0, 5, 6, _KILLED}
"""With what a program may end here: done, nothing sent, incomplete, killed. All else is a fault of the program."""
_MOST_RUNS = 40
_HANGS = 60
"""Seconds after which something hangs."""


@dataclass(frozen=True, kw_only=True)
class Sending:
    """An issue on its way through a service."""

    slug: str
    readers: frozenset[str]
    service: Service
    concurrency: int
    child: Child
    orders: Orders
    run: Run
    window: int
    killed: set[int] = field(default_factory=set)
    """The processes that a signal has killed."""

    @contextmanager
    def crew(
        self, size: int, *, die_at: tuple[str, int] | None = None, log: Path | None = None
    ) -> Iterator[Sequence[ForkServerProcess]]:
        """Start so many programs at once, the first one with these orders, and wait at the end until all have ended."""
        self.service.arrival.clear()
        first = replace(self.orders, die_at=die_at, log=log)
        everyone = [first, *[self.orders] * (size - 1)]
        crew = [start(self.child, "send", self.slug, "--yes", "--json", orders=orders) for orders in everyone]
        try:
            yield crew
        finally:
            for process in crew:
                self._see_off(process)

    def _see_off(self, process: ForkServerProcess) -> None:
        process.join(_HANGS)
        output = self.child.output.read_text("utf-8")
        assert process.exitcode in _ENDINGS, output
        assert "Traceback" not in output, output
        if process.exitcode == _KILLED and process.pid:
            self.killed.add(process.pid)
        process.close()

    def run_program(self, *arguments: str) -> int | None:
        """Run the program to its end, and return its exit code."""
        process = start(self.child, *arguments, orders=NO_ORDERS)
        process.join(_HANGS)
        code = process.exitcode
        process.close()
        return code

    def wait_for_request(self, crew: Sequence[ForkServerProcess]) -> None:
        """Wait until a crew's first request arrives, or all of the crew have ended."""
        deadline = time.monotonic() + _HANGS
        while not self.service.arrival.wait(0.01) and any(process.is_alive() for process in crew):
            assert time.monotonic() < deadline, "the program does not send"

    def finish(self, programs: int = 1) -> None:
        """Run so many programs at once, again and again, as a scheduled job would, until nobody is queued."""
        for _ in range(_MOST_RUNS):
            if self.is_done():
                return
            with self.crew(programs):
                pass
        msg = "it is never done"
        raise AssertionError(msg)

    def is_done(self) -> bool:
        """Return whether everyone is settled."""
        facts = json.loads(self.run("status", self.slug, "--json").stdout)
        return facts["edition"] is not None and facts["queued"] == 0  # before the freeze there is no edition

    def ending(self) -> Ending:
        """Return how it stands; to be asked when the service is closed, so that no request is still on its way."""
        lines = json.loads(self.run("status", self.slug, "--recipients", "--json").stdout)["recipients"]
        return Ending(
            readers=self.readers,
            calls=self.service.calls,
            states={line["email"]: line["state"] for line in lines},
            heeds_keys=self.service.heeds_keys,
            killed=self.killed,
            in_flight=max(self.concurrency, self.window),
            batch=BATCH,
        )


@dataclass(frozen=True, kw_only=True)
class Rig:
    """A newsletter with a list of readers; its issues are sent one after the other."""

    child: Child
    run: Run
    readers: frozenset[str]
    window: int = 1
    """How many batches are claimed together."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    def build(cls, folder: Path, run: Run, *, readers: int, window: int = 1) -> Rig:
        """Put so many readers on the list of the newsletter in a folder."""
        emails = [f"reader{number}@example.org" for number in range(readers)]
        path = folder / "kills.csv"
        path.write_text("\n".join(["email", *emails, ""]), encoding="utf-8")
        result = run("subscribers", "import", str(path))
        assert result.exit_code == 0, result.output
        child = Child(folder=folder, packages=folder / "packages", output=folder / "output.txt")
        child.output.touch()
        _install(child.packages)
        return cls(child=child, run=run, readers=frozenset(emails), window=window)

    @contextmanager
    def sending(
        self,
        *,
        heeds_keys: bool,
        turns: Iterable[Turn] = (Turn(),),
        concurrency: int = 1,
        pace: int | None = None,
        orders: Orders = NO_ORDERS,
    ) -> Iterator[Sending]:
        """
        Write an issue, and open a service for it. Afterwards all its requests have ended, and what stands is final.

        Args:
            heeds_keys: whether the service takes two requests with one key for the same.
            turns: the service's weather.
            concurrency: how many requests it allows side by side.
            pace: how many it allows a second; None for any number.
            orders: what happens to every program.
        """
        slug = f"issue-{next(self._numbers)}"
        issue = self.child.folder / "issues" / f"{slug}.md"
        issue.write_text("A letter that must arrive exactly once.\n", encoding="utf-8")
        with open_service(heeds_keys=heeds_keys, turns=turns, patience=orders.patience) as service:
            self._configure(service, concurrency, pace)
            yield Sending(
                slug=slug,
                readers=self.readers,
                service=service,
                concurrency=concurrency,
                child=self.child,
                orders=orders,
                run=self.run,
                window=self.window,
            )

    def _configure(self, service: Service, concurrency: int, pace: int | None) -> None:
        path = self.child.folder / "digest.toml"
        settings = path.read_text("utf-8").partition("[provider]")[0]
        options = {"messages": BATCH, "heeds_keys": service.heeds_keys, "concurrency": concurrency}
        lines = {"name": "loopback", "api_url": service.url, **options, **({"pace": pace} if pace else {})}
        provider = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        path.write_text(f"{settings}[provider]\n{provider}{NO_RULES}", encoding="utf-8")


def _install(folder: Path) -> None:
    """Make a package of the provider in a folder, as an installer would."""
    facts = folder / "loopback_provider-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: loopback-provider\nVersion: 1.0\n", encoding="utf-8")
    entry = "[digest.providers]\nloopback = loopback_provider:Loopback\n"
    (facts / "entry_points.txt").write_text(entry, encoding="utf-8")
    (folder / _PROVIDER.name).symlink_to(_PROVIDER)


def kill_at_moments(sending: Sending, chance: Random, *, programs: int, kills: int, window: float) -> None:
    """
    Kill programs at random moments, so many at least if it takes that long, and then let them finish.

    Args:
        sending: what they send.
        chance: chooses who dies, and when.
        programs: how many work at once; those that live go on meanwhile.
        kills: how many are to die.
        window: seconds within which the next one dies.
    """
    while len(sending.killed) < kills and not sending.is_done():
        with sending.crew(programs) as crew:
            if chance.random() < 0.2:  # while they start, read, plan and freeze
                time.sleep(chance.uniform(0, 0.2))
            else:
                sending.wait_for_request(crew)
            for victim in chance.sample(crew, chance.randint(1, programs)):
                time.sleep(chance.uniform(0, window))
                victim.kill()
    sending.finish(programs)


def kill_at_point(sending: Sending, point: str, time: int, *, programs: int) -> None:
    """Kill a program when it reaches a point for that time, while others work beside it; then let one finish."""
    with sending.crew(programs, die_at=(point, time)):
        pass
    sending.finish()
