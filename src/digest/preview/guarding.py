"""
Who may ask the preview, and what a browser may do with its answers.

The preview shows readers' addresses and sends mail, so no web page but its own may use it. A page elsewhere can make
a browser ask for any address: by a name that it lets lead here (DNS rebinding, told by ``Host``), or directly (told by
``Origin`` and ``Sec-Fetch-Site``). Others in the network, whom ``--host`` lets in, may look at issues and do nothing.
"""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_READS = frozenset({"GET", "HEAD"})
_ELSEWHERE = frozenset({"cross-site", "same-site"})
_READERS = "/api/readers"

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
"""Of an email without its images."""
PICTURED_POLICY = f"img-src 'self' https: data:; {FRAME_POLICY}"
"""Of an email with them."""
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""Of an image that is opened by itself: a drawing in SVG could hold a script."""
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-DNS-Prefetch-Control": "off",  # whoever looks at links has not followed one
}


class Guard:
    """Stands before an application: refuses what is none of its page's requests, and adds what browsers must heed."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have the application answer it."""
        if scope["type"] != "http":
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        sentence = refusal(scope)
        if sentence:
            answer = JSONResponse({"fault": {"sentence": sentence, "hint": ""}}, HTTPStatus.FORBIDDEN)
            await answer(scope, receive, sending)
        else:
            await self._application(scope, receive, sending)


def refusal(scope: Scope) -> str:
    """Return why a request is not answered; blank for one that is."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if not _is_ours(host, scope):
        return "this preview is not asked by that name"
    if headers.get("sec-fetch-site") in _ELSEWHERE and not _is_visit(scope, headers):
        return "this preview answers its own page only"
    if scope["method"] not in _READS and headers.get("origin") != f"http://{host}":
        return "this preview takes orders from its own page only"
    if is_guest(scope) and not _may_guest(scope):
        return "the list of readers, test sends and the editor are for the machine on which the preview runs"
    return ""


def _is_ours(host: str, scope: Scope) -> bool:
    """
    Say whether a ``Host`` field names this machine, or the address at which it was asked.

    Its port does not matter: no page elsewhere can have a browser say another one than it asked at, and through a
    tunnel it may well be another one.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in _LOCAL or name == (scope.get("server") or ("",))[0]


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """Say whether somebody follows a link to the page, as from a chat or a mail."""
    return scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"


def is_guest(scope: Scope) -> bool:
    """Say whether somebody asks from another machine."""
    client, server = (scope.get("client") or ("",))[0], (scope.get("server") or ("",))[0]
    try:
        return client != server and not ip_address(client.partition("%")[0]).is_loopback
    except ValueError:
        return True


def _may_guest(scope: Scope) -> bool:
    asked = scope["path"]
    fields = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return scope["method"] in _READS and not asked.startswith(_READERS) and "reader" not in fields
