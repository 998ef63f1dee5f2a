"""Readers, and whether we may write to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

RESERVED_FIELDS = frozenset({"email", "name", "token"})
"""Fields that every reader has; the token is the reader's part of an unsubscribe address."""

FURTHER_FACTS = frozenset({"tags", "standing", "joined", "paused_until", "source", "and", "or", "not"})
"""What lists and segments call by these names is no field of a reader's either."""


_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_EMAIL = rf"{_ATOM}(?:\.{_ATOM})*@[\w-]+(?:\.[\w-]+)+"
_MAILBOX = re.compile(rf"(?P<name>[^<>\x00-\x1f\x7f-\x9f\u2028\u2029]*)<(?P<bracketed>{_EMAIL})>|(?P<bare>{_EMAIL})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An email address with a display name, as a header shows it."""

    email: str
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read ``Past the Plateau <editor@example.org>`` or a bare address.

        Raises:
            ValueError: it is neither.
        """
        match = _MAILBOX.fullmatch(text.strip())
        if match is None:
            msg = "no email address"
            raise ValueError(msg)
        name = match["name"] or ""
        return cls(email=match["bracketed"] or match["bare"], name=name.strip().strip('"'))

    @property
    def domain(self) -> str:
        """The part behind the last ``@``."""
        return self.email.rpartition("@")[2]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


class Standing(Enum):
    """Whether we may write to a reader: only to the active."""

    PENDING = "pending"
    ACTIVE = "active"
    LEFT = "left"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Why we may write to a reader; what is not known is blank."""

    at: datetime | None = None
    """When it was given."""
    how: str = ""
    """Such as ``confirmed by mail`` or ``signed up at the fair``."""
    source: str = ""
    """Where it was given, or where we learnt of it: an address of a form, a file that was imported."""
    words: str = ""
    """What they agreed to, as they read it."""
    asked_at: datetime | None = None
    """When they had asked for it, where they confirmed it later."""
    asked_from: str = ""
    """The IP address from which they asked; whole, since it proves nothing without its last part."""
    confirmed_from: str = ""
    """The IP address from which they confirmed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A reader. Two addresses are one reader when they are equal without regard to case."""

    id: int
    """The store's number for the reader: positive, rising, never given twice."""
    email: str
    name: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tags: tuple[str, ...] = ()
    standing: Standing = Standing.ACTIVE
    token: str
    """Unguessable, free of the address, the same for as long as the reader is known."""

    @property
    def values(self) -> dict[str, str]:
        """What slots are filled with; see `digest.model.pattern.Pattern.fill`."""
        return {**self.fields, "email": self.email, "name": self.name, "token": self.token}


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """
    The readers of a batch by columns, in the order of their ids.

    A service that merges takes whole columns. To make a `Subscriber` of each of a million readers would take longer
    than to send to them.
    """

    ids: Sequence[int]
    columns: Mapping[str, Sequence[str]]
    """A value for each reader: ``email``, ``name``, ``token``, and the fields that are needed; blank for none."""

    @classmethod
    def of(cls, subscribers: Sequence[Subscriber]) -> Self:
        """Return what is known of `subscribers`, by columns."""
        rows = [subscriber.values for subscriber in subscribers]
        names = dict.fromkeys(["email", "name", "token", *(name for row in rows for name in row)])
        return cls(
            ids=tuple(subscriber.id for subscriber in subscribers),
            columns={name: tuple(row.get(name, "") for row in rows) for name in names},
        )

    def at(self, places: Sequence[int]) -> Self:
        """Return those at some places, which count from 0."""
        columns = {name: [values[place] for place in places] for name, values in self.columns.items()}
        return type(self)(ids=[self.ids[place] for place in places], columns=columns)

    @property
    def emails(self) -> Sequence[str]:
        """Their addresses."""
        return self.columns["email"]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Subscriber]:
        reserved = ("email", "name", "token")
        further = {name: values for name, values in self.columns.items() if name not in RESERVED_FIELDS}
        for number, email, name, token, *values in zip(
            self.ids, *(self.columns[name] for name in reserved), *further.values(), strict=True
        ):
            fields = dict(zip(further, values, strict=True))
            yield Subscriber(id=number, email=email, name=name, token=token, fields=fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Someone to be put on the list, already checked and in normal form, and not yet known to the store."""

    email: str
    name: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tags: tuple[str, ...] = ()
    standing: Standing = Standing.ACTIVE
    """How they stood where they come from; whoever left there is never written to here either."""
    reason: str = ""
    """Why they stand so, where that is not the same for everyone who comes with them."""
    joined_at: datetime | None = None
    """When they joined, where that was before today."""
    paused_until: datetime | None = None
    """When a pause ends that they come with, or the latest one ended."""
    called: str = ""
    """What they are called in public addresses, as ``list.name``, where they come with a name."""
    consent: Consent
    """Its `source` is always told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a reader's standing; it stays on record."""

    at: datetime
    before: Standing
    standing: Standing
    reason: str
