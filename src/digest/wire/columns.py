"""What services are told of the readers of a batch, by columns, and of the sender, in the forms that they share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from digest.model import Pattern, message_id, one_line
from digest.wire.header_fields import address_field, further_field, wire_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from digest.model import Address, Batch, Edition

_NO_TAG = re.compile(r"[^A-Za-z0-9_-]+")
_PLAIN_NAME = re.compile(r"\w+(?: \w+)*", re.ASCII)


class Columns(Mapping[str, "Sequence[str]"]):
    """
    The readers' own columns, and what else a request may say of each of them, made when it is asked for.

    Besides the fields there are ``@address`` (as mail servers know it), ``@display_name`` (on one line), ``@mailbox``
    (both, as a header field shows them), ``@correlation_id``, ``@message_id``, and ``@batch``, the key of the batch.
    No field can have a name that begins so; what an adapter adds of its own begins so, too.
    """

    def __init__(self, batch: Batch, further: Mapping[str, Sequence[str]] | None = None) -> None:
        self._known = {**batch.readers.columns, **(further or {})}
        self._batch = batch
        self._making: dict[str, Callable[[], Sequence[str]]] = {
            "@address": self._addresses,
            "@display_name": lambda: [*map(one_line, self["name"])],
            "@mailbox": lambda: [*map(_mailbox, self["@display_name"], self["@address"])],
            "@correlation_id": lambda: batch.correlation_ids,
            "@message_id": lambda: [message_id(batch.edition, token) for token in self["token"]],
            "@batch": lambda: [batch.key] * len(batch.readers),
        }

    def __getitem__(self, name: str) -> Sequence[str]:
        if name not in self._known and name in self._making:
            self._known[name] = self._making[name]()
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._known, **self._making})

    def __len__(self) -> int:
        return len({*self._known, *self._making})

    def _addresses(self) -> Sequence[str]:
        emails = self._batch.readers.emails
        if all(map(str.isascii, emails)):
            return emails
        return [email if email.isascii() else wire_address(email, "To") for email in emails]


def mailbox(address: Address) -> str:
    """Return an address with its display name as a service parses it; letters of any script stand for themselves."""
    email = address.email if address.email.isascii() else wire_address(address.email, "From")
    return _mailbox(one_line(address.name), email)


def _mailbox(name: str, email: str) -> str:
    if not name.strip():
        return email
    if _PLAIN_NAME.fullmatch(name):
        return f"{name} <{email}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{email}>'


def ascii_mailbox(address: Address, header: str) -> str:
    """
    Return an address with its display name as header fields have it: in ASCII, with encoded words in the name.

    Raises:
        ContentError: the address cannot stand in the field called `header`.
    """
    return _value(address_field(header, replace(address, name=one_line(address.name))))


def named_address(address: Address, header: str) -> dict[str, str]:
    """
    Return an address as services take it in JSON: ``{"email": …, "name": …}``, without a name that is blank.

    Raises:
        ContentError: the address cannot stand in the field called `header`.
    """
    name = one_line(address.name)
    return {"email": wire_address(address.email, header), **({"name": name} if name.strip() else {})}


def issue_tag(edition: Edition, longest: int = 128) -> str:
    """Return the issue's slug as every service takes it for a tag: ASCII letters, digits, hyphens and underscores."""
    plain = _NO_TAG.sub("-", edition.slug).strip("-")
    return plain[:longest] or edition.fingerprint[:16]


def further_headers(edition: Edition) -> dict[str, Pattern]:
    """
    Return the further header fields as a service takes them: values on one line, in ASCII.

    Raises:
        ContentError: a value cannot stand in its field.
    """
    return {name: _in_ascii(name, pattern) for name, pattern in edition.headers.items()}


def _in_ascii(name: str, pattern: Pattern) -> Pattern:
    if pattern.slots:
        return pattern
    return Pattern(texts=(_value(further_field(name, pattern.texts[0])),))


def _value(field: bytes) -> str:
    """Return what a header field says, on one line."""
    return field.decode("ascii").partition(":")[2].replace("\r\n", "").strip()
