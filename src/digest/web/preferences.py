"""
Readers see and change what is known of them.

    /preferences/<token>    what they choose: by the link that stands in every mail
    /own/<token>            all that is known, another address, erasure: by a link that was mailed to them for this
    /move/<token>           the link that was mailed to another address

Only a POST changes anything. Each is answered by the page as it is then, with a note; to send it twice does no harm.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from digest.model import Standing
from digest.rendering.days import day_of
from digest.subscribing import preferring
from digest.subscribing.leaving import forget_reader, seal_of
from digest.subscribing.preferring import PAUSES, Outcome
from digest.subscribing.telling import portray
from digest.tokens import Purpose
from digest.web.asking import choices, chosen_tags, name_of_reader, number_in, token_of
from digest.web.bodies import read_form
from digest.web.desk import desk_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from starlette.requests import Request

    from digest.model import Subscriber
    from digest.store import Store
    from digest.subscribing.preferring import Preferences
    from digest.web.desk import Desk

_STATUS = {
    Outcome.TOO_OFTEN: HTTPStatus.TOO_MANY_REQUESTS,
    Outcome.WRONG_ADDRESS: HTTPStatus.UNPROCESSABLE_ENTITY,
    Outcome.UNAVAILABLE: HTTPStatus.CONFLICT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """What somebody who was let in asks for."""

    desk: Desk
    form: Mapping[str, str]
    now: datetime

    def choose_tags(self, store: Store, reader: Subscriber) -> Outcome:
        chosen, offered = chosen_tags(self.desk, self.form), [*self.desk.settings.web.tags]
        return preferring.choose_tags(store, reader, chosen=chosen, offered=offered, now=self.now)

    def pause(self, store: Store, reader: Subscriber) -> Outcome:
        months, timezone = self.form.get("months", ""), ZoneInfo(self.desk.settings.newsletter.timezone)
        wanted = int(months) if months in map(str, PAUSES) else 0
        return preferring.pause(store, reader, months=wanted, timezone=timezone, now=self.now)

    def resume(self, store: Store, reader: Subscriber) -> Outcome:
        return preferring.resume(store, reader, now=self.now)

    def ask_for_own(self, store: Store, reader: Subscriber) -> Outcome:
        return preferring.ask_for_own(store, reader, now=self.now)

    def ask_to_move(self, store: Store, reader: Subscriber) -> Outcome:
        return preferring.ask_to_move(store, reader, email=self.form.get("email", ""), now=self.now)


_ACTIONS: Mapping[str, Callable[[_Errand, Store, Subscriber], Outcome]] = {
    "tags": _Errand.choose_tags,
    "pause": _Errand.pause,
    "resume": _Errand.resume,
    "own": _Errand.ask_for_own,
}


async def preferences(request: Request) -> Response:
    """Show what a reader may choose from, once what they chose is on disk."""
    desk, name = desk_of(request), name_of_reader(request)
    errand = _Errand(desk=desk, form=await _form_of(request), now=desk.now())
    action = _action_of(request)

    def work(store: Store) -> tuple[Preferences | None, Outcome | None]:
        found = preferring.find_preferences(store, name, now=errand.now)
        if found is None or action is None:
            return found, None
        outcome = action(errand, store, found.reader)
        return preferring.find_preferences(store, name, now=errand.now), outcome

    found, outcome = await desk.clerk.do(work)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return desk.pages.show(
        "preferences",
        _STATUS.get(outcome, HTTPStatus.OK) if outcome else HTTPStatus.OK,
        token=token_of(request),
        shortened=shorten(found.reader.email),
        standing=found.reader.standing.value,
        choices=choices(desk, found.reader.tags),
        months=PAUSES,
        paused_until=_day(found.paused_until, desk),
        note=outcome.value if outcome else "",
        can_join=desk.can_join,
        editor=_editor_of(desk),
    )


def _action_of(request: Request) -> Callable[[_Errand, Store, Subscriber], Outcome] | None:
    if request.method != "POST":
        return None
    action = _ACTIONS.get(request.path_params["action"])
    if action is None or (action is _Errand.ask_for_own and not desk_of(request).can_join):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return action


async def _form_of(request: Request) -> dict[str, str]:
    return await read_form(request) if request.method == "POST" else {}


def shorten(email: str) -> str:
    """Return as much of an address as tells its owner which one it is, and nobody else: the page may be forwarded."""
    local_part, _, domain = email.rpartition("@")
    return f"{local_part[:1]}…@{domain}"


def _day(moment: datetime | None, desk: Desk) -> str:
    day = moment.astimezone(ZoneInfo(desk.settings.newsletter.timezone)).date() if moment else None
    return day_of(day, desk.wording.language)


def _editor_of(desk: Desk) -> str:
    newsletter = desk.settings.newsletter
    return (newsletter.reply_to or newsletter.from_).email


async def own(request: Request) -> Response:
    """Show a reader all that they may do, once what they asked for is on disk."""
    desk, number = desk_of(request), number_in(request, Purpose.OWN)
    errand = _Errand(desk=desk, form=await _form_of(request), now=desk.now())

    def work(store: Store) -> tuple[Subscriber | None, Outcome | None]:
        reader = preferring.find_owner(store, number) if number else None
        outcome = errand.ask_to_move(store, reader) if reader and request.method == "POST" else None
        return reader, outcome

    reader, outcome = await desk.clerk.do(work)
    if reader is None:
        return _over(desk)
    return desk.pages.show(
        "own",
        _STATUS.get(outcome, HTTPStatus.OK) if outcome else HTTPStatus.OK,
        token=token_of(request),
        reader=reader,
        is_active=reader.standing is Standing.ACTIVE,
        note=outcome.value if outcome else "",
        wanted=errand.form.get("email", ""),
    )


def _over(desk: Desk) -> Response:
    return desk.pages.show("preferences_over", HTTPStatus.GONE)


async def own_data(request: Request) -> Response:
    """Give a reader a copy of all that is known of them."""
    desk, number = desk_of(request), number_in(request, Purpose.OWN)

    def work(store: Store) -> Mapping[str, object] | None:
        reader = preferring.find_owner(store, number) if number else None
        return portray(store, f"#{reader.id}").facts() if reader else None

    facts = await desk.clerk.do(work)
    if facts is None:
        return _over(desk)
    text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return Response(text, media_type="application/json", headers=headers)


async def erasure(request: Request) -> Response:
    """Say what it means to be erased; or erase a reader, who is gone from the disk before they are told so."""
    desk, number = desk_of(request), number_in(request, Purpose.OWN)
    is_wanted = request.method == "POST"

    def work(store: Store) -> Subscriber | None:
        reader = preferring.find_owner(store, number) if number else None
        if reader and is_wanted:
            forget_reader(store, reader.email, seal=seal_of(desk.settings.environ))
        return reader

    reader = await desk.clerk.do(work)
    if reader is None:
        return _over(desk)
    if is_wanted:
        return desk.pages.show("erased")
    return desk.pages.show("erase", token=token_of(request), email=reader.email)


async def move(request: Request) -> Response:
    """Show the button that moves a reader to another address; or move them, on disk before they are told so."""
    desk, number = desk_of(request), number_in(request, Purpose.MOVE)
    seal = seal_of(desk.settings.environ)
    if number is None or seal is None:
        return _over(desk)
    if request.method == "POST":
        is_done = await desk.clerk.do(partial(preferring.move, number=number, seal=seal, now=desk.now()))
        return desk.pages.show("moved") if is_done else _over(desk)
    proof = await desk.clerk.do(partial(preferring.find_move, number=number))
    return desk.pages.show("move", email=proof.email) if proof else _over(desk)


ROUTES = (
    Route("/preferences/{token}/{action}", preferences, methods=["POST"]),
    Route("/preferences/{token:path}", preferences),
    Route("/own/{token}/address", own, methods=["POST"]),
    Route("/own/{token}/data", own_data),
    Route("/own/{token}/erasure", erasure, methods=["GET", "POST"]),
    Route("/own/{token:path}", own),
    Route("/move/{token:path}", move, methods=["GET", "POST"]),
)
