"""
Batch SMTP, RFC 2442: a whole conversation with a mail server, written down in one body.

Messages of `MimeWriter` have no line that begins with a dot, so none has to be doubled or undone here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.wire.bodies import Body
from digest.wire.header_fields import wire_address, wire_domain
from digest.wire.mime import MimeWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from digest.model import Batch

MEDIA_TYPE = "application/batch-SMTP"
_END = b"\r\n.\r\n"
_DATA = b"\r\nDATA\r\n"
_RECIPIENT = b"RCPT TO:<"


def conversation(batch: Batch, return_path: str = "") -> Body:
    """
    Return the conversation that sends `batch`. Bounces are to go to `return_path`, or else to the sender.

    Raises:
        ContentError: a message cannot be written.
    """
    return Body(tuple(_pieces(batch, return_path)))


def _pieces(batch: Batch, return_path: str) -> Iterator[bytes]:
    writer = MimeWriter.of(batch.edition)
    sender = batch.edition.sender
    yield f"EHLO {wire_domain(sender.domain, 'From')}\r\n".encode()
    bounces_to = wire_address(return_path, "Return-Path") if return_path else wire_address(sender.email, "From")
    opening = f"MAIL FROM:<{bounces_to}>\r\n".encode()
    for message in batch.messages():
        yield opening
        yield f"RCPT TO:<{wire_address(message.reader.email, 'To')}>\r\nDATA\r\n".encode()
        yield from writer.pieces(message)
        yield b".\r\n"
    yield b"QUIT\r\n"


def transactions(blocks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Read a conversation: the recipient and the content of each message. A recipient that is missing is blank."""
    return ((_recipient(commands), content) for commands, content in exchanges(blocks))


def exchanges(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """
    Read a conversation: of each message, the commands before DATA and the content, as soon as it is complete.

    One message and one block at most are held at a time.
    """
    buffer = bytearray()
    for block in blocks:
        start = max(0, len(buffer) - len(_END))
        buffer += block
        while (end := buffer.find(_END, start)) >= 0:
            data = buffer.find(_DATA, 0, end)
            yield bytes(buffer[: max(data, 0)]), bytes(buffer[data + len(_DATA) : end + 2])
            del buffer[: end + len(_END)]
            start = 0


def _recipient(commands: bytes) -> str:
    return commands.partition(_RECIPIENT)[2].removesuffix(b">").decode()
