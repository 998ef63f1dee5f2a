"""
A provider as anyone may bring one, for the tests of the program: it writes down whom it accepted.

It is found by its entry point, which `install` puts into a folder. Options, all of them needed by some test:
    messages: readers a request.
    concurrency: requests side by side.
    idempotent: whether it heeds keys.
    seconds: how long each request takes, half of it before and half after it is accepted.
    answer: "sent", or what goes wrong instead, in every request; "x then y" says y from the second one on;
        "barred" refuses as a whole; "dislikes x" rejects every request with somebody whose address begins with x.
    bytes: of a request at most.
    hours: how far ahead it can be told when to deliver.
    back: "done", "too late" or "lost", when one that is called "generous" is asked to give back what it has.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import httpx

from digest.errors import ProviderError
from digest.model import Receipt, State
from digest.providers import Limits
from digest.wire.answers import RejectedError
from digest.wire.doing import done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Batch, Edition
    from digest.providers import Setup
    from digest.wire import Fetch

LOG = "accepted.jsonl"
BACK = "given_back.txt"


def install(folder: Path) -> None:
    """Make a package of this module in a folder, as an installer would."""
    facts = folder / "counting_provider-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: counting-provider\nVersion: 1.0\n", encoding="utf-8")
    entry = "[digest.providers]\ncounting = counting_provider:Counting\ngenerous = counting_provider:Generous\n"
    (facts / "entry_points.txt").write_text(entry, encoding="utf-8")
    (folder / "counting_provider.py").symlink_to(Path(__file__).resolve())


@dataclass(frozen=True, kw_only=True)
class Service(httpx.BaseTransport):
    """The service: a line in its log for each request that it has accepted, appended whole or not at all."""

    log: Path
    idempotent: bool
    seconds: float
    answer: str
    sandbox: bool = False
    back: str = "done"

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Accept a request, unless it did already."""
        if request.method == "DELETE":
            return self._give_back(request)
        answer = self._answer()
        if answer == "unreachable":
            msg = "nobody is there"
            raise httpx.ConnectError(msg, request=request)
        if answer == "barred":
            return httpx.Response(402)
        if answer.startswith("dislikes "):
            disliked = any(email.startswith(answer.removeprefix("dislikes ")) for email in json.loads(request.content))
            if disliked:
                return httpx.Response(422, json={"message": "an address is no good"})
            answer = "sent"
        if self.sandbox:
            return httpx.Response(200, text=answer)
        time.sleep(self.seconds / 2)
        if answer != "queued" and not (self.idempotent and request.headers["Key"] in self._keys()):
            self._note(request)
        time.sleep(self.seconds / 2)
        if answer == "lost":
            msg = "the connection was lost"
            raise httpx.ReadError(msg, request=request) from OSError("the cable was cut")
        return httpx.Response(200, text=answer)

    def _give_back(self, request: httpx.Request) -> httpx.Response:
        with self.log.with_name(BACK).open("a", encoding="utf-8") as log:
            log.write(f"{request.url.path}\n")
        if self.back == "lost":
            msg = "the connection was lost"
            raise httpx.ReadError(msg, request=request)
        return httpx.Response(422 if self.back == "too late" else 204)

    def _answer(self) -> str:
        first, _, rest = self.answer.partition(" then ")
        return rest if rest and self._keys() else first

    def _keys(self) -> set[str]:
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return {json.loads(line)["key"] for line in lines}

    def _note(self, request: httpx.Request) -> None:
        facts = {name: request.headers[name] for name in ("Key", "Subject", "Deliver-At") if name in request.headers}
        line = json.dumps(
            {**{name.lower(): value for name, value in facts.items()}, "emails": json.loads(request.content)}
        )
        log = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, f"{line}\n".encode())
        os.close(log)


@dataclass(frozen=True, kw_only=True)
class Counting:
    """The provider."""

    transport: Service
    limits: Limits = Limits(messages=10, inline_images=False, sandbox=True)  # noqa: RUF009  # it is frozen
    name: str = "counting"
    destination: str = "a log"

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """Return the provider of a newsletter."""
        options = setup.options
        service = Service(
            log=setup.root / LOG,
            idempotent=bool(options.get("idempotent", True)),
            seconds=float(str(options.get("seconds", 0))),
            answer=str(options.get("answer", "sent")),
            back=str(options.get("back", "done")),
        )
        limits = Limits(
            messages=int(str(options.get("messages", 10))),
            inline_images=False,
            key_lifetime=timedelta(hours=24) if service.idempotent else None,
            concurrency=int(str(options.get("concurrency", 1))),
            bytes=cast("int | None", options.get("bytes")),
            horizon=timedelta(hours=float(str(options["hours"]))) if "hours" in options else None,
            sandbox=True,
            caveats=("A log reads nothing.",) if "hours" in options else (),
        )
        return cls(limits=limits, transport=replace(service, sandbox=setup.sandbox))

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return the addresses."""
        emails = [reader.email for reader in batch.readers]
        edition = batch.edition
        headers = {"Key": batch.key, "Subject": edition.subject.fill({}).encode("ascii", "replace").decode()}
        if edition.deliver_at:
            headers["Deliver-At"] = edition.deliver_at.isoformat()
        return httpx.Request("POST", "https://counting.test/", json=emails, headers=headers)

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """Take the service at its word."""
        if response.status_code == httpx.codes.PAYMENT_REQUIRED:
            msg = "no money is left"
            raise ProviderError(msg, hint="Pay the bill.")
        if response.text == "bug":
            msg = "nobody foresaw this"
            raise KeyError(msg)
        if response.text == "one too many":
            return [Receipt(state=State.SENT)] * (len(batch.readers) + 1)
        if not response.is_success:
            raise RejectedError(response.json()["message"])
        if response.text == "one refused":
            refused = Receipt(state=State.REFUSED, reason="no such mailbox")
            return [refused, *[Receipt(state=State.SENT)] * (len(batch.readers) - 1)]
        return [Receipt(state=State(response.text), reason="as told")] * len(batch.readers)


@dataclass(frozen=True, kw_only=True)
class Generous(Counting):
    """The same, of a service that gives back what it was handed over ahead."""

    name: str = "generous"
    notice: timedelta = timedelta(minutes=10)

    def take_back(self, edition: Edition, fetch: Fetch) -> None:
        """Ask for it by its name."""
        done(fetch, httpx.Request("DELETE", f"https://counting.test/{edition.recall}"))
