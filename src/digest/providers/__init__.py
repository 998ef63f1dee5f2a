"""
Services that carry messages to readers, and what each of them has to say; `digest.providers.finding` finds one.

A provider translates and the engine talks: a provider turns a batch into a request and an answer into
receipts, and does no input or output. One that does not speak HTTP brings its own transport.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from digest.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    import httpx

    from digest.model import Batch, Event, Receipt


class UnclearError(ProviderError):
    """An answer does not say what became of a batch: it may have been accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a service can carry."""

    messages: int
    """Readers a request at most."""
    inline_images: bool
    key_lifetime: timedelta | None = None
    """How long the same key with the same bytes, posted again, is the same request. None: it heeds no keys."""
    concurrency: int = 1
    """Requests side by side at most."""
    pace: float | None = None
    """Requests a second at most. None: it names no number."""
    log_delay: timedelta | None = None
    """How long after a request the service's log surely tells of it. None: it cannot be asked."""


class Provider(Protocol):
    """Puts a batch in a service's words and its answer in ours."""

    @property
    def name(self) -> str:
        """The name by which ``digest.toml`` calls it."""

    @property
    def limits(self) -> Limits:
        """What it can carry; more is never asked of it."""

    @property
    def destination(self) -> str:
        """Where its messages go, for people to look at: a folder, a host."""

    @property
    def transport(self) -> httpx.BaseTransport | None:
        """What its requests travel by; None means HTTP over the network."""

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return the request that sends `batch`, the same bytes whenever it is built again."""

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader, in the batch's order; QUEUED for all means that nothing was accepted yet.

        Raises:
            UnclearError: the answer cannot be read; the batch may have been accepted.
            ProviderError: surely nothing was accepted, and to ask again would not help.
        """

    def build_query(self, batch: Batch) -> httpx.Request:
        """
        Return the request that asks the service's log what became of `batch`.

        Raises:
            ProviderError: the service cannot be asked.
        """

    def read_log(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader, in the batch's order; QUEUED means that the log surely knows nothing of them.

        Raises:
            UnclearError: the answer cannot be read.
        """

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """
        Return the events that a call of the service tells of.

        Raises:
            ProviderError: it is forged, cannot be read, or the service has no webhooks.
        """


class Factory(Protocol):
    """Makes a provider of its part of ``digest.toml`` and of the environment, where secrets are."""

    def __call__(
        self, *, root: Path, api_url: str | None, options: Mapping[str, object], environ: Mapping[str, str]
    ) -> Provider:
        """
        Return the provider for the newsletter in the folder `root`.

        Raises:
            SettingsError: an option is unknown or wrong, or a secret is missing.
        """
