"""Who asks, for what, and with which form."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.requests import Request

from digest.web.asking import client_of, token_of
from digest.web.bodies import BodyError, read_form

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Bench:
    """A desk of which only the patience is known."""

    patience: float = 5.0


def request(*forwarded: str, peer: str | None = "10.0.0.1", token: str = "", body: Sequence[bytes] = ()) -> Request:
    """Return a request that came by some proxies."""
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    parts.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    scope = {
        "type": "http",
        "headers": [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded],
        "client": (peer, 1) if peer else None,
        "path_params": {"token": token},
        "app": SimpleNamespace(state=SimpleNamespace(desk=Bench())),
    }
    return Request(scope, receive)


@pytest.mark.parametrize(
    ("forwarded", "proxies", "client"),
    [
        ((), 0, "10.0.0.1"),
        ((), 1, "10.0.0.1"),
        (("192.0.2.7",), 0, "10.0.0.1"),
        (("192.0.2.7",), 1, "192.0.2.7"),
        (("1.1.1.1, 192.0.2.7",), 1, "192.0.2.7"),
        (("1.1.1.1", "192.0.2.7"), 1, "192.0.2.7"),
        (("1.1.1.1, 192.0.2.7, 10.0.0.9",), 2, "192.0.2.7"),
        (("192.0.2.7",), 3, "192.0.2.7"),
        ((" , 192.0.2.7 ,",), 1, "192.0.2.7"),
        (("192.0.2.7:4711",), 1, "192.0.2.7"),
        (("[2001:db8::7]:4711",), 1, "2001:db8::7"),
        (("2001:db8::7",), 1, "2001:db8::7"),
        (("unknown",), 1, ""),
        (("<b>" + "x" * 9000,), 1, ""),
    ],
)
def test_who_asks(forwarded: tuple[str, ...], proxies: int, client: str) -> None:
    """What our own proxies say is believed, and nothing that stands before it."""
    assert client_of(request(*forwarded), proxies) == client


def test_nobody_knows_who_asks() -> None:
    """By a socket of this machine there is no address to tell."""
    assert client_of(request(peer=None), 0) == ""


@pytest.mark.parametrize(
    ("found", "token"),
    [
        ("l1.na-me_.sig", "l1.na-me_.sig"),
        ("l1.name.sig-", "l1.name.sig-"),
        ("l1.name.sig.", "l1.name.sig"),
        ("l1.name.sig>", "l1.name.sig"),
        ("l1.name.sig/ä", "l1.name.sig"),
        ("", ""),
        ("...", ""),
        ("ä.b", ""),
    ],
)
def test_token_of_an_address(found: str, token: str) -> None:
    """It ends where a token can end."""
    assert token_of(request(token=found)) == token


def test_forms() -> None:
    """Fields come as browsers send them, in whatever pieces; the last of one name counts, and blank ones are there."""
    pieces = [b"a=1&b=%C3%A4+x&", b"a=2&c="]
    assert asyncio.run(read_form(request(body=pieces))) == {"a": "2", "b": "ä x", "c": ""}


@pytest.mark.parametrize(
    ("body", "status"), [(b"a=\xff", 400), (b"a=%ff", 400), (b"a&" * 101, 400), (b"x" * 4097, 413)]
)
def test_what_is_no_form(body: bytes, status: int) -> None:
    """What is no text, has fields without number, or is too long, is refused."""
    with pytest.raises(BodyError) as caught:
        asyncio.run(read_form(request(body=[body])))
    assert caught.value.status_code == status
