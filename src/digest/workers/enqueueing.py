"""What `digest send --enqueue` does: a mailing is frozen as ever, and its batches are left to the workers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from digest.errors import UsageError
from digest.publishing.mailing import begin
from digest.publishing.status import progress_of

if TYPE_CHECKING:
    from digest.publishing.mailing import Mailing
    from digest.workers.queue import Queue


def enqueue(mailing: Mailing, queue: Queue) -> Mailing:
    """
    Begin a mailing, or change one that was begun as it was asked, and queue its batches: all of it or nothing.

    Raises:
        IncompleteError: the list has changed since the plan was made; nothing was begun.
        UsageError: the provider is to keep it for later.
    """
    if mailing.plan and mailing.plan.edition.deliver_at:
        msg = "what the provider is to deliver at its time is handed over at once, and not queued"
        raise UsageError(msg, hint="Leave out --enqueue, or --ahead: then workers send it now.")
    store = queue.store
    with store.together():
        frozen = begin(mailing, store)
        queue.fill()
    return replace(mailing, progress=progress_of(store, frozen), newcomers=0)
