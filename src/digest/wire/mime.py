"""
Whole MIME messages, written some hundred times as fast as by `email.message`, and without its faults.

What is the same for everyone is encoded once for an edition. In quoted-printable, a soft line break may
stand anywhere and vanishes when the text is read; with one at each side of a reader's value, every piece
starts at the beginning of a line, so pieces that were encoded apart can be joined as they are.
"""

from __future__ import annotations

import re
from base64 import encodebytes
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Self

from digest.errors import ContentError
from digest.wire.header_fields import address_field, further_field, parameter, subject_field, wire_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from digest.model import Edition, InlineImage, Message, Pattern

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_OWN_FIELDS = frozenset(
    {"bcc", "cc", "date", "from", "message-id", "mime-version", "reply-to", "sender", "subject", "to"}
    | {"content-transfer-encoding", "content-type"}
)

# RFC 2045 6.7 allows lines of 76. Two are kept for `_LEADING`, one for the "=" of a soft line break.
_CHUNK = re.compile(rb".{1,73}(?<!=)(?<!=.)", re.DOTALL)
_SOFT_BREAK = b"=\r\n"
_LITERAL = frozenset(b"\t" + bytes(range(0x20, 0x7F))) - {ord("=")}
_OCTETS = [bytes([octet]) if octet in _LITERAL else b"=%02X" % octet for octet in range(256)]
# SMTP gives a meaning to a dot that begins a line, and mailbox files to "From ".
_LEADING = re.compile(rb"^(?:\.|From )", re.MULTILINE)
_ONE_LINE = re.compile(r"(?!\.|From )[ -<>-~]{0,72}[!-<>-~]")


def quoted_printable(text: str) -> bytes:
    """Return `text` in UTF-8 and quoted-printable; no line begins with a dot or is too long for a soft line break."""
    if _ONE_LINE.fullmatch(text):
        return text.encode()
    lines = text.replace("\r\n", "\n").split("\n")
    return _LEADING.sub(_escape_first, b"\r\n".join(map(_quoted_line, lines)))


def _quoted_line(line: str) -> bytes:
    octets = b"".join([_OCTETS[octet] for octet in line.encode()])
    if octets.endswith((b" ", b"\t")):
        octets = octets[:-1] + b"=%02X" % octets[-1]
    return _SOFT_BREAK.join(_CHUNK.findall(octets))


def _escape_first(match: re.Match[bytes]) -> bytes:
    return b"=%02X" % match[0][0] + match[0][1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stencil:
    """A pattern whose texts are bytes already; each field is escaped and encoded once a reader."""

    constants: tuple[bytes, ...]
    encode: Callable[[str], bytes]
    fillings: tuple[tuple[str, str, Callable[[str], str]], ...]
    """Each distinct slot's name, its fallback, and what escapes its value."""
    arrange: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
    """Picks constants and fillings in the order in which they stand."""

    @classmethod
    def of(cls, pattern: Pattern, encode: Callable[[str], bytes] = str.encode, joint: bytes = b"") -> Self:
        """Encode the texts of `pattern`, and put `joint` at each side of a value."""
        last = len(pattern.slots)
        constants = [
            (joint if number else b"") + encode(text) + (joint if number < last else b"")
            for number, text in enumerate(pattern.texts)
        ]
        slots = list(dict.fromkeys(pattern.slots))
        order = [0]
        for number, slot in enumerate(pattern.slots, start=1):
            order += (len(constants) + slots.index(slot), number)
        return cls(
            constants=tuple(constants),
            encode=encode,
            fillings=tuple((slot.name, slot.fallback or "", slot.context.escape) for slot in slots),
            arrange=itemgetter(*order) if slots else tuple,
        )

    def pieces(self, values: Mapping[str, str]) -> tuple[bytes, ...]:
        """Return what `fill` joins, for those who join more or only count."""
        encode = self.encode
        # `Slot.value`, spelled out: a call of it for each field would take a tenth of the time.
        filled = [encode(escape(values.get(name) or fallback)) for name, fallback, escape in self.fillings]
        return self.arrange((*self.constants, *filled))

    def fill(self, values: Mapping[str, str]) -> bytes:
        """Return the bytes as the reader with these `values` gets them."""
        return b"".join(self.pieces(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class MimeWriter:
    """Writes the messages of one edition: plain text, HTML and the images that travel with it."""

    before_to: bytes
    subject: Callable[[Mapping[str, str]], bytes]
    after_id: bytes
    """The rest of the Message-ID's line: the sender's domain, as it is spelled on the wire."""
    further: tuple[Callable[[Mapping[str, str]], bytes], ...]
    before_text: bytes
    text: Stencil
    before_html: bytes
    html: Stencil
    after_html: bytes

    @classmethod
    def of(cls, edition: Edition) -> MimeWriter:
        """
        Return the writer for `edition`; asked for the same edition again, it is at hand.

        Raises:
            ContentError: something in the edition cannot stand in a message, and what.
        """
        return _writer(edition)

    def write(self, message: Message) -> bytes:
        """
        Return `message`, which is one of the writer's edition, with CRLF line ends.

        Raises:
            ContentError: a header field cannot hold this reader's values, and why; the address is not told.
        """
        return b"".join(self.pieces(message))

    def pieces(self, message: Message) -> tuple[bytes, ...]:
        """Return what `write` joins. Most pieces are shared by all messages, so keeping them costs little."""
        values = message.reader.values
        return (
            *self._fields(message, values),
            self.before_text,
            *self.text.pieces(values),
            self.before_html,
            *self.html.pieces(values),
            self.after_html,
        )

    def _fields(self, message: Message, values: Mapping[str, str]) -> tuple[bytes, ...]:
        try:
            return (
                self.before_to,
                b"Date: %b\r\n" % _date(message.at),
                address_field("To", message.to),
                self.subject(values),
                b"Message-ID: %b" % message.message_id.rpartition("@")[0].encode(),
                self.after_id,
                *[write(values) for write in self.further],
            )
        except ContentError as error:
            msg = f"{error.sentence} (subscriber {message.reader.id})"
            raise ContentError(msg, hint=error.hint) from error


@lru_cache(maxsize=16)
def _date(at: datetime) -> bytes:
    # In UTC, since moments that are equal in different zones share a place in the cache. Written by hand, since
    # strftime speaks the language of the machine, and email.utils loads the network's modules.
    utc = at.astimezone(UTC)
    return f"{_DAYS[utc.weekday()]}, {utc:%d} {_MONTHS[utc.month - 1]} {utc:%Y %H:%M:%S} +0000".encode()


@lru_cache(maxsize=4)
def _writer(edition: Edition) -> MimeWriter:
    _refuse_own_fields(edition)
    before_text, before_html, after_html = _frame(edition.fingerprint, edition.images)
    sender = address_field("From", edition.sender)
    return MimeWriter(
        before_to=sender + (address_field("Reply-To", edition.reply_to) if edition.reply_to else b""),
        subject=_field_writer("Subject", edition.subject, subject_field),
        after_id=f"@{wire_domain(edition.sender.domain, 'From')}>\r\n".encode(),
        further=tuple(_field_writer(name, pattern, further_field) for name, pattern in edition.headers.items()),
        before_text=before_text,
        text=Stencil.of(edition.text, quoted_printable, _SOFT_BREAK),
        before_html=before_html,
        html=Stencil.of(edition.html, quoted_printable, _SOFT_BREAK),
        after_html=after_html,
    )


def _refuse_own_fields(edition: Edition) -> None:
    for name in edition.headers:
        if name.lower() in _OWN_FIELDS:
            msg = f"the header field {name} cannot be set, as every message has its own"
            raise ContentError(msg, hint="Remove it from the further header fields.")


def _field_writer(
    name: str, pattern: Pattern, write: Callable[[str, str], bytes]
) -> Callable[[Mapping[str, str]], bytes]:
    """Return what writes a field for a reader; one that is the same for all is written now."""
    if pattern.slots:
        return lambda values: write(name, pattern.fill(values))
    line = write(name, pattern.texts[0])
    return lambda _: line


def _frame(fingerprint: str, images: tuple[InlineImage, ...]) -> tuple[bytes, bytes, bytes]:
    """
    Return what stands before the text, between text and HTML, and after the HTML.

    The boundaries begin with "=_", which occurs neither in quoted-printable nor in base64 (RFC 2045 6.7).
    """
    outer, inner = f"=_alternative_{fingerprint[:32]}", f"=_related_{fingerprint[:32]}"
    before_text = f"MIME-Version: 1.0\r\n{_multipart('alternative', outer)}{_part('plain', outer)}"
    end = f"\r\n--{outer}--\r\n".encode()
    if not images:
        return before_text.encode(), f"\r\n{_part('html', outer)}".encode(), end
    related = _multipart('related; type="text/html"', inner)
    before_html = f"\r\n--{outer}\r\n{related}{_part('html', inner)}"
    attached = b"".join(f"\r\n--{inner}\r\n".encode() + _image(image) for image in images)
    return before_text.encode(), before_html.encode(), attached + f"--{inner}--\r\n".encode() + end


def _multipart(kind: str, boundary: str) -> str:
    return f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'


def _part(kind: str, boundary: str) -> str:
    return (
        f'--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )


def _image(image: InlineImage) -> bytes:
    lines = (
        further_field("Content-Type", image.media_type),
        b"Content-Transfer-Encoding: base64\r\n",
        further_field("Content-ID", f"<{image.cid}>"),
        f"Content-Disposition: inline;\r\n {parameter('filename', image.filename)}\r\n\r\n".encode(),
        encodebytes(image.content).replace(b"\n", b"\r\n"),
    )
    return b"".join(lines)
