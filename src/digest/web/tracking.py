"""
Opens and clicks, where ``[tracking]`` has our own server tell them.

A click leads on to an address that stood in an issue and that we have signed, and to no other one; it does not wait
for the disk. Links of mail that left before go on leading there when tracking is switched off, and nothing is kept.
"""

from __future__ import annotations

import logging
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from digest.model import Event, EventKind
from digest.publishing.hearing import OURSELVES, Fate, Policy, visit
from digest.tokens import BadTokenError, Purpose
from digest.web.asking import read_name
from digest.web.counting import count
from digest.web.desk import desk_of
from digest.wire.webhooks import event_id

if TYPE_CHECKING:
    from concurrent.futures import Future

    from starlette.requests import Request

_LOG = logging.getLogger(__name__)

_PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
"""A transparent GIF of one pixel."""


async def follow(request: Request) -> Response:
    """Lead on to the address that a link of an issue is about."""
    slug, url = _signed(request, Purpose.CLICK)
    if not url.lower().startswith(("https://", "http://")):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    _note(request, EventKind.CLICKED, slug, url)
    return RedirectResponse(url, HTTPStatus.FOUND)


async def look(request: Request) -> Response:
    """Show the picture that nobody sees."""
    (slug,) = _signed(request, Purpose.OPEN)
    _note(request, EventKind.OPENED, slug)
    headers = {"Cross-Origin-Resource-Policy": "cross-origin"}  # it is shown on the pages of mail programs
    return Response(_PIXEL, media_type="image/gif", headers=headers)


def _signed(request: Request, purpose: Purpose) -> list[str]:
    try:
        return [*map(str, desk_of(request).tokens.read(purpose, request.path_params["signed"]))]
    except BadTokenError as error:
        raise HTTPException(HTTPStatus.NOT_FOUND) from error


def _note(request: Request, kind: EventKind, slug: str, url: str = "") -> None:
    """Have it kept who was here, once a minute at most; whoever only asks what is there, by HEAD, was not."""
    desk = desk_of(request)
    name = read_name(desk, request.path_params["token"])
    if request.method != "GET" or not name or kind not in Policy.of(desk.settings, through="server").watched:
        return
    now = desk.now()
    told = event_id(kind.value, slug, name, url, f"{now:%Y-%m-%dT%H:%M}")
    event = Event(id=told, kind=kind, at=now, original="")
    desk.clerk.ask(partial(visit, slug=slug, name=name, event=event, now=now)).add_done_callback(partial(_tell, kind))


def _tell(kind: EventKind, outcome: Future[Fate]) -> None:
    fault = outcome.exception()
    if fault:
        _LOG.error("%s could not be kept: %s", kind.value, type(fault).__name__)
    elif outcome.result() is Fate.HEEDED:
        count("events", provider=OURSELVES, kind=kind.value)


ROUTES = (Route("/click/{signed}/{token}", follow), Route("/open/{signed}/{token}", look))
