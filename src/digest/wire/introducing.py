"""Who is asking: what every request of ours says of us, whichever service it goes to."""

from __future__ import annotations

import httpx

from digest import __version__

# A request that no client of httpx has made has neither. Resend answers one without User-Agent with 403
# (https://resend.com/docs/api-reference/introduction), SendGrid one without Accept with 406
# (https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors), read on 2026-11-23.
_INTRODUCTION = {"User-Agent": f"digest/{__version__}", "Accept": "*/*"}


_USUAL = httpx.Limits(max_connections=100, max_keepalive_connections=20)  # httpx's own


def _introduce(request: httpx.Request) -> None:
    for name, value in _INTRODUCTION.items():
        request.headers.setdefault(name, value)


def open_client(
    *, timeout: httpx.Timeout, transport: httpx.BaseTransport | None = None, limits: httpx.Limits = _USUAL
) -> httpx.Client:
    """Return a client whose every request says who is asking; what a request says of that itself, stays."""
    return httpx.Client(transport=transport, timeout=timeout, limits=limits, event_hooks={"request": [_introduce]})
