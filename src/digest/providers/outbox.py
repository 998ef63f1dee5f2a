"""The outbox: a folder with one ``.eml`` file a message, which any mail program opens. It needs no account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Self, cast
from urllib.parse import quote

import httpx

from digest.config.kinds import Line, Switch
from digest.errors import ProviderError, SettingsError
from digest.files import write_whole
from digest.model import Receipt, State
from digest.providers import Ids, Limits
from digest.providers.options import options, read_options
from digest.wire.answers import UnclearError
from digest.wire.batch_smtp import MEDIA_TYPE, conversation, transactions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from digest.model import Batch
    from digest.providers import Setup

_DEFAULT_FOLDER = ".digest/outbox"
_STATES = {"250": State.SENT, "452": State.QUEUED, "554": State.REFUSED}
_LONGEST_NAME = 255  # bytes; the least of ext4, APFS and NTFS
# Windows keeps these for devices, whatever follows behind a dot.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    folder: Line = _DEFAULT_FOLDER
    """Where the messages go, relative to ``digest.toml``."""
    discard: Switch = False
    """Counts the messages and writes none of them, to measure everything but the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Hands batches to its folder as if that were a mail server."""

    name: ClassVar[str] = "outbox"
    limits: ClassVar[Limits] = Limits(
        messages=500,
        delivers=False,
        inline_images=True,
        key_lifetime=timedelta.max,
        ids=Ids.MESSAGE,
        sandbox=True,
    )
    destination: str
    transport: Folder

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the outbox of a newsletter; in its sandbox, it discards.

        Raises:
            SettingsError: an option is unknown or of the wrong kind.
        """
        if setup.api_url is not None:
            msg = 'the provider "outbox" calls nobody, so it takes no "api_url"'
            raise SettingsError(msg, hint="Remove it from [provider], or name another provider there.")
        chosen, _ = read_options(setup, cls.name, Options, {})
        discard = chosen.discard or setup.sandbox
        destination = "nowhere: its messages are discarded" if discard else chosen.folder
        return cls(destination=destination, transport=Folder(path=setup.root / chosen.folder, discard=discard))

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return a request whose body is a conversation in batch SMTP."""
        body = conversation(batch)
        url = f"http://outbox.invalid/{quote(batch.edition.slug, safe='')}"
        return body.post(url, {"Content-Type": MEDIA_TYPE, "Idempotency-Key": batch.key})

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader: the folder answers with a line for each message.

        Raises:
            UnclearError: it does not.
            ProviderError: none of them could be written.
        """
        replies = response.text.splitlines()
        count = len(batch.readers)
        if response.status_code != httpx.codes.OK or len(replies) != count:
            msg = f"the outbox answered {response.status_code}, with {len(replies)} replies to {count} messages"
            raise UnclearError(msg)
        messages = batch.messages()
        receipts = [_receipt(message.message_id, reply) for message, reply in zip(messages, replies, strict=True)]
        if all(receipt.state is State.QUEUED for receipt in receipts):  # a disk is not mended by waiting
            raise ProviderError(receipts[0].reason, hint="Mend that, then run it again.")
        return receipts


def _receipt(message_id: str, reply: str) -> Receipt:
    code, _, reason = reply.partition(" ")
    if code not in _STATES:
        msg = f"the outbox gave a reply that cannot be read: {reply[:80]!r}"
        raise UnclearError(msg)
    state = _STATES[code]
    if state is State.SENT:
        return Receipt(state=state, message_id=message_id)
    return Receipt(state=state, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder(httpx.BaseTransport):
    """The mail server of the outbox: takes in a conversation and puts each message in its file, or discards it."""

    path: Path
    discard: bool = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer with a line for each message: ``250 <file>``, ``452 <what hinders>`` or ``554 <why not>``."""
        folder = self.path / file_name(request.url.path.removeprefix("/"))
        blocks = cast("httpx.SyncByteStream", request.stream)
        replies = [self._take_in(folder, recipient, content) for recipient, content in transactions(blocks)]
        return httpx.Response(httpx.codes.OK, text="\n".join(replies))

    def _take_in(self, folder: Path, recipient: str, content: bytes) -> str:
        if not recipient:
            return "554 the message has no recipient"
        if self.discard:
            return "250 discarded"
        path = folder / file_name(recipient, ".eml")
        try:
            write_whole(path, content)
        except OSError as error:  # Its own words would tell the address, in the file's name.
            return f"452 the outbox cannot be written: {error.strerror}"
        return f"250 {folder.name}/{path.name}"


def file_name(text: str, suffix: str = "") -> str:
    """
    Return a name for `text` that is valid on Linux, macOS and Windows; most addresses are their own.

    Texts that differ, not only in case, have names that differ, not only in case.
    """
    name = quote(text, safe="@+")
    if name.startswith(".") or _DEVICE.match(name):
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if len(name) + len(suffix) > _LONGEST_NAME:
        suffix = f"~{sha256(text.encode()).hexdigest()[:32]}{suffix}"
    return name[: _LONGEST_NAME - len(suffix)] + suffix
