"""
What goes over the wire and what comes back, in the forms that services share: bodies, header fields, answers, calls.

Adapters in `digest.providers` are made of these; nothing here knows any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

Fetch: TypeAlias = "Callable[[httpx.Request], httpx.Response]"
"""Sends a request and returns the answer. It raises `httpx.HTTPError` when there is none."""

UNREADABLE = (ValueError, RecursionError)
"""What the decoder of JSON raises of a body that is none, or none of the kind; the second it lets through."""
