"""
What a public side is attacked with, a test for each kind: the threats that newsletter software met in the wild.

Each is small, and says that the door is shut; the tests of each part try its handles.
"""

from __future__ import annotations

import csv
import hmac
import io
import json
import logging
import sqlite3
import time
from base64 import b64encode, urlsafe_b64decode
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes
from typing import TYPE_CHECKING

import httpx
import pytest
from joining_stage import ANN, NOW
from serving_stage import SECRET, said_by_us

from digest.config import Environment, load_settings
from digest.errors import DigestError
from digest.model import Address, Message, Standing, Subscriber
from digest.preview.guarding import refusal
from digest.publishing.archiving import LOCK
from digest.publishing.newsroom import Newsroom
from digest.tokens import Purpose, Tokens
from digest.wire.outside import OutsideTransport, RefusedError
from digest.wire.sns import Topic

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run
    from joining_stage import Club
    from serving_stage import Serve

    from digest.store.proofs import ProofKind

EVIL = "</b><script>alert(1)</script>{{ 7*7 }}"
SLUG = "2026-11-24-hello"


def rows(club: Club) -> list[str]:
    """Return all that is in the database."""
    with closing(sqlite3.connect(club.served.desk.settings.store.url.removeprefix("sqlite:///"))) as database:
        return [*database.iterdump()]


def token_of_ann(club: Club) -> str:
    """Put Ann on the list, and return her token."""
    club.put(ANN)
    return club.served.token(ANN)


def mailed(club: Club, email: str, kind: ProofKind, purpose: Purpose) -> str:
    """Return the path of a link that was mailed to an address, by which Bob proves that it is his."""
    store, desk = club.served.store, club.served.desk
    reader = store.subscribers.find("bob@example.org")
    assert reader
    number = store.proofs.ask(reader.id, kind, email, now=club.clock.now)
    assert number
    return f"/{kind}/{desk.tokens.sign_until(purpose, club.clock.now + timedelta(hours=1), desk.list_name, number)}"


def test_unsubscribe_token(club: Club) -> None:
    """It is signed, names list and reader without an address, never expires, and opens no other door."""
    token, tokens = token_of_ann(club), club.served.desk.tokens
    list_name, name, signature = token.split(".")
    assert (list_name, len(name), len(urlsafe_b64decode(f"{signature}=="))) == (club.served.desk.list_name, 22, 16)
    assert b"ann" not in urlsafe_b64decode(f"{name}==")
    club.clock.pass_(days=3650)
    get = club.served.client.get
    assert get(f"/unsubscribe/{token}").status_code == 200
    assert get(f"/preferences/{tokens.sign(Purpose.CONFIRM, list_name, name)}").status_code == 404
    assert get(f"/confirm/{token}").status_code == 404
    assert get(f"/unsubscribe/{Tokens(['x' * 32]).name_reader(list_name, name)}").status_code == 404
    assert get(f"/unsubscribe/{tokens.name_reader('another', name)}").status_code == 404
    later = club.clock.now + timedelta(hours=1)
    doors = {"confirm": Purpose.CONFIRM, "move": Purpose.MOVE, "own": Purpose.OWN}
    opened = {
        (door, purpose)
        for door in doors
        for purpose in doors.values()
        if get(f"/{door}/{tokens.sign_until(purpose, later, list_name, 1)}").status_code != 404
    }
    assert opened == {*doors.items()}


def test_link_scanners(club: Club) -> None:
    """GET and HEAD change nothing, wherever they lead, and use nothing up; the POST of a person acts afterwards."""
    club.post(data={"email": ANN})
    confirm = club.link()
    club.put("bob@example.org")
    bob = club.served.token("bob@example.org")
    own, move = mailed(club, "bob@example.org", "own", Purpose.OWN), mailed(club, "b@example.org", "move", Purpose.MOVE)
    before = rows(club)
    for path in (confirm, f"/unsubscribe/{bob}", f"/preferences/{bob}", own, f"{own}/erasure", f"{own}/data", move):
        assert [club.served.client.request(method, path).status_code for method in ("HEAD", "GET")] == [200, 200]
    assert rows(club) == before
    assert club.served.client.post(confirm).status_code == 200
    assert club.served.client.post(f"/unsubscribe/{bob}").status_code == 200
    assert (club.standing(), club.standing("bob@example.org")) == (Standing.ACTIVE, Standing.LEFT)


def test_one_click_post(club: Club) -> None:
    """Both encodings, 4 KB at most, no cookie, no redirect, again and again; of a wrong token nothing is told."""
    path = f"/unsubscribe/{token_of_ann(club)}"
    post = club.served.client.post
    for answer in (
        post(path, data={"List-Unsubscribe": "One-Click"}),
        post(path, files={"List-Unsubscribe": (None, "One-Click")}),
    ):
        assert answer.status_code == 200
        assert not {"set-cookie", "location"} & set(answer.headers)
    assert post(path, content=b"x" * 4097).status_code == 413
    assert post("/unsubscribe/a.b.c").content == post(f"{path}x").content
    assert club.standing() is Standing.LEFT


def test_confirm_mail(club: Club) -> None:
    """No name, nothing that somebody wrote, no List-Unsubscribe, marked as automatic; its link is good for 72 hours."""
    club.post(data={"email": ANN, "name": EVIL, "tag-tips": EVIL, "form": EVIL})
    link = club.link()
    mail = club.file(ANN).read_bytes()
    message = message_from_bytes(mail)
    assert message["Auto-Submitted"] == "auto-generated"
    assert not [name for name in message if name.lower().startswith("list-unsubscribe")]
    assert not any(word in mail for word in (b"alert", b"7*7", b"script>"))
    club.clock.pass_(hours=72, seconds=1)
    assert club.served.client.post(link).status_code == 410
    assert club.standing() is None


def test_subscription_bombing(club: Club) -> None:
    """An address gets one mail a day, however many ask; one place asks ten times an hour; programs stay outside."""
    assert {club.post(data={"email": ANN}).status_code for _ in range(30)} == {200}
    club.link()
    assert len([row for row in rows(club) if row.startswith('INSERT INTO "notices"')]) == 1
    same = {"X-Forwarded-For": "9.9.9.9"}
    asked = [club.post(data={"email": f"b{number}@example.org"}, headers=same).status_code for number in range(11)]
    assert asked == [200] * 10 + [429]
    form = club.form()
    assert club.post(data={"email": "c@example.org", "token": form}).status_code == 400  # too quick
    club.clock.pass_(seconds=5)
    assert club.post(data={"email": "c@example.org", "token": form, "comment": "hi"}).status_code == 400  # the trap


def test_enumeration(club: Club) -> None:
    """New, pending, subscribed, left, complained: the same answer, to the byte."""
    for email, standing in (("a", Standing.ACTIVE), ("l", Standing.LEFT), ("c", Standing.COMPLAINED)):
        club.put(f"{email}@example.org", standing)
    club.post(data={"email": "p@example.org"})
    answers = {club.post(data={"email": f"{one}@example.org"}).content for one in "napclp"}
    assert len(answers) == 1


def test_csrf(club: Club) -> None:
    """No page keeps a cookie that another site could use; the preview takes orders of its own page alone."""
    token = token_of_ann(club)
    for path in ("/subscribe", f"/unsubscribe/{token}", f"/preferences/{token}"):
        assert "set-cookie" not in club.served.client.get(path).headers
    for name, value in (("host", "evil.example"), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")):
        headers = {"host": "127.0.0.1:8000", name: value}
        scope = {
            "method": "POST",
            "path": "/api/open",
            "query_string": b"",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 1),
            "headers": [(key.encode(), text.encode()) for key, text in headers.items()],
        }
        assert refusal(scope)


def test_open_redirect(club: Club) -> None:
    """A click leads on to what we have signed, over HTTP; never to what stands in the address."""
    tokens, get = club.served.desk.tokens, club.served.client.get
    good = tokens.sign(Purpose.CLICK, SLUG, "https://blog.example.org/")
    bad = tokens.sign(Purpose.CLICK, SLUG, "javascript:alert(1)")
    assert get(f"/click/{good}/x?url=https://evil.example").headers["location"] == "https://blog.example.org/"
    for path in (
        f"/click/{good}x/x",
        f"/click/{bad}/x",
        "/click/https:%2F%2Fevil.example/x",
        "/click/x?url=//evil.example",
    ):
        refused = get(path)
        assert (refused.status_code, "location" in refused.headers) == (404, False)
    assert get("//evil.example/%2e%2e").status_code == 404


def test_webhooks(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The raw body is proved before it is read, and not when it is old; an event counts once; SNS is asked at home."""
    monkeypatch.setenv("DIGEST_PROVIDER", "resend")
    monkeypatch.setenv("RESEND_API_KEY", "re_x")
    monkeypatch.setenv("RESEND_WEBHOOK_SECRET", f"whsec_{b64encode(b'key').decode()}")
    served = serve()
    told = {"email_id": "m", "to": ["ada@example.org"], "bounce": {"type": "Permanent", "message": "gone"}}
    body = json.dumps({"type": "email.bounced", "created_at": "2026-11-24T09:00:00Z", "data": told}).encode()

    def call(content: bytes, stamp: int, key: bytes = b"key") -> int:
        mac = hmac.digest(key, f"m.{stamp}.".encode() + content, "sha256")
        headers = {"svix-id": "m", "svix-timestamp": str(stamp), "svix-signature": f"v1,{b64encode(mac).decode()}"}
        return served.client.post("/webhooks/resend", content=content, headers=headers).status_code

    now = int(time.time())
    assert [call(body, now, b"other"), call(b"{", now, b"other"), call(body, now - 3600)] == [400, 400, 400]
    assert [call(body, now), call(body, now)] == [200, 200]
    reader = served.store.subscribers.find("ada@example.org")
    assert reader
    assert reader.standing is Standing.BOUNCED
    assert len([*served.store.news.of_reader(reader.id)]) == 1

    def fetch(request: httpx.Request) -> httpx.Response:
        pytest.fail(f"{request.url} was asked")

    call_of_sns = {
        "Type": "Notification",
        "TopicArn": "arn:aws:sns:eu-west-1:1:letters",
        "MessageId": "1",
        "Message": "{}",
        "Timestamp": "2026-11-24T09:00:00Z",
        "SignatureVersion": "1",
        "Signature": "AAAA",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-a.pem",
    }
    topic = Topic(arn=call_of_sns["TopicArn"])
    with pytest.raises(DigestError):
        topic.read(json.dumps(call_of_sns).encode(), now=served.desk.now(), fetch=fetch)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "100.64.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]
)
def test_ssrf(address: str) -> None:
    """What strangers make us fetch is fetched from the internet alone, at each step of a redirect."""

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": "http://inside.example/"})

    found = {"blog.example.org": ["93.184.215.14"], "inside.example": [address]}
    transport = OutsideTransport(look_up=lambda host, _port: found[host], inner=httpx.MockTransport(answer))
    with httpx.Client(transport=transport, follow_redirects=True) as client, pytest.raises(RefusedError):
        client.get("https://blog.example.org/")


def test_crlf_in_headers(club: Club) -> None:
    """A line break is no part of an address, in a form, in JSON or in the settings."""
    for email in ("ann@example.org\r\nBcc: all@example.org", "ann@example.org\n", "a\x00nn@example.org"):
        assert club.post(json={"email": email}).status_code == (202 if email.endswith("\n") else 400)
        with pytest.raises(ValueError, match="no email address"):
            Address.parse(f"Ann\n <{email}>")
    club.post(data={"email": ANN, "form": "a\r\nBcc: all@example.org"})
    assert all(not set("\r\n\0") & set(str(cell)) for row in club.wishes() for cell in row)


def test_csv_formula(run: Run, letter: Path) -> None:
    """A cell that a spreadsheet would take for a formula is guarded in what is exported."""
    (letter / "more.csv").write_text("email,name\nann@example.org,=1+1\nbob@example.org,@SUM(A1)\n", "utf-8")
    assert run("subscribers", "import", "more.csv").exit_code == 0
    names = [row["name"] for row in csv.DictReader(io.StringIO(run("subscribers", "export").stdout))]
    assert {"'=1+1", "'@SUM(A1)"} <= set(names)


@pytest.mark.parametrize("prose", ["{{ cycler.__init__.__globals__ }}", "{{ 7*7 }}", "{{ config }}"])
def test_template_injection(run: Run, letter: Path, prose: str) -> None:
    """An issue can name fields of the reader and nothing more; and other signs of a template are text."""
    issue = letter / "issues" / f"{SLUG}.md"
    issue.write_text(f"---\nsubject: Hello\n---\n\n{prose}\n", encoding="utf-8")
    assert run("build", SLUG).exit_code == 4
    issue.write_text("---\nsubject: Hello\n---\n\n{% include '/etc/passwd' %}{# no #}\n", encoding="utf-8")
    assert run("build", SLUG).exit_code == 0
    text = (letter / ".digest" / "build" / SLUG / "email.txt").read_text("utf-8")
    assert "{% include '/etc/passwd' %}{# no #}" in text


def test_html_injection_by_name(run: Run, letter: Path) -> None:
    """What a reader is called is text in every part of a mail; a list that holds HTML in its place is refused."""
    (letter / "more.csv").write_text(f'email,first_name\nann@example.org,"{EVIL}"\n', encoding="utf-8")
    assert run("subscribers", "import", "more.csv").exit_code == 4
    issue = letter / "issues" / f"{SLUG}.md"
    field = '{{ first_name or "you" }}'
    issue.write_text(
        f"---\nsubject: Hi {field}\n---\n\nHello {field}, [a link](https://example.org)\n", encoding="utf-8"
    )
    newsroom = Newsroom(settings=load_settings(letter, {}))
    reader = Subscriber(id=1, email=ANN, token="x", fields={"first_name": EVIL})  # noqa: S106  # opens nothing
    message = Message(edition=newsroom.render(newsroom.read(issue)), reader=reader, at=NOW)
    assert "<script>" not in message.html
    assert "&lt;script&gt;" in message.html
    assert message.subject == f"Hi {EVIL}"
    assert f"Hello {EVIL}" in message.text


def test_archive_pages(run: Run, letter: Path) -> None:
    """Pages of the archive know no reader, run no script, and say so to browsers; a slug leads nowhere else."""
    front = "---\nsubject: Hello\nstatus: ready\nsend_at: 2026-01-01 09:00\nslug: ../../etc\n---\n\n"
    prose = 'Hi {{ first_name or "you" }} <b onclick="x()">there</b>\n'
    (letter / "issues" / f"{SLUG}.md").write_text(front + prose, encoding="utf-8")
    before = {*letter.parent.rglob("*"), letter / LOCK}
    assert run("site", "--output", "public").exit_code == 0
    assert {path for path in letter.parent.rglob("*") if "public" not in path.parts} <= before
    pages = [path.read_text("utf-8") for path in (letter / "public").rglob("*.html")]
    assert any("Hi you" in page for page in pages)
    for page in pages:
        assert "default-src 'none'" in page
        assert not any(word in page for word in ("<script", "onclick", "/unsubscribe/", "ada@example.org"))


def test_import(run: Run, letter: Path) -> None:
    """An import brings nobody back who left, complained or was erased."""
    (letter / "again.csv").write_text("email\nada@example.org\nnoor@example.org\n", encoding="utf-8")
    assert run("subscribers", "remove", "ada@example.org").exit_code == 0
    assert run("subscribers", "forget", "noor@example.org", "--yes").exit_code == 0
    assert run("subscribers", "import", "again.csv").exit_code == 0
    assert "ada@example.org" not in run("subscribers", "export").stdout
    assert "noor@example.org" not in run("subscribers", "export", "--standing", "all").stdout


def test_sql(club: Club) -> None:
    """Whatever somebody writes is a value, and never a part of a query."""
    token_of_ann(club)
    quote = "x'or'1'='1@example.org"
    assert club.post(json={"email": quote, "tags": ["'; drop table subscribers; --"]}).status_code == 202
    for path in ("/unsubscribe/' or 1=1 --", "/confirm/1;delete from subscribers"):
        assert club.served.client.post(path).status_code == 404
    assert club.served.store.subscribers.search("%' or '1'='1", 10) == ([], 0)
    assert club.standing() is Standing.ACTIVE


def test_secrets_and_logs(club: Club, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that is printed of keys and the environment shows them, and no log has a token; nor do referrers."""
    assert SECRET not in repr(Tokens([SECRET])) + repr(Environment(DIGEST_SECRET=SECRET))
    caplog.set_level(logging.DEBUG)
    token = token_of_ann(club)
    answer = club.served.client.get(f"/preferences/{token}")
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
    club.served.client.post(f"/unsubscribe/{token}")
    assert not any(hidden in said_by_us(caplog) for hidden in (token, SECRET, ANN))


def test_previews_and_tests(run: Run, letter: Path) -> None:
    """What editors look at and send to themselves has no reader's token, so that no click there unsubscribes anyone."""
    listed = json.loads(run("subscribers", "show", "ada@example.org", "--json").stdout)
    assert run("build", SLUG).exit_code == 0
    assert run("send", SLUG, "--to", "me@example.org", "--yes").exit_code == 0
    looked_at = [*(letter / ".digest" / "build").rglob("*.*"), *(letter / ".digest" / "outbox").rglob("*.eml")]
    with closing(sqlite3.connect(letter / ".digest" / "digest.db")) as database:
        names = [name for (name,) in database.execute("select token from subscribers")]
    assert listed
    assert names
    assert looked_at
    for file in looked_at:
        assert not any(name in file.read_text("utf-8", "replace") for name in names)


def test_limits(club: Club) -> None:
    """Every body has an end, wherever it is sent, and so does patience."""
    token = token_of_ann(club)
    post = club.served.client.post
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/subscribe", f"/unsubscribe/{token}", f"/preferences/{token}/pause"):
        assert (post(path, content=b"x" * 5000, headers=form).status_code, path) == (413, path)
    assert post("/subscribe", json={"email": "x" * 5000}).status_code == 413
    assert timedelta(seconds=club.served.desk.patience) <= timedelta(seconds=10)
    assert club.standing() is Standing.ACTIVE


THREATS = (
    "unsubscribe_token link_scanners one_click_post confirm_mail subscription_bombing enumeration csrf open_redirect "
    "webhooks ssrf crlf_in_headers csv_formula template_injection html_injection_by_name archive_pages import sql "
    "secrets_and_logs previews_and_tests limits"
)


@pytest.mark.parametrize("threat", THREATS.split())
def test_no_threat_is_forgotten(threat: str) -> None:
    """Each row of the table has its test."""
    assert callable(globals()[f"test_{threat}"])
