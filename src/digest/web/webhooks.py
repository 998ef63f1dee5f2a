"""
What providers tell of mail, at ``/webhooks/<provider>``: proved, kept and heeded before it is answered.

A call that is not the service's own is answered with 400. Where the fault is ours the answer is 5xx, and the service
asks again: an event is kept once, however often it is told.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from digest.errors import DigestError, ProviderError
from digest.providers import CallsBack, Setup
from digest.providers.finding import load_provider, provider_names
from digest.publishing.hearing import Fate, Policy, hear
from digest.web.bodies import read_body
from digest.web.counting import count
from digest.web.desk import desk_of
from digest.wire.introducing import open_client
from digest.wire.webhooks import ForgedError
from digest.wire.words import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from digest.model import Event
    from digest.web.desk import Desk

_LOG = logging.getLogger(__name__)

LIMIT = 5 * 1024 * 1024
"""Bytes that a call has at most: services tell up to some thousand events at once."""
_TOGETHER = 100
"""Events in one job on the store, so that nobody else waits for long."""
_TIMEOUT = httpx.Timeout(5)


@dataclass(slots=True)
class _Errand:
    """Asks a service for what its call refers to, and remembers whether it could not answer."""

    failed: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        try:
            with open_client(timeout=_TIMEOUT) as client:
                response = client.send(request)
        except httpx.HTTPError:
            self.failed = True
            raise
        self.failed = self.failed or response.is_server_error
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """The providers that may call: the one that sends, and others whose secrets are there, as after a move."""

    desk: Desk
    _known: dict[str, CallsBack | None] = field(default_factory=dict)

    def find(self, name: str) -> CallsBack | None:
        """Return a provider that may call; it may have to be imported."""
        provider = self.desk.provider
        if provider.name == name:
            return provider if isinstance(provider, CallsBack) else None
        if name not in self._known and name in provider_names():
            self._known[name] = self._load(name)
        return self._known.get(name)

    def _load(self, name: str) -> CallsBack | None:
        settings = self.desk.settings
        try:
            # Without [provider], which is about the one that sends.
            other = load_provider(name, Setup(root=settings.root, environ=settings.environ))
        except DigestError:
            return None
        return other if isinstance(other, CallsBack) else None

    def read(self, name: str, headers: httpx.Headers, body: bytes) -> Sequence[Event]:
        """
        Return the events that a call tells of.

        Raises:
            HTTPException: it is none, or cannot be heard; the log says why.
        """
        listener = self.find(name)
        if listener is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        errand = _Errand()
        try:
            return listener.read_webhook(headers, body, now=self.desk.now(), fetch=errand)
        except ProviderError as fault:
            count("refused_calls", provider=name)
            _LOG.warning("a call of %s was refused: %s", name, clean(fault.sentence))
            ours = errand.failed and not isinstance(fault, ForgedError)
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE if ours else HTTPStatus.BAD_REQUEST) from fault
        except DigestError as fault:
            _LOG.error("a call of %s cannot be heard: %s. %s", name, fault.sentence, fault.hint)
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from fault


async def answer(request: Request) -> Response:
    """Hear a call, and say so once all that follows from it is on disk."""
    desk, name = desk_of(request), request.path_params["provider"]
    listeners = _listeners_of(request)
    body = await read_body(request, LIMIT)
    headers = httpx.Headers(request.headers.raw)
    events = await run_in_threadpool(listeners.read, name, headers, body)
    policy = Policy.of(desk.settings)
    for start in range(0, len(events), _TOGETHER):
        some = events[start : start + _TOGETHER]
        fates = await desk.clerk.do(partial(hear, provider=name, events=some, policy=policy, now=desk.now()))
        for event, fate in zip(some, fates, strict=True):
            if fate is Fate.HEEDED:
                count("events", provider=name, kind=event.kind.value)
    return Response()


def _listeners_of(request: Request) -> Listeners:
    state = request.app.state
    if not hasattr(state, "listeners"):
        state.listeners = Listeners(desk=desk_of(request))
    found: Listeners = state.listeners
    return found


ROUTES = (Route("/webhooks/{provider}", answer, methods=["POST"]),)
