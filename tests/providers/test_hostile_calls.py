"""
Calls from anyone: whatever comes, it is refused in a sentence, or tells events that can be kept.

Some are signed with the right secret all the same, as by a service gone wrong, or by somebody who has a topic, too.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registered import Registered, names
from services import mailgun, scaleway, ses
from stand_ins import NOW, Call
from test_buttondown import call as buttondown_call

from digest.errors import ProviderError, SettingsError
from digest.providers import Setup
from digest.providers.buttondown import Buttondown
from digest.wire.webhooks import ForgedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from digest.model import Event
    from digest.providers import CallsBack

Proof = tuple["Mapping[str, str]", bytes]
FEW = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A webhook, and somebody who can prove any news to it."""

    listener: CallsBack
    calls: Sequence[Call]
    prove: Callable[[str], Proof]
    """Returns header fields and body of a call that tells some news, as JSON, rightly."""
    fetch: Callable[[httpx.Request], httpx.Response]

    @property
    def news(self) -> Iterator[Any]:
        """What its calls tell, but for those that are no JSON."""
        for call in self.calls:
            try:
                told = json.loads(call.body)
            except ValueError:  # a line for each event
                told = {"events": [json.loads(line) for line in call.body.splitlines()]}
            told = told.get("event-data", told.get("Message", told)) if isinstance(told, dict) else told
            if not isinstance(told, str):
                yield told
            elif told.startswith("{"):  # else it is a sentence
                yield json.loads(told)

    def hear(self, headers: httpx.Headers, body: bytes, now: datetime = NOW) -> Sequence[Event] | None:
        """Return what a call tells, None if it was refused; nothing else may happen."""
        try:
            events = self.listener.read_webhook(headers, body, now=now, fetch=self.fetch)
        except (ForgedError, SettingsError, ProviderError) as error:
            "\n".join(error.lines()).encode()
            return None
        for event in events:
            check(event)
        return events


def check(event: Event) -> None:
    """See to it that an event can be kept: it has a name, a moment, and texts that can be written down."""
    assert event.id
    assert event.at.utcoffset() == timedelta(0)
    for name in ("id", "original", "reason", "correlation_id", "message_id", "email", "url"):
        getattr(event, name).encode()


def nobody(request: httpx.Request) -> httpx.Response:
    """Answer that nothing is here."""
    return httpx.Response(404, request=request)


def webhook(name: str) -> Webhook:
    """Return the webhook of a service."""
    if name == "buttondown":
        environ = {"BUTTONDOWN_API_KEY": "bd-0123456789abcdef", "BUTTONDOWN_WEBHOOK_SECRET": "a long signing key"}
        headers, body = buttondown_call("subscriber.bounced")
        call = Call(title="bounced", headers=headers, body=body, events=())
        ours = Buttondown.from_settings(Setup(root=Path(), environ=environ))
        return Webhook(listener=ours, calls=[call], prove=_by_buttondown, fetch=nobody)
    known = Registered.of(name)
    stand_in = known.stand_in
    sign = stand_in.sign
    proofs: dict[str, Callable[[str], Proof]] = {
        "mailgun": _by_mailgun,
        "ses": lambda news: ({}, ses.signed(Message=news)),
        "scaleway": lambda news: ({}, scaleway.signed(Message=news)),
    }
    prove = (lambda news: (sign(news.encode()), news.encode())) if sign else proofs[name]
    listener = cast("CallsBack", known.provider())
    return Webhook(listener=listener, calls=stand_in.calls, prove=prove, fetch=stand_in.fetch or nobody)


def _by_buttondown(news: str) -> Proof:
    signature = hmac.new(b"a long signing key", news.encode(), "sha256").hexdigest()
    return {"X-Buttondown-Signature": f"sha256={signature}"}, news.encode()


def _by_mailgun(news: str) -> Proof:
    signature = json.loads(mailgun.STAND_IN.calls[0].body)["signature"]
    return {}, f'{{"signature": {json.dumps(signature)}, "event-data": {news}}}'.encode()


NAMES = [*(name for name in names() if Registered.of(name).stand_in.calls), "buttondown"]


@pytest.fixture(scope="module", params=NAMES)
def heard(request: pytest.FixtureRequest) -> Webhook:
    """Return the webhook of each service in turn."""
    return webhook(request.param)


HOSTILE = [
    *("null", "true", "[]", "{}", '""', "[[]]", "[{}]", "[null]", '{"": null}', "0", "-1", "1.5", "-0.0", '"\\u0000"'),
    *("1" + "0" * 400, "1" + "0" * 5000, "1e400", "1e308", "-1e308", '"nan"', '"inf"', "9223372036854775808"),
    *('"' + "1" * 400 + '"', "253402300800", "253402300799", "-62135596801", "1e15", "9999999999999"),
    *('"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59-23:59"', '"2026-11-24T09:00:00"', '"2026-11-24"', '"noon"'),
    *('"\\ud800"', '"\\udfff and more of it"', '"é\\u2028🙂"', '"' + "x" * 100_000 + '"', '"a@b@c <d@e>, f"'),
    *("[" * 2000 + "]" * 2000, '{"a":' * 2000 + "1" + "}" * 2000, "[" * 100_000, "nul", "", "'x'", "NaN", "\x00"),
]
"""Values that nobody expects, as JSON, or as what is none."""

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(), some, max_size=3),
    max_leaves=8,
)
_PLACE = "\ue000"


def places(news: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the paths to all values."""
    yield path
    for key, value in news.items() if isinstance(news, dict) else enumerate(news) if isinstance(news, list) else ():
        yield from places(value, (*path, key))


def put(news: Any, path: tuple[Any, ...], value: str, *, twice: bool) -> str:
    """Return news as JSON with another value at a place; or besides the one that is there, under the same name."""
    if not path:
        return value
    copy = json.loads(json.dumps(news))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    kept = json.dumps(holder[path[-1]])
    holder[path[-1]] = _PLACE
    if twice and isinstance(holder, dict):
        value = f"{kept}, {json.dumps(path[-1])}: {value}"
    return json.dumps(copy, ensure_ascii=False).replace(f'"{_PLACE}"', value)


def test_every_place_of_every_call(heard: Webhook) -> None:
    """Whatever stands in any place of news that are rightly proved, it is told in a sentence or kept as it is."""
    seen = set()
    for news in heard.news:
        for path in places(news):
            shape = tuple(key for key in path if isinstance(key, str))
            for value in HOSTILE if shape not in seen else ():
                headers, body = heard.prove(put(news, path, value, twice=False))
                heard.hear(httpx.Headers(headers), body)
            seen.add(shape)


@FEW
@given(data=st.data())
def test_anything_in_any_place(heard: Webhook, data: st.DataObject) -> None:
    """So is anything else, once or twice under the same name."""
    news = data.draw(st.sampled_from([*heard.news]))
    path = data.draw(st.sampled_from([*places(news)]))
    value = data.draw(st.sampled_from(HOSTILE) | ANYTHING.map(json.dumps))
    headers, body = heard.prove(put(news, path, value, twice=data.draw(st.booleans())))
    heard.hear(httpx.Headers(headers), body)


@FEW
@given(data=st.data())
def test_anything_that_is_not_proved(heard: Webhook, data: st.DataObject) -> None:
    """A call with any body and any header fields, some of them the service's own, is refused or sound."""
    call = data.draw(st.sampled_from([*heard.calls]))
    values = st.binary() | st.text().map(lambda text: text.encode("utf-8", "ignore"))
    fields = [
        (name.encode(), data.draw(st.just(value.encode()) | values))
        for name, value in call.headers.items()
        for _ in range(data.draw(st.sampled_from([1, 1, 1, 0, 2])))
    ]
    body = data.draw(st.just(call.body) | st.binary())
    heard.hear(httpx.Headers(fields), body)


@pytest.mark.parametrize("now", [NOW.replace(year=year) for year in (1, 1969, 1970, 2100, 9999)])
def test_clocks_that_are_wrong(heard: Webhook, now: datetime) -> None:
    """However wrong our clock is, a call is refused or told."""
    for call in heard.calls:
        heard.hear(httpx.Headers(call.headers), call.body, now)


@pytest.mark.parametrize(("name", "hours"), [("mailgun", 8), ("sendgrid", 24)])
def test_calls_are_heard_for_as_long_as_they_are_repeated(name: str, hours: int) -> None:
    """What a service tells again, with its first signature, once we are back, is not lost."""
    hook = webhook(name)
    for call in hook.calls:
        told = [
            hook.hear(httpx.Headers(call.headers), call.body, NOW + timedelta(hours=late))
            for late in (hours, hours + 1)
        ]
        assert [bool(events) for events in told] == [True, False]


@pytest.mark.parametrize("name", ["resend", "mailersend", "mailtrap", "buttondown", "sendgrid", "postmark", "mailjet"])
def test_header_fields_are_found_in_any_case(name: str) -> None:
    """Header fields have no case: RFC 9110 section 5.1."""
    hook = webhook(name)
    for call in hook.calls:
        for headers in ({key.upper(): one for key, one in call.headers.items()}, call.headers):
            events = hook.hear(httpx.Headers(headers), call.body)
            assert events == hook.hear(httpx.Headers(call.headers), call.body) is not None


def test_two_signatures_where_there_is_one(heard: Webhook) -> None:
    """A header field that comes twice, once right and once wrong, lets nobody in who has not both."""
    for call in heard.calls:
        for name, value in call.headers.items():
            doubled = httpx.Headers([*call.headers.items(), (name, f"{value}x")])
            told = heard.hear(doubled, call.body)
            assert told is None or list(told) == list(call.events)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_=", "whsec_é", "v1,", "===="])
def test_secret_that_is_none(secret: str) -> None:
    """A secret of which nothing is left would let in anyone; it is a fault of the settings."""
    known = Registered.of("resend")
    listener = cast("CallsBack", known.provider(environ={**known.stand_in.environ, "RESEND_WEBHOOK_SECRET": secret}))
    call = known.stand_in.calls[0]
    with pytest.raises(SettingsError, match="RESEND_WEBHOOK_SECRET"):
        listener.read_webhook(httpx.Headers(call.headers), call.body, now=NOW, fetch=nobody)


@pytest.mark.parametrize(
    "key",
    [
        "x",
        "MAA=",
        "MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",  # Ed25519
        "MCowBQYDKgMEAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",  # of the kind 1.2.3.4
        "MDMwDgYHKoZIzj0CAQYDKgMEAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",  # on the curve 1.2.3.4
    ],
)
def test_key_that_is_none(key: str) -> None:
    """A key of another kind proves nothing, nor one of a kind that nobody knows."""
    known = Registered.of("sendgrid")
    call = known.stand_in.calls[0]
    environ = {**known.stand_in.environ, "SENDGRID_WEBHOOK_PUBLIC_KEY": key}
    listener = cast("CallsBack", known.provider(environ=environ))
    with pytest.raises(SettingsError, match="SENDGRID_WEBHOOK_PUBLIC_KEY"):
        listener.read_webhook(httpx.Headers(call.headers), call.body, now=NOW, fetch=nobody)


PARTS = [
    *(
        "https://",
        "http://",
        "ftp://",
        "//",
        "HTTPS://",
        "https:\\\\",
        "user@",
        "user:pass@",
        ":443",
        ":8443",
        "#",
        "?",
    ),
    *("sns.eu-west-1.amazonaws.com", "sns.us-east-1.amazonaws.com", "sns.s3.amazonaws.com", "127.0.0.1", "[::1]"),
    *("messaging.s3.fr-par.scw.cloud", "example.test", "sns.eu-west-1.amazonaws.com.example.test", "ѕns.eu-west-1"),
    *("/SimpleNotificationService-0123456789abcdef.pem", "/fr-par/sns/x.crt", "/../", "/..%2f", "//", "\\", "\n", "\t"),
    *("%00", "\x00", "é", "?Action=ConfirmSubscription", "&", ".pem", "a" * 70_000, "", " "),
]


@pytest.mark.parametrize("name", ["ses", "scaleway"])
@FEW
@given(
    parts=st.lists(st.sampled_from(PARTS), max_size=6),
    start=st.sampled_from(["", "certificate", "host"]),
    field=st.sampled_from(["SubscribeURL", "SigningCertURL"]),
)
def test_addresses_lead_to_the_service_alone(name: str, parts: list[str], start: str, field: str) -> None:
    """Whatever address a call names, only the service's own hosts are asked, by https, at no other port."""
    service = {"ses": ses, "scaleway": scaleway}[name]
    genuine = json.loads(service.signed(Message="x"))["SigningCertURL"]
    begin = {"": "", "certificate": genuine, "host": genuine.partition("/Simple")[0]}[start]
    url = begin + "".join(parts)
    asked: list[httpx.URL] = []
    hook = webhook(name)

    def fetch(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return hook.fetch(request)

    fields = {"Type": "SubscriptionConfirmation", "Token": "x", "SubscribeURL": url, field: url}
    replace(hook, fetch=fetch).hear(httpx.Headers(), service.signed(Message="x", **fields))
    allowed = {
        "ses": {"sns.eu-west-1.amazonaws.com"},
        "scaleway": {"messaging.s3.fr-par.scw.cloud", "sns.mnq.fr-par.scaleway.com"},
    }[name]
    for one in asked:
        assert (one.scheme, one.port, one.userinfo) == ("https", None, b"")
        assert one.host in allowed


@pytest.mark.parametrize(
    "fields",
    [
        {"SigningCertURL": f"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{'a' * 70_000}.pem"},
        {"SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?\x00"},
        {"SubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?{'a' * 70_000}"},
    ],
)
def test_addresses_that_are_none(fields: dict[str, str]) -> None:
    """What cannot be asked for is told, and ends nothing."""
    known = {"Type": "SubscriptionConfirmation", "Token": "x", "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?x"}
    assert webhook("ses").hear(httpx.Headers(), ses.signed(Message="x", **{**known, **fields})) is None


@pytest.mark.parametrize("name", ["ses", "scaleway"])
@pytest.mark.parametrize("kind", ["", "notification", "Notification\n", "SubscriptionConfirmation\nx", "Other"])
def test_types_that_sns_does_not_have(name: str, kind: str) -> None:
    """
    A type is one of three words, and nothing that could hold more.

    What is signed are lines, so that a type with lines of its own could make one topic's call look like another's.
    """
    service = {"ses": ses, "scaleway": scaleway}[name]
    call = json.loads(service.signed(Message="x"))
    hook = webhook(name)
    asked: list[httpx.Request] = []
    with pytest.raises(ProviderError):
        hook.listener.read_webhook(
            httpx.Headers(),
            json.dumps({**call, "Type": kind}).encode(),
            now=NOW,
            fetch=lambda request: asked.append(request) or hook.fetch(request),  # type: ignore[func-returns-value]
        )
    assert asked == []


@pytest.mark.parametrize("name", ["ses", "scaleway"])
def test_certificate_that_has_ended(name: str) -> None:
    """A certificate counts for as long as it says, also when it was fetched before."""
    service = {"ses": ses, "scaleway": scaleway}[name]
    hook = webhook(name)
    assert hook.listener.read_webhook(httpx.Headers(), hook.calls[0].body, now=NOW, fetch=hook.fetch)
    later = NOW + timedelta(days=10)
    body = service.signed(Message="x", Timestamp=f"{later:%Y-%m-%dT%H:%M:%S}Z")
    with pytest.raises(ForgedError, match="is not of now"):
        hook.listener.read_webhook(httpx.Headers(), body, now=later, fetch=hook.fetch)


@pytest.mark.parametrize("stamp", ["2026-11-24T09:00:00", "2026-11-24", "0001-01-01T00:00:00+23:59", "", "9" * 5000])
def test_moments_of_sns_have_a_zone(stamp: str) -> None:
    """A moment that could be any is no moment, even if it is rightly signed."""
    hook = webhook("ses")
    with pytest.raises(ForgedError, match="moment of the call cannot be read"):
        hook.listener.read_webhook(httpx.Headers(), ses.signed(Message="x", Timestamp=stamp), now=NOW, fetch=hook.fetch)
