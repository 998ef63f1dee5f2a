"""
People ask for the newsletter, and confirm it by the link in a mail.

The answer to a wish is the same for all, byte for byte, and so is the work until then. A form elsewhere, and a script,
may send wishes too: nobody has to be logged in for it, and no answer tells anything, so any page may read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from digest.links import preferences_url
from digest.model import Standing
from digest.store.standing import may_return
from digest.subscribing.joining import ask, confirm, make_wish, waits
from digest.subscribing.leaving import seal_of
from digest.tokens import BadTokenError, Purpose
from digest.web.asking import choices, chosen_tags, client_of, number_in
from digest.web.bodies import FORM_LIMIT, read_body, read_form
from digest.web.desk import desk_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from digest.model import Subscriber
    from digest.store import Store
    from digest.store.signups import Wish
    from digest.web.desk import Desk

QUICKEST = timedelta(seconds=2)
"""Nobody reads our form, writes an address and sends it sooner."""
_LONGEST = timedelta(days=1)
_HOUR = 3600
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_TRAP = "comment"
"""A field that people do not see, and that no browser fills in for them; programs that fill in all fields do."""
_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = {
    **_ANY_ORIGIN,
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
    "Allow": "GET, HEAD, POST, OPTIONS",
}


class _Call(msgspec.Struct, forbid_unknown_fields=True):
    """What a script sends."""

    email: str
    tags: list[str] = []
    form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A form that is shown, for the first time or again."""

    token: str
    email: str = ""
    chosen: frozenset[str] = frozenset()
    fault: str = ""
    """What is wrong with it, by its name among the words."""


async def subscribe(request: Request) -> Response:
    """Show the form, or take a wish in: from it, from a form elsewhere, or from a script."""
    desk = desk_of(request)
    if not desk.can_join:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if request.method == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=_PREFLIGHT)
    if request.method != "POST":
        return _show(desk, _Draft(token=_stamp(desk)))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _JSON:
        return await _take_call(request, desk)
    if kind == _FORM:
        return await _take_form(request, desk)
    raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


async def _take_call(request: Request, desk: Desk) -> Response:
    body = await read_body(request, FORM_LIMIT)
    try:
        call = msgspec.json.decode(body, type=_Call)
        wish = _wish(request, desk, email=call.email, tags=call.tags, form=call.form or _page_of(request))
    except (msgspec.MsgspecError, ValueError) as error:
        return JSONResponse({"error": str(error)}, HTTPStatus.BAD_REQUEST, _ANY_ORIGIN)
    if not await desk.clerk.do(partial(ask, wish=wish, now=desk.now())):
        headers = {**_ANY_ORIGIN, "Retry-After": str(_HOUR)}
        return JSONResponse({"error": "asked too often"}, HTTPStatus.TOO_MANY_REQUESTS, headers)
    return JSONResponse({"status": "asked"}, HTTPStatus.ACCEPTED, _ANY_ORIGIN)


async def _take_form(request: Request, desk: Desk) -> Response:
    fields = await read_form(request)
    tags = chosen_tags(desk, fields)
    email, token = fields.get("email", ""), fields.get("token", "")
    draft = partial(_Draft, email=email, chosen=frozenset(tags))
    age = _age(desk, token) if token else None
    if fields.get(_TRAP) or (age is not None and age < QUICKEST):
        return _show(desk, draft(token=token, fault="once_more"))
    if token and (age is None or age > _LONGEST):
        return _show(desk, draft(token=_stamp(desk), fault="once_more"))
    form = f"{desk.settings.web_url}/subscribe" if token else fields.get("form", "") or _page_of(request)
    try:
        wish = _wish(request, desk, email=email, tags=tags, form=form)
    except ValueError:
        return _show(desk, draft(token=token or _stamp(desk), fault="bad_address"))
    if not await desk.clerk.do(partial(ask, wish=wish, now=desk.now())):
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(_HOUR)})
    return desk.pages.show("asked")


def _wish(request: Request, desk: Desk, *, email: str, tags: list[str], form: str) -> Wish:
    web = desk.settings.web
    return make_wish(email, tags=tags, offered=web.tags, form=form, asked_from=client_of(request, web.proxies))


def _page_of(request: Request) -> str:
    """Return the page that a form elsewhere stands on, as far as it says so; what follows its path may be private."""
    page = urlsplit(request.headers.get("referer") or request.headers.get("origin", ""))
    return f"{page.scheme}://{page.netloc}{page.path}" if page.netloc and "@" not in page.netloc else ""


def _stamp(desk: Desk) -> str:
    return desk.tokens.sign(Purpose.FORM, int(desk.now().timestamp() * 1000))


def _age(desk: Desk, token: str) -> timedelta | None:
    """Return how long ago a form of ours was shown; None where it is none of ours."""
    try:
        (milliseconds,) = desk.tokens.read(Purpose.FORM, token)
    except BadTokenError:
        return None
    return desk.now() - datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def _show(desk: Desk, draft: _Draft) -> Response:
    status = HTTPStatus.BAD_REQUEST if draft.fault else HTTPStatus.OK
    return desk.pages.show(
        "subscribe",
        status,
        draft=draft,
        fault=desk.wording.say(f"join.{draft.fault}") if draft.fault else "",
        choices=choices(desk, draft.chosen),
        trap=_TRAP,
    )


async def confirm_wish(request: Request) -> Response:
    """Show the page with the button, or make a reader of whoever presses it; a scanner that follows links does not."""
    desk, number = desk_of(request), number_in(request, Purpose.CONFIRM)
    if number is None:
        return _welcome(desk, None)
    if request.method == "POST":
        await read_body(request, FORM_LIMIT)
        return _welcome(desk, await desk.clerk.do(_confirmation(request, desk, number)))
    sign_up = await desk.clerk.do(partial(waits, number=number))
    return desk.pages.show("confirm") if sign_up else _welcome(desk, None)


def _confirmation(request: Request, desk: Desk, number: int) -> Callable[[Store], Subscriber | None]:
    seal = seal_of(desk.settings.environ)
    return partial(
        confirm,
        number=number,
        words=desk.wording.say("join.consent", newsletter=desk.settings.newsletter.name),
        confirmed_from=client_of(request, desk.settings.web.proxies),
        seal=seal,
        now=desk.now(),
    )


def _welcome(desk: Desk, reader: Subscriber | None) -> Response:
    newsletter = desk.settings.newsletter
    if reader and reader.standing is Standing.ACTIVE:
        return desk.pages.show("confirmed", preferences=preferences_url(desk.settings.web_url, reader.token))
    if reader is None or may_return(reader.standing):
        return desk.pages.show("over", HTTPStatus.GONE)
    return desk.pages.show("hindered", HTTPStatus.GONE, email=(newsletter.reply_to or newsletter.from_).email)


ROUTES = (
    Route("/subscribe", subscribe, methods=["GET", "POST", "OPTIONS"]),
    Route("/confirm/{token:path}", confirm_wish, methods=["GET", "POST"]),
)
