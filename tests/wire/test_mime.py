"""Messages on the wire: read back as they were meant, within every limit of the RFCs, closed to injection."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import ContentError
from digest.model import Address, Context, Edition, InlineImage, Message, Pattern, Slot, Subscriber
from digest.wire.mime import MimeWriter, Stencil, quoted_printable

NAME = Slot(name="name").marker
TOKEN = Slot(name="token").marker
EDITION = Edition(
    slug="first-snow",
    sender=Address(email="editor@example.org", name="Past the Plateau"),
    reply_to=Address(email="reply@example.org", name="Élan, the editor"),
    subject=Pattern.of_text(f"Dear {NAME}, the first snow"),
    html=Pattern.of_html(f'<p title="{NAME}">Hello {NAME}</p><a href="https://example.org/?n={NAME}">{NAME}</a>'),
    text=Pattern.of_text(f"{NAME}\nHello {NAME}, https://example.org/?n={NAME} {NAME}"),
    headers={
        "List-Id": Pattern.of_text("Past the Plateau <plateau.example.org>"),
        "List-Unsubscribe": Pattern.of_text(
            f"<https://example.org/u/{TOKEN}>, <mailto:leave@example.org?subject={TOKEN}>"
        ),
        "List-Unsubscribe-Post": Pattern.of_text("List-Unsubscribe=One-Click"),
    },
)
READER = Subscriber(id=7, email="ada@example.org", name="Ada", token="t" * 200)
AT = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)
HOSTILE_NAMES = [
    "Ada Lovelace",
    'Ada "the Countess" Lovelace',
    "Smith, John <ceo@example.test>; x",
    "A & B <script>alert(1)</script>",
    "back\\slash\\",
    "John Q. Public",
    "(comment) [x] : @",
    "李小龍",
    "Zoë 🏔️👩‍🚀 Müller",
    "שלום עולם",
    "\u202eevil\u202c",
    "=?utf-8?q?x?=",
    ".dot",
    "From here",
    "100% =20 {{ x }} $5",
    "  both sides  ",
    "N" * 200,
    "word " * 39 + "word",
    "李" * 200,
    "é" * 200,
    "🏔" * 200,
    "\\" * 200,
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=400)
ONE_LINERS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=120)


def message(edition: Edition = EDITION, **reader: Any) -> Message:
    """Return a message for a reader who differs from the usual one as told."""
    return Message(edition=edition, reader=replace(READER, **reader), at=AT)


def write(told: Message) -> bytes:
    """Return the message's bytes, having seen that they keep the limits of RFC 5322, 2045 and 2047."""
    written = MimeWriter.of(told.edition).write(told)
    assert written.count(b"\n") == written.count(b"\r") == written.count(b"\r\n")
    head, _, body = written.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert all(len(line) <= 76 for line in field_lines(head))
    assert all(len(line) <= 76 and not line.startswith((b".", b"From ")) for line in body.split(b"\r\n"))
    return written


def field_lines(head: bytes) -> list[bytes]:
    """Return the lines of a header that may be folded: all but the addresses of a list field."""
    return [line for line in head.split(b"\r\n") if not line.startswith((b"List-", b" <mailto:"))]


def read(written: bytes) -> EmailMessage:
    """Read a message as any program with the standard library does."""
    parsed = message_from_bytes(written, policy=default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def content(parsed: EmailMessage, kind: str) -> str:
    """Return the part of a kind, with the line ends of Python."""
    part = parsed.get_body((kind,))
    assert part is not None
    assert part.get_content_charset() == "utf-8"
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def field(written: bytes, name: str) -> str:
    """Return a field's value, unfolded and otherwise as it is on the wire."""
    head = written.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ")
    (value,) = re.findall(rf"^{name}: (.*)\r$", f"{head}\r", re.MULTILINE)
    return str(value)


def shown_name(written: bytes) -> str:
    """Return the reader's name by RFC 2047, as mail programs show it."""
    phrase = field(written, "To").rpartition("<")[0].strip(" ")
    if phrase.startswith('"'):
        return re.sub(r"\\(.)", r"\1", phrase[1:-1])
    return str(make_header(decode_header(phrase)))


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_read_back_equal(name: str) -> None:
    """Whatever a reader is called, To, Subject, text and HTML say exactly that, and to nobody else."""
    told = message(name=name)
    written = write(told)
    parsed = read(written)
    (to,) = parsed["to"].addresses
    assert to.addr_spec == "ada@example.org"
    assert shown_name(written) == name
    # Python 3.11 puts a space between encoded words of a name, and makes one of several (bpo-35547).
    assert to.display_name.replace(" ", "") == name.replace(" ", "")
    assert parsed["subject"] == told.subject
    assert content(parsed, "plain") == told.text
    assert content(parsed, "html") == told.html


@given(text=TEXTS, name=ONE_LINERS)
@settings(max_examples=60)
def test_any_text_survives_in_any_place(text: str, name: str) -> None:
    """Texts of an edition and values of readers come back unharmed from subject, text and HTML."""
    edition = replace(
        EDITION,
        subject=Pattern(texts=(name, ""), slots=(Slot(name="name"),)),
        text=Pattern(texts=(text, text), slots=(Slot(name="city"),)),
        html=Pattern(texts=(text, text), slots=(Slot(name="city", context=Context.HTML),)),
    )
    told = message(edition, name=name, fields={"city": text})
    parsed = read(write(told))
    assert parsed["subject"] == told.subject
    assert content(parsed, "plain") == told.text.replace("\r\n", "\n")
    assert content(parsed, "html") == told.html.replace("\r\n", "\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 5000,
        "é" * 999,
        "=" * 500,
        "." * 500,
        "\n.\n..\n.hidden\n",
        "From me\nFrom you\n>From",
        "trailing space \ntab\t\n \n\t",
        "--=_alternative_",
        "a\tb = c; 100 % of $5",
        "\x00\x07\x85\u2028",
        "w" * 73 + ".",
        "w" * 72 + " From here",
        ("From " * 14 + ".") * 30,
    ],
)
def test_hostile_bodies_are_read_back_equal(text: str) -> None:
    """Long lines, lone dots, "From ", spaces at line ends and equals signs survive within 76 columns."""
    html = Pattern(texts=(text, text), slots=(Slot(name="name", context=Context.HTML),))
    told = message(replace(EDITION, text=replace(html, slots=(Slot(name="name"),)), html=html), name="." + "=" * 90)
    parsed = read(write(told))
    assert content(parsed, "plain") == told.text
    assert content(parsed, "html") == told.html


def test_line_ends_of_windows_are_line_ends() -> None:
    """CRLF in a text is one line break on the wire, as LF is."""
    assert quoted_printable("a\r\nb\nc") == b"a\r\nb\r\nc"


@pytest.mark.parametrize(
    "character", ["\r", "\n", "\r\nBcc: x@example.test", "\v", "\f", "\x1c", "\x85", "\u2028", "\0", "\t"]
)
def test_injection_is_a_space(character: str) -> None:
    """A line break or control character in a reader's name begins no header field: it is a space to everyone."""
    head = MimeWriter.of(EDITION).write(message(name=f"Ada{character}Evil")).partition(b"\r\n\r\n")[0]
    usual = MimeWriter.of(EDITION).write(message()).partition(b"\r\n\r\n")[0]
    assert _names_of(head) == _names_of(usual)
    address = message_from_bytes(head + b"\r\n\r\n", policy=default)["To"].addresses[0]
    assert re.fullmatch(r"Ada +(Bcc: x@example\.test)?Evil", address.display_name)


def _names_of(head: bytes) -> list[bytes]:
    return re.findall(rb"^([\w-]+):", head, re.MULTILINE)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"subject": Pattern(texts=("a\nBcc: b",))}, "Subject"),
        ({"sender": Address(email="editor@example.org", name="a\nb")}, "From"),
        ({"headers": {"X-Issue": Pattern(texts=("a\nb",))}}, "X-Issue"),
        ({"headers": {"List-Archive": Pattern(texts=("<https://exämple.org/>",))}}, "List-Archive"),
        ({"headers": {"List-Archive": Pattern(texts=(f"<https://example.org/{'x' * 1000}>",))}}, "List-Archive"),
        ({"headers": {"X: y\r\nBcc": Pattern(texts=("a",))}}, "Bcc"),
        ({"headers": {"bcc": Pattern(texts=("x@example.test",))}}, "bcc"),
    ],
)
def test_what_cannot_be_carried_is_an_error(change: dict[str, Pattern], name: str) -> None:
    """An edition whose fields cannot stand in a header is refused before any message is written."""
    with pytest.raises(ContentError, match=name):
        MimeWriter.of(replace(EDITION, **change))  # type: ignore[arg-type]  # each pair fits


def test_a_control_character_in_an_address_of_the_list_field_is_quoted() -> None:
    """A value inside an address is put on one line and escaped for addresses before it comes to the header."""
    injected = "a\r\nBcc: b"
    written = write(message(token=injected))
    assert field(written, "List-Unsubscribe").startswith("<https://example.org/u/a%20%20Bcc%3A%20b>,")


def test_long_unsubscribe_addresses_stay_addresses() -> None:
    """List-Unsubscribe with a 200-character token is unencoded, and folds between its addresses alone."""
    written = write(message())
    https, mailto = f"<https://example.org/u/{'t' * 200}>", f"<mailto:leave@example.org?subject={'t' * 200}>"
    assert f"\r\nList-Unsubscribe: {https},\r\n {mailto}\r\n".encode() in written
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in written
    assert b"\r\nList-Id: Past the Plateau <plateau.example.org>\r\n" in written


def test_the_phrase_of_a_list_id_may_be_in_any_script() -> None:
    """The name of a list is encoded words where it must be; its identifier never is."""
    headers = {"List-Id": Pattern.of_text("Über den Wolken <wolken.example.org>")}
    assert field(write(message(replace(EDITION, headers=headers))), "List-Id").endswith("?= <wolken.example.org>")


def test_international_domains_are_in_their_ascii_form() -> None:
    """Domains beyond ASCII become A-labels in To, From and Message-ID."""
    edition = replace(EDITION, sender=Address(email="redaktion@bücher.example", name="Bücher"))
    written = write(message(edition, email="leser@straße.example"))
    assert field(written, "To") == "Ada <leser@xn--strae-oqa.example>"
    assert field(written, "From").endswith("<redaktion@xn--bcher-kva.example>")
    assert field(written, "Message-ID").endswith("@xn--bcher-kva.example>")


@pytest.mark.parametrize(
    "email",
    [
        "jörg@example.org",
        "a b@example.org",
        "a@b@example.org",
        "x>,<y@example.org",
        "a@exa mple.org",
        "a@",
        "@example.org",
        "a@-ü.example",
    ],
)
def test_addresses_that_no_server_takes_are_refused(email: str) -> None:
    """A local part beyond ASCII, or an address that would read as two, is an error that does not repeat it."""
    with pytest.raises(ContentError, match="header field To") as caught:
        MimeWriter.of(EDITION).write(message(email=email))
    assert email not in " ".join(caught.value.lines())


def test_images_come_back_byte_for_byte() -> None:
    """Inline images are parts related to the HTML, found by their Content-ID."""
    images = (
        InlineImage(cid="one@digest", filename="stairs.png", media_type="image/png", content=bytes(range(256)) * 5),
        InlineImage(cid="two@digest", filename='Ein "Bild" – Zürich.jpg', media_type="image/jpeg", content=b"\xff\xd8"),
        InlineImage(cid="three@digest", filename='a "b".gif', media_type="image/gif", content=b""),
    )
    parsed = read(write(message(replace(EDITION, images=images))))
    related = parsed.get_payload(1)
    assert isinstance(related, EmailMessage)
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "multipart/related"]
    found = [
        (
            part["content-id"],
            part.get_filename(),
            part.get_content_type(),
            part.get_content(),
            part.get_content_disposition(),
        )
        for part in list(related.iter_parts())[1:]
    ]
    assert found == [(f"<{i.cid}>", i.filename, i.media_type, i.content, "inline") for i in images]
    assert content(parsed, "html") == message().html


def test_the_fields_of_a_message() -> None:
    """A message has each field once, and a Date in UTC that is the same in whichever zone it was told."""
    written = write(message())
    parsed = read(written)
    assert [name.lower() for name in parsed] == [
        *("from", "reply-to", "date", "to", "subject", "message-id", "list-id", "list-unsubscribe"),
        *("list-unsubscribe-post", "mime-version", "content-type"),
    ]
    assert parsed["date"].datetime == AT
    assert parsed["message-id"] == message().message_id
    assert str(parsed["reply-to"]) == '"Élan, the editor" <reply@example.org>'
    elsewhere = replace(message(), at=AT.astimezone(timezone(timedelta(hours=9))))
    assert MimeWriter.of(EDITION).write(elsewhere) == written


def test_the_writer_of_an_edition_is_made_once() -> None:
    """An equal edition, read again from the ledger, finds the writer that was made before."""
    assert MimeWriter.of(EDITION) is MimeWriter.of(Edition.from_json(EDITION.to_json(), []))


def test_long_fields_fold_between_words() -> None:
    """A long subject in ASCII is folded, not encoded, and spaces at its ends are kept by encoding it."""
    subject = "A subject of many words " * 8
    written = write(message(replace(EDITION, subject=Pattern.of_text(subject.strip()))))
    assert field(written, "Subject") == subject.strip()
    assert read(write(message(replace(EDITION, subject=Pattern.of_text(subject)))))["subject"] == subject


@given(st.lists(st.tuples(TEXTS, st.sampled_from(["name", "city"]), st.sampled_from(list(Context)))), TEXTS, TEXTS)
@settings(max_examples=60)
def test_a_stencil_fills_as_its_pattern_does(cuts: list[tuple[str, str, Context]], last: str, city: str) -> None:
    """Filling bytes and filling text give the same, for any pattern and any values."""
    pattern = Pattern(
        texts=(*(text for text, _, _ in cuts), last),
        slots=tuple(Slot(name=name, context=context, fallback="nobody") for _, name, context in cuts),
    )
    values = {"city": city, "name": "O'Neil & <b>"}
    assert Stencil.of(pattern).fill(values) == pattern.fill(values).encode()


@given(TEXTS)
@settings(max_examples=60)
def test_a_writer_without_slots_writes_the_same_for_all(text: str) -> None:
    """An edition without slots differs between readers only in To and Message-ID."""
    edition = replace(EDITION, html=Pattern(texts=(text,)), text=Pattern(texts=(text,)), subject=Pattern(texts=("s",)))
    assert content(read(write(message(edition))), "plain") == text.replace("\r\n", "\n")
