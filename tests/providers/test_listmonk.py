"""What only listmonk has: one's own server, Go's templates, and no keys."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from list_owners import LISTMONK_TOKEN, LISTMONK_USER, Host, ListmonkOwner, Reader, expected, host, issue
from nasty import ENDS, SIGNS
from stand_ins import NOW

from digest.errors import CombinedError, ContentError, ProviderError, SettingsError
from digest.model import Slot
from digest.providers import OneClick, OwnsList, Progress, Setup
from digest.providers.listmonk import Listmonk

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRON = {"LISTMONK_API_USER": LISTMONK_USER, "LISTMONK_API_TOKEN": LISTMONK_TOKEN}
OPTIONS = {"lists": [3], "template_id": 7}


def service(url: str = "https://lists.example.org", token: str = LISTMONK_TOKEN) -> Listmonk:
    """Return the service of a newsletter."""
    environ = {**ENVIRON, "LISTMONK_API_TOKEN": token}
    return Listmonk.from_settings(Setup(root=Path(), api_url=url, options=OPTIONS, environ=environ))


@pytest.fixture
def owner() -> ListmonkOwner:
    """Return an empty server."""
    return ListmonkOwner()


@pytest.fixture
def hosted(owner: ListmonkOwner) -> Iterator[Host]:
    """Run the server on loopback."""
    with host(owner) as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Return what asks."""
    with httpx.Client() as opened:
        yield opened


def test_settings() -> None:
    """It owns its list; address, lists, template and both secrets must be given, and no secret is shown."""
    assert isinstance(service(), OwnsList)
    assert Listmonk.limits.one_click is OneClick.THEIRS
    assert service().destination == "lists.example.org"
    assert LISTMONK_TOKEN not in repr(service())
    with pytest.raises(SettingsError, match="needs the address of your server"):
        Listmonk.from_settings(Setup(root=Path(), options=OPTIONS, environ=ENVIRON))
    with pytest.raises(CombinedError) as caught:
        Listmonk.from_settings(Setup(root=Path(), options={"lists": []}))
    sentences = "\n".join(caught.value.lines())
    for wanted in ("lists", "template_id", "LISTMONK_API_USER", "LISTMONK_API_TOKEN"):
        assert wanted in sentences


@pytest.mark.parametrize("reader", [Reader(), Reader(name="<Zoë> & 'x' {{ y }} +", fields={"city": 'Łódź "}}"'})])
@pytest.mark.parametrize(
    "prose", ["  ".join(SIGNS), " ".join(ENDS), "Hello\n<!-- a comment --> https://a.test@TrackLink"]
)
def test_issue_arrives_as_it_was_written(
    owner: ListmonkOwner, hosted: Host, client: httpx.Client, prose: str, reader: Reader
) -> None:
    """Signs of its templates, comments and shorthands arrive as they are; fields are filled, safe where they stand."""
    name = Slot(name="name", fallback='{{ you }} & "me"').marker
    city = Slot(name="city", fallback="your town").marker
    words = prose.replace("<%", "&lt;%")
    beside = " ".join(f"{end}{name}{end}" for end in ENDS if "<" not in end)
    edition = issue(
        f'<p title="{city}">{words} {beside}</p>', f"{prose} {beside} {city}", f"{{{name}{{ On {{{{ x }}}} {city}"
    )
    listmonk = service(hosted.url)
    listmonk.check(edition)
    draft = listmonk.draft(edition, client.send, attempt=1)
    assert (draft.progress, owner.published) == (Progress.DRAFT, [])
    assert listmonk.publish(draft, edition, client.send).progress is Progress.SENDING
    mail = owner.mail(reader)
    assert html.unescape(mail.pop("html")) == html.unescape(expected(edition.html, reader, owner))
    assert mail == {
        "subject": expected(edition.subject, reader, owner),
        "text": expected(edition.text, reader, owner),
        "from": '"Past \\"the\\" {{ x }} Plateau, No. 5" <editor@example.org>',
        "Reply-To": "Answers <answers@example.org>",
        "List-Id": "Past the Plateau <editor.example.org>",
    }


def test_values_are_escaped_in_html(owner: ListmonkOwner, hosted: Host, client: httpx.Client) -> None:
    """A name with a tag in it begins none."""
    edition = issue(Slot(name="name", fallback="you").marker)
    listmonk = service(hosted.url)
    listmonk.publish(listmonk.draft(edition, client.send, attempt=1), edition, client.send)
    assert "&lt;b&gt;" in owner.mail(Reader(name="<b>"))["html"]


def test_draft_is_brought_up_to_date(owner: ListmonkOwner, hosted: Host, client: httpx.Client) -> None:
    """What is published is the issue as it reads then, at the time that it has then."""
    listmonk = service(hosted.url)
    draft = listmonk.draft(issue(), client.send, attempt=1)
    later = replace(issue(subject="Ice"), deliver_at=NOW + timedelta(hours=3))
    assert listmonk.publish(draft, later, client.send).progress is Progress.SCHEDULED
    (campaign,) = owner.campaigns.values()
    assert (campaign["subject"], campaign["send_at"], campaign["lists"]) == ("Ice", "2026-11-24T12:00:00Z", [3])


def test_search_goes_through_all_pages(owner: ListmonkOwner, hosted: Host, client: httpx.Client) -> None:
    """Ours are found by their name or by their id, oldest first, among hundreds."""
    listmonk = service(hosted.url)
    assert listmonk.find(issue(), client.send) == []
    first = listmonk.draft(issue(), client.send, attempt=1)
    for number in range(230):
        owner.add(name=f"another {number}", status="finished")
    renamed = owner.add(name="Ours, under another name", status="cancelled")
    second = listmonk.draft(issue(), client.send, attempt=1)
    assert listmonk.find(issue(), client.send) == [first, second]
    found = listmonk.find(issue(), client.send, known={f"{hosted.url}/admin/campaigns/{renamed['id']}"})
    assert [campaign.progress for campaign in found] == [Progress.DRAFT, Progress.STOPPED, Progress.DRAFT]
    assert hosted.lines.count("GET /api/campaigns") == 1 + 3 + 3


def test_search_goes_on_where_pages_are_short(owner: ListmonkOwner, hosted: Host, client: httpx.Client) -> None:
    """A server that shows fewer campaigns at once than it was asked for still shows ours."""
    owner.longest_page = 20
    for number in range(70):
        owner.add(name=f"another {number}", status="finished")
    listmonk = service(hosted.url)
    draft = listmonk.draft(issue(), client.send, attempt=1)
    assert listmonk.find(issue(), client.send) == [draft]


def test_same_id_on_another_server_is_another_campaign(
    owner: ListmonkOwner, hosted: Host, client: httpx.Client
) -> None:
    """Whoever tries a server and then takes another does not overwrite what happens to have the same number there."""
    theirs = owner.add(name="Christmas", status="draft")["id"]
    known = {str(theirs), f"https://staging.example.org/admin/campaigns/{theirs}"}
    assert service(hosted.url).find(issue(), client.send, known=known) == []


def test_lists_that_are_not_there(owner: ListmonkOwner, hosted: Host, client: httpx.Client) -> None:
    """What listmonk would send to some of the lists, or to nobody, is not started."""
    setup = Setup(root=Path(), api_url=hosted.url, options={"lists": [3, 33], "template_id": 7}, environ=ENVIRON)
    listmonk = Listmonk.from_settings(setup)
    draft = listmonk.draft(issue(), client.send, attempt=1)
    with pytest.raises(ProviderError, match="leave out the lists 33"):
        listmonk.publish(draft, issue(), client.send)
    assert owner.published == []


def test_discarded_draft_is_gone(owner: ListmonkOwner, hosted: Host, client: httpx.Client) -> None:
    """What lost a race leaves nothing."""
    listmonk = service(hosted.url)
    listmonk.discard(listmonk.draft(issue(), client.send, attempt=1), client.send)
    assert owner.campaigns == {}


def test_unknown_status_is_no_guess(owner: ListmonkOwner, hosted: Host, client: httpx.Client) -> None:
    """A word that we do not know ends it, with the word."""
    owner.add(name="past-the-plateau (editor.example.org)", status="levitating")
    with pytest.raises(ProviderError, match="calls the issue levitating"):
        service(hosted.url).find(issue(), client.send)


@pytest.mark.parametrize(
    ("prose", "sentence"),
    [
        (Slot(name="name").marker, "the field name has no fallback"),
        (f'<a href="https://a.test/{Slot(name="name", fallback="x").marker}">', "name stands in an address"),
        (Slot(name="token").marker, "token stands elsewhere"),
    ],
)
def test_what_cannot_be_said_over_there(prose: str, sentence: str) -> None:
    """It is refused before anything is asked of the service."""
    with pytest.raises(ContentError, match=sentence):
        service().check(issue(prose))


def test_refusals_have_its_own_words(hosted: Host, client: httpx.Client) -> None:
    """What listmonk says of it is in the sentence, and the token is not."""
    with pytest.raises(ProviderError, match="403 Forbidden: invalid API credentials") as caught:
        service(hosted.url, "lm-wrong-0123456789").find(issue(), client.send)
    assert "lm-wrong" not in "".join(caught.value.lines())


def test_examination(owner: ListmonkOwner, hosted: Host, client: httpx.Client) -> None:
    """Without sending, it says whether the lists are there and the template adds nothing."""
    listmonk = service(hosted.url)
    findings = listmonk.examine(issue().sender, now=NOW, fetch=client.send)
    assert [finding.good for finding in findings] == [True, True]
    assert "Readers" in findings[0].sentence
    owner.template = '<html>{{ template "content" . }}</html>'
    assert [finding.good for finding in listmonk.examine(issue().sender, now=NOW, fetch=client.send)] == [True, False]
