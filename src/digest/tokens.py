"""
What public addresses carry: texts that are signed, so that nobody makes one up.

    k3f9aQwX.AZr2c1…                 a reader, by a name that the list gave them, under
    Ub1c9V0y.k3f9aQwX.AZr2c1….8mH…   the list's own name, and signed

A token holds no address. Each purpose has signatures of its own, so what opens one door opens no other. The newest key
signs and all keys are believed: to change a key, put another one before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from itsdangerous import BadData, Signer, URLSafeSerializer
from itsdangerous.signer import HMACAlgorithm

from digest.keys import keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Fact: TypeAlias = "str | int"


class Purpose(Enum):
    """What a token is good for, beside letting a reader in."""

    FORM = "form"
    """Tells when a form was shown."""
    CONFIRM = "confirm"
    """Says that somebody wants the newsletter."""
    MOVE = "move"
    """Says that a reader's new address is theirs."""
    OWN = "own"
    """Says that somebody reads the mail of a reader's address, and so may see and do all that the reader may."""
    CLICK = "click"
    """Leads to an address that stood in an issue."""
    OPEN = "open"
    """Tells that an issue was looked at."""


class BadTokenError(Exception):
    """A token that we did not sign, or not for this."""


class ExpiredTokenError(BadTokenError):
    """A token of ours whose time is over."""


class _HalfOfHmac(HMACAlgorithm):
    """HMAC-SHA256, cut to 128 bits as RFC 2104 allows (section 5): addresses stand in mail, and are to be short."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:16]


@dataclass(frozen=True)
class Tokens:
    """Signs texts and reads what was signed."""

    keys: Sequence[str] = field(repr=False)
    """The newest first."""

    def name_reader(self, list_name: str, name: str) -> str:
        """Return the token of a reader; it is good for as long as its key, and never expires."""
        return self.sign_name(f"{list_name}.{name}")

    def sign_name(self, name: str) -> str:
        """Return the token of a reader whose name tells that of their list, too."""
        return self._readers.sign(name).decode()

    def read_reader(self, token: str) -> tuple[str, str]:
        """
        Return the names of list and reader.

        Raises:
            BadTokenError: it is no token of ours.
        """
        try:
            list_name, _, name = self._readers.unsign(token).decode().partition(".")
        except (BadData, UnicodeError) as error:
            raise BadTokenError from error
        return list_name, name

    def sign(self, purpose: Purpose, *facts: Fact) -> str:
        """Return a token that holds some facts, which whoever has it can read; the same facts give the same token."""
        return str(self._serializer(purpose).dumps(facts))

    def read(self, purpose: Purpose, token: str) -> list[Fact]:
        """
        Return the facts of a token.

        Raises:
            BadTokenError: it is no token of ours for this purpose.
        """
        try:
            facts: list[Fact] = self._serializer(purpose).loads(token)
        except (BadData, UnicodeError) as error:
            raise BadTokenError from error
        return facts

    def sign_until(self, purpose: Purpose, end: datetime, *facts: Fact) -> str:
        """Return a token that is good up to a moment, to the second."""
        return self.sign(purpose, int(end.timestamp()), *facts)

    def read_until(self, purpose: Purpose, token: str, *, now: datetime) -> list[Fact]:
        """
        Return the facts of a token that is good up to a moment.

        Raises:
            BadTokenError: it is no token of ours for this purpose.
            ExpiredTokenError: its time is over.
        """
        end, *facts = self.read(purpose, token)
        if now >= datetime.fromtimestamp(int(end), UTC):
            raise ExpiredTokenError
        return facts

    @cached_property
    def _readers(self) -> Signer:
        return Signer(self._oldest_first, salt="reader", algorithm=_HalfOfHmac(sha256), digest_method=sha256)

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        options = {"algorithm": _HalfOfHmac(sha256), "digest_method": sha256}
        return URLSafeSerializer(self._oldest_first, salt=purpose.value, signer_kwargs=options)

    @property
    def _oldest_first(self) -> list[str]:
        return [*reversed(self.keys)]


def tokens_of(environ: Mapping[str, str]) -> Tokens | None:
    """
    Return what signs with the keys of the environment; None where it has none.

    Raises:
        SettingsError: a key is too short.
    """
    keys = keys_of(environ)
    return Tokens(keys) if keys else None
