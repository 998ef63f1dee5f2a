"""What Brevo keeps until its time: https://developers.brevo.com/docs/schedule-batch-sendings, read on 2026-11-23."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import httpx

from digest.wire.answers import UnclearError
from digest.wire.doing import done

if TYPE_CHECKING:
    from digest.model import Edition
    from digest.wire import Fetch


def name_of_all(edition: Edition) -> str:
    """Return the name that all requests of a mailing share: a UUID of the one kind that it takes."""
    return str(UUID(hex=edition.recall, version=4))


def delete(fetch: Fetch, request: httpx.Request) -> None:
    """
    Have what is scheduled deleted.

    Raises:
        UnclearError: nobody knows whether it is; also when Brevo knows nothing of it, or nothing any more.
        ProviderError: it is not.
    """

    def answer(request: httpx.Request) -> httpx.Response:
        response = fetch(request)
        if response.status_code == httpx.codes.NOT_FOUND:
            msg = "Brevo knows nothing of it: it was taken back before, or Brevo has not noted it yet"
            raise UnclearError(msg)
        return response

    done(answer, request)
