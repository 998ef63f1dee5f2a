"""The provider of the loopback service, found by its entry point as anyone's is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import httpx

from digest.model import Receipt, State
from digest.providers import Limits
from digest.providers.answers import receipts_by_status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from digest.model import Batch


def from_settings(
    *, root: Path, api_url: str | None, options: Mapping[str, object], environ: Mapping[str, str]
) -> Loopback:
    """Return the provider: `messages` readers a request, and whether the service heeds keys, as its options say."""
    del root, environ
    limits = Limits(
        messages=int(str(options["messages"])),
        inline_images=False,
        key_lifetime=timedelta(days=1) if options["heeds_keys"] else None,
        concurrency=int(str(options["concurrency"])),
    )
    return Loopback(limits=limits, destination=str(api_url))


@dataclass(frozen=True, kw_only=True)
class Loopback:
    """The provider."""

    limits: Limits
    destination: str
    name: str = "loopback"
    transport: httpx.BaseTransport | None = None

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

    def build_query(self, batch: Batch) -> NoReturn:
        """Refuse: the service keeps no log."""
        raise NotImplementedError

    def read_log(self, batch: Batch, response: httpx.Response) -> NoReturn:
        """Refuse: the service keeps no log."""
        raise NotImplementedError

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> NoReturn:
        """Refuse: the service has no webhooks."""
        raise NotImplementedError
