"""People ask for the newsletter by a form or a script, and confirm it by a link."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from joining_stage import ANN, NOW, SEAL, TOKEN, Club
from serving_stage import SECRET

from digest.model import Consent, Standing
from digest.subscribing.joining import ask, make_wish
from digest.tokens import Purpose
from digest.web.application import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Program
    from serving_stage import Serve


def test_from_the_form_to_the_list(club: Club) -> None:
    """Who fills in the form and follows the link in the mail is a reader; nothing else makes one."""
    token = club.form()
    club.clock.pass_(seconds=5)
    answer = club.post(
        data={"email": " Ann@Example.org ", "token": token, "tag-news": "yes", "tag-staff": "yes"},
        headers={"X-Forwarded-For": "8.8.8.8"},
    )
    assert answer.status_code == HTTPStatus.OK
    assert "Check your inbox" in answer.text
    assert club.standing() is None
    link = club.link("Ann@example.org")
    for method in ("HEAD", "GET"):
        assert club.served.client.request(method, link).status_code == HTTPStatus.OK
    assert club.standing() is None
    club.clock.pass_(hours=1)
    for _ in range(2):
        welcome = club.served.client.post(link, headers={"X-Forwarded-For": "8.8.4.4"})
        assert (welcome.status_code, club.standing()) == (HTTPStatus.OK, Standing.ACTIVE)
    record = club.served.store.subscribers.record(ANN)
    assert record
    assert record.subscriber.tags == ("news",)
    assert record.consent == Consent(
        at=club.clock.now,
        how="confirmed by mail",
        source=f"{club.served.desk.settings.web_url}/subscribe",
        words=club.served.desk.wording.say("join.consent", newsletter="My newsletter"),
        asked_at=NOW + timedelta(seconds=5),
        asked_from="8.8.8.8",
        confirmed_from="8.8.4.4",
    )
    assert f"/preferences/{record.subscriber.token}" in welcome.text
    assert welcome.text.count("https://news.example.org/") >= 1


def _stand_otherwise(club: Club, case: str) -> None:
    match case:
        case "erased":
            club.served.store.subscribers.erase(ANN, seal=SEAL, now=NOW)
        case "asked":
            club.post(json={"email": ANN})
            club.mailer.work(club.served.store)
        case "new":
            pass
        case _:
            club.put(ANN, Standing(case))


@pytest.mark.parametrize("how", ["data", "json"])
def test_answer_is_the_same_for_all(club: Club, how: str) -> None:
    """Byte for byte, whoever is on the list in whatever way; and so are the statements that are run until then."""
    answers, statements = set(), set()
    cases = ["new", "asked", "erased", *(standing.value for standing in Standing)]
    connection: Any = club.served.store._database
    for case in cases:
        club.empty()
        _stand_otherwise(club, case)
        answer = club.post(**{how: {"email": ANN}})
        dateless = {name: value for name, value in answer.headers.items() if name != "date"}
        answers.add((answer.status_code, answer.content, repr(sorted(dateless.items()))))
        run: list[str] = []
        connection._connection.set_trace_callback(run.append)
        _take_in(club)
        connection._connection.set_trace_callback(None)
        statements.add(tuple(re.sub(r"'[^']*'|\d+", "?", statement) for statement in run))
    assert len(answers) == 1
    assert len(statements) == 1
    assert len(statements.pop()) == 2


def _take_in(club: Club) -> None:
    """Do in this thread what the clerk does of a request."""
    wish = make_wish(ANN, tags=(), offered=(), form="", asked_from="8.8.8.8")
    assert ask(club.served.store, wish=wish, now=NOW)


@pytest.mark.parametrize(
    ("fields", "seconds", "sentence"),
    [
        ({"email": ANN, "comment": "Buy now"}, 60, "press the button once more"),
        ({"email": ANN}, 1, "press the button once more"),
        ({"email": ANN}, 100_000, "press the button once more"),
        ({"email": "ann@"}, 60, "Please check it"),
        ({"email": ""}, 60, "Please check it"),
        ({}, 60, "Please check it"),
        ({"email": "<script>alert(1)</script>"}, 60, "Please check it"),
    ],
)
def test_form_that_is_shown_again(club: Club, fields: dict[str, str], seconds: float, sentence: str) -> None:
    """What a program sent, or nobody can be mailed at, is not taken; a person sees why, and what they wrote stays."""
    token = club.form()
    club.clock.pass_(seconds=seconds)
    answer = club.post(data={**fields, "token": token, "tag-news": "yes"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert sentence in answer.text
    assert "<script" not in answer.text
    assert re.search(r'name="tag-news" value="yes" checked', answer.text)
    if fields.get("email") == ANN:
        assert f'value="{ANN}"' in answer.text
    assert club.wishes() == []


def test_form_that_was_too_quick_or_too_old_is_good_the_second_time(club: Club) -> None:
    """A person presses the button once more, and that is all."""
    for seconds in (1, 100_000):
        token = club.form()
        club.clock.pass_(seconds=seconds)
        again = TOKEN.search(club.post(data={"email": ANN, "token": token}).text)
        assert again
        club.clock.pass_(seconds=2)
        assert club.post(data={"email": ANN, "token": again[1]}).status_code == HTTPStatus.OK
    assert len(club.wishes()) == 2


def test_token_that_is_none_of_ours(club: Club) -> None:
    """A form with a token that was made up, or of another purpose, is shown again with a good one."""
    wrong = club.served.desk.tokens.sign(Purpose.CLICK, 1)
    for token in ("x", "\xff", wrong):
        assert club.post(data={"email": ANN, "token": token}).status_code == HTTPStatus.BAD_REQUEST
    assert club.wishes() == []


@pytest.mark.parametrize(
    ("headers", "form", "source"),
    [
        ({"Referer": "https://blog.example.org/about?secret=1#x"}, "", "https://blog.example.org/about"),
        ({"Origin": "https://blog.example.org"}, "", "https://blog.example.org"),
        ({"Origin": "null"}, "", "a form without a name"),
        ({"Referer": "https://user:pass@blog.example.org/"}, "", "a form without a name"),
        ({}, "the footer", "the footer"),
        ({}, "a\r\nb", "a form without a name"),
        ({}, "x" * 300, "a form without a name"),
    ],
)
def test_forms_elsewhere(club: Club, headers: dict[str, str], form: str, source: str) -> None:
    """The editor's own site may have a form, and a script; where somebody asked is known as far as it is told."""
    fields = {"email": ANN, "form": form}
    assert club.post(data=fields, headers=headers).status_code == HTTPStatus.OK
    answer = club.post(json={**fields, "tags": ["news", "staff"]}, headers=headers)
    assert (answer.status_code, answer.json()) == (HTTPStatus.ACCEPTED, {"status": "asked"})
    assert [(email, tags, where) for email, tags, where, _ in club.wishes()] == [
        (ANN, "[]", source),
        (ANN, '["news"]', source),
    ]


def test_scripts_of_other_sites(club: Club) -> None:
    """A browser lets them send a wish, and read what is the same for all; no cookie has a part in it."""
    asked = club.served.client.options("/subscribe", headers={"Origin": "https://blog.example.org"})
    assert asked.status_code == HTTPStatus.NO_CONTENT
    assert asked.headers["access-control-allow-headers"] == "Content-Type"
    answer = club.post(json={"email": ANN}, headers={"Origin": "https://blog.example.org"})
    for one in (asked, answer):
        assert one.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in one.headers
        assert "set-cookie" not in one.headers


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"email": 1}', "application/json", 400),
        (b'{"email": "ann@example.org", "name": "Ann"}', "application/json", 400),
        (b'{"email": "ann@"}', "application/json", 400),
        (b'{"email": "ann@example.org\\nBcc: bob@example.org"}', "application/json", 400),
        (b'{"email": "\\ud800@example.org"}', "application/json", 400),
        (b"[" * 4000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"x" * 4097, "application/json", 413),
        (b"x" * 4097, "application/x-www-form-urlencoded", 413),
        (b"email=%FF", "application/x-www-form-urlencoded", 400),
        (b"email=ann%40example.org%0D%0ABcc%3A+bob%40example.org", "application/x-www-form-urlencoded", 400),
        (b"email=ann%40example.org", "text/plain", 415),
        (b"email=ann%40example.org", "multipart/form-data; boundary=x", 415),
    ],
)
def test_what_is_no_wish(club: Club, content: bytes, kind: str, status: int) -> None:
    """It is refused with a sentence, and nothing is written down."""
    answer = club.post(content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert club.wishes() == []
    assert "bob@" not in answer.text or "value=" in answer.text


def test_limit_of_an_address_of_the_internet(club: Club) -> None:
    """After ten an hour from one network it is told to come later, by whatever road it asks; others are not."""
    own = {"X-Forwarded-For": "1.2.3.4, 2606:4700::1"}
    for number in range(10):
        assert club.post(json={"email": f"reader{number}@example.org"}, headers=own).is_success
    for how in ({"json": {"email": ANN}}, {"data": {"email": ANN}}):
        answer = club.post(**how, headers={"X-Forwarded-For": "2606:4700::ffff"})
        assert (answer.status_code, answer.headers["retry-after"]) == (HTTPStatus.TOO_MANY_REQUESTS, "3600")
    assert club.post(json={"email": ANN}, headers={"X-Forwarded-For": "2606:4700::1, 1.2.3.4"}).is_success
    assert len(club.wishes()) == 11


def test_link_whose_time_is_over(club: Club) -> None:
    """Its page says so, and leads to the form; nobody becomes a reader."""
    club.post(json={"email": ANN})
    link = club.link()
    club.clock.pass_(hours=73)
    for method in ("GET", "POST"):
        answer = club.served.client.request(method, link)
        assert answer.status_code == HTTPStatus.GONE
        assert 'href="/subscribe"' in answer.text
    assert club.standing() is None


def test_links_that_are_none(club: Club) -> None:
    """A link that is cut, changed, another list's, or for something else opens nothing, and does not say why."""
    club.post(json={"email": ANN})
    good = club.link()
    tokens, end = club.served.desk.tokens, NOW + timedelta(days=1)
    pages = set()
    for token in (
        "x",
        good.rpartition("/")[2][:-3],
        tokens.sign_until(Purpose.MOVE, end, club.served.store.name, 1),
        tokens.sign_until(Purpose.CONFIRM, end, "another list", 1),
    ):
        answer = club.served.client.post(f"/confirm/{token}")
        assert answer.status_code == HTTPStatus.NOT_FOUND
        pages.add(answer.text)
    assert len(pages) == 1
    assert club.standing() is None


def test_who_may_not_be_written_to(club: Club) -> None:
    """Who complained since the mail left is told whom to turn to, and stays away."""
    club.post(json={"email": ANN})
    link = club.link()
    club.put(ANN, Standing.COMPLAINED)
    answer = club.served.client.post(link)
    assert (answer.status_code, club.standing()) == (HTTPStatus.GONE, Standing.COMPLAINED)
    assert "editor@example.org" in answer.text


def test_address_stands_in_no_link_and_no_page(club: Club) -> None:
    """What others could look over has nothing of whoever asked."""
    answer = club.post(data={"email": ANN})
    link = club.link()
    for text in (answer.text, link, club.served.client.get(link).text, club.served.client.post(link).text):
        assert "ann@" not in text.lower()


def test_two_confirm_at_once(club: Club) -> None:
    """However often the button is pressed at the same moment, one reader comes of it."""
    club.post(json={"email": ANN})
    link = club.link()
    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(lambda _: httpx.post(club.served.url + link).status_code, range(8))]
    assert {*answers} == {HTTPStatus.OK}
    assert len([*club.served.store.subscribers.walk()]) == 1


@contextmanager
def _at_work(program: Program) -> Iterator[str]:
    """Run the real server until the block ends; then it is killed. Yields where it answers."""
    with program.start("serve", "--port", "0") as server:
        try:
            assert server.stdout
            found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
            assert found
            yield found[0]
        finally:
            server.kill()


def test_server_that_is_killed_before_the_mail(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was answered is on disk: the next server sends the mail, once."""
    monkeypatch.setenv("DIGEST_SECRET", SECRET)
    mail = program.folder / ".digest" / "outbox" / "confirm" / f"{ANN}.eml"
    with _at_work(program) as url:
        assert httpx.post(f"{url}/subscribe", json={"email": ANN}).status_code == HTTPStatus.ACCEPTED
    assert not mail.exists()
    with _at_work(program):
        _wait_for(mail)
        written = mail.stat().st_mtime_ns
        time.sleep(1.2)  # it has looked again by then
    assert mail.stat().st_mtime_ns == written


def _wait_for(file: Path) -> None:
    end = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_provider_with_a_list_of_its_own(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """People join over there, so there is no such page here."""
    monkeypatch.setenv("DIGEST_PROVIDER", "buttondown")
    monkeypatch.setenv("BUTTONDOWN_API_KEY", "bd-0123456789abcdef")
    served = serve()
    assert "/subscribe" not in addresses(served.desk)
    for method in ("GET", "POST", "OPTIONS"):
        assert served.client.request(method, "/subscribe").status_code == HTTPStatus.NOT_FOUND
