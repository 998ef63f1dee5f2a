"""A newsletter whose program is started, killed at a moment or at a point, run again to its end, and audited."""

from __future__ import annotations

import json
import signal
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from audit import Ending, find_wrongs
from child import Child, start
from killer import Orders
from loopback_service import Turn, open_service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from multiprocessing.context import ForkServerProcess
    from random import Random

    from audit import Wrong
    from conftest import Run
    from loopback_service import Service

BATCH = 5
"""Readers a request."""

_HERE = Path(__file__).resolve().parent
_ENDINGS = {0, 5, 6, -signal.SIGKILL}
"""With what a program may end here: done, not begun, incomplete, killed. Anything else is a fault of the program."""
_MOST_RUNS = 40


def _install(folder: Path) -> None:
    """Make a package of the provider in a folder, as an installer would."""
    facts = folder / "loopback_provider-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: loopback-provider\nVersion: 1.0\n", encoding="utf-8")
    entry = "[digest.providers]\nloopback = loopback_provider:from_settings\n"
    (facts / "entry_points.txt").write_text(entry, encoding="utf-8")
    (folder / "loopback_provider.py").symlink_to(_HERE / "loopback_provider.py")


@dataclass(frozen=True, kw_only=True)
class Sending:
    """An issue on its way through a service."""

    slug: str
    readers: frozenset[str]
    service: Service
    child: Child
    run: Run
    concurrency: int
    killed: set[int] = field(default_factory=set)
    """The processes that a signal has killed."""

    @contextmanager
    def crew(self, size: int, orders: Orders = Orders()) -> Iterator[Sequence[ForkServerProcess]]:
        """
        Start so many programs at once, and wait at the end until all have ended.

        Args:
            size: how many.
            orders: what is to happen to the first of them.
        """
        self.service.arrival.clear()
        crew = [
            start(self.child, "send", self.slug, "--yes", "--json", orders=orders if number == 0 else Orders())
            for number in range(size)
        ]
        yield crew
        for process in crew:
            process.join(timeout=60)
            self._see_off(process)

    def _see_off(self, process: ForkServerProcess) -> None:
        output = self.child.output.read_text("utf-8")
        assert process.exitcode in _ENDINGS, output
        assert "Traceback" not in output
        if process.exitcode == -signal.SIGKILL:
            self.killed.add(process.pid)
        process.close()

    def wait_for_request(self, crew: Sequence[ForkServerProcess]) -> None:
        """Wait until a crew's first request arrives, or all of the crew have ended."""
        deadline = time.monotonic() + 60
        while not self.service.arrival.wait(0.01) and any(process.is_alive() for process in crew):
            assert time.monotonic() < deadline, "the program does not send"

    def finish(self, programs: int = 1, orders: Orders = Orders()) -> None:
        """Run so many programs at once, again and again, as a scheduled job would, until nobody is queued."""
        for _ in range(_MOST_RUNS):
            if self.done():
                return
            with self.crew(programs, orders):
                pass
        msg = "it is never done"
        raise AssertionError(msg)

    def done(self) -> bool:
        """Return whether everyone is settled."""
        facts = json.loads(self.run("status", self.slug, "--json").stdout)
        return facts["edition"] is not None and facts["queued"] == 0  # before the freeze there is no edition

    def wrongs(self) -> dict[Wrong, set[str]]:
        """Return who was wronged; to be asked when the service is closed, so that no request is still on its way."""
        lines = json.loads(self.run("status", self.slug, "--recipients", "--json").stdout)["recipients"]
        ending = Ending(
            readers=self.readers,
            calls=self.service.calls,
            states={line["email"]: line["state"] for line in lines},
            heeds_keys=self.service.heeds_keys,
            killed=self.killed,
            in_flight=self.concurrency,
            batch=BATCH,
        )
        return find_wrongs(ending)


@dataclass(frozen=True, kw_only=True)
class Rig:
    """A newsletter with a list of readers, and a store of its own."""

    child: Child
    run: Run
    readers: frozenset[str]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    def build(cls, folder: Path, run: Run, *, readers: int) -> Rig:
        """Put so many readers on the list of the newsletter in a folder."""
        emails = [f"reader{number}@example.org" for number in range(readers)]
        path = folder / "kills.csv"
        path.write_text("\n".join(["email", *emails, ""]), encoding="utf-8")
        result = run("subscribers", "import", str(path))
        assert result.exit_code == 0, result.output
        _install(folder / "packages")
        (folder / "output.txt").touch()
        child = Child(folder=folder, packages=folder / "packages", output=folder / "output.txt")
        return cls(child=child, run=run, readers=frozenset(emails))

    @contextmanager
    def sending(
        self,
        *,
        heeds_keys: bool,
        turns: Iterable[Turn] = (Turn(),),
        concurrency: int = 1,
        patience: float | None = None,
    ) -> Iterator[Sending]:
        """Write an issue, and open a service for it. After that all its requests have ended, and what stands is final."""
        slug = f"issue-{next(self._numbers)}"
        issue = self.child.folder / "issues" / f"{slug}.md"
        issue.write_text("A letter that must arrive exactly once.\n", encoding="utf-8")
        with open_service(heeds_keys=heeds_keys, turns=turns, patience=patience) as service:
            self._configure(service, concurrency)
            yield Sending(
                slug=slug,
                readers=self.readers,
                service=service,
                child=self.child,
                run=self.run,
                concurrency=concurrency,
            )

    def _configure(self, service: Service, concurrency: int) -> None:
        path = self.child.folder / "digest.toml"
        settings = path.read_text("utf-8").partition("[provider]")[0]
        options = {"messages": BATCH, "heeds_keys": service.heeds_keys, "concurrency": concurrency}
        lines = {"name": "loopback", "api_url": service.url, **options}
        provider = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        path.write_text(f"{settings}[provider]\n{provider}", encoding="utf-8")


def kill_at_a_moment(sending: Sending, chance: Random, *, programs: int, window: float) -> None:
    """Run so many programs; kill one or more, each at a random moment; see the others to their end."""
    with sending.crew(programs) as crew:
        if chance.random() < 0.2:  # while it starts, reads, plans and freezes
            time.sleep(chance.uniform(0, 0.15))
        else:
            sending.wait_for_request(crew)
        for victim in chance.sample(crew, chance.randint(1, programs)):
            time.sleep(chance.uniform(0, window))
            victim.kill()
