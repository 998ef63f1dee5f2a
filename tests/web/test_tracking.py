"""Opens and clicks, told by our own server where that is switched on."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import lxml.html
import pytest
from serving_stage import SECRET

from digest.config import load_settings
from digest.errors import SettingsError
from digest.model import EventKind, Message, Subscriber
from digest.publishing.choosing import service_of
from digest.publishing.newsroom import Newsroom
from digest.rendering.tracking import Tracker
from digest.tokens import Purpose, Tokens

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run
    from serving_stage import Serve, Served

SWITCH = '\n[tracking]\nopens = true\nclicks = true\nthrough = "server"\n'
ISSUE = """---
subject: Lamps
---
Hello {{ name }}, see [the lamp](https://lamps.example.org/a?b=1&c=%20#d), [yours](https://example.org/{{ name }}),
[a mailbox](mailto:lamps@example.org) and <a title="a > b" href='http://example.org/raw'>raw</a>.
"""
LAMP = "https://lamps.example.org/a?b=1&c=%20#d"
READER = Subscriber(id=1, email="ada@example.org", name="Ada", token="the-token")  # noqa: S106  # opens nothing


def render(letter: Path, settings: str, secret: str = SECRET) -> tuple[Message, Newsroom]:
    """Return the issue as a reader gets it, of a newsletter with more settings."""
    with (letter / "digest.toml").open("a", encoding="utf-8") as file:
        file.write(settings)
    (letter / "issues" / "lamps.md").write_text(ISSUE, encoding="utf-8")
    newsroom = Newsroom(settings=load_settings(letter, {"DIGEST_SECRET": secret}))
    edition = newsroom.render(newsroom.read(newsroom.find("lamps")))
    return Message(edition=edition, reader=READER, at=None), newsroom  # type: ignore[arg-type]  # no moment is looked at


def links(page: str) -> list[str]:
    """Return where the links of a page lead."""
    return [str(url) for url in lxml.html.fromstring(page).xpath("//a/@href")]


def test_nothing_is_tracked_by_default(letter: Path) -> None:
    """Links are as the editor wrote them, and there is no picture that nobody sees."""
    message, _ = render(letter, "")
    assert {LAMP, "http://example.org/raw"} < {*links(message.html)}
    assert not re.search('/click/|/open/|width="1"', message.html)


def test_links_lead_through_our_server(letter: Path) -> None:
    """Those that are the same for all, in the HTML part; what is examined has the editor's own, and so has the text."""
    message, newsroom = render(letter, SWITCH)
    found = links(message.html)
    tracked = [urlsplit(link).path.split("/") for link in found if "/click/" in link]
    tokens = Tokens([SECRET])
    told = [tokens.read(Purpose.CLICK, signed) for _, _, signed, token in tracked if token == READER.token]
    assert len(told) == len(tracked)
    assert {("lamps", LAMP), ("lamps", "http://example.org/raw")} <= {(slug, url) for slug, url in told}
    assert {"https://example.org/Ada", "mailto:lamps@example.org"} < {*found}
    assert f"https://news.example.org/unsubscribe/{READER.token}" in found
    assert LAMP in message.text
    assert "/click/" not in message.text
    (picture,) = re.findall(r'<img src="(\S+)" alt="" width="1"', message.html)
    assert picture.startswith("https://news.example.org/open/")
    assert picture.endswith(f"/{READER.token}")
    traced = newsroom.trace(newsroom.read(newsroom.find("lamps")))
    assert "/click/" not in traced.html.marked
    again, _ = render(letter, "")
    assert again.edition.fingerprint == message.edition.fingerprint


def test_what_is_no_link_of_the_web(letter: Path) -> None:
    """Comments, which Outlook alone reads, styles, pages of our own and what was tracked before stay as they are."""
    settings = load_settings(letter, {"DIGEST_SECRET": SECRET})
    tracking = replace(settings.tracking, clicks=True, opens=True, through="server")
    tracker = Tracker.of(replace(settings, tracking=tracking))
    kept = (
        '<!--[if mso]><a href="https://example.org/a">x</a><![endif]--><style>a[href="https://example.org/b"]{}</style>'
        '<a name="x">x</a><a href="">x</a><a href="ftp://example.org/">x</a><a href="https://bücher.example/">x</a>'
        '<a href="https://news.example.org/subscribe">x</a><abbr href="https://example.org/">x</abbr>'
    )
    assert tracker.track(kept, "hello") == kept
    tracked = tracker.track("<A CLASS='a' HREF='HTTPS://example.org/?a=1&amp;b=2'>x</A></BODY>", "hello")
    signed = tracker.tokens.sign(Purpose.CLICK, "hello", "HTTPS://example.org/?a=1&b=2")
    assert tracked.startswith(f"<A CLASS='a' HREF='https://news.example.org/click/{signed}/zslot")
    assert tracked.endswith('style="display:block;border:0"></BODY>')
    assert tracker.track(tracked.partition("</A>")[0], "hello") == tracked.partition("</A>")[0]


def test_tracking_needs_a_key(letter: Path) -> None:
    """Without one, a link could be made up that leads anywhere; it is said before anything is written."""
    with pytest.raises(SettingsError, match="DIGEST_SECRET") as caught:
        render(letter, SWITCH, secret="")
    assert "DIGEST_SECRET=" in caught.value.hint


def test_provider_is_not_asked_to_track_as_well(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either watches: a provider that cannot be asked for tracking is none the worse for it."""
    monkeypatch.setenv("DIGEST_PROVIDER", "resend")
    _, newsroom = render(letter, SWITCH)
    environ = {"DIGEST_PROVIDER": "resend", "RESEND_API_KEY": "re_0", "DIGEST_SECRET": SECRET}
    assert service_of(load_settings(newsroom.settings.root, environ)).name == "resend"
    text = (letter / "digest.toml").read_text("utf-8").replace('through = "server"', "")
    (letter / "digest.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be told"):
        service_of(load_settings(letter, environ))


def kept(served: Served) -> list[EventKind]:
    """Return what is kept of ada, once all that was asked for so far is done."""
    served.desk.clerk.ask(lambda store: store.name).result(5)
    reader = served.store.subscribers.find("ada@example.org")
    assert reader
    return [item.kind for item in served.store.news.of_reader(reader.id)]


def test_clicks_and_opens(serve: Serve, run: Run) -> None:
    """A click leads on and is kept once a minute; a look at what is there is none, and an unknown reader is led on."""
    assert run("send", "2026-11-24-hello", "--yes", "--late").exit_code == 0
    served = serve(SWITCH)
    signed = served.desk.tokens.sign(Purpose.CLICK, "2026-11-24-hello", LAMP)
    picture = served.desk.tokens.sign(Purpose.OPEN, "2026-11-24-hello")
    token = served.token()
    other = served.desk.tokens.name_reader("another list", "name")
    for path in (f"/click/{signed}/example", f"/click/{signed}/{other}"):
        assert served.client.get(path).headers["Location"] == LAMP
    assert served.client.head(f"/click/{signed}/{token}").headers["Location"] == LAMP
    assert served.client.head(f"/open/{picture}/{token}").status_code == 200
    assert kept(served) == []
    for _ in range(2):
        answer = served.client.get(f"/click/{signed}/{token}")
        assert (answer.status_code, answer.headers["Location"], answer.content) == (302, LAMP, b"")
        assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")
    shown = served.client.get(f"/open/{picture}/{token}")
    assert (shown.headers["Content-Type"], len(shown.content)) == ("image/gif", 43)
    assert shown.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    found = kept(served)
    assert {*found} == {EventKind.OPENED, EventKind.CLICKED}
    assert len(found) <= 3  # the minute may have turned


def test_open_redirect(serve: Serve) -> None:
    """A click leads to what we have signed for a click, and nowhere else."""
    served = serve(SWITCH)
    sign, token = served.desk.tokens.sign, served.token()
    elsewhere = [
        Tokens(["another key of more than thirty-two chars"]).sign(Purpose.CLICK, "hello", LAMP),
        sign(Purpose.OPEN, "hello"),
        sign(Purpose.CLICK, "hello", "javascript:alert(1)"),
        sign(Purpose.CLICK, "hello", "//example.org"),
        f"{sign(Purpose.CLICK, 'hello', LAMP)}x",
        "https:%2F%2Fexample.org",
        "x",
    ]
    answers = [served.client.get(f"/click/{one}/{token}?url={LAMP}") for one in elsewhere]
    assert [(answer.status_code, "Location" in answer.headers) for answer in answers] == [(404, False)] * 7
    assert served.client.get(f"/open/{sign(Purpose.CLICK, 'hello', LAMP)}/{token}").status_code == 404


def test_tracking_that_was_switched_off(serve: Serve, run: Run) -> None:
    """Links of mail that left before go on leading there, and nothing is kept."""
    assert run("send", "2026-11-24-hello", "--yes", "--late").exit_code == 0
    served = serve()
    signed = served.desk.tokens.sign(Purpose.CLICK, "2026-11-24-hello", LAMP)
    assert served.client.get(f"/click/{signed}/{served.token()}").headers["Location"] == LAMP
    assert kept(served) == []
