"""Who may ask the preview what."""

from __future__ import annotations

from typing import Any

import pytest

from digest.preview.guarding import is_guest, refusal


def asked(
    path: str = "/", *, method: str = "GET", client: str = "127.0.0.1", server: str = "127.0.0.1", **headers: str
) -> dict[str, Any]:
    """Return what the server knows of a request."""
    path, _, query = path.partition("?")
    named = {"host": f"{server}:8000", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": (client, 50000),
        "server": (server, 8000),
    }


LAN = {"client": "192.168.1.7", "server": "192.168.1.5"}


@pytest.mark.parametrize(
    "scope",
    [
        asked(),
        asked(host="localhost:8000"),
        asked(host="localhost:9000"),  # through a tunnel
        asked(host="[::1]:8000"),
        asked("/api/open", method="POST", host="localhost:8000", origin="http://localhost:8000"),
        asked("/api/readers", sec_fetch_site="same-origin"),
        asked("/api/readers", sec_fetch_site="none"),
        asked("/", sec_fetch_site="cross-site", sec_fetch_mode="navigate"),
        asked("/api/issues/a?field.name=x", **LAN),
        asked("/frame/a/b.png", **LAN),
        asked("/api/readers", client="192.168.1.5", server="192.168.1.5"),  # this machine, by its other address
    ],
)
def test_answered(scope: dict[str, Any]) -> None:
    """Our page, at whatever name of this machine, and guests who look."""
    assert refusal(scope) == ""


@pytest.mark.parametrize(
    "scope",
    [
        asked(host="evil.example.org:8000"),
        asked(host="127.0.0.1.evil.example.org"),
        asked(host=""),
        asked(host="[::1"),
        asked(host="evil.example.org@127.0.0.1.example.org"),
        asked("/api/open", method="POST"),
        asked("/api/open", method="POST", origin="null"),
        asked("/api/open", method="POST", origin="http://127.0.0.1:3000"),
        asked("/api/open", method="POST", origin="https://127.0.0.1:8000"),
        asked("/api/open", method="DELETE"),
        asked("/api/newsletter", sec_fetch_site="cross-site"),
        asked("/api/newsletter", sec_fetch_site="same-site"),
        asked("/frame/a", sec_fetch_site="cross-site", sec_fetch_mode="navigate"),
        asked("/", sec_fetch_site="cross-site", sec_fetch_mode="no-cors"),
        asked("/api/readers", **LAN),
        asked("/api/readers/1", **LAN),
        asked("/api/issues/a?reader=1", **LAN),
        asked("/api/issues/a?x=%26&re%61der=", **LAN),
        asked("/api/open", method="POST", origin="http://192.168.1.5:8000", **LAN),
    ],
)
def test_refused(scope: dict[str, Any]) -> None:
    """Pages elsewhere, names that only lead here, and guests who want more than to look."""
    assert refusal(scope)


@pytest.mark.parametrize(
    ("client", "server", "guest"),
    [
        ("127.0.0.1", "127.0.0.1", False),
        ("127.8.8.8", "127.0.0.1", False),
        ("::1", "::1", False),
        ("192.168.1.5", "192.168.1.5", False),
        ("192.168.1.7", "192.168.1.5", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("::ffff:192.168.1.7", "::", True),
        ("", "127.0.0.1", True),
    ],
)
def test_guests(client: str, server: str, guest: bool) -> None:  # noqa: FBT001  # a column of the table
    """Whoever asks from another machine is a guest; so is one of whom nothing is known."""
    assert is_guest(asked(client=client, server=server)) is guest
