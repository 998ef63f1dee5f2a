"""
What we write to services, beside what independent clients write for the same message.

Whatever both say must be the same. What only one of them says stands in a table here, with the reason.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx
import pytest
import wire_message as wire
from loopback import Loopback, open_loopback
from registered import Registered, read
from stand_ins import NOW
from wire_senders import KEY, senders

from digest.model import Address, Batch, Edition, Pattern, Readers, Slot, Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROVING = ("authorization", "api-key", "api-token", "x-auth-token", "x-postmark-server-token")
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "mailgun": {"domain": "example.org"},
    "mailersend": {"professional": True},
    "scaleway": {"project_id": wire.PROJECT},
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where we and another client part, by the names of fields; a star stands for any place in an array."""

    ours: Mapping[str, str] = field(default_factory=dict)
    """What only we say, and why."""
    theirs: Mapping[str, str] = field(default_factory=dict)
    """What only they say, and why we do not."""
    differing: Mapping[str, str] = field(default_factory=dict)
    """What both say, each in their own way."""


_NAME = "our name of the message, by which news of it find their way back"
_BATCH = "by it a batch is found in the service's log"
_SPELLED = "both spell it as a variable of their own making, which becomes the reader's own"
_NOTHING_ADDED = "whatever an account is set to, nothing is added to a newsletter"
_EACH_WHOLE = "how both would be merged is not documented, so each message has its own whole"

DIFFERENCES: Mapping[str, Difference] = {
    "resend_sdk": Difference(
        ours={"*.tags.correlation_id": _NAME},
        differing={"*.to.*": "quotes around a plain name mean nothing; RFC 5322 section 3.2.4"},
    ),
    "resend_anymail": Difference(
        ours={
            "*.reply_to": "one address may be a string or an array",
            "*.tags.correlation_id": _NAME,
            "*.tags.issue": "Resend's tags come back in its webhooks",
        },
        theirs={
            "*.reply_to.*": "one address may be a string or an array",
            "*.headers.X-Tags": "readers would see it",
            "*.headers.X-Metadata.correlation_id": "readers would see it",
        },
    ),
    "sendgrid_sdk": Difference(
        ours={
            "mail_settings.footer.enable": _NOTHING_ADDED,
            "mail_settings.sandbox_mode.enable": "said either way",
            "tracking_settings.ganalytics.enable": _NOTHING_ADDED,
            "personalizations.*.custom_args.batch": _BATCH,
            "personalizations.*.custom_args.correlation_id": _NAME,
            "personalizations.*.substitutions.-*v0-": "the reader's token, had it stood in the text",
        },
    ),
    "sendgrid_anymail": Difference(
        ours={
            "mail_settings.footer.enable": _NOTHING_ADDED,
            "mail_settings.sandbox_mode.enable": "said either way",
            "tracking_settings.click_tracking.enable_text": _NOTHING_ADDED,
            "tracking_settings.ganalytics.enable": _NOTHING_ADDED,
            "tracking_settings.subscription_tracking.enable": "it would replace List-Unsubscribe",
            "personalizations.*.custom_args.batch": _BATCH,
            "personalizations.*.substitutions.-*v0-": "the reader's token, had it stood in the text",
            "personalizations.*.headers.List-Id": _EACH_WHOLE,
            "personalizations.*.headers.List-Unsubscribe-Post": _EACH_WHOLE,
            "reply_to.email": "one address may stand in reply_to",
            "reply_to.name": "one address may stand in reply_to",
        },
        theirs={
            "headers.List-Id": _EACH_WHOLE,
            "headers.List-Unsubscribe-Post": _EACH_WHOLE,
            "personalizations.*.custom_args.anymail_id": "a name of its own",
            "reply_to_list.*.email": "one address may stand in reply_to",
            "reply_to_list.*.name": "one address may stand in reply_to",
        },
    ),
    "mailersend_sdk": Difference(
        ours={"*.list_unsubscribe": "the field that MailerSend has for it", "*.tags.*": _NAME},
        theirs={
            "*.headers.List-Unsubscribe": "list_unsubscribe says it",
            "*.headers.List-Unsubscribe-Post": "list_unsubscribe says it",
        },
    ),
    "mailersend_anymail": Difference(
        ours={
            "*.list_unsubscribe": "the field that MailerSend has for it",
            "*.settings.track_content": _NOTHING_ADDED,
            "*.tags.*": _NAME,
        },
        theirs={"*.headers.List-Unsubscribe-Post": "list_unsubscribe says it"},
    ),
    "mailtrap_sdk": Difference(
        ours={"requests.*.custom_variables.batch": _BATCH, "requests.*.custom_variables.correlation_id": _NAME},
    ),
    "mailtrap_anymail": Difference(
        ours={"requests.*.custom_variables.batch": _BATCH},
        theirs={
            "base.headers.List-Id": "a request's headers replace these whole",
            "base.headers.List-Unsubscribe-Post": "a request's headers replace these whole",
        },
        differing={"proof": "Mailtrap takes the token in either of two header fields"},
    ),
    "sparkpost_sdk": Difference(
        ours={
            "metadata.batch": _BATCH,
            "options.transactional": "said either way",
            "recipients.*.metadata.correlation_id": _NAME,
        },
        differing={"content.headers.List-Unsubscribe": "three braces keep SparkPost from escaping for HTML"},
    ),
    "sparkpost_anymail": Difference(
        ours={
            "metadata.batch": _BATCH,
            "options.transactional": "said either way",
            "content.from.email": "a sender may be an object or a string",
            "content.from.name": "a sender may be an object or a string",
            "recipients.*.address.name": "SparkPost makes To of name and address",
            "recipients.*.substitution_data.v0": _SPELLED,
        },
        theirs={
            "content.from": "a sender may be an object or a string",
            "recipients.*.address.header_to": "SparkPost makes To of name and address",
            "recipients.*.substitution_data.Header__List_Unsubscribe": _SPELLED,
        },
        differing={"content.headers.List-Unsubscribe": _SPELLED},
    ),
    "brevo_anymail": Difference(
        ours={
            "headers.idempotencyKey": "a repetition within half an hour is refused",
            "messageVersions.*.headers.List-Id": _EACH_WHOLE,
            "messageVersions.*.headers.List-Unsubscribe-Post": _EACH_WHOLE,
            "messageVersions.*.headers.X-Mailin-custom": "the name alone, and no JSON",
            "messageVersions.*.htmlContent": "whole, as how Brevo escapes values is not documented",
            "messageVersions.*.textContent": "whole, as how Brevo escapes values is not documented",
            "messageVersions.*.subject": "whole, as how Brevo escapes values is not documented",
            "messageVersions.*.params.brace": "the one sign of its language, as a value",
        },
        theirs={
            "headers.List-Id": _EACH_WHOLE,
            "headers.List-Unsubscribe-Post": _EACH_WHOLE,
            "messageVersions.*.headers.X-Mailin-custom.correlation_id": "the name alone, and no JSON",
        },
    ),
    "mailgun_anymail": Difference(
        ours={
            "o:tracking.*": _NOTHING_ADDED,
            "v:batch.*": _BATCH,
            "recipient-variables.*.*.*c0": "what Mailgun would take for its own language, as a value",
            "recipient-variables.*.*.*id": _SPELLED,
            "recipient-variables.*.*.*v0": _SPELLED,
        },
        theirs={
            "recipient-variables.*.*.h:List-Unsubscribe": _SPELLED,
            "recipient-variables.*.*.v:correlation_id": _SPELLED,
        },
        differing={
            "h:List-Unsubscribe.*": _SPELLED,
            "v:correlation_id.*": _SPELLED,
            "html.*": "what Mailgun would take for its own language is a value",
        },
    ),
    "mailjet_anymail": Difference(
        ours={
            "Messages.*.CustomID": _NAME,
            "Messages.*.TemplateLanguage": "said either way",
            "SandboxMode": "said either way",
        },
        theirs={
            "Messages.*.EventPayload.correlation_id": "CustomID says it, and can be searched for",
            "Messages.*.Headers.List-Id": "Mailjet forbids it: send-0011",
        },
    ),
    "postmark_anymail": Difference(
        ours={"*.MessageStream": "newsletters have a stream of their own", "*.Metadata.batch": _BATCH},
    ),
    "scaleway_anymail": Difference(
        ours={
            "additional_headers.List-Unsubscribe": "it has no way to tell readers apart",
            "additional_headers.X-Correlation-ID": _NAME,
        },
        theirs={"additional_headers.X-Tags": "readers would see it"},
    ),
}


@pytest.fixture(scope="module")
def wires() -> Iterator[Loopback]:
    """Return a service to which all independent clients have sent the message."""
    with open_loopback(lambda _: httpx.Response(202, json={})) as loopback:
        program = Path(__file__).with_name("wire_senders.py")
        subprocess.run([sys.executable, program, loopback.url], check=True, capture_output=True)
        yield loopback


@pytest.mark.parametrize("client", DIFFERENCES)
def test_we_write_what_others_write(wires: Loopback, client: str) -> None:
    """A service reads the same in our request as in that of an independent client, but for what is told here."""
    (theirs,) = (one for one in wires.requests if one.url.path.startswith(f"/{client}/"))
    name = client.partition("_")[0]
    ours = facts_of(request_of(name, f"{wires.url}/{client}"))
    others = facts_of(theirs)
    difference = DIFFERENCES[client]
    assert starred(ours.keys() - others.keys()) == set(difference.ours)
    assert starred(others.keys() - ours.keys()) == set(difference.theirs)
    both = ours.keys() & others.keys()
    assert starred(key for key in both if ours[key] != others[key]) == set(difference.differing)
    assert len(both) > 8


def request_of(name: str, url: str) -> httpx.Request:
    """Return our request, with our names of the messages replaced by those that others are given."""
    registered = Registered.of(name)
    environ = dict.fromkeys(registered.stand_in.environ, KEY)
    provider = registered.provider(environ=environ, options=OPTIONS.get(name, {}), api_url=url)
    token = Slot(name="token").marker
    edition = Edition(
        slug=wire.TAG,
        sender=Address(email=wire.SENDER, name=wire.SENDER_NAME),
        reply_to=Address(email=wire.REPLY, name=wire.REPLY_NAME),
        subject=Pattern.of_text(wire.SUBJECT),
        html=Pattern.of_html(wire.HTML),
        text=Pattern.of_text(wire.TEXT),
        headers={field: Pattern.of_text(value) for field, value in wire.headers(token).items()},
    )
    readers = [
        Subscriber(id=number, email=email, name=name, token=token)
        for number, (name, email, token) in enumerate(wire.READERS, 1)
    ]
    some = Readers.of(readers[: provider.limits.messages])
    batch = Batch(edition=edition, number=1, key="key-1", readers=some, at=NOW)
    request = read(provider.build_request(batch))
    content = request.content
    for ours, (_, _, theirs) in zip(batch.correlation_ids, wire.READERS, strict=False):
        content = content.replace(ours.encode(), theirs.encode())
    headers = [field for field in request.headers.raw if field[0].lower() != b"content-length"]
    return httpx.Request(request.method, request.url, headers=headers, content=content)


def facts_of(request: httpx.Request) -> dict[str, object]:
    """Return what a request says, by the names of its fields."""
    path = "/".join(request.url.path.strip("/").split("/")[1:])
    proof = [request.headers[name] for name in PROVING if name in request.headers]
    return {"method": request.method, "path": path, "proof": proof, **dict(leaves("", body_of(request)))}


def body_of(request: httpx.Request) -> object:
    """Return what a body says: JSON, or a form."""
    kind = request.headers["Content-Type"]
    if kind.startswith("application/json"):
        return with_globals(json.loads(request.content))
    if kind.startswith("multipart/form-data"):
        parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.content).walk()
        pairs = [
            (str(part.get_param("name", header="Content-Disposition")), part.get_payload(decode=True))
            for part in parts
            if not part.is_multipart()
        ]
        return form([(name, value.decode()) for name, value in pairs if isinstance(value, bytes)])
    return form(parse_qsl(request.content.decode(), keep_blank_values=True))


def with_globals(body: Any) -> object:
    """Return what Mailjet reads: it gives each message what stands in ``Globals`` (its guide, "Use Globals")."""
    if "Globals" not in body:
        return body
    shared = body["Globals"]
    headers = [{**shared["Headers"], **message["Headers"]} for message in body["Messages"]]
    messages = [{**shared, **message, "Headers": own} for message, own in zip(body["Messages"], headers, strict=True)]
    return {"Messages": messages}


def form(pairs: list[tuple[str, str]]) -> dict[str, object]:
    """Return a form's fields; those that come several times as an array."""
    return {name: [value for key, value in pairs if key == name] for name, _ in pairs}


def leaves(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Return all that JSON says, by its path; pairs of names and values, and JSON inside of strings, too."""
    if isinstance(value, str) and value.startswith("{") and value.endswith("}") and '"' in value:
        value = json.loads(value)
    if isinstance(value, list) and value and all(map(pair_of, value)):
        value = dict(pair_of(one) or ("", "") for one in value)
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(f"{name}.{key}".strip("."), one)
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from leaves(f"{name}.{place}".strip("."), one)
    else:
        yield name, value


def pair_of(value: object) -> tuple[str, object] | None:
    """Return the name and the value of what has these two alone."""
    known = {key.lower(): one for key, one in value.items()} if isinstance(value, dict) else {}
    if known.keys() in ({"name", "value"}, {"key", "value"}):
        return str(known.get("name", known.get("key"))), known["value"]
    return None


def starred(names: object) -> set[str]:
    """Return names without places in arrays, readers' addresses, and what nobody can guess of a variable's name."""
    assert hasattr(names, "__iter__")
    return {re.sub(r"(?<![^.])(\d+|[a-z]+@example\.org)(?![^.])|d[0-9a-f]{8}(?=[a-z])", "*", name) for name in names}


def test_every_client_is_compared() -> None:
    """No client is left out, and whoever adds one has to tell where we part."""
    assert set(DIFFERENCES) == set(senders())
