"""
Readers leave: by a click on the page, or by one that their mail program makes for them (RFC 8058).

Only a POST unsubscribes. Scanners follow every link of a mail, and some run what scripts a page has, so a GET shows a
page with a button and changes nothing. There is nothing to log in to and nothing to read: the address tells who it is.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import Route

from digest.subscribing.leaving import has_left, is_strange, let_leave
from digest.web.asking import name_of_reader
from digest.web.bodies import FORM_LIMIT, read_body
from digest.web.desk import desk_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_FROM_PAGE = b"by=page"
"""What the page's own form sends."""


async def leave(request: Request) -> Response:
    """
    Show the page with the button, or let the reader leave; they have left on disk before they are told so.

    Where the list does not know whom a link is for that left elsewhere, that is said: they would go on getting mail.

    What the body of a POST says does not matter: mail programs send it urlencoded or in parts, and some leave it out.
    """
    desk, name = desk_of(request), name_of_reader(request)
    if await desk.clerk.do(partial(is_strange, name=name)):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if request.method == "POST":
        reason = "page" if await read_body(request, FORM_LIMIT) == _FROM_PAGE else "one-click"
        await desk.clerk.do(partial(let_leave, name=name, reason=reason, now=desk.now()))
        return desk.pages.show("left")
    gone = await desk.clerk.do(partial(has_left, name=name))
    return desk.pages.show("left" if gone else "leave")


ROUTES = (Route("/unsubscribe/{token:path}", leave, methods=["GET", "POST"]),)
