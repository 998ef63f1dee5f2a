"""What the preview's page asks, and the answers; see `guarding` for who gets them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from digest.addressing import disarmed, example_reader
from digest.errors import CombinedError, DigestError, Place, UsageError
from digest.model import Message
from digest.preview.clients import Look, as_shown
from digest.preview.editors import find_editor, open_in_editor
from digest.preview.guarding import FRAME_POLICY, PICTURE_POLICY, PICTURED_POLICY, Guard, is_guest
from digest.preview.register import find_reader, find_readers, find_sent
from digest.preview.telling import tell_fault, tell_finding, tell_issue, tell_newsletter, tell_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from digest.model import Edition, Finding, InlineImage, Subscriber
    from digest.preview.announcing import Announcer
    from digest.preview.desk import Desk, Sheet
    from digest.publishing.newsroom import Newsroom

PAGE = Path(__file__).parent / "page"
_MOST_READERS = 100
_LONGEST_ORDER = 4096
"""Bytes that the body of a POST may have."""
_FIELD = "field."


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What takes libraries that take a while to load, so that it is brought along only when it is asked for."""

    examine: Callable[[Sheet, Subscriber | None, datetime], Iterator[Finding]]
    """See `digest.preview.examining`."""
    count_rules: Callable[[], int]
    send_test: Callable[[Newsroom, str, str, Mapping[str, str]], str]
    """See `digest.preview.trying`."""


def make_application(desk: Desk, announcer: Announcer, deeds: Deeds, environ: Mapping[str, str]) -> ASGIApp:
    """Return the application that answers the page of a newsletter."""
    answers = _Answers(desk=desk, announcer=announcer, deeds=deeds, environ=environ)
    routes = [
        Route("/", answers.page),
        Route("/page/{name:path}", answers.page),
        Route("/frame/{slug}", answers.frame),
        Route("/frame/{slug}/{name}", answers.picture),
        Route("/api/newsletter", answers.newsletter),
        Route("/api/issues/{slug}", answers.issue),
        Route("/api/issues/{slug}/findings", answers.findings),
        Route("/api/issues/{slug}/test", answers.test, methods=["POST"]),
        Route("/api/readers", answers.readers),
        Route("/api/readers/{number:int}", answers.reader),
        Route("/api/open", answers.open, methods=["POST"]),
        Route("/api/events", answers.events),
    ]
    return Guard(Starlette(routes=routes, exception_handlers={DigestError: _refuse, HTTPException: _refuse}))


async def _refuse(request: Request, error: Exception) -> Response:
    """Say what is wrong: 404 to whoever looks for what is not there, 400 to whoever orders what cannot be."""
    if isinstance(error, HTTPException):
        return JSONResponse({"fault": {"sentence": error.detail, "hint": ""}}, error.status_code)
    first = error.faults[0] if isinstance(error, CombinedError) else error
    absent = isinstance(error, UsageError) and request.method != "POST"
    status = HTTPStatus.NOT_FOUND if absent else HTTPStatus.BAD_REQUEST
    return JSONResponse({"fault": tell_fault(first)} if isinstance(first, DigestError) else {}, status)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """The answers, a method each; those that are no coroutines run in threads."""

    desk: Desk
    announcer: Announcer
    deeds: Deeds
    environ: Mapping[str, str]

    def page(self, request: Request) -> Response:
        """The page, and the files that it is made of."""
        name = request.path_params.get("name", "index.html")
        file = next((file for file in PAGE.rglob("*") if file.relative_to(PAGE).as_posix() == name), None)
        if file is None or not file.is_file():
            raise HTTPException(HTTPStatus.NOT_FOUND, "the page has no such file")
        kind = "text/javascript" if file.suffix == ".js" else guess_type(name)[0]
        return FileResponse(file, media_type=kind, headers={"Cache-Control": "no-cache"})

    def newsletter(self, request: Request) -> Response:
        """The newsletter and its issues."""
        settings, guest = self.desk.newsroom.settings, is_guest(request.scope)
        facts = tell_newsletter(settings, self.desk.sheets(), find_sent(settings), faults=self.desk.faults)
        can = {
            "can_open": not guest and find_editor(self.environ) is not None,
            "can_test": not guest,
            "can_choose_reader": not guest,
        }
        return JSONResponse({**facts, **can})

    def issue(self, request: Request) -> Response:
        """An issue, filled for a reader."""
        sheet = self.desk.sheet(request.path_params["slug"])
        return JSONResponse(tell_issue(sheet, _message(sheet, request)))

    def frame(self, request: Request) -> Response:
        """The HTML part of an issue, as a mail program shows it."""
        sheet = self.desk.sheet(request.path_params["slug"])
        message = _message(sheet, request)
        if message is None or sheet.traced is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "there is nothing to see of this issue yet")
        try:
            look = Look(request.query_params.get("scheme", Look.LIGHT.value))
        except ValueError as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, "there is no such scheme") from error
        places = {address: _place_of(sheet.slug, image) for address, image in sheet.traced.images.items()}
        images = request.query_params.get("images") != "off"
        shown = as_shown(message.html, look, images=images, addresses=places)
        return HTMLResponse(shown, headers={"Content-Security-Policy": PICTURED_POLICY if images else FRAME_POLICY})

    def picture(self, request: Request) -> Response:
        """An image of an issue."""
        sheet = self.desk.sheet(request.path_params["slug"])
        images = sheet.traced.images.values() if sheet.traced else ()
        image = next((image for image in images if image.filename == request.path_params["name"]), None)
        if image is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "the issue has no such image")
        headers = {"Content-Security-Policy": PICTURE_POLICY}
        if request.query_params.get("content") == _content_of(image):
            headers["Cache-Control"] = "private, max-age=86400, immutable"  # else each save would fetch all of them
        return Response(image.content, media_type=image.media_type, headers=headers)

    def findings(self, request: Request) -> Response:
        """What the rules find, a line each, as they find it."""
        sheet = self.desk.sheet(request.path_params["slug"])
        message = _message(sheet, request)
        chosen = message.reader if message and _chooses(request) else None
        return StreamingResponse(self._lines(sheet, chosen), media_type="application/x-ndjson")

    def _lines(self, sheet: Sheet, reader: Subscriber | None) -> Iterator[str]:
        begun = time.monotonic()
        for finding in self.deeds.examine(sheet, reader, datetime.now(UTC)):
            yield json.dumps(tell_finding(finding)) + "\n"
        seconds = round(time.monotonic() - begun, 3)
        yield json.dumps({"done": True, "rules": self.deeds.count_rules(), "seconds": seconds}) + "\n"

    def readers(self, request: Request) -> Response:
        """Those readers in whose address or name something stands."""
        limit = min(max(_number(request.query_params.get("limit", "20")), 1), _MOST_READERS)
        found, total = find_readers(self.desk.newsroom.settings, request.query_params.get("q", "").strip(), limit)
        rows = [{"id": reader.id, "email": reader.email, "name": reader.name} for reader in found]
        return JSONResponse({"readers": rows, "total": total})

    def reader(self, request: Request) -> Response:
        """A reader."""
        settings = self.desk.newsroom.settings
        return JSONResponse(tell_reader(find_reader(settings, request.path_params["number"]), settings))

    async def test(self, request: Request) -> Response:
        """Send the issue, marked as a test, to one address."""
        address, slug = _text(await _order(request), "to"), request.path_params["slug"]
        sentence = await run_in_threadpool(self._send, request, slug, address)
        return JSONResponse({"sentence": sentence})

    def _send(self, request: Request, slug: str, address: str) -> str:
        sheet = self.desk.sheet(slug)
        if sheet.faults:
            raise sheet.faults[0]
        return self.deeds.send_test(sheet.newsroom, slug, address, _chosen(sheet, request))

    async def open(self, request: Request) -> Response:
        """Open a file of the newsletter in the editor."""
        order = await _order(request)
        line, column = (_number(order.get(name) or 0) for name in ("line", "column"))
        place = Place(_text(order, "path"), line, column)
        root = self.desk.newsroom.settings.root
        return JSONResponse({"editor": await run_in_threadpool(open_in_editor, root, place, self.environ)})

    async def events(self, _request: Request) -> Response:
        """What happens from now on."""
        return StreamingResponse(self.announcer.listen(), media_type="text/event-stream")


def _place_of(slug: str, image: InlineImage) -> str:
    return f"/frame/{quote(slug, safe='')}/{quote(image.filename, safe='')}?content={_content_of(image)}"


def _content_of(image: InlineImage) -> str:
    """Return the part of an image's id that is a hash of its content."""
    return image.cid.partition("@")[0]


def _chooses(request: Request) -> bool:
    """Say whether a reader, or a value of one, was chosen to look at the issue."""
    return any(name == "reader" or name.startswith(_FIELD) for name in request.query_params)


def _chosen(sheet: Sheet, request: Request) -> dict[str, str]:
    """Return the values that were chosen to look at the issue with: those of a reader, or some by themselves."""
    message = _message(sheet, request)
    if message is None:
        return {}
    named = {name.removeprefix(_FIELD) for name in request.query_params}
    wanted = message.reader.values.keys() - {"email", "token"} if "reader" in named else named
    return {name: value for name, value in message.reader.values.items() if name in wanted}


def _message(sheet: Sheet, request: Request) -> Message | None:
    """Return the last good edition for the reader who was chosen, with a token that opens nothing."""
    if sheet.traced is None:
        return None
    edition = sheet.traced.edition
    reader = disarmed(_viewer(edition, sheet.newsroom, request.query_params))
    return Message(edition=edition, reader=reader, at=datetime.now(UTC))


def _viewer(edition: Edition, newsroom: Newsroom, wanted: Mapping[str, str]) -> Subscriber:
    settings = newsroom.settings
    if wanted.get("reader"):
        reader = find_reader(settings, _number(wanted["reader"]))
    else:
        reader = example_reader(edition, settings.fields)
    values = {name.removeprefix(_FIELD): value for name, value in wanted.items() if name.startswith(_FIELD)}
    known = {name: value for name, value in values.items() if name in settings.fields}  # one may be gone by now
    return replace(reader, name=values.get("name", reader.name), fields={**reader.fields, **known})


async def _order(request: Request) -> dict[str, Any]:
    """Read what a POST says."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_ORDER:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "that is too long")
    try:
        order = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "that is no JSON") from error
    if not isinstance(order, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "that is no JSON object")
    return order


def _text(order: Mapping[str, Any], name: str) -> str:
    value = order.get(name)
    if not isinstance(value, str) or not value:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} has to be a text")
    return value


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "that is no number") from error
