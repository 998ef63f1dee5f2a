"""What only Buttondown has: templates built on Django's, a guard before the first sending, and signed calls."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from list_owners import BUTTONDOWN_KEY, ButtondownOwner, Host, Reader, expected, host, issue
from nasty import ENDS, SIGNS
from stand_ins import NOW

from digest.errors import ContentError, ProviderError, SettingsError
from digest.model import Event, EventKind, Slot
from digest.providers import Campaign, OneClick, OwnsList, Progress, Setup
from digest.providers.buttondown import Buttondown
from digest.wire.webhooks import ForgedError

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "a long signing key"  # noqa: S105  # made up


def service(url: str = "https://api.buttondown.test", key: str = BUTTONDOWN_KEY) -> Buttondown:
    """Return the service of a newsletter."""
    environ = {"BUTTONDOWN_API_KEY": key, "BUTTONDOWN_WEBHOOK_SECRET": SECRET}
    return Buttondown.from_settings(Setup(root=Path(), api_url=url, environ=environ))


@pytest.fixture
def owner() -> ButtondownOwner:
    """Return an empty account."""
    return ButtondownOwner()


@pytest.fixture
def hosted(owner: ButtondownOwner) -> Iterator[Host]:
    """Run the account on loopback."""
    with host(owner) as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Return what asks."""
    with httpx.Client() as opened:
        yield opened


def test_it_owns_its_list() -> None:
    """It is told apart from providers of messages, and its own one-click addresses reach the reader."""
    assert isinstance(service(), OwnsList)
    assert Buttondown.limits.one_click is OneClick.THEIRS
    assert service().destination == "api.buttondown.test"


@pytest.mark.parametrize("reader", [Reader(), Reader(name="<Zoë> & 'x' {{ y }}", fields={"city": 'Łódź "%}"'})])
@pytest.mark.parametrize("prose", [" ".join(SIGNS), " ".join(ENDS), "Hello"])
def test_issue_arrives_as_it_was_written(
    owner: ButtondownOwner, hosted: Host, client: httpx.Client, prose: str, reader: Reader
) -> None:
    """Signs of its templates arrive as they are, also beside fields; fields are filled, safe where they stand."""
    name = Slot(name="name", fallback="{% you %} & {{ me").marker
    city = Slot(name="city", fallback="your town").marker
    words = prose.replace("<", "&lt;")
    beside = " ".join(f"{end}{name}{end}" for end in ENDS if "<" not in end)
    edition = issue(f'<p title="{city}">{words} {beside}</p><a href="https://example.org/?a={city}&amp;b">x</a>')
    buttondown = service(hosted.url)
    buttondown.check(edition)
    draft = buttondown.draft(edition, client.send, attempt=1)
    assert (draft.progress, owner.published) == (Progress.DRAFT, [])
    assert buttondown.publish(draft, edition, client.send).progress is Progress.SENDING
    assert owner.mail(reader) == {"subject": "Snow", "html": expected(edition.html, reader, owner)}


def test_same_attempt_is_the_same_draft(owner: ButtondownOwner, hosted: Host, client: httpx.Client) -> None:
    """A repeated request makes no second email, whatever it says; another attempt does."""
    buttondown = service(hosted.url)
    first, second, third = (
        buttondown.draft(edition, client.send, attempt=attempt)
        for edition, attempt in ((issue(), 1), (issue(subject="Ice"), 1), (issue(), 2))
    )
    assert first == second != third
    assert len(owner.emails) == 2


def test_search_goes_through_all_pages(owner: ButtondownOwner, hosted: Host, client: httpx.Client) -> None:
    """Ours are found by their metadata or by their id, oldest first; what was deleted is not."""
    buttondown, edition = service(hosted.url), issue()
    first = buttondown.draft(edition, client.send, attempt=1)
    owner.add(metadata={"digest": "past-the-plateau (editor.example.org)"}, status="deleted")
    renamed = owner.add(status="sent", subject="Ours, without its metadata")
    for number in range(7):
        owner.add(metadata={"digest": f"another-{number} (editor.example.org)"}, status="sent")
    second = buttondown.draft(edition, client.send, attempt=2)
    assert buttondown.find(edition, client.send) == [first, second]
    found = buttondown.find(edition, client.send, known={renamed["id"]})
    assert [campaign.id for campaign in found] == [first.id, renamed["id"], second.id]
    assert found[1] == Campaign(id=renamed["id"], progress=Progress.SENT, url=renamed["absolute_url"])


def test_pages_that_move_while_they_are_turned(hosted: Host, client: httpx.Client) -> None:
    """An email that comes on while pages are turned brings none of ours twice; a page without any is the last."""
    buttondown, edition = service(hosted.url), issue()
    draft = buttondown.draft(edition, client.send, attempt=1)

    def fetch(request: httpx.Request) -> httpx.Response:
        told = client.send(request).json()
        first_two = int(request.url.params["page"]) <= 2
        shown = client.get(request.url.copy_set_param("page", "1"), headers=request.headers).json()["results"]
        return httpx.Response(200, json={**told, "results": shown if first_two else [], "next": "another"})

    assert buttondown.find(edition, fetch) == [draft]


def test_emails_without_metadata_are_none_of_ours(owner: ButtondownOwner, hosted: Host, client: httpx.Client) -> None:
    """Whatever else the account has, ours are found beside it."""
    owner.add(metadata=None, status="sent")
    draft = service(hosted.url).draft(issue(), client.send, attempt=1)
    assert service(hosted.url).find(issue(), client.send) == [draft]


def test_unknown_status_is_no_guess(owner: ButtondownOwner, hosted: Host, client: httpx.Client) -> None:
    """A word that we do not know ends it, with the word."""
    owner.add(metadata={"digest": "past-the-plateau (editor.example.org)"}, status="levitating")
    with pytest.raises(ProviderError, match="calls the issue levitating"):
        service(hosted.url).find(issue(), client.send)


@pytest.mark.parametrize(
    ("marked", "sentence"),
    [
        ({"subject": f"Hello {Slot(name='name', fallback='you').marker}"}, "the subject has a field"),
        ({"subject": "On {{ templates }}"}, "signs of a template"),
        ({"subject": "x" * 2001}, "2,001 characters"),
        ({"html": Slot(name="name").marker}, "the field name has no fallback"),
        ({"html": Slot(name="first-name", fallback="").marker}, "cannot name the field first-name"),
        ({"html": Slot(name="items", fallback="").marker}, "cannot name the field items"),
        ({"html": Slot(name="token").marker}, "token stands elsewhere"),
        (
            {"html": f'<a href="https://news.example.org/a&b/unsubscribe/{Slot(name="token").marker}/x">'},
            "token stands elsewhere",
        ),
    ],
)
def test_what_cannot_be_said_over_there(marked: dict[str, str], sentence: str) -> None:
    """It is refused before anything is asked of the service."""
    with pytest.raises(ContentError, match=sentence):
        service().check(issue(**marked))


@pytest.mark.parametrize(
    ("key", "sentence"),
    [("bd-wrong-0123456789", "401 Unauthorized: Invalid API key"), (BUTTONDOWN_KEY, "422 .*: Extra inputs")],
)
def test_refusals_have_its_own_words(hosted: Host, client: httpx.Client, key: str, sentence: str) -> None:
    """What Buttondown says of it is in the sentence, and the key is not."""

    def meddle(request: httpx.Request) -> httpx.Response:
        body = {**json.loads(request.content), "colour": "blue"}
        return client.request(
            request.method,
            request.url,
            headers={"Authorization": f"Token {key}", "X-API-Version": "2026-04-01", "X-Idempotency-Key": "x"},
            json=body,
        )

    with pytest.raises(ProviderError, match=sentence) as caught:
        service(hosted.url, key).draft(issue(), meddle, attempt=1)
    assert key not in "".join(caught.value.lines())


def test_examination(hosted: Host, client: httpx.Client) -> None:
    """Without sending, it says whose key it is."""
    findings = service(hosted.url).examine(issue().sender, now=NOW, fetch=client.send)
    assert [finding.good for finding in findings] == [True, True]
    assert "one of plateau" in findings[0].sentence


def call(kind: str, secret: str = SECRET, **facts: object) -> tuple[httpx.Headers, bytes]:
    """Return a call as Buttondown signs it."""
    data = {"newsletter": "news_1", "subscriber": "sub_1", "email": "em_1"}
    body = json.dumps({"event_type": kind, "data": data, **facts}).encode()
    signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
    return httpx.Headers({"X-Buttondown-Signature": f"sha256={signature}"}), body


def read(headers: httpx.Headers, body: bytes, buttondown: Buttondown | None = None) -> list[Event]:
    """Return what a call tells."""

    def fetch(_: httpx.Request) -> httpx.Response:
        raise AssertionError

    return [*(buttondown or service()).read_webhook(headers, body, now=NOW, fetch=fetch)]


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("subscriber.bounced", EventKind.BOUNCED),
        ("subscriber.complained", EventKind.COMPLAINED),
        ("subscriber.unsubscribed", EventKind.LEFT),
        ("subscriber.delivered", EventKind.DELIVERED),
        ("email.sent", EventKind.OTHER),
    ],
)
def test_calls(kind: str, ours: EventKind) -> None:
    """A call becomes an event, by our words and by theirs; it is told from others by its id."""
    expected_event = Event(id="ev_1", kind=ours, at=NOW, original=kind, message_id="em_1")
    assert read(*call(kind, id="ev_1")) == [expected_event]
    first, again, another = read(*call(kind)), read(*call(kind)), read(*call(kind, at="later"))
    assert first[0].id == again[0].id != another[0].id


def test_forgeries() -> None:
    """A call of another, a changed one and one without a signature are not believed; nor is any without a key."""
    headers, body = call("subscriber.bounced")
    for forged in (call("subscriber.bounced", "another key"), (headers, body + b" "), (httpx.Headers(), body)):
        with pytest.raises(ForgedError):
            read(*forged)
    keyless = Buttondown.from_settings(Setup(root=Path(), environ={"BUTTONDOWN_API_KEY": BUTTONDOWN_KEY}))
    with pytest.raises(SettingsError, match="BUTTONDOWN_WEBHOOK_SECRET"):
        read(headers, body, keyless)
