"""A mail server, by RFC 5321: what it finds in a conversation, read with the standard library's parser."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import TYPE_CHECKING

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from stand_ins import Answer, Arrived, StandIn

from digest.errors import ProviderError
from digest.model import State
from digest.wire.answers import UnclearError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

_NO_FURTHER_FIELDS = frozenset(
    {"from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"}
)
_FOLD = re.compile(r"\r?\n(?=[ \t])")


def private_key(bits: int = 2048) -> str:
    """Return a new RSA key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def envelopes(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Read a conversation as a server does, line by line: return path, recipient and content of each message."""
    lines = iter(body.split(b"\r\n"))
    return_path = recipient = ""
    for line in lines:
        verb = line[:4].upper()
        if verb == b"MAIL":
            return_path = line[len("MAIL FROM:<") : -1].decode("ascii")
        elif verb == b"RCPT":
            recipient = line[len("RCPT TO:<") : -1].decode("ascii")
        elif verb == b"DATA":
            content = [text.removeprefix(b".") for text in iter(lambda: next(lines), b".")]
            yield return_path, recipient, b"\r\n".join([*content, b""])
        elif verb == b"QUIT":
            return
        else:
            assert verb == b"EHLO", line
    message = "the conversation ends without QUIT"
    raise AssertionError(message)


def read_message(recipient: str, content: bytes) -> Arrived:
    """Return a message as a mail program shows it."""
    parsed = message_from_bytes(content)
    name, address = parseaddr(_FOLD.sub("", parsed["To"]))
    assert address == recipient
    parts = {part.get_content_type(): _text(part) for part in parsed.walk() if part.get_content_maintype() == "text"}
    fields = {name: _FOLD.sub("", value) for name, value in parsed.items()}
    return Arrived(
        email=recipient,
        name=_decoded(name),
        subject=_decoded(_FOLD.sub("", parsed["Subject"])),
        html=parts["text/html"],
        text=parts["text/plain"],
        headers={name: value for name, value in fields.items() if name.lower() not in _NO_FURTHER_FIELDS},
    )


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value)))


def deliver(request: httpx.Request) -> list[Arrived]:
    """Put each message into its mailbox."""
    return [read_message(recipient, content) for _, recipient, content in envelopes(request.content)]


def accept(request: httpx.Request) -> httpx.Response:
    """Take each message, as Postfix does."""
    count = sum(1 for _ in envelopes(request.content))
    return lines(*[f"250 2.0.0 Ok: queued as 4F1C{number:X}" for number in range(count)])


def lines(*replies: str) -> httpx.Response:
    """Answer with a line for each message."""
    return httpx.Response(200, text="\n".join(replies))


def answer(*replies: str, outcome: list[State] | type[ProviderError], words: str = "") -> Answer:
    """Return an answer of these lines."""
    return Answer(response=lambda _: lines(*replies), outcome=outcome, words=words)


def turned_away(sentence: str) -> Answer:
    """Return the answer of a server that lets nobody in."""
    response = httpx.Response(403, text=f"mail.example.org {sentence}\nMend it.")
    return Answer(response=lambda _: response, outcome=ProviderError, words=sentence)


TAKEN = ["250 2.0.0 Ok: queued as 4F1C0", "250 OK id=1tF2ab-0003x1-2A", "250 2.0.0 taken"]
SENT, QUEUED, REFUSED, IN_DOUBT = State.SENT, State.QUEUED, State.REFUSED, State.IN_DOUBT
_NOT_HTTP = "SMTP has no such answer: every failure is a line for a message, or the server takes nothing at all"

STAND_IN = StandIn(
    options={"host": "mail.example.org"},
    environ={"SMTP_PASSWORD": "a password of a test", "DKIM_PRIVATE_KEY": private_key()},
    deliver=deliver,
    accept=accept,
    canonical_lines=True,
    answers={
        "all accepted": answer(*TAKEN, outcome=[SENT, SENT, SENT]),
        "one refused": answer(
            TAKEN[0], "550 5.1.1 no such user", TAKEN[2], outcome=[SENT, REFUSED, SENT], words="550 5.1.1 no such user"
        ),
        "whole refused": answer(
            *["554 5.7.1 <editor@example.org>: Sender address rejected"] * 3,
            outcome=ProviderError,
            words="Sender address rejected",
        ),
        "key refused": turned_away("refused the user name or password: 535 5.7.8 not these"),
        "sender not verified": turned_away("refuses the sender: 550 5.7.1 not yours"),
        "too large": turned_away("takes no more than 10,240 bytes"),
        "too fast": answer(
            *["450 4.7.1 Error: too much mail"] * 3, outcome=[QUEUED, QUEUED, QUEUED], words="too much mail"
        ),
        "too fast, with seconds": "no answer of SMTP says when to come back",
        "too fast, with a date": "no answer of SMTP says when to come back",
        "quota used up": answer(
            *["550 5.4.5 Daily user sending limit exceeded."] * 3, outcome=ProviderError, words="Daily user sending"
        ),
        "server error": _NOT_HTTP,
        "gateway page": _NOT_HTTP,
        "empty": answer("", outcome=UnclearError),
        "cut short": answer(TAKEN[0], "25", outcome=UnclearError),
        "fewer ids": answer(*TAKEN[:2], outcome=UnclearError),
        "redirect": _NOT_HTTP,
        "greylisted": answer(
            TAKEN[0], TAKEN[1], "451 4.7.1 come back later", outcome=[SENT, SENT, QUEUED], words="come back later"
        ),
        "everyone unknown": answer(*["550 5.1.1 no such user"] * 3, outcome=[REFUSED, REFUSED, REFUSED]),
        "answer lost": answer(
            TAKEN[0], "000 no answer came", TAKEN[2], outcome=[SENT, IN_DOUBT, SENT], words="no answer came"
        ),
    },
)
