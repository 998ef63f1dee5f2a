"""What requests carry: never more than is allowed, nor for longer."""

from __future__ import annotations

from asyncio import timeout
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from digest.web.desk import desk_of

if TYPE_CHECKING:
    from starlette.requests import Request

FORM_LIMIT = 4096
"""Bytes that a form has at most."""
_MOST_FIELDS = 100


class BodyError(HTTPException):
    """A body is too long, too slow, or no form."""


async def read_body(request: Request, limit: int) -> bytes:
    """
    Return the body of a request, of `limit` bytes at most.

    Raises:
        BodyError: there is more of it, or it does not come.
    """
    body = b""
    try:
        async with timeout(desk_of(request).patience):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise BodyError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers={"Connection": "close"})
    except TimeoutError as error:
        raise BodyError(HTTPStatus.REQUEST_TIMEOUT, headers={"Connection": "close"}) from error
    except ClientDisconnect as error:
        raise BodyError(HTTPStatus.BAD_REQUEST) from error
    return body


async def read_form(request: Request, limit: int = FORM_LIMIT) -> dict[str, str]:
    """
    Return the fields of a form that was sent as browsers do by default; of two of one name, the last.

    Raises:
        BodyError: there is more of it, it does not come, or it is no form.
    """
    body = await read_body(request, limit)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise BodyError(HTTPStatus.BAD_REQUEST) from error
    return dict(pairs)
