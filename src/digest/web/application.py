"""The application that answers the public side of a newsletter; `serving` runs it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from digest.errors import DigestError, ProviderError, SettingsError
from digest.keys import VARIABLE, how_to_get_one
from digest.providers import CallsBack, OwnsList
from digest.publishing.choosing import service_of
from digest.store import numberings_of, open_store
from digest.tokens import tokens_of
from digest.web import health, joining, leaving, preferences, tracking, webhooks
from digest.web.asking import wants_json
from digest.web.clerk import Clerk
from digest.web.desk import Desk, desk_of
from digest.web.guarding import Guard, headers_for, matching
from digest.web.mailer import make_mailer
from digest.web.pages import LOGO, Pages
from digest.wording import Wording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from digest.config import Settings

_WHY = "The addresses by which readers leave and choose are signed with it."


async def _logo(request: Request) -> Response:
    logo = desk_of(request).pages.logo
    if logo is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    content, kind = logo
    headers = {"Cache-Control": "public, max-age=86400", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(content, media_type=kind, headers=headers)


async def _no_icon(_request: Request) -> Response:
    """Browsers ask for one with every page, which is no fault of anyone."""
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "public, max-age=86400"})


ROUTES: Sequence[Route] = (
    *leaving.ROUTES,
    *joining.ROUTES,
    *preferences.ROUTES,
    *webhooks.ROUTES,
    *tracking.ROUTES,
    *health.ROUTES,
    Route(LOGO, _logo),
    Route("/favicon.ico", _no_icon),
)


def addresses(desk: Desk) -> dict[str, str]:
    """Return who comes to which paths, in a few words."""
    provider = desk.provider
    return {
        **({"/subscribe": "people who want to read"} if desk.can_join else {}),
        "/unsubscribe/…": "readers who leave",
        "/preferences/…": "readers who choose",
        **(
            {f"/webhooks/{provider.name}": "the provider, with news of mail"} if isinstance(provider, CallsBack) else {}
        ),
        "/healthz": "machines that watch whether it works",
        "/metrics": "Prometheus; keep it inside",
    }


def what_is_missing(desk: Desk) -> SettingsError | None:
    """Return why news of the provider cannot be believed, where that is so: it takes a secret, which others do not."""
    if not isinstance(desk.provider, CallsBack):
        return None
    try:
        desk.provider.read_webhook(httpx.Headers(), b"", now=desk.now(), fetch=_fetch_nothing)
    except SettingsError as fault:
        return fault
    except ProviderError:  # this is no call of theirs
        return None
    return None


def _fetch_nothing(_request: httpx.Request) -> httpx.Response:
    msg = "nobody is to be asked"
    raise ProviderError(msg)


def open_desk(settings: Settings) -> Desk:
    """
    Return what a newsletter's public side is made of, with everything found that would be in its way.

    Raises:
        SettingsError: a secret is missing, or the settings, the words, the provider or the store are wrong.
        ContentError: a template is wrong.
    """
    tokens = tokens_of(settings.environ)
    if tokens is None:
        msg = f"there is no {VARIABLE}"
        raise SettingsError(msg, hint=how_to_get_one(_WHY))
    wording = Wording.of(settings)
    provider = service_of(settings)
    open_list = partial(open_store, settings.store.url, tokens=tokens)
    with open_list() as store:
        list_name = store.name
    now = partial(datetime.now, UTC)
    return Desk(
        settings=settings,
        provider=provider,
        tokens=tokens,
        list_name=list_name,
        keyed_lists=frozenset(numbering.key_id for numbering in numberings_of(tokens.keys)),
        wording=wording,
        pages=Pages(settings, wording, can_join=not isinstance(provider, OwnsList)),
        clerk=Clerk(open_list),
        mailer=make_mailer(settings, wording, tokens, open_list, now),
        now=now,
    )


def make_application(desk: Desk) -> ASGIApp:
    """Return the application that works at a desk; its lifespan is the desk's."""

    @asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        desk.clerk.start()
        if desk.mailer:
            desk.mailer.start()
        try:
            yield
        finally:
            if desk.mailer:
                await run_in_threadpool(desk.mailer.stop)
            await run_in_threadpool(desk.clerk.stop)

    handlers = {HTTPException: _refuse, DigestError: _unable, Exception: _broken}
    application = Starlette(routes=list(ROUTES), exception_handlers=handlers, lifespan=lifespan)
    application.router.redirect_slashes = False  # a mail program's POST follows no redirect
    application.state.desk = desk
    return Guard(application, routes=ROUTES, base=desk.pages.base, headers=headers_for(desk.pages.policy))


async def _refuse(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
    response = _tell(request, status)
    response.headers.update(getattr(error, "headers", None) or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = {method for route in matching(ROUTES, request.scope) for method in route.methods or ()}
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


async def _unable(request: Request, _error: Exception) -> Response:
    """The store cannot be used just now; the clerk has logged why."""
    response = _tell(request, HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = "10"
    return response


async def _broken(request: Request, _error: Exception) -> Response:
    """A bug, of which nothing is told; the guard logs where it is."""
    return _tell(request, HTTPStatus.INTERNAL_SERVER_ERROR)


def _tell(request: Request, status: int) -> Response:
    if wants_json(request):
        return JSONResponse({"error": HTTPStatus(status).phrase}, status)
    pages, wording = desk_of(request).pages, desk_of(request).wording
    key = f"fault.{status}" if f"fault.{status}" in wording.texts else "fault.400"
    return pages.show("fault", status, sentence=wording.say(key))
