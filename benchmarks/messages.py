"""Writing messages: how many times as fast as the standard library, and how near to joining bytes by hand."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from itertools import zip_longest
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from mailmerge.template_message import TemplateMessage

from digest.model import Address, Edition, Message, Pattern, Slot, Subscriber
from digest.wire.mime import MimeWriter, Stencil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FIELDS = ("first_name", "city", "company", "plan", "since", "token", "email")
HTML_SIZE = 57_300
ROUNDS = 9
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


def edition() -> Edition:
    """Return an edition of a usual size: nine slots of seven fields."""
    row = '<tr><td style="padding:0 24px;font-size:16px;line-height:24px">Staff engineers who – grow: {}</td></tr>\n'
    gap = row * (HTML_SIZE // 10 // len(row))
    names = (*FIELDS, "first_name", "token")
    marked = "".join(f'{gap}<p title="{Slot(name=name, fallback="you").marker}">Hello</p>' for name in names) + gap
    token = Slot(name="token").marker
    return Edition(
        slug="past-the-plateau",
        sender=Address(email="editor@example.org", name="Past the Plateau"),
        reply_to=Address(email="reply@example.org"),
        subject=Pattern.of_text(f"{Slot(name='first_name', fallback='Reader').marker}, past the senior plateau"),
        html=Pattern.of_html(f"<!doctype html><html><body><table>{marked}</table></body></html>"),
        text=Pattern.of_text(f"Hello {Slot(name='first_name').marker},\n\n" + "Influence grows slowly. \n" * 400),
        headers={
            "List-Id": Pattern.of_text("Past the Plateau <plateau.example.org>"),
            "List-Unsubscribe": Pattern.of_text(f"<https://example.org/unsubscribe/{token}>"),
            "List-Unsubscribe-Post": Pattern.of_text("List-Unsubscribe=One-Click"),
        },
    )


def readers(count: int) -> Iterator[Subscriber]:
    """Return readers of whom every second has a name beyond ASCII."""
    for number in range(count):
        name = "李 Ming" if number % 2 else "Ada O'Neil"
        fields = {"first_name": name, "city": "Zürich <3", "company": "A & B", "plan": "free", "since": str(number)}
        yield Subscriber(
            id=number, email=f"reader{number}@example.org", name=name, fields=fields, token=f"{number:040}"
        )


def write_by_standard_library(message: Message) -> bytes:
    """Return the message as `email.message` writes it."""
    mail = EmailMessage(policy=SMTP)
    mail["Date"] = message.at
    mail["From"] = str(message.edition.sender)
    mail["To"] = str(message.to)
    mail["Subject"] = message.subject
    mail["Message-ID"] = message.message_id
    for name, value in message.headers.items():
        mail[name] = value
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def fill_by_hand(pattern: Pattern) -> Callable[[dict[str, str]], bytes]:
    """Return the fill that one would write by hand for this very pattern."""
    a, b, c, d, e, f, g, h, i, j = (text.encode() for text in pattern.texts)
    first, second, third, fourth, fifth, sixth, seventh = FIELDS
    escape, join = html.escape, b"".join

    def fill(values: dict[str, str]) -> bytes:
        name, token = escape(values[first]).encode(), escape(values[sixth]).encode()
        city, company = escape(values[second]).encode(), escape(values[third]).encode()
        plan, since = escape(values[fourth]).encode(), escape(values[fifth]).encode()
        email = escape(values[seventh]).encode()
        return join((a, name, b, city, c, company, d, plan, e, since, f, token, g, email, h, name, i, token, j))

    return fill


def render_by_mailmerge(pattern: Pattern, folder: Path) -> Callable[[dict[str, str]], bytes]:
    """Return mailmerge's own way, from the same HTML as a Jinja template."""
    template = folder / "template.txt"
    head = "TO: {{ email }}\nFROM: editor@example.org\nSUBJECT: Past the plateau\nContent-Type: text/html\n\n"
    slots = [f"{{{{ {slot.name} }}}}" for slot in pattern.slots]
    body = "".join(part for pair in zip_longest(pattern.texts, slots, fillvalue="") for part in pair)
    template.write_text(head + body, encoding="utf-8")
    renderer = TemplateMessage(template)
    return lambda values: bytes(renderer.render(values)[2])


def measure() -> list[tuple[str, float, str]]:
    """Return rows of name, measured ratio and the bar for it."""
    made = edition()
    writer, stencil, by_hand = MimeWriter.of(made), Stencil.of(made.html), fill_by_hand(made.html)
    messages = [Message(edition=made, reader=reader, at=AT) for reader in readers(1000)]
    values = [message.reader.values for message in messages]
    slow, fast = _interleaved((write_by_standard_library, messages[:20]), (writer.write, messages))
    own, hand = _interleaved((stencil.fill, values), (by_hand, values))
    with TemporaryDirectory() as folder:
        peer, _ = _interleaved((render_by_mailmerge(made.html, Path(folder)), values[:20]), (stencil.fill, values))
    return [
        ("whole MIME messages: times as fast as EmailMessage.as_bytes()", slow / fast, "at least 50 x"),
        ("filling HTML: time beside joining by hand", own / hand, "at most 1.5 x"),
        ("filling HTML: times as fast as mailmerge's renderer", peer / own, "at least 100 x"),
    ]


def _interleaved(*runs: tuple[Callable[..., bytes], Sequence[object]]) -> list[float]:
    """Return the median seconds a call of each, taking turns so that a busy machine troubles all alike."""
    rounds = [[_seconds(call, arguments) for call, arguments in runs] for _ in range(ROUNDS)]
    return [median(column) for column in zip(*rounds, strict=True)]


def _seconds(call: Callable[..., bytes], arguments: Sequence[object]) -> float:
    start = perf_counter()
    for argument in arguments:
        call(argument)
    return (perf_counter() - start) / len(arguments)


if __name__ == "__main__":
    for row, ratio, bar in measure():
        print(f"{row:70} {ratio:8.2f}   {bar}")
