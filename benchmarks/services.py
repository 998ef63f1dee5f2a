"""Two services as providers see them: one that merges, as Mailgun does, and one for whole messages, as Postmark is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, ClassVar

import httpx
import msgspec

from digest.model import Pattern, Receipt, Slot, Spelling, State, merge
from digest.providers import Limits
from digest.wire.answers import receipts_by_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from digest.model import Batch, Edition

_BLOCK = 256 * 1024
_APART = "\x7f"  # no value holds it: the list takes no control characters
SPELLING = Spelling(variable="%recipient.{}%".format, special=re.compile(r"%(?:recipient|tag|unsubscribe|mailing)\w*"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What both have in common: nobody can ask a sink anything."""

    url: str
    name: ClassVar[str] = "sink"
    destination: ClassVar[str] = "nowhere"
    transport: ClassVar[None] = None


class Merging(Service):
    """Takes an edition once for a thousand readers, and a table of their values."""

    limits: ClassVar[Limits] = Limits(messages=1000, inline_images=False, concurrency=4)

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return a form of many parts."""
        readers, (before, between, end) = batch.readers, _form(batch.edition)
        values = _json_table(readers.emails, merge(batch.edition, SPELLING).columns(readers))
        body = b"".join((before, ",".join(readers.emails).encode(), between, values, end))
        headers = {"Authorization": "Basic YXBpOmtleQ==", "Content-Type": "multipart/form-data; boundary=digest"}
        return httpx.Request("POST", f"{self.url}/one", headers=headers, content=body)

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """Return the one name of the request for everyone."""
        receipt = Receipt(state=State.SENT, message_id=response.json()["id"])
        return receipts_by_status(batch, response) or [receipt] * len(batch.readers)


@lru_cache(maxsize=1)
def _form(edition: Edition) -> tuple[bytes, bytes, bytes]:
    """Return what is the same for all requests: before the addresses, between them and the values, and behind."""
    made = merge(edition, SPELLING)
    fields = {
        "from": str(edition.sender),
        "subject": made.subject,
        "html": made.html,
        "text": made.text,
        **{f"h:{name}": value for name, value in made.headers.items()},
        "to": "",
    }
    before = "\r\n".join(f"{_opening(name)}{value}" for name, value in fields.items())
    return before.encode(), f"\r\n{_opening('recipient-variables')}".encode(), b"\r\n--digest--\r\n"


def _opening(name: str) -> str:
    return f'--digest\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'


def _json_table(keys: Sequence[str], columns: Mapping[str, Sequence[str]]) -> bytes:
    """Return ``{"key":{"column":"value",…},…}``."""
    return msgspec.json.encode(dict(zip(keys, map(_row(tuple(columns)), *columns.values()), strict=True)))


@lru_cache(maxsize=4)
def _row(columns: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return a class for rows: many times as fast to make and to write as a dictionary."""
    return msgspec.defstruct("Row", [(column, str) for column in columns], gc=False)


def _json_column(values: Sequence[str]) -> list[bytes]:
    return _json(_APART.join(values)).split(_APART.encode())


def _json(text: str) -> bytes:
    return encode_basestring(text)[1:-1].encode()


class Full(Service):
    """Takes five hundred whole messages in an array."""

    limits: ClassVar[Limits] = Limits(messages=500, inline_images=False, concurrency=2)

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return a body that is made while it is sent."""
        body = _Body(_messages(batch))
        headers = {
            "X-Postmark-Server-Token": "token",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        return httpx.Request("POST", f"{self.url}/many/{len(batch.readers)}", headers=headers, content=body)

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """Return a receipt for each result."""
        results = msgspec.json.decode(response.content, type=list[_Result])
        return receipts_by_status(batch, response) or [
            Receipt(state=State.SENT, message_id=result.MessageID)
            if result.ErrorCode == 0
            else Receipt(state=State.REFUSED, reason=result.Message)
            for result in results
        ]


class _Result(msgspec.Struct):
    ErrorCode: int
    Message: str
    MessageID: str = ""


@dataclass(frozen=True, slots=True)
class _Body:
    """
    The body for a batch, given out in blocks as often as it is asked for.

    Its messages are in pieces, the longest of which all messages share, so it takes little memory.
    """

    messages: Sequence[tuple[bytes, ...]]

    def __len__(self) -> int:
        return sum(map(len, chain.from_iterable(self.messages))) + len(b"[") + len(b"]")

    def __iter__(self) -> Iterator[bytes]:
        some = max(1, _BLOCK // sum(map(len, self.messages[0])))
        yield b"["
        for start in range(0, len(self.messages), some):
            yield b"".join(chain.from_iterable(self.messages[start : start + some]))
        yield b"]"


def _messages(batch: Batch) -> list[tuple[bytes, ...]]:
    constants, slots = _layout(batch.edition)
    filled = {slot: _json_column(slot.column(batch.readers.columns[slot.name])) for slot in {*slots}}
    turns = zip([filled[slot] for slot in slots], map(repeat, constants[1:]), strict=True)
    messages = [*zip(repeat(constants[0]), *chain.from_iterable(turns), strict=False)]
    *rest, end = messages[-1]
    messages[-1] = (*rest, end.removesuffix(b","))
    return messages


@lru_cache(maxsize=1)
def _layout(edition: Edition) -> tuple[list[bytes], list[Slot]]:
    """Return what is the same in all messages, cut at the slots, and those: ``texts[0] slots[0] texts[1] …``."""
    parts = [
        (f'{{"From":"{edition.sender}","To":"', Pattern.of_text(Slot(name="email").marker)),
        ('","Subject":"', edition.subject),
        ('","HtmlBody":"', edition.html),
        ('","TextBody":"', edition.text),
    ]
    before = '","Headers":[{"Name":"'
    for name, pattern in edition.headers.items():
        parts.append((f'{before}{name}","Value":"', pattern))
        before = '"},{"Name":"'
    constants: list[bytes] = [b""]
    slots: list[Slot] = []
    for before, pattern in parts:
        first, *texts = map(_json, pattern.texts)
        constants[-1] += before.encode() + first
        constants += texts
        slots += pattern.slots
    constants[-1] += b'"}]},'
    return constants, slots
