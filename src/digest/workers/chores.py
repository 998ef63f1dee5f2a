"""What is done once for all now and then, however many workers there are."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.errors import DigestError
from digest.providers import KeepsSuppressions
from digest.publishing.choosing import Wishes
from digest.publishing.mailing import prepare
from digest.publishing.newsroom import Newsroom
from digest.publishing.scheduling.due import agenda_of
from digest.publishing.scheduling.schedule import Phase
from digest.subscribing.leaving import seal_of
from digest.subscribing.syncing import sync as take_over
from digest.workers.enqueueing import enqueue

if TYPE_CHECKING:
    from digest.workers.station import Station

_LOG = logging.getLogger("digest.worker")


def fill(station: Station) -> None:
    """See to it that every batch that waits has a job: one that was halved, or left by a worker that died."""
    new = station.seat.queue.fill()
    if new:
        _LOG.info("%d batches were queued", new, extra={"batches": new})


def send_due(station: Station) -> None:
    """Begin what is due, as `digest send --due` would, for all workers to send."""
    newsroom = Newsroom(settings=station.settings)
    queue = station.seat.queue
    agenda = agenda_of(newsroom, queue.store, datetime.now(UTC))
    for one, fault in agenda.faults:
        _LOG.warning("%s: %s", one.slug, fault, extra={"mailing": one.slug})
    for one in agenda.to_send:
        if one.phase is not Phase.BEGUN:  # what was begun, is seen to by `fill`
            try:
                mailing = prepare(newsroom, queue.store, station.provider, one.slug, Wishes())
                if mailing and mailing.readers:
                    enqueue(mailing, queue)
                    _LOG.info("%s is due, and begun", one.slug, extra={"mailing": one.slug})
            except DigestError as error:
                _LOG.error("%s: %s", one.slug, " ".join(error.lines()), extra={"mailing": one.slug})


def sync(station: Station) -> None:
    """Take over to whom the provider no longer writes, where it keeps a list of them."""
    if isinstance(station.provider, KeepsSuppressions):
        settings = station.settings
        store = station.seat.queue.store
        synced = take_over(store, station.provider, settings, report=_LOG.warning, seal=seal_of(settings.environ))
        _LOG.info("%s: %d suppressions read", synced.provider, synced.read, extra={"taken_off": synced.taken_off})
