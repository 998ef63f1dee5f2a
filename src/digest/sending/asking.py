"""What a provider's own log says of batches in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from digest.errors import IncompleteError, ProviderError
from digest.providers import KeepsLog
from digest.wire.introducing import open_client

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from digest.model import Batch, Receipt
    from digest.providers import Provider
    from digest.wire import Fetch

_TIMEOUT = httpx.Timeout(30)
_LONGEST_REQUEST = 130
"""Seconds that a request of ours can take, its connection included; before that, a log cannot know of it."""


def ask(batch: Batch, provider: Provider, *, since: datetime, now: datetime) -> Sequence[Receipt]:
    """
    Return what the provider's log says of each reader of a batch; QUEUED means that it surely knows nothing of them.

    `since` is when the batch fell in doubt. It may have been posted again, under its key, until then.

    Raises:
        ProviderError: the provider has no log that can be asked, or does not answer.
        IncompleteError: it is too early: the log may not know of the request yet.
    """
    delay = provider.limits.log_delay
    if delay is None or not isinstance(provider, KeepsLog):
        msg = f"{provider.name} has no log that can be asked"
        raise ProviderError(msg, hint="Say it yourself: --sent if they got it, --resend if they are to get it.")
    early = _LONGEST_REQUEST + delay.total_seconds() - (now - since).total_seconds()
    if early > 0:
        msg = f"{provider.name} may not have written down what it did; its log is complete in {early:.0f} seconds"
        raise IncompleteError(msg, hint="Ask again then.")
    with open_client(transport=provider.transport, timeout=_TIMEOUT) as client:
        try:
            return provider.consult_log(batch, _once_each(client.send, provider.name))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            msg = f"{provider.name} could not be asked: {error}"
            raise ProviderError(msg, hint="Nothing was changed. Ask again later.") from error


def _once_each(fetch: Fetch, name: str) -> Fetch:
    """Return what asks for each address but once, as a page that names itself as the next one would never end."""
    asked: set[str] = set()

    def ask_once(request: httpx.Request) -> httpx.Response:
        if str(request.url) in asked:
            msg = f"the log of {name} leads in a circle, so it cannot be read to its end"
            raise ProviderError(msg, hint="Nothing was changed. Ask again later.")
        asked.add(str(request.url))
        return fetch(request)

    return ask_once
