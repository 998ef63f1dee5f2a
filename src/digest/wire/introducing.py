"""Who is asking: what every request of ours says of us, whichever service it goes to."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from digest import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

# A request that no client of httpx has made has neither. Resend answers one without User-Agent with 403
# (https://resend.com/docs/api-reference/introduction), SendGrid one without Accept with 406
# (https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors), read on 2026-11-23.
_INTRODUCTION = {"User-Agent": f"digest/{__version__}", "Accept": "*/*"}


def _introduce(request: httpx.Request) -> None:
    for name, value in _INTRODUCTION.items():
        request.headers.setdefault(name, value)


INTRODUCED: Mapping[str, list[Callable[..., object]]] = MappingProxyType({"request": [_introduce]})
"""The hooks that every client of ours has."""
