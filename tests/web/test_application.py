"""What all answers of the public side have in common, and what stands in the way of its start."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from serving_stage import SECRET, said_by_us, serving

from digest.config import load_settings
from digest.errors import DigestError, IncompleteError
from digest.web.application import addresses, open_desk, what_is_missing
from digest.web.clerk import Clerk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from serving_stage import Serve, Served

    from digest.store import Store

POLICY = (
    r"default-src 'none'; style-src 'sha256-[\w/+=]{44}'; img-src 'self' https:; form-action 'self'; "
    r"base-uri 'none'; frame-ancestors 'none'"
)


def failing(fault: Exception) -> Clerk:
    """Return a clerk who fails at whatever is asked."""

    @contextmanager
    def open_list() -> Iterator[Store]:
        raise fault
        yield

    return Clerk(open_list)


def test_what_browsers_must_heed(one_server: Served) -> None:
    """Every answer, refusals too, forbids scripts, frames, referrers and copies; none sets a cookie."""
    token = one_server.token()
    for method, path, status in (
        ("GET", f"/unsubscribe/{token}", 200),
        ("HEAD", f"/unsubscribe/{token}", 200),
        ("GET", "/unsubscribe/x", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/logo", 404),
        ("PUT", f"/unsubscribe/{token}", 405),
        ("POST", "/healthz", 405),
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
    ):
        answer = one_server.client.request(method, path)
        assert (answer.status_code, path) == (status, path)
        assert "set-cookie" not in answer.headers
        heeded = {
            "content-security-policy": one_server.desk.pages.policy,
            "x-content-type-options": "nosniff",
            "x-robots-tag": "noindex",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "cache-control": "no-store",
        }
        assert heeded.items() <= dict(answer.headers).items(), path


def test_refusals_are_pages(one_server: Served) -> None:
    """People get a page in the newsletter's look, and programs that ask for JSON get that."""
    page = one_server.client.get("/nowhere", headers={"Accept": "text/html, application/json;q=0.5"})
    assert "There is no such page." in page.text
    assert 'lang="en" dir="ltr"' in page.text
    for asked in ({"Accept": "application/json"}, {"Content-Type": "application/json; charset=utf-8"}):
        assert one_server.client.post("/nowhere", headers=asked).json() == {"error": "Not Found"}


def test_pages_are_small_and_whole(one_server: Served) -> None:
    """A page weighs less than 15 KB, and nothing else is fetched for it; not a script, not a font."""
    page = one_server.client.get(f"/unsubscribe/{one_server.token()}")
    assert len(page.content) < 15_000
    assert all(word not in page.text for word in ("<script", "<link", "src=", "url(", "@import"))


@pytest.mark.parametrize(
    ("fault", "status", "logged"),
    [
        (IncompleteError("the store is on holiday"), 503, "the store is on holiday"),
        (LookupError("secret ada@example.org"), 500, "LookupError web/clerk.py:"),
    ],
)
def test_own_failures(
    fault: Exception,
    status: int,
    logged: str,
    letter: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A store that fails is told so that it is asked again, a bug by its kind and place; no words of it are shown."""
    caplog.set_level(logging.INFO)
    with serving(letter, clerk=failing(fault)) as served:
        token = served.token()
        answer = served.client.post(f"/unsubscribe/{token}")
    assert answer.status_code == status
    assert ("retry-after" in answer.headers) is (status == 503)
    assert "try again in a few minutes." in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    log = said_by_us(caplog)
    assert logged in log
    assert f"POST /unsubscribe/{{token}} {status} " in log
    for hidden in ("ada@example.org", "secret", token):
        assert hidden not in log + answer.text


def test_health(serve: Serve) -> None:
    """A store that does not answer within a second is told, in a word and by 503."""
    served = serve()
    assert (served.client.get("/healthz").status_code, served.client.get("/healthz").text) == (200, "ok")
    with served.store.together():  # another program is writing, and does not come to an end
        served.store.subscribers.leave("noor@example.org", now=served.desk.now())
        assert served.client.get("/healthz").status_code == 503


def test_metrics(serve: Serve) -> None:
    """Counts tell what was asked for by pattern, and readers by standing; nothing of any one of them."""
    served = serve()
    served.client.post(f"/unsubscribe/{served.token()}")
    served.client.get("/some/ada@example.org")
    served.client.request("ADA", "/metrics")
    told = served.client.get("/metrics")
    assert told.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'digest_requests_total{method="POST",route="/unsubscribe/{token}",status="200"}' in told.text
    assert 'digest_requests_total{method="GET",route="-",status="404"}' in told.text
    assert 'digest_requests_total{method="-",route="/metrics",status="405"}' in told.text
    assert 'digest_readers{standing="left"} 1.0' in told.text
    assert 'digest_readers{standing="active"} 1.0' in told.text
    assert "digest_mails_waiting 0.0" in told.text
    assert not any(hidden in told.text for hidden in ("ada", "ADA", served.token()))


def test_below_a_path(serve: Serve) -> None:
    """Pages may live below a path, and a proxy may take it off before it asks; links lead there either way."""
    served = serve('[web]\nurl = "https://example.org/letters/"\n')
    for path in ("/letters/unsubscribe/", "/unsubscribe/"):
        left = served.client.post(path + served.token())
        assert left.status_code == 200
        assert 'href="/letters/subscribe"' in left.text
    assert served.client.get("/letters/healthz").text == "ok"
    assert served.client.get("/lettersunsubscribe/x").status_code == 404
    assert served.client.put("/letters/unsubscribe/x").headers["allow"] == "GET, HEAD, POST"


def test_whole_addresses(one_server: Served) -> None:
    """Whoever asks for a whole address, as a proxy is asked, gets what its path leads to."""
    path = f"/unsubscribe/{one_server.token()}"
    asked = [path, f"http://news.example.org{path}", "http://news.example.org", "*"]
    answers = [one_server.client.get("/", extensions={"target": target.encode()}) for target in asked]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 404]


def test_own_look(serve: Serve, letter: Path) -> None:
    """Colours, logo, words, templates and the direction of writing are the newsletter's; names stay text."""
    text = (letter / "digest.toml").read_text("utf-8")
    name = "Tom & Jerry's <script>alert(1)</script>"
    text = text.replace('name = "My newsletter"', f'name = "{name}"\nlanguage = "ar"')
    (letter / "digest.toml").write_text(text, encoding="utf-8")
    (letter / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    (letter / "templates/web").mkdir(parents=True)
    (letter / "templates/web/left.html").write_text("{{ newsletter.name }}: {{ say('leave.done_title') }}", "utf-8")
    (letter / "templates/wording.toml").write_text('[leave]\ntitle = "<b>وداعا</b>"\n', encoding="utf-8")
    served = serve('[theme]\naccent = "#123456"\nlogo = "logo.svg"\n')
    page = served.client.get(f"/unsubscribe/{served.token()}").text
    assert "#123456" in page
    assert "<h1>&lt;b&gt;وداعا&lt;/b&gt;</h1>" in page
    assert '<html lang="en" dir="ltr">' in page  # most of it is English, Arabic being not built in
    assert 'src="/logo" alt="Tom &amp; Jerry&#39;s &lt;script&gt;' in page
    assert "<script" not in page
    logo = served.client.get("/logo")
    assert (logo.headers["content-type"], logo.text[:4]) == ("image/svg+xml", "<svg")
    assert "sandbox" in logo.headers["content-security-policy"]
    left = served.client.post(f"/unsubscribe/{served.token()}").text
    assert left == "Tom &amp; Jerry&#39;s &lt;script&gt;alert(1)&lt;/script&gt;: You are unsubscribed"


def _write(name: str, text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    return write


@pytest.mark.parametrize(
    ("damage", "secret", "code", "told"),
    [
        (_write("a", ""), "", 3, "there is no DIGEST_SECRET"),
        (_write("a", ""), "too short", 3, "a key in DIGEST_SECRET is shorter than 32 characters"),
        (_write("templates/wording.toml", "[leave"), SECRET, 3, "templates/wording.toml:1: this is not TOML"),
        (_write("templates/web/left.html", "{% if %}"), SECRET, 4, "templates/web/left.html:1: Expected an expression"),
        (_write("templates/web/style.css", "{{ x }}"), SECRET, 4, "templates/web/style.css:1: 'x' is undefined"),
        (lambda _: None, f"{SECRET}, short", 3, "a key in DIGEST_SECRET is shorter than 32 characters"),
    ],
)
def test_what_stops_the_start(letter: Path, damage: Callable[[Path], None], secret: str, code: int, told: str) -> None:
    """Whatever could only go wrong later is said at once, in a sentence."""
    damage(letter)
    with pytest.raises(DigestError) as caught:
        open_desk(load_settings(letter, {"DIGEST_SECRET": secret}))
    assert caught.value.lines()[0].startswith(told)
    assert caught.value.exit_code == code


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "outbox"', 'name = "pigeons"', 'there is no provider "pigeons"'),
        ('name = "outbox"', 'name = "resend"', "RESEND_API_KEY is not set"),
        ("# [theme]", '[theme]\nlogo = "gone.png"', "the logo gone.png cannot be read (No such file or directory)"),
        ("# [theme]", '[store]\nurl = "sqlite:////dev/null/a.db"', "the database /dev/null/a.db cannot be made"),
    ],
)
def test_settings_that_stop_the_start(letter: Path, old: str, new: str, told: str) -> None:
    """A provider, a logo or a store that cannot be is no surprise for the first reader."""
    text = (letter / "digest.toml").read_text("utf-8")
    (letter / "digest.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DigestError) as caught:
        open_desk(load_settings(letter, {"DIGEST_SECRET": SECRET}))
    assert told in caught.value.sentence
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("brevo", "BREVO_API_KEY"),
        ("mailersend", "MAILERSEND_API_KEY"),
        ("mailgun", "MAILGUN_API_KEY"),
        ("mailjet", "MAILJET_API_KEY MAILJET_SECRET_KEY"),
        ("mailtrap", "MAILTRAP_API_KEY"),
        ("postmark", "POSTMARK_SERVER_TOKEN"),
        ("resend", "RESEND_API_KEY"),
        ("sendgrid", "SENDGRID_API_KEY"),
        ("sparkpost", "SPARKPOST_API_KEY"),
    ],
)
def test_what_is_missing_for_webhooks(letter: Path, name: str, variables: str) -> None:
    """A secret that only webhooks need does not stop the start; that they are not heard without it is known then."""
    text = (letter / "digest.toml").read_text("utf-8")
    domain = '\ndomain = "example.org"' if name == "mailgun" else ""
    (letter / "digest.toml").write_text(text.replace('name = "outbox"', f'name = "{name}"{domain}'), encoding="utf-8")
    keys = dict.fromkeys(variables.split(), "x")
    desk = open_desk(load_settings(letter, {"DIGEST_SECRET": SECRET, **keys}))
    missing = what_is_missing(desk)
    assert missing
    assert "is not set" in missing.sentence
    assert f"/webhooks/{name}" in addresses(desk)


def test_nothing_is_missing(one_server: Served) -> None:
    """A provider that never calls is not missed."""
    assert what_is_missing(one_server.desk) is None
    assert [*addresses(one_server.desk)] == ["/subscribe", "/unsubscribe/…", "/preferences/…", "/healthz", "/metrics"]
