"""Who asks, and for what."""

from __future__ import annotations

import re
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from digest.tokens import BadTokenError, ExpiredTokenError
from digest.web.desk import desk_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.requests import Request

    from digest.tokens import Purpose
    from digest.web.desk import Desk

_TOKEN = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_-]")
_JSON = "application/json"
_TAG = "tag-"
"""What the names of checkboxes begin with."""


def client_of(request: Request, proxies: int) -> str:
    """
    Return the IP address of whoever asks; blank where nobody knows.

    Each proxy adds the address of whoever asked it to ``X-Forwarded-For``, at the end. What stands before the entries
    of our own `proxies` anyone can have written.
    """
    peer = request.client.host if request.client else ""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    chain = [*(part.strip() for part in forwarded.split(",") if part.strip()), peer]
    client = _without_port(chain[-1 - min(proxies, len(chain) - 1)])
    try:
        return str(ip_address(client))
    except ValueError:  # anything may stand there, and what is kept of a consent is to be an address
        return ""


def _without_port(host: str) -> str:
    """Some proxies write ``192.0.2.1:1234`` and ``[2001:db8::1]:1234``."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def token_of(request: Request) -> str:
    """
    Return the token of an address, without what mail programs make part of a link that they find in plain text.

    That is a slash, a full stop, a bracket or a ``=`` behind it: nothing that a token ends with.
    """
    found = _TOKEN.match(request.path_params["token"])
    return found[0] if found else ""


def name_of_reader(request: Request) -> str:
    """
    Return the name of the reader whose token is in the address; see `Subscribers.find_name`.

    Raises:
        HTTPException: it is no token of ours, or one of another list: 404, whatever is wrong with it.
    """
    name = read_name(desk_of(request), token_of(request))
    if not name:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return name


def read_name(desk: Desk, token: str) -> str:
    """Return the name of the reader of a token; blank where it is no token of the list."""
    try:
        list_name, name = desk.tokens.read_reader(token)
    except BadTokenError:
        return ""
    if list_name in desk.keyed_lists:  # it was sent from where readers have no other names
        return f"{list_name}.{name}"
    return name if list_name == desk.list_name else ""


def number_in(request: Request, purpose: Purpose) -> int | None:
    """
    Return the number of the row that the link of a mail is about; None: its time is over.

    Raises:
        HTTPException: it is no token of ours for this, or one of another list: 404, whatever is wrong with it.
    """
    desk = desk_of(request)
    try:
        list_name, number = desk.tokens.read_until(purpose, token_of(request), now=desk.now())
    except ExpiredTokenError:
        return None
    except (BadTokenError, ValueError) as error:
        raise HTTPException(HTTPStatus.NOT_FOUND) from error
    if list_name != desk.list_name:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return int(number)


def chosen_tags(desk: Desk, form: Mapping[str, str]) -> list[str]:
    """Return those of the tags on offer whose boxes are ticked in a form."""
    return [tag for tag in desk.settings.web.tags if _TAG + tag in form]


def choices(desk: Desk, chosen: Collection[str]) -> list[tuple[str, str, bool]]:
    """Return a checkbox for each tag on offer: its name, its words, and whether it is ticked."""
    return [(_TAG + tag, words, tag in chosen) for tag, words in desk.settings.web.tags.items()]


def wants_json(request: Request) -> bool:
    """Say whether a program asks, for which a page is no answer."""
    accepted = request.headers.get("accept", "")
    return _JSON in request.headers.get("content-type", "") or (_JSON in accepted and "text/html" not in accepted)
