"""The outbox, through a real HTTP client: a file a message, an honest answer, the same bytes whenever built again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from digest.errors import DigestError, ProviderError, SettingsError
from digest.model import (
    Address,
    Batch,
    Edition,
    InlineImage,
    Message,
    Pattern,
    Readers,
    Receipt,
    Slot,
    State,
    Subscriber,
)
from digest.providers import Setup
from digest.providers.outbox import Folder, Outbox, file_name
from digest.wire.batch_smtp import conversation, transactions
from digest.wire.mime import MimeWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

EDITION = Edition(
    slug="first-snow",
    sender=Address(email="editor@example.org", name="Past the Plateau"),
    reply_to=None,
    subject=Pattern.of_text("First snow"),
    html=Pattern.of_html(f"<p>Hello {Slot(name='name').marker}</p>" + "<p>.</p>\n" * 2000),
    text=Pattern.of_text(f"{Slot(name='name').marker}\n.\n..\nRCPT TO:<x@example.test>\nDATA\n.\n"),
    headers={},
)


def batch(count: int = 3, edition: Edition = EDITION) -> Batch:
    """Return a batch for so many readers."""
    readers = [
        Subscriber(id=number, email=f"reader{number}@example.org", name=f"李 {number}", token=f"{number:08}")
        for number in range(1, count + 1)
    ]
    return Batch(
        edition=edition, number=1, key="key-1", readers=Readers.of(readers), at=datetime(2026, 11, 24, 9, tzinfo=UTC)
    )


def outbox(folder: Path, *, discard: bool = False) -> Outbox:
    """Return an outbox in a folder."""
    return Outbox(destination=str(folder), transport=Folder(path=folder, discard=discard))


def post(provider: Outbox, sent: Batch) -> Sequence[Receipt]:
    """Send a batch as the engine does."""
    with httpx.Client(transport=provider.transport) as client:
        return provider.read_response(sent, client.send(provider.build_request(sent)))


def load(root: Path, options: Mapping[str, object], *, sandbox: bool = False) -> Outbox:
    """Make the outbox from its options."""
    return Outbox.from_settings(Setup(root=root, options=options, sandbox=sandbox))


def test_each_message_is_a_file(tmp_path: Path) -> None:
    """A batch becomes a file a reader, each exactly the reader's message, and receipts that bear its Message-ID."""
    sent = batch()
    receipts = post(outbox(tmp_path), sent)
    messages = list(sent.messages())
    assert receipts == [Receipt(state=State.SENT, message_id=message.message_id) for message in messages]
    written = {path.name: path.read_bytes() for path in (tmp_path / "first-snow").iterdir()}
    writer = MimeWriter.of(EDITION)
    assert written == {f"{message.reader.email}.eml": writer.write(message) for message in messages}


def test_sending_again_changes_nothing(tmp_path: Path) -> None:
    """The same batch, posted twice, leaves the same files and gives the same receipts."""
    first = post(outbox(tmp_path), batch())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.eml")}
    assert post(outbox(tmp_path), batch()) == first
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_request_can_be_built_again_byte_for_byte(tmp_path: Path) -> None:
    """Two requests for one batch are equal, their length is told truly, and the key goes with them."""
    one, two = (outbox(tmp_path).build_request(batch(40)) for _ in range(2))
    body = one.read()
    assert body == two.read()
    assert one.headers["Content-Length"] == str(len(body))
    assert "Transfer-Encoding" not in one.headers
    assert one.headers["Content-Type"] == "application/batch-SMTP"
    assert one.headers["Idempotency-Key"] == "key-1"


def test_a_body_is_given_out_in_blocks_as_often_as_asked() -> None:
    """A large conversation comes in blocks of about 256 KB, the same the second time."""
    body = conversation(batch(100))
    blocks = list(body)
    assert len(blocks) > 4
    assert all(256 * 1024 <= len(block) < 300 * 1024 for block in blocks[:-1])
    assert list(body) == blocks
    assert len(body) == sum(map(len, blocks))


def test_a_conversation_is_what_rfc_2442_says() -> None:
    """The body greets, names sender and recipient, ends each message with a lone dot, and quits."""
    body = b"".join(conversation(batch(2)))
    assert body.startswith(
        b"EHLO example.org\r\nMAIL FROM:<editor@example.org>\r\nRCPT TO:<reader1@example.org>\r\nDATA\r\nFrom: "
    )
    assert body.endswith(b"--\r\n.\r\nQUIT\r\n")
    assert body.count(b"\r\n.") == 2


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_blocks_may_be_cut_anywhere(size: int) -> None:
    """A conversation is read rightly however the network cuts it, also amid a message's end."""
    sent = batch(2, replace(EDITION, html=Pattern.of_html("<p>Short</p>")))
    body = b"".join(conversation(sent))
    blocks = [body[start : start + size] for start in range(0, len(body), size)]
    writer = MimeWriter.of(sent.edition)
    assert list(transactions(blocks)) == [(message.reader.email, writer.write(message)) for message in sent.messages()]


def test_large_images_travel(tmp_path: Path) -> None:
    """A message larger than a block arrives whole."""
    image = InlineImage(cid="cover", filename="cover.png", media_type="image/png", content=bytes(600_000))
    sent = batch(3, replace(EDITION, images=(image,)))
    assert {receipt.state for receipt in post(outbox(tmp_path), sent)} == {State.SENT}
    assert all(path.stat().st_size > 800_000 for path in tmp_path.rglob("*.eml"))


def test_a_folder_that_cannot_be_written_refuses_as_a_whole(tmp_path: Path) -> None:
    """Where no file can be written, nothing was taken, for a reason that tells no address."""
    (tmp_path / "outbox").write_text("in the way")
    with pytest.raises(ProviderError, match="the outbox cannot be written: Not a directory"):
        post(outbox(tmp_path / "outbox"), batch())


def test_one_file_that_cannot_be_written_stops_no_other(tmp_path: Path) -> None:
    """A hindrance for one reader is that reader's alone, and leaves no half-written file."""
    (tmp_path / "first-snow" / "reader2@example.org.eml").mkdir(parents=True)
    states = [receipt.state for receipt in post(outbox(tmp_path), batch())]
    assert states == [State.SENT, State.QUEUED, State.SENT]
    assert sorted(path.name for path in (tmp_path / "first-snow").iterdir()) == [
        "reader1@example.org.eml",
        "reader2@example.org.eml",
        "reader3@example.org.eml",
    ]


def test_discarding_writes_nothing(tmp_path: Path) -> None:
    """With discard, every message counts as sent and no file comes to be."""
    receipts = post(outbox(tmp_path, discard=True), batch())
    assert [receipt.state for receipt in receipts] == [State.SENT] * 3
    assert list(tmp_path.iterdir()) == []


def test_a_message_without_recipient_is_refused(tmp_path: Path) -> None:
    """The folder refuses, for good, what it cannot put anywhere."""
    with httpx.Client(transport=Folder(path=tmp_path)) as client:
        response = client.post("http://outbox.invalid/first-snow", content=b"EHLO x\r\nDATA\r\nSubject: x\r\n\r\n.\r\n")
    (receipt,) = outbox(tmp_path).read_response(batch(1), response)
    assert receipt == Receipt(state=State.REFUSED, reason="the message has no recipient")


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, text="250 a\n250 b"),
        httpx.Response(200, text="250 a\n250 b\n250 c\n250 d"),
        httpx.Response(200, text="250 a\n250 b\nnonsense"),
        httpx.Response(500, text="250 a\n250 b\n250 c"),
    ],
)
def test_an_answer_that_cannot_be_read_is_an_error(tmp_path: Path, response: httpx.Response) -> None:
    """Too few or too many replies, an unknown one, or a failure of the whole are errors, never guessed at."""
    with pytest.raises(ProviderError, match="the outbox"):
        outbox(tmp_path).read_response(batch(3), response)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("ada@example.org", "ada@example.org.eml"),
        ("ada+news.2026_x-y@example.org", "ada+news.2026_x-y@example.org.eml"),
        ("a/b@example.org", "a%2Fb@example.org.eml"),
        ("a%2Fb@example.org", "a%252Fb@example.org.eml"),
        ("o'neil*?|@example.org", "o%27neil%2A%3F%7C@example.org.eml"),
        ("con.smith@example.org", "%63on.smith@example.org.eml"),
        (".hidden@example.org", "%2Ehidden@example.org.eml"),
        ("..", "%2E..eml"),
    ],
)
def test_addresses_are_file_names_on_every_system(address: str, name: str) -> None:
    """An address is its file's name; what some system forbids is percent-encoded."""
    assert file_name(address, ".eml") == name


def test_long_addresses_do_not_share_a_file() -> None:
    """Names longer than a file's may be are cut, and stay different and recognisable."""
    names = [file_name(f"{'*' * 100}{end}@example.org", ".eml") for end in "ab"]
    assert [len(name) for name in names] == [255, 255]
    assert names[0] != names[1]
    assert all(name.endswith(".eml") for name in names)


def test_the_folder_is_an_option(tmp_path: Path) -> None:
    """The folder stands below the newsletter, by default in .digest/outbox, or where the option says."""
    assert load(tmp_path, {}).transport == Folder(path=tmp_path / ".digest/outbox")
    assert load(tmp_path, {"folder": "out", "discard": True}).transport == Folder(path=tmp_path / "out", discard=True)


def test_all_wrong_options_are_told_at_once(tmp_path: Path) -> None:
    """Unknown options and wrong kinds are faults of the settings, told together."""
    with pytest.raises(DigestError) as caught:
        load(tmp_path, {"foldr": "x", "discard": "yes"})
    lines = "\n".join(caught.value.lines())
    assert caught.value.exit_code == SettingsError.exit_code
    assert 'did you mean "folder"?' in lines
    assert 'the option "discard" of the provider "outbox" must be `true` or `false`' in lines


def test_the_outbox_calls_nobody(tmp_path: Path) -> None:
    """An address of an API has no meaning for a folder, and is a fault of the settings."""
    with pytest.raises(SettingsError, match="api_url"):
        Outbox.from_settings(Setup(root=tmp_path, api_url="https://example.org"))


def test_the_sandbox_writes_nothing(tmp_path: Path) -> None:
    """In the sandbox, messages are made and discarded."""
    assert load(tmp_path, {}, sandbox=True) == load(tmp_path, {"discard": True})


def test_a_batch_takes_little_more_memory_than_one_message() -> None:
    """Five hundred messages share the edition's bytes until they are given out."""
    body = conversation(batch(500))
    assert sum(map(len, {id(piece): piece for piece in body.pieces}.values())) < len(body) / 20


def test_a_message_is_equal_to_the_batches(tmp_path: Path) -> None:
    """What a test or a build writes for a reader is what the outbox writes for that reader."""
    sent = batch(1)
    post(outbox(tmp_path), sent)
    alone = Message(edition=EDITION, reader=next(iter(sent.readers)), at=sent.at)
    assert (tmp_path / "first-snow/reader1@example.org.eml").read_bytes() == MimeWriter.of(EDITION).write(alone)


def test_people_are_told_where_the_files_are(tmp_path: Path) -> None:
    """The destination is the folder as the settings write it, or says that nothing is kept."""
    assert load(tmp_path, {}).destination == ".digest/outbox"
    assert load(tmp_path, {"folder": "out"}).destination == "out"
    assert "discarded" in load(tmp_path, {"discard": True}).destination
