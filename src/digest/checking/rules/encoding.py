"""Rules about the bytes of a message."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from digest.checking.addresses import same_site
from digest.checking.characters import BREAKING, REPLACEMENT, misread
from digest.checking.header import named, read_header
from digest.checking.rule import Remark, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from email.message import EmailMessage

    from lxml.html import HtmlElement

    from digest.checking.proof import Proof

_LONGEST_LINE = 998
_LONGEST_ENCODED = 76
_SOON = timedelta(minutes=10)
_SHOWN = 60


@rule(Severity.ERROR)
def line_length(proof: Proof) -> Iterator[Remark]:
    """
    No line of the message is longer than mail servers take.

    A line may have 998 bytes (RFC 5322 section 2.1.1), one of quoted-printable 76 (RFC 2045 section 6.7), and one of a
    header with encoded words 76 (RFC 2047 section 2). HTML that MJML makes has lines of up to 30 KB, so nothing but an
    encoding will do: a server that keeps to the rule refuses the rest (aiosmtpd: 500 "Line too long", measured
    2026-11).
    """
    longest = max(map(len, proof.raw.replace(b"\r\n", b"\n").split(b"\n")))
    if longest > _LONGEST_LINE:
        yield Remark(
            sentence=f"a line of the message has {longest:,} bytes, and servers take {_LONGEST_LINE}",
            fix="Encode the parts as quoted-printable or base64.",
        )
    for field in read_header(proof.raw):
        if any("=?" in line and len(line) > _LONGEST_ENCODED for line in field.lines):
            yield Remark(
                sentence=f"the header field {field.name} has a line of encoded words with more than 76 characters",
                fix="Fold it between two encoded words.",
            )
    for part in proof.mime.walk():
        if _is_overlong(part):
            kind = part.get_content_type()
            yield Remark(
                sentence=f"a line of quoted-printable in the {kind} part has more than 76 characters",
                fix="Break them by a = at the end of the line.",
            )


def _is_overlong(part: EmailMessage) -> bool:
    if part.is_multipart() or str(part.get("Content-Transfer-Encoding", "")).lower() != "quoted-printable":
        return False
    return any(len(line) > _LONGEST_ENCODED for line in str(part.get_payload()).splitlines())


@rule(Severity.ERROR)
def charset_and_order(proof: Proof) -> Iterator[Remark]:
    """
    The parts are UTF-8, the plain one first, and every character is the one that was meant.

    Mail programs show the last part that they understand (RFC 2046 section 5.1.4). A character that was decoded with
    the wrong charset, or could not be decoded at all, is what readers notice first; and control characters between
    U+0080 and U+009F, or a charset other than UTF-8, make Gmail cut off mail that is far from its limit
    ([email-bugs 41](https://github.com/hteumeuleu/email-bugs/issues/41), read 2026-11).
    """
    yield from _faults_of_parts(proof.mime)
    said: set[str] = set()
    for element, text in _texts(proof):
        for sentence, fix, needle in _faults_of_text(text):
            if sentence not in said:
                said.add(sentence)
                yield Remark(sentence=sentence, fix=fix, element=element, needle=needle)


def _faults_of_parts(message: EmailMessage) -> Iterator[Remark]:
    texts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    kinds = [part.get_content_subtype() for part in texts]
    if "plain" in kinds and "html" in kinds and kinds.index("html") < kinds.index("plain"):
        yield Remark(
            sentence="the HTML part stands before the plain text, so mail programs show the plain text",
            fix="Put the plain text first.",
        )
    for part in texts:
        charset = (part.get_content_charset() or "us-ascii").lower()
        if charset not in {"utf-8", "us-ascii"}:
            yield Remark(sentence=f"the {part.get_content_type()} part is {charset}", fix="Send it as UTF-8.")


def _texts(proof: Proof) -> Iterator[tuple[HtmlElement | None, str]]:
    """Yield what the issue shows, with the element that it stands in; code and readers may have any character."""
    theirs = [value for value in proof.message.reader.values.values() if not value.isascii()]
    yield None, _without(theirs, proof.message.subject)
    for element, text in proof.page.runs():
        if element not in proof.page.code:
            yield element, _without(theirs, text)


def _without(values: Sequence[str], text: str) -> str:
    for value in values:
        text = text.replace(value, " ")
    return text


_NAMED = re.compile(r"&(?:amp;)?(?:nbsp|amp|quot|lt|gt|mdash|ndash|hellip|rsquo|lsquo|ldquo|rdquo|#\d{2,5});")


def _faults_of_text(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield sentence, fix, and what stands there."""
    if text.isascii() and "&" not in text and text.isprintable():
        return
    for wrong, meant in misread(text):
        word = next(word for word in text.split() if wrong.strip() in word)[:_SHOWN]
        yield (
            f'the text has "{word}", which was decoded with the wrong charset',
            f'Write "{meant}" for "{wrong}".',
            word,
        )
    if REPLACEMENT in text:
        before = text.partition(REPLACEMENT)[0].split()[-1:] or ["nothing"]
        shown = f'"{before[0]}"'
        yield f"a character after {shown} was lost when it was decoded (U+FFFD)", "Write it anew.", REPLACEMENT
    for match in BREAKING.finditer(text):
        if match[0] not in "\t\n\r":
            yield f"the text has an invisible character (U+{ord(match[0]):04X})", "Delete it.", match[0]
    for match in _NAMED.finditer(text):
        yield f'readers see "{match[0]}" as it stands', "Write the character itself.", match[0]


@rule(Severity.ERROR)
def date_and_message_id(proof: Proof) -> Iterator[Remark]:
    """
    The message tells when it is sent, and has a Message-ID of the sender's own domain.

    SpamAssassin gives 2.4 points to a Date some hours old and up to 3.4 to one ahead (measured 2026-11: 2.4 at five
    hours), 2.7 to none; a missing Message-ID costs 0.6 there and 2.5 in rspamd, and Gmail asks for a valid one. The day
    on which an issue appeared belongs in its text.
    """
    fields = read_header(proof.raw)
    dates = [field.value for field in named(fields, "Date")]
    yield from _faults_of_date(dates[0] if dates else "", proof.message.at)
    ids = [field.value for field in named(fields, "Message-ID")]
    match = _MESSAGE_ID.fullmatch(ids[0]) if ids else None
    if match is None:
        yield Remark(
            sentence="the message has no Message-ID" if not ids else "the Message-ID does not look like <name@domain>",
            fix="Leave the field to digest.",
        )
    elif not same_site(match[1], proof.edition.sender.domain):
        yield Remark(
            sentence=f"the Message-ID is of {match[1]}, and the sender of {proof.edition.sender.domain}",
            fix="Leave the field to digest.",
        )


_MESSAGE_ID = re.compile(r"<[^\s<>@]+@([^\s<>@]+)>")


def _faults_of_date(value: str, now: datetime) -> Iterator[Remark]:
    fix = "Leave the field to digest, which tells the moment of sending."
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        sentence = "the header field Date is no date" if value else "the message has no Date"
        yield Remark(sentence=sentence, fix=fix)
        return
    apart = abs(now - (at if at.tzinfo else at.replace(tzinfo=UTC)))  # "-0000" is UTC from an unknown zone
    if apart > _SOON:
        yield Remark(sentence=f"its Date, {at:%Y-%m-%d %H:%M}, is {_told(apart)} from now", fix=fix)


def _told(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return (
        f"{span.days:,} days" if span.days > 1 else f"{hours:.0f} hours" if hours > 1 else f"{hours * 60:.0f} minutes"
    )
