"""Readers leave: by the page, and by the one click of RFC 8058."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from digest.model import Standing
from digest.tokens import Tokens

if TYPE_CHECKING:
    from conftest import Run
    from serving_stage import Serve, Served

ADA, NOOR = "ada@example.org", "noor@example.org"
BOUNDARY = "----WebKitFormBoundary7MA4YWxk"
IN_PARTS = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--{BOUNDARY}--\r\n'
)


def standing(served: Served, email: str = ADA) -> Standing:
    """Return how a reader stands, on disk."""
    reader = served.store.subscribers.find(email)
    assert reader
    return reader.standing


def reasons(served: Served, email: str = ADA) -> list[tuple[Standing, str]]:
    """Return what changed of a reader, and why."""
    reader = served.store.subscribers.find(email)
    assert reader
    return [(change.standing, change.reason) for change in served.store.subscribers.history(reader.id)]


def bring_back(served: Served) -> None:
    """Let everyone stand as before."""
    served.store._database.change("update subscribers set standing = 'active'")
    served.store._database.change("delete from history")


@pytest.fixture
def served(one_server: Served) -> Served:
    """Return a newsletter that is served, with two active readers of whom nothing ever changed."""
    bring_back(one_server)
    return one_server


def exchange(served: Served, request: bytes) -> bytes:
    """Send bytes to the server, and return all that it answers."""
    address = urlsplit(served.url)
    with socket.create_connection((str(address.hostname), address.port or 0), 10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_as_gmail_sends_it(served: Served) -> None:
    """The request of a mailbox provider, to the byte: no cookie, no redirect, and a small answer once it is on disk."""
    head, _, page = exchange(
        served,
        f"POST /unsubscribe/{served.token()} HTTP/1.1\r\nHost: news.example.org\r\n"
        "User-Agent: Mozilla/5.0 (compatible; Gmail one-click)\r\nAccept: */*\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\nConnection: close\r\n\r\n"
        "List-Unsubscribe=One-Click".encode(),
    ).partition(b"\r\n\r\n")
    assert standing(served) is Standing.LEFT
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"set-cookie" not in head.lower()
    assert b"location" not in head.lower()
    assert 0 < len(page) < 15_000
    assert reasons(served) == [(Standing.LEFT, "one-click")]


def test_all_ways_to_send_it(served: Served) -> None:
    """What the body says, and in which encoding, does not matter: the address tells who it is."""
    form = "application/x-www-form-urlencoded"
    for kind, body, reason in (
        (form, "List-Unsubscribe=One-Click", "one-click"),
        (f"multipart/form-data; boundary={BOUNDARY}", IN_PARTS, "one-click"),
        ("multipart/form-data", "-" * 4096, "one-click"),
        ("", "", "one-click"),
        ("text/plain", "\0\ufffd", "one-click"),
        (form, "by=page", "page"),
    ):
        answer = served.client.post(f"/unsubscribe/{served.token()}", content=body, headers={"Content-Type": kind})
        assert (answer.status_code, standing(served)) == (200, Standing.LEFT), kind
        assert reasons(served) == [(Standing.LEFT, reason)]
        bring_back(served)


def test_looking_changes_nothing(served: Served) -> None:
    """GET and HEAD show the page, and whatever else is tried is refused with what may be."""
    path = f"/unsubscribe/{served.token()}"
    page = served.client.get(path)
    assert page.status_code == 200
    assert '<form method="post">' in page.text
    assert served.client.head(path).headers["content-length"] == str(len(page.content))
    for method in ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "UNSUBSCRIBE"):
        refused = served.client.request(method, path)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST"), method
    assert standing(served) is Standing.ACTIVE
    assert reasons(served) == []


def test_leaving_twice(served: Served) -> None:
    """It may be asked again and again: the same page, and one change on record; nor does the page ask again."""
    path = f"/unsubscribe/{served.token()}"
    first, second, third = served.client.post(path), served.client.post(path), served.client.get(path)
    assert first.content == second.content == third.content
    assert len(reasons(served)) == 1


@pytest.mark.parametrize(
    "tail", ["", "/", ".", ">", "%3E", ")", "),", "=", "=%0A", "%20", "...", "'", '"', "/?utm_source=x"]
)
def test_links_that_mail_programs_found_in_plain_text(tail: str, served: Served) -> None:
    """What stands behind the address in a sentence is no part of the token; nor is what others add to links."""
    assert served.client.post(f"/unsubscribe/{served.token()}{tail}").status_code == 200
    assert standing(served) is Standing.LEFT


def test_token_written_in_percent(served: Served) -> None:
    """A program that spells characters of an address as %xx means the same address."""
    spelled = "".join(f"%{octet:02X}" for octet in served.token().encode())
    assert served.client.post(f"/unsubscribe/{spelled}").status_code == 200
    assert standing(served) is Standing.LEFT


def test_tokens_that_are_none_of_ours(served: Served) -> None:
    """Forged, cut, of another list, of another key: one answer for all, and nobody leaves."""
    token = served.token()
    list_name, name, signature = token.split(".")
    answers = {
        served.client.post(f"/unsubscribe/{wrong}").content
        for wrong in (
            "x",
            "%00",
            "..",
            "a" * 5000,
            token[:-1],
            token.upper(),
            f"{list_name}.{name}",
            f"{list_name}.{name}.{signature[::-1]}",
            f"{list_name}.{name[::-1]}.{signature}",
            served.desk.tokens.name_reader("another", name),
            Tokens(["another key of more than thirty-two characters"]).name_reader(list_name, name),
        )
    }
    assert len(answers) == 1
    assert served.client.get("/unsubscribe/x").status_code == 404
    assert {standing(served, ADA), standing(served, NOOR)} == {Standing.ACTIVE}


def test_old_key(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link in a mail of years ago works as long as its key stands behind the new one."""
    first = serve()
    token = first.token()
    monkeypatch.setenv("DIGEST_SECRET", f"{'a new key ' * 4}, {' , '.join(first.desk.tokens.keys)}")
    second = serve()
    assert second.token() != token
    assert second.client.post(f"/unsubscribe/{token}").status_code == 200
    assert standing(second) is Standing.LEFT


def test_reader_who_is_gone(serve: Serve, run: Run) -> None:
    """Whoever was erased is told that they get no mail, which is true; nobody comes back by it."""
    served = serve()
    path = f"/unsubscribe/{served.token()}"
    assert run("subscribers", "forget", ADA, "--yes").exit_code == 0
    for answer in (served.client.get(path), served.client.post(path)):
        assert answer.status_code == 200
        assert "You are unsubscribed" in answer.text
    assert served.store.subscribers.find(ADA) is None


def test_those_who_stand_otherwise(served: Served) -> None:
    """Whoever complained goes on standing so, which says more; who bounced has left, come what may of the address."""
    for before, button, after in (
        (Standing.BOUNCED, True, Standing.LEFT),
        (Standing.COMPLAINED, False, Standing.COMPLAINED),
    ):
        bring_back(served)
        served.store.subscribers.stand(ADA, before, reason="test", now=served.desk.now())
        path = f"/unsubscribe/{served.token()}"
        assert ("<button>" in served.client.get(path).text) is button
        assert served.client.post(path).status_code == 200
        assert standing(served) is after


def test_too_long_a_body(served: Served) -> None:
    """More than 4 KB is refused unread, be its length told, untold or a lie; and nobody leaves by it."""
    path = f"/unsubscribe/{served.token()}"
    assert served.client.post(path, content=b"x" * 4097).status_code == 413
    assert served.client.post(path, content=iter([b"x" * 1024] * 5)).status_code == 413
    told = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n{'x' * 5000}"
    assert exchange(served, told.encode()).startswith(b"HTTP/1.1 413 ")
    assert standing(served) is Standing.ACTIVE


def test_on_any_store(any_store: None, serve: Serve) -> None:
    """One click is on disk before it is answered, in either kind of database."""
    del any_store
    served = serve()
    assert served.client.post(f"/unsubscribe/{served.token()}").status_code == 200
    assert standing(served) is Standing.LEFT


def test_header_and_link_lead_to_the_same_address(serve: Serve, run: Run) -> None:
    """Both lead to where the pages are served, which need not be where the archive is."""
    served = serve('[web]\nurl = "https://pages.example.org/letters"\n')
    assert run("build").exit_code == 0
    assert run("send", "2026-11-24-hello", "--yes", "--late").exit_code == 0
    mail = (served.folder / f".digest/outbox/2026-11-24-hello/{ADA}.eml").read_text("utf-8")
    address = f"https://pages.example.org/letters/unsubscribe/{served.token()}"
    plain = mail.replace("=\n", "").replace("=3D", "=")
    assert f"<{address}>" in plain.replace("\n ", "")
    assert f'href="{address}"' in plain
    assert f"Unsubscribe: {address}" in plain
    assert httpx.URL(address).path.startswith(served.desk.pages.base)
    assert served.client.post(httpx.URL(address).path).status_code == 200
    assert standing(served) is Standing.LEFT
