"""The provider of the loopback service, found by its entry point as anyone's is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import httpx

from digest.model import Receipt, State
from digest.providers import Limits
from digest.wire.answers import receipts_by_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Batch
    from digest.providers import Setup


@dataclass(frozen=True, kw_only=True)
class Loopback:
    """The provider."""

    destination: str
    limits: Limits = Limits(messages=1, inline_images=False)  # noqa: RUF009  # it is frozen
    name: str = "loopback"
    transport: httpx.BaseTransport | None = None

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """Return the provider, as its options say: readers a request, the pace, whether keys are heeded."""
        options = setup.options
        limits = Limits(
            messages=int(str(options["messages"])),
            inline_images=False,
            key_lifetime=timedelta(days=1) if options["heeds_keys"] else None,
            concurrency=int(str(options["concurrency"])),
            pace=float(str(options["pace"])) if "pace" in options else None,
        )
        return cls(limits=limits, destination=str(setup.api_url))

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return the messages; the headers are for the service's record."""
        messages = [*batch.messages()]
        return httpx.Request(
            "POST",
            self.destination,
            json=[[message.to.email, message.at.isoformat(), message.message_id, message.text] for message in messages],
            headers={
                "Idempotency-Key": batch.key,
                "Program": str(os.getpid()),
                "Readers": " ".join(message.to.email for message in messages),
            },
        )

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """Take the service at its word."""
        return receipts_by_status(batch, response) or [Receipt(state=State.SENT)] * len(batch.readers)
