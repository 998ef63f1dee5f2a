"""
The contract: what every provider must do, ours and anyone's, shown against the stand-in of its service.

To put a provider of your own through it, install its package, and have its stand-in in ``services/<name>.py`` on the
path.
"""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from email.header import decode_header, make_header
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import nasty
import pytest
from hypothesis import given, settings
from nasty import EDITIONS, READERS
from registered import Registered, names, prints, read
from stand_ins import ANSWERS, NOW, Answer, Arrived, Call, StandIn

from digest.errors import DigestError, ProviderError, SettingsError
from digest.model import Address, Edition, Event, Message, Pattern, State
from digest.providers import CallsBack, Examines, Ids, KeepsLog, OneClick
from digest.sending.pace import retry_after
from digest.wire.answers import UnclearError
from digest.wire.header_fields import wire_address
from digest.wire.webhooks import ForgedError
from digest.wire.words import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from digest.model import Batch, Subscriber
    from digest.providers import Provider

NAMES = names()
ORDINARY = EDITIONS["an ordinary one"]
SOMEBODY = Address(email="editor@example.org")


@pytest.fixture(params=NAMES, scope="module")
def service(request: pytest.FixtureRequest) -> Registered:
    """Return each provider in turn."""
    return Registered.of(request.param)


@pytest.fixture(scope="module")
def provider(service: Registered) -> Provider:
    """Return it, made from the settings of its stand-in."""
    return service.provider()


def three(provider: Provider, of: Edition = ORDINARY) -> Batch:
    """Return a batch of three readers, or of as many as it takes."""
    return nasty.batch(of, READERS[: min(3, provider.limits.messages)])


# What it says of itself.


def test_it_says_what_it_can_do(service: Registered, provider: Provider) -> None:
    """Its name is the registered one, its limits are possible, and agree with the protocols that it keeps."""
    limits = provider.limits
    assert provider.name == service.kind.name == service.name
    assert limits.messages >= 1
    assert limits.concurrency >= 1
    assert provider.destination
    assert bool(limits.signature) == isinstance(provider, CallsBack) == bool(service.stand_in.calls)
    assert (limits.log_delay is not None) == isinstance(provider, KeepsLog)


def test_it_says_what_does_not_reach_the_reader(service: Registered, provider: Provider) -> None:
    """What a service keeps back or replaces is told in sentences; a List-Unsubscribe that it replaces is not ours."""
    changed = service.stand_in.withheld | service.stand_in.replaced_headers
    assert not changed or provider.limits.caveats
    if "List-Unsubscribe" in changed:
        assert provider.limits.one_click is OneClick.THEIRS


# Requests.


@pytest.mark.parametrize("title", EDITIONS)
def test_the_same_batch_is_the_same_request(service: Registered, title: str) -> None:
    """A batch is built again to the byte, by another instance, and of an edition that was stored meanwhile."""
    edition = EDITIONS[title]
    stored = Edition.from_json(edition.to_json(), ())
    first, again = (read(service.provider().build_request(three(service.provider(), one))) for one in (edition, stored))
    assert (first.method, first.url, first.headers.raw) == (again.method, again.url, again.headers.raw)
    assert first.content == again.content


def test_another_process_builds_the_same() -> None:
    """Nothing in a request hangs on the process that builds it."""
    runs = [
        subprocess.Popen(
            [sys.executable, Path(__file__).with_name("registered.py"), *NAMES],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            stdout=subprocess.PIPE,
        )
        for seed in "12"
    ]
    outputs = [json.loads(run.communicate()[0]) for run in runs]
    assert outputs[0] == outputs[1] == {name: prints(name) for name in NAMES}


@pytest.mark.parametrize("title", EDITIONS)
def test_a_body_can_be_sent_again(provider: Provider, title: str) -> None:
    """The body is as long as it says, each time that it is given out."""
    for batch in nasty.batches(EDITIONS[title], provider.limits.messages):
        request = provider.build_request(batch)
        assert isinstance(request.stream, httpx.SyncByteStream)
        first, again = b"".join(request.stream), b"".join(request.stream)
        assert first == again
        assert request.headers["Content-Length"] == str(len(first))
        assert "Transfer-Encoding" not in request.headers


def test_a_large_message_fits(provider: Provider) -> None:
    """A message of 60 KB is within the bytes that a request may have; a batch can always be halved down to it."""
    *texts, last = ORDINARY.html.texts
    large = Pattern(texts=(*texts, f"{last}{'Snow falls. ' * 5000}"), slots=ORDINARY.html.slots)
    request = read(provider.build_request(nasty.batch(replace(ORDINARY, html=large), READERS[:1])))
    assert provider.limits.bytes is None or len(request.content) <= provider.limits.bytes


def test_no_secret_is_in_an_address(service: Registered, provider: Provider) -> None:
    """Addresses are written into logs."""
    assert not found(service.stand_in.environ.values(), str(provider.build_request(three(provider)).url))


def test_images_travel_where_they_can(provider: Provider) -> None:
    """Where images can travel inside of messages, they do."""
    if provider.limits.inline_images:
        illustrated = replace(ORDINARY, images=(nasty.COVER,))
        content = read(provider.build_request(three(provider, illustrated))).content
        assert nasty.COVER.cid.encode() in content
        inside = b64encode(nasty.COVER.content) in content.replace(b"\r\n", b"").replace(b"\\/", b"/")
        assert inside or nasty.COVER.content in content


def test_the_sandbox_is_asked_for(service: Registered, provider: Provider) -> None:
    """Where nothing needs to be delivered, a request says so, or goes elsewhere."""
    if provider.limits.sandbox:
        sandbox = service.provider(sandbox=True)
        assert sandbox != provider
        assert not provider.transport or sandbox.transport != provider.transport
        assert provider.transport or said_by(sandbox, three(provider)) != said_by(provider, three(provider))


def test_a_moment_of_delivery_is_told(provider: Provider) -> None:
    """Where a service can wait, it is told until when."""
    if provider.limits.horizon:
        later = replace(ORDINARY, deliver_at=NOW + provider.limits.horizon / 2)
        assert said_by(provider, three(provider, later)) != said_by(provider, three(provider))


@pytest.mark.parametrize("wish", ["track_opens", "track_clicks"])
def test_tracking_is_asked_for_or_refused(service: Registered, provider: Provider, wish: str) -> None:
    """Whoever wants opens or clicks tracked is heard, or told that it cannot be done."""
    if service.name == "outbox":
        pytest.skip("it reaches nobody who could open anything")
    try:
        tracking = service.provider(**{wish: True})
    except SettingsError as error:
        told = str(error)
    else:
        heard = said_by(tracking, three(provider)) != said_by(provider, three(provider))
        told = "track" if heard else ""
    assert "track" in told


def said_by(provider: Provider, batch: Batch) -> tuple[object, ...]:
    """Return all that a request says."""
    request = read(provider.build_request(batch))
    return request.url, sorted(request.headers.raw), request.content


# Content.


@pytest.mark.parametrize("title", EDITIONS)
def test_everyone_gets_their_own_message(service: Registered, provider: Provider, title: str) -> None:
    """What reaches each reader is their message, to the byte, whatever the edition and the readers hold."""
    check_delivery(service, provider, EDITIONS[title], READERS)


@settings(max_examples=25)
@given(edition=nasty.any_edition, readers=nasty.any_readers)
def test_nothing_breaks_a_message(
    service: Registered, provider: Provider, edition: Edition, readers: Sequence[Subscriber]
) -> None:
    """So it is for any edition and any readers."""
    check_delivery(service, provider, edition, readers)


def check_delivery(service: Registered, provider: Provider, edition: Edition, readers: Sequence[Subscriber]) -> None:
    """See to it that everyone gets exactly their own message, and that it bears our name of it or none."""
    batch, stand_in = nasty.batch(edition, readers), service.stand_in
    delivered = service.deliver(provider, edition, readers)
    wanted = sorted((wanted_of(message, stand_in) for message in batch.messages()), key=lambda one: one.email)
    assert [as_read(arrived, stand_in) for arrived in delivered] == wanted
    ids = dict(zip(batch.readers.emails, batch.correlation_ids, strict=True))
    assert {arrived.email: arrived.correlation_id for arrived in delivered} in (ids, dict.fromkeys(ids, ""))


def wanted_of(message: Message, stand_in: StandIn) -> Arrived:
    """Return what is to reach a reader."""
    headers = {name: value for name, value in message.headers.items() if name not in stand_in.withheld}
    meant = Arrived(
        email=wire_address(message.to.email, "To"),
        name=stand_in.shown_name(message.to.name),
        subject=message.subject,
        html=message.html,
        text=message.text,
        headers=headers,
    )
    return as_read(meant, stand_in)


def as_read(arrived: Arrived, stand_in: StandIn) -> Arrived:
    """Return a message without what means the same: how a field is encoded, and what the service has set itself."""
    changed = {name.lower() for name in stand_in.replaced_headers}
    headers = {name.lower(): str(make_header(decode_header(value))) for name, value in arrived.headers.items()}
    return replace(
        arrived,
        name=arrived.name.strip(),
        html=one_kind_of_line(arrived.html) if stand_in.canonical_lines else arrived.html,
        text=one_kind_of_line(arrived.text) if stand_in.canonical_lines else arrived.text,
        headers={name: value for name, value in headers.items() if name not in changed},
        correlation_id="",
    )


def one_kind_of_line(text: str) -> str:
    """Return a text with the same sign at the end of each line."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_letters_of_all_scripts_arrive(service: Registered, provider: Provider) -> None:
    """A newsletter may have a name, and its readers domains, in any script; mail servers know domains by ASCII."""
    headers = {**ORDINARY.headers, "List-Id": Pattern.of_text("Zürich für alle <editor.example.org>")}
    reader = replace(READERS[0], email="leser@bücher.example")
    batch = nasty.batch(replace(ORDINARY, headers=headers), [reader])
    (arrived,) = service.stand_in.deliver(read(provider.build_request(batch)))
    (message,) = batch.messages()
    assert as_read(arrived, service.stand_in) == wanted_of(message, service.stand_in)
    assert all(map(str.isascii, arrived.headers.values()))


# Answers.


@pytest.mark.parametrize("title", ANSWERS)
def test_each_answer_is_understood(service: Registered, provider: Provider, title: str) -> None:
    """Each kind of answer ends in the right receipts, or in a sentence with the service's words and no secret."""
    answer = service.stand_in.answers[title]
    if isinstance(answer, Answer):
        check_answer(service, provider, answer)
    else:
        assert answer, "why there is no such answer has to be told"


def test_answers_of_its_own_are_understood(service: Registered, provider: Provider) -> None:
    """So do those that only this service gives."""
    for title, answer in service.stand_in.answers.items():
        if title not in ANSWERS and isinstance(answer, Answer):
            check_answer(service, provider, answer)


def check_answer(service: Registered, provider: Provider, answer: Answer) -> None:
    """Read an answer to a batch of three, and see to it that it ends as it should, and is told rightly."""
    batch = three(provider)
    outcome, sentences = read_answer(provider, batch, answer.response(batch))
    wanted = answer.outcome if isinstance(answer.outcome, type) else [*answer.outcome]
    assert outcome == wanted
    assert answer.words in sentences
    assert not found(told_nobody(service, batch), sentences)


def read_answer(
    provider: Provider, batch: Batch, response: httpx.Response
) -> tuple[list[State] | type[DigestError], str]:
    """Return what becomes of each reader or what is raised, and all that is said of it, cleaned as the engine does."""
    try:
        receipts = provider.read_response(batch, response)
    except ProviderError as error:
        return type(error), "\n".join(error.lines())
    assert len(receipts) == len(batch.readers)
    return [receipt.state for receipt in receipts], "\n".join(clean(receipt.reason) for receipt in receipts)


def told_nobody(service: Registered, batch: Batch) -> Iterator[str]:
    """Return what no sentence may hold."""
    yield from service.stand_in.environ.values()
    yield from batch.readers.emails
    yield from batch.readers.columns["token"]


def found(secrets: object, text: str) -> list[str]:
    """Return those of some secrets that are in a text."""
    assert hasattr(secrets, "__iter__")
    return [secret for secret in secrets if secret in text]


def test_names_are_given_back(service: Registered, provider: Provider) -> None:
    """Whoever is accepted has the name by which the service knows the message, if it gives one."""
    batch = three(provider)
    receipts = provider.read_response(batch, answer_of(service, "all accepted", batch))
    given = Counter(receipt.message_id for receipt in receipts)
    count = len(batch.readers)
    assert (
        given
        == {
            Ids.MESSAGE: dict.fromkeys(given, 1),
            Ids.REQUEST: dict.fromkeys(given, count),
            Ids.NONE: {"": count},
        }[provider.limits.ids]
    )
    assert provider.limits.ids is Ids.NONE or "" not in given


def answer_of(service: Registered, title: str, batch: Batch) -> httpx.Response:
    """Return an answer of a title, which there must be."""
    answer = service.stand_in.answers[title]
    assert isinstance(answer, Answer)
    return answer.response(batch)


def test_a_success_of_any_size_is_read(service: Registered, provider: Provider) -> None:
    """What the stand-in answers to a request of full size says that everyone is accepted."""
    readers = [
        nasty.subscriber(number, "Ada", "London") for number in range(1, min(provider.limits.messages, 1000) + 1)
    ]
    batch = nasty.batch(ORDINARY, readers)
    response = service.stand_in.accept(read(provider.build_request(batch)))
    assert [receipt.state for receipt in provider.read_response(batch, response)] == [State.SENT] * len(readers)


@pytest.mark.parametrize("title", ["too fast, with seconds", "too fast, with a date"])
def test_a_time_to_wait_is_seen(service: Registered, provider: Provider, title: str) -> None:
    """Where an answer says when to come back, the engine can read it."""
    if isinstance(service.stand_in.answers[title], Answer):
        assert retry_after(answer_of(service, title, three(provider)).headers, NOW)


@pytest.mark.parametrize("title", ["all accepted", "one refused"])
def test_a_damaged_answer_is_never_a_bug(service: Registered, provider: Provider, title: str) -> None:
    """A success that is cut or changed anywhere is read or is an error of ours, and nothing cut counts as sent."""
    batch = three(provider)
    if not isinstance(service.stand_in.answers[title], Answer):
        return
    whole = answer_of(service, title, batch)
    for body in cut(whole):
        outcome, _ = read_answer(provider, batch, like(whole, body))
        assert not is_json(whole) or isinstance(outcome, type), body
    for body in flipped(whole.content):
        read_answer(provider, batch, like(whole, body))


def cut(response: httpx.Response) -> Iterator[bytes]:
    """Return a body cut everywhere before its end."""
    body = response.content.rstrip()
    return (body[:end] for end in range(len(body)))


def flipped(body: bytes) -> Iterator[bytes]:
    """Return a body with a bit changed, for each byte of it, another one each time."""
    return (body[:place] + bytes([body[place] ^ 1 << place % 8]) + body[place + 1 :] for place in range(len(body)))


def is_json(response: httpx.Response) -> bool:
    """Tell whether an answer says what it is in JSON."""
    return response.content[:1] in {b"{", b"["}


def like(response: httpx.Response, body: bytes) -> httpx.Response:
    """Return an answer with the same head and another body."""
    length = [(b"content-length", str(len(body)).encode())]
    head = [field for field in response.headers.raw if field[0].lower() != b"content-length"]
    return httpx.Response(response.status_code, headers=[*head, *length], content=body)


NONSENSE = (
    b"",
    b" ",
    b"null",
    b"{}",
    b"[]",
    b'""',
    b"0",
    b'[{}, {}, {}, {"data": 1}]',
    b'{"data": {}, "id": 1, "message": [], "results": null, "errors": "x", "Messages": 3}',
    b'{"message": "\xff\xfe"}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"<html><body>502 Bad Gateway</body></html>",
    b"\x00\x01\x02",
    b"Mailgun Magnificent API",
)


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_no_success(service: Registered, provider: Provider, body: bytes) -> None:
    """A success that says nothing counts for nothing, unless the service says nothing when it succeeds."""
    batch = three(provider)
    whole = answer_of(service, "all accepted", batch)
    outcome, _ = read_answer(provider, batch, like(whole, body))
    assert not whole.content or outcome != [State.SENT] * len(batch.readers)


@pytest.mark.parametrize("body", [b"", b'{"message": "no"}', b'{"errors": []}', b"no", *NONSENSE[9:11]])
def test_no_failure_is_a_success(provider: Provider, body: bytes) -> None:
    """Whatever status an answer has but 2xx, and whatever its body, nobody counts as sent, and no doubt is denied."""
    batch = three(provider)
    for status in [*range(300, 309), *range(400, 432), 451, 499, *range(500, 512), 520, 599]:
        outcome, _ = read_answer(provider, batch, httpx.Response(status, content=body))
        assert isinstance(outcome, type) or set(outcome) == {State.QUEUED}, status
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            assert outcome is UnclearError, status


# Logs.


BAD_ANSWERS: Mapping[str, Callable[[httpx.Request], httpx.Response]] = {
    "401": lambda _: httpx.Response(401, json={"message": "no"}),
    "404": lambda _: httpx.Response(404, text="no"),
    "429": lambda _: httpx.Response(429),
    "500": lambda _: httpx.Response(500),
    "502": lambda _: httpx.Response(502, html="<html></html>"),
    "empty": lambda _: httpx.Response(200),
    "cut": lambda _: httpx.Response(200, content=b'{"items": [{"'),
    "nonsense": lambda _: httpx.Response(200, content=b'{"a": "\xff"}'),
    "deep": lambda _: httpx.Response(200, content=b"[" * 100_000),
    "redirect": lambda _: httpx.Response(302, headers={"Location": "https://example.test/"}),
}


@pytest.mark.parametrize("title", BAD_ANSWERS)
def test_a_log_that_does_not_answer_tells_nothing(service: Registered, provider: Provider, title: str) -> None:
    """Whoever cannot read the log knows nothing, and says so without secrets."""
    if isinstance(provider, KeepsLog):
        batch = three(provider)
        with pytest.raises(ProviderError) as caught:
            provider.consult_log(batch, BAD_ANSWERS[title])
        assert not found(told_nobody(service, batch), "\n".join(caught.value.lines()))


@pytest.mark.parametrize("title", BAD_ANSWERS)
def test_an_examination_that_fails_is_no_praise(service: Registered, provider: Provider, title: str) -> None:
    """A key that is refused, and an answer that cannot be read, are found or raised, without secrets."""
    if isinstance(provider, Examines):
        try:
            findings = provider.examine(SOMEBODY, now=NOW, fetch=BAD_ANSWERS[title])
        except ProviderError as error:
            told = "\n".join(error.lines())
        else:
            assert not all(finding.good for finding in findings)
            told = "\n".join(f"{finding.sentence} {finding.hint}" for finding in findings)
        assert not found(service.stand_in.environ.values(), told)


# Webhooks.


def calls(service: Registered, provider: Provider) -> Iterator[tuple[CallsBack, Call]]:
    """Return all calls, where there are any."""
    if isinstance(provider, CallsBack):
        yield from ((provider, call) for call in service.stand_in.calls)


def heard(service: Registered, provider: CallsBack, call: Call, **changes: object) -> Sequence[Event]:
    """Return the events of a call, with some of it changed."""
    changed = {"headers": call.headers, "body": call.body, "now": NOW, **changes}
    headers, body, now = (changed[name] for name in ("headers", "body", "now"))
    return provider.read_webhook(
        httpx.Headers(headers),  # type: ignore[arg-type]  # whoever changes something gives what is wanted
        body,  # type: ignore[arg-type]
        now=now,  # type: ignore[arg-type]
        fetch=service.stand_in.fetch or nobody,
    )


def nobody(request: httpx.Request) -> httpx.Response:
    """Answer that nothing is here."""
    return httpx.Response(404, request=request)


def test_calls_are_understood(service: Registered, provider: Provider) -> None:
    """Each call tells its events; each event has a name, so that one that is told twice is heard once."""
    for webhook, call in calls(service, provider):
        events = heard(service, webhook, call)
        assert list(events) == list(call.events), call.title
        assert all(event.id and event.original for event in events)
        assert len({event.id for event in events}) == len(events)
        assert heard(service, webhook, call) == events


def test_a_call_that_was_changed_is_not_believed(service: Registered, provider: Provider) -> None:
    """A bit of the body makes a call a forgery, or means nothing; a proof that covers no body is its service's."""
    for webhook, call in calls(service, provider):
        for body in flipped(call.body):
            assert was_refused(service, webhook, call, body=body) or not service.stand_in.covers_body, body


def test_a_proof_that_was_changed_is_none(service: Registered, provider: Provider) -> None:
    """A call without a header field, or with a bit of it changed, is refused, unless the field proves nothing."""
    for webhook, call in calls(service, provider):
        for name, value in call.headers.items():
            others = {key: kept for key, kept in call.headers.items() if key != name}
            assert was_refused(service, webhook, call, headers=others)
            for other in flipped(value.encode("latin-1")):
                if other.isascii() and other.decode().isprintable() and other.lower() != value.encode().lower():
                    assert was_refused(service, webhook, call, headers={**others, name: other.decode()}), name
        assert was_refused(service, webhook, call, headers={}, body=b"{}")


def was_refused(service: Registered, webhook: CallsBack, call: Call, **changes: object) -> bool:
    """Tell whether a call is refused, or tells what it told before it was changed."""
    try:
        return list(heard(service, webhook, call, **changes)) == list(call.events)
    except (ForgedError, ProviderError):
        return True


def test_an_old_call_is_not_believed(service: Registered, provider: Provider) -> None:
    """What was signed before yesterday, or is from the future, may have been kept by anybody."""
    for webhook, call in calls(service, provider):
        for moment in (NOW + timedelta(hours=25), NOW - timedelta(hours=1)):
            if service.stand_in.covers_moment:
                with pytest.raises(ForgedError):
                    heard(service, webhook, call, now=moment)
            else:
                assert list(heard(service, webhook, call, now=moment)) == list(call.events)


def test_another_secret_proves_nothing(service: Registered) -> None:
    """Whoever signs with another secret is somebody else; a service that proves it otherwise needs none."""
    if service.stand_in.calls and service.stand_in.fetch is None:
        environ = {name: value.swapcase()[::-1] for name, value in service.stand_in.environ.items()}
        for webhook, call in calls(service, service.provider(environ=environ)):
            with pytest.raises((ForgedError, SettingsError)):
                heard(service, webhook, call)


def test_without_a_secret_nobody_is_believed(service: Registered) -> None:
    """Where the secret of the webhook is not set, that is said, and no call is read; a certificate is no secret."""
    needed = {name: value for name, value in service.stand_in.environ.items() if service.secrets[name].required}
    for webhook, call in calls(service, service.provider(environ=needed)):
        if needed != service.stand_in.environ and service.stand_in.fetch is None:
            with pytest.raises(SettingsError, match="is not set"):
                heard(service, webhook, call)


def test_a_call_that_cannot_be_read_is_told(service: Registered, provider: Provider) -> None:
    """Nonsense that is rightly signed is a sentence, or tells nothing."""
    sign = service.stand_in.sign
    for webhook, call in [*calls(service, provider)][:1]:
        for body in NONSENSE if sign else ():
            assert sign
            try:
                told: object = heard(service, webhook, call, headers={**call.headers, **sign(body)}, body=body)
            except ProviderError as error:
                told = type(error)
            assert told in ([], (), ProviderError), body


# Settings.


def test_a_missing_secret_is_named(service: Registered) -> None:
    """Whatever nothing can be sent without is asked for by its name, before anything is sent."""
    for name, secret in service.secrets.items():
        others = {key: value for key, value in service.stand_in.environ.items() if key != name}
        if secret.required:
            with pytest.raises(SettingsError) as caught:
                service.provider(environ=others)
            assert name in str(caught.value)
        else:
            service.provider(environ=others)


def test_all_missing_secrets_are_told_at_once(service: Registered) -> None:
    """Whoever sets up a provider learns everything that it needs in one go."""
    required = [name for name, secret in service.secrets.items() if secret.required]
    if required:
        with pytest.raises(DigestError) as caught:
            service.provider(environ={})
        assert [name for name in required if name not in str(caught.value)] == []
        assert caught.value.exit_code == SettingsError.exit_code


def test_the_stand_in_has_all_secrets(service: Registered) -> None:
    """The environment of the stand-in is what the provider says that it reads, and no secret is short."""
    assert set(service.stand_in.environ) == set(service.secrets)
    assert all(len(value) >= 8 for value in service.stand_in.environ.values())


def test_an_unknown_option_is_a_fault(service: Registered) -> None:
    """A mistyped option is a fault of the settings, which says what there is."""
    with pytest.raises(SettingsError, match='no option "optoin"') as caught:
        service.provider(options={**service.stand_in.options, "optoin": "x"})
    assert caught.value.hint


def test_secrets_are_not_shown(service: Registered, provider: Provider) -> None:
    """Neither the provider nor where it sends to shows a secret."""
    assert not found(service.stand_in.environ.values(), f"{provider!r} {provider.destination}")


def test_another_address_is_heeded(service: Registered, provider: Provider) -> None:
    """Every provider that speaks HTTP can be pointed elsewhere."""
    if provider.transport is None:
        elsewhere = service.provider(api_url="http://127.0.0.1:9/proxy")
        assert str(elsewhere.build_request(three(provider)).url).startswith("http://127.0.0.1:9/proxy/")
        assert elsewhere.destination == "127.0.0.1"
