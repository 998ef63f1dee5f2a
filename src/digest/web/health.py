"""Whether the server works, and what it has done: for machines that watch it, and never of any one reader."""

from __future__ import annotations

import time
from asyncio import wait_for
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from prometheus_client import generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest.errors import DigestError
from digest.store import open_store
from digest.web.counting import READERS, REGISTRY, WAITING
from digest.web.desk import desk_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from digest.store import Store

_PATIENCE = 1.0
"""Seconds in which the store has to answer."""
_CENSUS = 300.0
"""Seconds for which a count of all readers is good enough: a million of them take a while."""
_VERSION = "text/plain; version=0.0.4; charset=utf-8"


async def healthz(request: Request) -> Response:
    """Whether the store can be written to within a second; a bare word, for a machine looks at the status alone."""
    try:
        await wait_for(desk_of(request).clerk.do(_look), _PATIENCE)
    except (TimeoutError, DigestError):
        return PlainTextResponse("the store does not answer", HTTPStatus.SERVICE_UNAVAILABLE)
    return PlainTextResponse("ok")


def _look(store: Store) -> bool:
    return store.subscribers.find_id(0) is None


async def metrics(request: Request) -> Response:
    """Return all counts, as Prometheus reads them; those of the store only while it answers."""
    desk, state = desk_of(request), request.app.state
    with suppress(DigestError):
        WAITING.set(await desk.clerk.do(lambda store: store.notices.count()))
        if time.monotonic() >= getattr(state, "next_census", 0.0):
            state.next_census = time.monotonic() + _CENSUS
            await run_in_threadpool(_count_readers, desk.settings.store.url)
    return Response(generate_latest(REGISTRY), headers={"Content-Type": _VERSION})


def _count_readers(url: str) -> None:
    """Count on a connection of its own, so that nobody waits for it but who asked."""
    with open_store(url, create=False) as store:
        for standing, number in store.subscribers.count().items():
            READERS.labels(standing=standing.value).set(number)


ROUTES = (Route("/healthz", healthz), Route("/metrics", metrics))
