"""Whom services no longer write to: each list, by its documentation, is read to its end, and in our words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from registered import Registered
from services.ses import check_signature

from digest.errors import ProviderError
from digest.model import Address, Standing
from digest.providers import KeepsSuppressions
from digest.providers.matrix import Entry, entries
from digest.wire.suppressions import Page, Suppression, read_all, told_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SENDER = Address(email="editor@example.org")
COMPLAINED, LEFT, BOUNCED = Standing.COMPLAINED, Standing.LEFT, Standing.BOUNCED


@dataclass(kw_only=True)
class Shelf:
    """A service's lists, as it shows them: entries by the path of a list, in pages of two."""

    lists: Mapping[str, Sequence[Mapping[str, Any]]]
    show: Callable[[httpx.Request, Sequence[Mapping[str, Any]]], object]
    """Returns the answer for a page of a list."""
    further: Mapping[str, object] = field(default_factory=dict)
    """What is answered at other paths."""
    told: Sequence[tuple[str, Standing, str, str]]
    """What is to come of it: address, standing, reason and date."""
    filters: str = ""
    """What is in the query of each request that is asked from a moment on; blank where everything is told."""
    circular: bool = True
    """Whether its pages could lead in a circle."""

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Do what the service does."""
        path = request.url.path
        if path in self.further:
            return httpx.Response(200, json=self.further[path])
        return httpx.Response(200, json=self.show(request, self.lists[_list_of(request, self.lists)]))


def _list_of(request: httpx.Request, lists: Mapping[str, object]) -> str:
    """Find the list that is asked for: by its path, and by a part of the query where that tells lists apart."""
    (name,) = [
        name
        for name in lists
        if request.url.path == name.partition("?")[0] and name.partition("?")[2] in str(request.url.query)
    ]
    return name


def by_offset(name: str = "offset") -> Callable[[httpx.Request, Sequence[Any]], Sequence[Any]]:
    """Return what cuts a page by an offset in the query."""
    return lambda request, entries: entries[(start := int(request.url.params.get(name, 0))) : start + 2]


def by_page(request: httpx.Request, entries: Sequence[Any]) -> Sequence[Any]:
    """Cut a page by its number in the query."""
    number = int(request.url.params["page"])
    return entries[2 * number - 2 : 2 * number]


def mailgun(request: httpx.Request, entries: Sequence[Any]) -> object:
    """Behind the last entry, the next page is an empty one; its address is another host's here."""
    start = int(request.url.params.get("address", 0))
    following = f"https://elsewhere.test{request.url.path}?page=next&address={start + 2}&limit=1000"
    return {"items": entries[start : start + 2], "paging": {"next": following}}


def sparkpost(request: httpx.Request, entries: Sequence[Any]) -> object:
    """The next page is behind a cursor; behind the last, there is no link."""
    cursor = request.url.params["cursor"]
    start = 0 if cursor == "initial" else int(cursor)
    following = f"https://elsewhere.test/api/v1/suppression-list?cursor={start + 2}&per_page=1000"
    links = [{"href": following, "rel": "next"}] if start + 2 < len(entries) else []
    return {"results": entries[start : start + 2], "links": links, "total_count": len(entries)}


def ses(request: httpx.Request, entries: Sequence[Any]) -> object:
    """The token of the next page has signs that are escaped in a query; each request is signed."""
    check_signature(request)
    start = int(request.url.params.get("NextToken", "+/0==").strip("+/="))
    token = {"NextToken": f"+/{start + 2}=="} if start + 2 < len(entries) else {}
    return {"SuppressedDestinationSummaries": entries[start : start + 2], **token}


def behind(name: str) -> Callable[[httpx.Request, Sequence[Any]], Sequence[Any]]:
    """Return what cuts a page behind the entry whose id is in the query."""

    def cut(request: httpx.Request, entries: Sequence[Any]) -> Sequence[Any]:
        last = request.url.params.get(name)
        start = [entry["id"] for entry in entries].index(last) + 1 if last else 0
        return entries[start : start + 2]

    return cut


def _resend(request: httpx.Request, entries: Sequence[Any]) -> object:
    page = behind("after")(request, entries)
    return {"object": "list", "has_more": bool(page) and page[-1] != entries[-1], "data": page}


_GOODBYE = "2026-11-20T08:30:00.000Z"
_STAMP = int(datetime(2026, 11, 20, 8, 30, tzinfo=UTC).timestamp())
_MAIL_DATE = "Fri, 20 Nov 2026 08:30:00 UTC"
SHELVES = {
    "mailgun": Shelf(
        lists={
            "/v3/mg.example.org/complaints": [{"address": "ann@example.org", "created_at": _MAIL_DATE}],
            "/v3/mg.example.org/unsubscribes": [
                {"address": f"{name}@example.org", "tags": tags, "created_at": _MAIL_DATE}
                for name, tags in {"bob": ["*"], "cyd": ["some-issue"], "dan": ["*"]}.items()
            ],
            "/v3/mg.example.org/bounces": [
                {"address": "eve@example.org", "code": "550", "error": "No such mailbox", "created_at": _MAIL_DATE}
            ],
        },
        show=mailgun,
        told=[
            ("ann", COMPLAINED, "complaints", "2026-11-20"),
            *((name, LEFT, "unsubscribes", "2026-11-20") for name in ("bob", "cyd", "dan")),
            ("eve", BOUNCED, "bounces 550 No such mailbox", "2026-11-20"),
        ],
    ),
    "sendgrid": Shelf(
        lists={
            "/v3/suppression/spam_reports": [{"created": _STAMP, "email": "ann@example.org", "ip": "192.0.2.1"}],
            "/v3/suppression/unsubscribes": [
                {"created": _STAMP, "email": f"{name}@example.org"} for name in ("bob", "cyd", "dan")
            ],
            "/v3/suppression/bounces": [
                {"created": _STAMP, "email": "eve@example.org", "reason": "550 5.1.1 unknown", "status": "5.1.1"}
            ],
            "/v3/suppression/invalid_emails": [
                {"created": _STAMP, "email": "fay@@example.org", "reason": "Mail domain mentioned is unknown"}
            ],
        },
        show=by_offset(),
        filters=f"start_time={int(NOW.timestamp())}",
        told=[
            ("ann", COMPLAINED, "spam_reports", "2026-11-20"),
            *((name, LEFT, "unsubscribes", "2026-11-20") for name in ("bob", "cyd", "dan")),
            ("eve", BOUNCED, "bounces 550 5.1.1 unknown", "2026-11-20"),
            ("fay@", BOUNCED, "invalid_emails Mail domain mentioned is unknown", "2026-11-20"),
        ],
    ),
    "postmark": Shelf(
        lists={
            "/message-streams/broadcast/suppressions/dump": [
                {"EmailAddress": f"{name}@example.org", "SuppressionReason": why, "Origin": who, "CreatedAt": when}
                for name, why, who, when in (
                    ("ann", "SpamComplaint", "Recipient", "2026-11-20T08:30:00-05:00"),
                    ("bob", "ManualSuppression", "Customer", _GOODBYE),
                    ("cyd", "HardBounce", "Recipient", _GOODBYE),
                )
            ]
        },
        show=lambda _, entries: {"Suppressions": entries},
        circular=False,
        filters="fromdate=2026-11-24",
        told=[
            ("ann", COMPLAINED, "SpamComplaint by Recipient", "2026-11-20"),
            ("bob", LEFT, "ManualSuppression by Customer", "2026-11-20"),
            ("cyd", BOUNCED, "HardBounce by Recipient", "2026-11-20"),
        ],
    ),
    "sparkpost": Shelf(
        lists={
            "/api/v1/suppression-list": [
                {
                    "recipient": f"{name}@example.org",
                    "type": "non_transactional",
                    "source": source,
                    "created": "2020-01-01T12:00:00+00:00",
                    "updated": "2026-11-20T08:30:00+00:00",
                    "non_transactional": True,
                }
                for name, source in {
                    "ann": "Spam Complaint",
                    "bob": "List Unsubscribe",
                    "cyd": "Unsubscribe Link",
                    "dan": "Manually Added",
                    "eve": "Bounce Rule",
                    "fay": "Compliance",
                }.items()
            ]
        },
        show=sparkpost,
        filters="from=2026-11-24T09%3A00%3A00%2B0000",
        told=[
            ("ann", COMPLAINED, "Spam Complaint", "2026-11-20"),
            ("bob", LEFT, "List Unsubscribe", "2026-11-20"),
            ("cyd", LEFT, "Unsubscribe Link", "2026-11-20"),
            ("dan", LEFT, "Manually Added", "2026-11-20"),
            ("eve", BOUNCED, "Bounce Rule", "2026-11-20"),
            ("fay", LEFT, "Compliance", "2026-11-20"),
        ],
    ),
    "ses": Shelf(
        lists={
            "/v2/email/suppression/addresses": [
                {"EmailAddress": f"{name}@example.org", "Reason": reason, "LastUpdateTime": _STAMP + 0.5}
                for name, reason in (("ann", "COMPLAINT"), ("bob", "BOUNCE"), ("cyd", "BOUNCE"))
            ]
        },
        show=ses,
        filters="StartDate=2026-11-24T09%3A00%3A00Z",
        told=[
            ("ann", COMPLAINED, "COMPLAINT", "2026-11-20"),
            ("bob", BOUNCED, "BOUNCE", "2026-11-20"),
            ("cyd", BOUNCED, "BOUNCE", "2026-11-20"),
        ],
    ),
    "brevo": Shelf(
        lists={
            "/v3/smtp/blockedContacts": [
                {
                    "email": f"{name}@example.org",
                    "senderEmail": "editor@example.org",
                    "reason": {"code": code, "message": "words for people"},
                    "blockedAt": _GOODBYE,
                }
                for name, code in {
                    "ann": "contactFlaggedAsSpam",
                    "bob": "unsubscribedViaEmail",
                    "cyd": "unsubscribedViaMA",
                    "dan": "adminBlocked",
                    "eve": "hardBounce",
                }.items()
            ]
        },
        show=lambda request, entries: (
            {"count": len(entries), "contacts": page} if (page := by_offset()(request, entries)) else {}
        ),
        told=[
            ("ann", COMPLAINED, "contactFlaggedAsSpam", "2026-11-20"),
            ("bob", LEFT, "unsubscribedViaEmail", "2026-11-20"),
            ("cyd", LEFT, "unsubscribedViaMA", "2026-11-20"),
            ("dan", LEFT, "adminBlocked", "2026-11-20"),
            ("eve", BOUNCED, "hardBounce", "2026-11-20"),
        ],
    ),
    "mailjet": Shelf(
        lists={
            f"/v3/REST/message?{kind}&": [
                {"ContactAlt": f"{name}@example.org", "ArrivedAt": _GOODBYE, "ID": 1} for name in names
            ]
            for kind, names in {
                "MessageStatus=6": ["ann"],
                "MessageState=21": ["bob"],
                "MessageStatus=7": ["cyd"],
                "MessageStatus=10": ["dan", "eve", "fay"],
            }.items()
        },
        show=lambda request, entries: {"Count": 2, "Data": by_offset("Offset")(request, entries), "Total": 2},
        filters=f"FromTS={int((NOW - timedelta(days=30)).timestamp())}",
        told=[
            ("ann", COMPLAINED, "spam", ""),
            ("bob", COMPLAINED, "blocked, as they reported spam before", ""),
            ("cyd", LEFT, "unsub", ""),
            *((name, BOUNCED, "hardbounced", "") for name in ("dan", "eve", "fay")),
        ],
    ),
    "mailersend": Shelf(
        further={"/v1/domains": {"data": [{"id": "d1", "name": "example.org"}]}},
        lists={
            f"/v1/suppressions/{name}": [
                {"id": email, "recipient": {"email": f"{email}@example.org"}, "created_at": _GOODBYE, **reason}
                for email in emails
            ]
            for name, emails, reason in (
                ("spam-complaints", ["ann"], {}),
                ("unsubscribes", ["bob"], {"reason": "NO_LONGER_WANT"}),
                ("hard-bounces", ["cyd", "dan", "eve"], {"reason": "unknown address"}),
            )
        },
        show=lambda request, entries: {"data": by_page(request, entries), "links": {}, "meta": {}},
        told=[
            ("ann", COMPLAINED, "spam-complaints", "2026-11-20"),
            ("bob", LEFT, "unsubscribes NO_LONGER_WANT", "2026-11-20"),
            *((name, BOUNCED, "hard-bounces unknown address", "2026-11-20") for name in ("cyd", "dan", "eve")),
        ],
    ),
    "mailtrap": Shelf(
        further={"/api/accounts": [{"id": 7, "name": "Letters"}]},
        lists={
            "/api/accounts/7/suppressions": [
                {
                    "id": f"019706a8-{name}",
                    "type": kind,
                    "created_at": _GOODBYE,
                    "email": f"{name}@example.org",
                    "sending_stream": "bulk",
                    "domain_name": domain,
                    "message_esp_response": None,
                }
                for name, kind, domain in (
                    ("ann", "spam complaint", "example.org"),
                    ("bob", "unsubscription", None),
                    ("cyd", "unsubscription", "shop.example.com"),
                    ("dan", "manual import", "example.org"),
                    ("eve", "hard bounce", "example.org"),
                )
            ]
        },
        show=behind("last_id"),
        filters="start_time=2026-11-24T09%3A00%3A00%2B00%3A00",
        told=[
            ("ann", COMPLAINED, "spam complaint", "2026-11-20"),
            ("bob", LEFT, "unsubscription", "2026-11-20"),
            ("dan", LEFT, "manual import", "2026-11-20"),
            ("eve", BOUNCED, "hard bounce", "2026-11-20"),
        ],
    ),
    "scaleway": Shelf(
        further={
            "/transactional-email/v1alpha1/regions/fr-par/domains": {
                "domains": [{"id": "d1", "name": "example.org", "status": "checked"}]
            }
        },
        lists={
            "/transactional-email/v1alpha1/regions/fr-par/blocklists": [
                {"id": name, "email": f"{name}@example.org", "type": kind, "reason": "550", "created_at": _GOODBYE}
                for name, kind in (
                    ("ann", "mailbox_not_found"),
                    ("bob", "mailbox_full"),
                    ("cyd", "mailbox_not_found"),
                    ("dan", "mailbox_not_found"),
                )
            ]
        },
        show=lambda request, entries: {"total_count": len(entries), "blocklists": by_page(request, entries)},
        told=[(name, BOUNCED, "mailbox_not_found 550", "2026-11-20") for name in ("ann", "cyd", "dan")],
    ),
    "resend": Shelf(
        lists={
            "/suppressions": [
                {"object": "suppression", "id": name, "email": f"{name}@example.org", "origin": origin}
                | {"source_id": None, "created_at": _GOODBYE}
                for name, origin in (("ann", "complaint"), ("bob", "manual"), ("cyd", "bounce"))
            ]
        },
        show=_resend,
        told=[
            ("ann", COMPLAINED, "complaint", "2026-11-20"),
            ("bob", LEFT, "manual", "2026-11-20"),
            ("cyd", BOUNCED, "bounce", "2026-11-20"),
        ],
    ),
}


@dataclass(kw_only=True)
class Asking:
    """A service that is asked for its lists, and all that it was asked."""

    name: str
    shelf: Shelf
    requests: list[httpx.Request] = field(default_factory=list)

    def read(
        self, answer: Callable[[httpx.Request], httpx.Response] | None = None, since: datetime | None = None
    ) -> list[Suppression]:
        """Return what the provider makes of the lists, or of another answer."""
        provider = cast("KeepsSuppressions", Registered.of(self.name).provider())
        assert isinstance(provider, KeepsSuppressions)

        def fetch(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            assert len(self.requests) < 50, "it goes on for ever"
            return (answer or self.shelf.answer)(request)

        return [*provider.suppressions(fetch, sender=SENDER, since=since, clock=lambda: NOW)]


@pytest.fixture(params=SHELVES)
def asking(request: pytest.FixtureRequest) -> Asking:
    """Return each service in turn."""
    return Asking(name=request.param, shelf=SHELVES[request.param])


def test_lists_are_read_to_the_end(asking: Asking) -> None:
    """Of every page of every list comes who stands there, how, why and since when; soft bounces stay out."""
    told = [
        (one.email.removesuffix("@example.org"), one.standing, one.reason, f"{one.at:%Y-%m-%d}" if one.at else "")
        for one in asking.read()
    ]
    assert told == asking.shelf.told


def test_key_goes_to_the_service_alone(asking: Asking) -> None:
    """Wherever a page says that the next one is, the service is asked that the settings name."""
    asking.read()
    assert len({request.url.host for request in asking.requests}) == 1
    assert "elsewhere.test" not in {request.url.host for request in asking.requests}


def test_old_ones_are_left_out_where_that_can_be_asked_for(asking: Asking) -> None:
    """From a moment on, each list is asked in the service's own spelling; where there is none, everything is told."""
    told = asking.read(since=NOW)
    first = [request for request in asking.requests if request.url.path not in asking.shelf.further]
    if asking.shelf.filters:
        assert any(asking.shelf.filters in str(request.url) for request in first)
    if asking.name == "brevo":  # it is read from the newest on, and everyone is old
        assert (len(told), len(first)) == (2, 1)
    else:
        assert len(told) == len(asking.shelf.told)


def test_empty_lists(asking: Asking) -> None:
    """A service that has nothing against anyone says so."""
    empty = dict.fromkeys(asking.shelf.lists, ())
    shelf = Shelf(lists=empty, show=asking.shelf.show, further=asking.shelf.further, told=())
    assert asking.read(shelf.answer) == []


def test_refusal_is_told_in_its_own_words(asking: Asking) -> None:
    """A key that may not look ends it, and neither the key nor an address is repeated."""
    body = {"message": "Forbidden for ann@example.org", "Message": "Forbidden"}
    with pytest.raises(ProviderError, match="Forbidden") as caught:
        asking.read(lambda _: httpx.Response(401, json=body))
    said = "\n".join(caught.value.lines())
    assert "401 Unauthorized" in said
    assert "ann@example.org" not in said
    for secret in Registered.of(asking.name).stand_in.environ.values():
        assert secret not in said


@pytest.mark.parametrize("body", [b"", b"[{", b"<html>a gateway</html>", b'{"a": {"b": [1]}}', b"[[[1]]]"])
def test_page_that_cannot_be_read(asking: Asking, body: bytes) -> None:
    """What is no page of a list is an error; an object without entries is an empty page where a service sends such."""

    def answer(request: httpx.Request) -> httpx.Response:
        known = asking.shelf.further.get(request.url.path)
        return httpx.Response(200, json=known) if known else httpx.Response(200, content=body)

    if body.startswith(b'{"a"') and asking.name in {"brevo", "ses", "scaleway"}:
        assert asking.read(answer) == []
    else:
        with pytest.raises(ProviderError, match="cannot be read"):
            asking.read(answer)


def test_page_that_names_itself_as_the_next(asking: Asking) -> None:
    """A service that shows its first page again and again has no end, which is an error and not waited for."""
    if not asking.shelf.circular:
        pytest.skip("it has one page alone")
    first: dict[str, httpx.Response] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        return first.setdefault(request.url.path, asking.shelf.answer(request))

    with pytest.raises(ProviderError, match="leads in a circle"):
        asking.read(answer)


@pytest.mark.parametrize("name", ["mailersend", "scaleway"])
def test_domain_that_the_service_does_not_know(name: str) -> None:
    """Lists that are a domain's are not taken for empty because the domain is not found."""
    asking = Asking(name=name, shelf=SHELVES[name])
    nothing: dict[str, object] = {"data": [], "domains": []}
    with pytest.raises(ProviderError, match=r"does not know example\.org"):
        asking.read(lambda _: httpx.Response(200, json=nothing))


def test_circle_of_several_pages() -> None:
    """A circle is found wherever it closes, after each entry came once."""
    steps = dict(pairwise(["", "b", "c", "a", "b"]))
    entry = Suppression(email="ann@example.org", standing=LEFT, reason="")
    told = read_all(lambda mark: Page(suppressions=[replace(entry, reason=mark)], following=steps[mark]))
    came = [next(told).reason for _ in range(3)]
    with pytest.raises(ProviderError, match="circle"):
        next(told)
    assert came == ["", "b", "c"]


def test_long_list_is_never_held() -> None:
    """The second page is asked for when the first is used up, so a list may be of any length."""
    asked: list[str] = []

    def read(mark: str) -> Page:
        asked.append(mark)
        number = int(mark or 0)
        return Page(
            suppressions=[Suppression(email=f"{number}@example.org", standing=LEFT, reason="")],
            following=str(number + 1),
        )

    told = read_all(read)
    assert [next(told).email for _ in range(3)] == [f"{number}@example.org" for number in range(3)]
    assert asked == ["", "1", "2"]


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        (_STAMP, "2026-11-20T08:30:00+00:00"),
        (_GOODBYE, "2026-11-20T08:30:00+00:00"),
        ("2026-11-20T08:30:00+02:00", "2026-11-20T06:30:00+00:00"),
        ("2026-11-20 08:30:00", "2026-11-20T08:30:00+00:00"),
        (_MAIL_DATE, "2026-11-20T08:30:00+00:00"),
        ("Fri, 20 Nov 2026 08:30:00 -0000", "2026-11-20T08:30:00+00:00"),
        ("yesterday", None),
        ("", None),
        (None, None),
        (10**20, None),
        ("9999-99-99", None),
    ],
)
def test_moments_of_all_spellings(told: str | float | None, moment: str | None) -> None:
    """A date that cannot be read is no reason to write to somebody who said no."""
    at = told_at(told)
    assert (at.isoformat() if at else None) == moment


def test_every_service_that_shows_lists_is_here() -> None:
    """A provider that keeps suppressions has its lists tested above."""
    keeping = {entry.name for entry in entries() if isinstance(entry, Entry) and entry.keeps_suppressions}
    assert keeping == {*SHELVES}
