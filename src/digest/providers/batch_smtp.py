"""
Batch SMTP, RFC 2442: a whole conversation with a mail server, written down in one body.

Messages of `MimeWriter` have no line that begins with a dot, so none has to be doubled or undone here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.providers.header_fields import wire_address, wire_domain
from digest.providers.mime import MimeWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from digest.model import Batch

MEDIA_TYPE = "application/batch-SMTP"
_BLOCK = 256 * 1024
_END = b"\r\n.\r\n"
_DATA = b"\r\nDATA\r\n"
_RECIPIENT = b"RCPT TO:<"


@dataclass(frozen=True, slots=True)
class Conversation:
    """
    The body for a batch, given out in blocks as often as it is asked for.

    Its pieces are mostly the edition's own bytes, shared by all messages, so it takes little memory.
    """

    pieces: tuple[bytes, ...]

    @classmethod
    def of(cls, batch: Batch) -> Conversation:
        """
        Write down the conversation that sends `batch`.

        Raises:
            ContentError: a message cannot be written.
        """
        return cls(tuple(_pieces(batch)))

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def __iter__(self) -> Iterator[bytes]:
        block: list[bytes] = []
        size = 0
        for piece in self.pieces:
            block.append(piece)
            size += len(piece)
            if size >= _BLOCK:
                yield b"".join(block)
                block, size = [], 0
        yield b"".join(block)


def _pieces(batch: Batch) -> Iterator[bytes]:
    writer = MimeWriter.of(batch.edition)
    sender = batch.edition.sender
    yield f"EHLO {wire_domain(sender.domain, 'From')}\r\n".encode()
    opening = f"MAIL FROM:<{wire_address(sender.email, 'From')}>\r\n".encode()
    for message in batch.messages():
        yield opening
        yield f"RCPT TO:<{wire_address(message.reader.email, 'To')}>\r\nDATA\r\n".encode()
        yield from writer.pieces(message)
        yield b".\r\n"
    yield b"QUIT\r\n"


def transactions(blocks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """
    Read a conversation: the recipient and the content of each message, as soon as it is complete.

    One message and one block at most are held at a time. A recipient that cannot be found is an empty string.
    """
    buffer = bytearray()
    for block in blocks:
        start = max(0, len(buffer) - len(_END))
        buffer += block
        while (end := buffer.find(_END, start)) >= 0:
            data = buffer.find(_DATA, 0, end)
            yield _recipient(buffer[: max(data, 0)]), bytes(buffer[data + len(_DATA) : end + 2])
            del buffer[: end + len(_END)]
            start = 0


def _recipient(commands: bytearray) -> str:
    return commands.partition(_RECIPIENT)[2].removesuffix(b">").decode()
