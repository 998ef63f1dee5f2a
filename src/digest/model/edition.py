"""An issue as it leaves: rendered once for everyone, and filled for one reader or for many."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from digest.model.pattern import Pattern, one_line
from digest.model.people import RESERVED_FIELDS, Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from digest.model.people import Readers, Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineImage:
    """An image that travels inside the message; its HTML refers to it as ``cid:<cid>``."""

    cid: str
    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True, eq=False)
class Edition:
    """An issue rendered once for everyone, with slots left where readers differ. It is told by its `fingerprint`."""

    slug: str
    sender: Address
    reply_to: Address | None
    subject: Pattern
    html: Pattern
    text: Pattern
    headers: Mapping[str, Pattern]
    """Further header fields, in order: ``List-Id``, ``List-Unsubscribe`` and the like."""
    images: tuple[InlineImage, ...] = ()
    deliver_at: datetime | None = None
    """When the provider is to deliver it, with its time zone; None is at once."""
    recall: str = ""
    """The name by which a provider gives back what it was handed over ahead. Nobody sees it."""

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of all that a reader could see."""
        images = b"".join(sha256(image.content).digest() for image in self.images)
        seen = replace(self, recall="") if self.recall else self
        return sha256(seen.to_json().encode() + images).hexdigest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Edition):
            return False
        return (self.fingerprint, self.recall) == (other.fingerprint, other.recall)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """All texts that have slots."""
        return (self.subject, self.html, self.text, *self.headers.values())

    @property
    def slots(self) -> frozenset[tuple[str, bool]]:
        """The fields that readers must or may have: name, and whether a fallback stands in."""
        return frozenset((slot.name, slot.fallback is not None) for pattern in self.patterns for slot in pattern.slots)

    @property
    def fields(self) -> list[str]:
        """The names, sorted, of those fields of the reader that stand in it and that not every reader has."""
        return sorted({name for name, _ in self.slots} - RESERVED_FIELDS)

    def to_json(self) -> str:
        """Return all but the images' bytes, in a form that never varies; `from_json` reads it."""
        ahead = {"deliver_at": self.deliver_at.isoformat()} if self.deliver_at else {}
        ahead |= {"recall": self.recall} if self.recall else {}
        return json.dumps(
            {
                "slug": self.slug,
                "sender": [self.sender.email, self.sender.name],
                "reply_to": [self.reply_to.email, self.reply_to.name] if self.reply_to else None,
                "subject": self.subject.marked,
                "html": self.html.marked,
                "text": self.text.marked,
                "headers": {name: pattern.marked for name, pattern in self.headers.items()},
                "images": [[image.cid, image.filename, image.media_type] for image in self.images],
                **ahead,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str, images: Sequence[bytes]) -> Edition:
        """Read an edition back, with its images' bytes in their order."""
        data = json.loads(text)
        return cls(
            slug=data["slug"],
            sender=_address(data["sender"]),
            reply_to=_address(data["reply_to"]) if data["reply_to"] else None,
            subject=Pattern.of_text(data["subject"]),
            html=Pattern.of_html(data["html"]),
            text=Pattern.of_text(data["text"]),
            headers={name: Pattern.of_text(marked) for name, marked in data["headers"].items()},
            images=tuple(
                InlineImage(cid=cid, filename=filename, media_type=media_type, content=content)
                for (cid, filename, media_type), content in zip(data["images"], images, strict=True)
            ),
            deliver_at=datetime.fromisoformat(data["deliver_at"]) if "deliver_at" in data else None,
            recall=data.get("recall", ""),
        )


def _address(pair: list[str]) -> Address:
    return Address(email=pair[0], name=pair[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An edition for one reader."""

    edition: Edition
    reader: Subscriber
    at: datetime
    """The moment of sending, as its ``Date`` says; the same whenever the message is built again."""

    @property
    def to(self) -> Address:
        """The reader, as the ``To`` field shows them."""
        return Address(email=self.reader.email, name=one_line(self.reader.name))

    @property
    def subject(self) -> str:
        """The subject, filled."""
        return self.edition.subject.fill(self.reader.values)

    @property
    def html(self) -> str:
        """The HTML part, filled."""
        return self.edition.html.fill(self.reader.values)

    @property
    def text(self) -> str:
        """The plain-text part, filled."""
        return self.edition.text.fill(self.reader.values)

    @property
    def headers(self) -> dict[str, str]:
        """The further header fields, filled."""
        return {name: pattern.fill(self.reader.values) for name, pattern in self.edition.headers.items()}

    @property
    def message_id(self) -> str:
        """Unique for reader and edition, the same whenever it is built again, and no way back to the reader's token."""
        return message_id(self.edition, self.reader.token)


def message_id(edition: Edition, token: str) -> str:
    """Return the Message-ID of an edition for the reader with this token."""
    name = sha256(f"{edition.fingerprint} {token}".encode()).hexdigest()[:32]
    return f"<{name}@{edition.sender.domain}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some readers of one edition, written to in one request."""

    edition: Edition
    number: int
    """Its place in the mailing, from 1."""
    key: str
    """The idempotency key: the same for the same edition, number, attempt and readers' values, on every machine."""
    readers: Readers
    at: datetime
    """When it was claimed, with its time zone."""

    def messages(self) -> Iterator[Message]:
        """Return the edition filled for each reader, in the order of `readers`."""
        return (Message(edition=self.edition, reader=reader, at=self.at) for reader in self.readers)

    @property
    def correlation_ids(self) -> Sequence[str]:
        """
        A name for each message, by which a service's news of it find their way back to edition and reader.

        It has letters, digits and a hyphen only, as every service takes them, and no address.
        """
        return [f"{self.edition.fingerprint[:16]}-{number}" for number in self.readers.ids]
