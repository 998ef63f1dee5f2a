"""Single deeds that a service is asked for, besides the sending of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.errors import ProviderError
from digest.wire.answers import Fate, UnclearError, fate_of
from digest.wire.words import said

if TYPE_CHECKING:
    import httpx

    from digest.wire import Fetch


def done(fetch: Fetch, request: httpx.Request) -> httpx.Response:
    """
    Have something done, and return the answer that says that it was.

    Raises:
        UnclearError: it may have been.
        ProviderError: it surely was not, or nothing was to be done.
    """
    response = fetch(request)
    fate = fate_of(response)
    if fate is Fate.ANSWERED:
        return response
    if fate is Fate.OPEN and request.method != "GET":
        msg = f"the service answered {said(response)}, which leaves open what it did"
        raise UnclearError(msg)
    msg = f"the service refused with {said(response)}"
    raise ProviderError(msg, hint="Mend what it names, and run it again.")
