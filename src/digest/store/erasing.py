"""
Addresses that were erased at their owners' wish, or that readers have left for another one.

Nothing is kept of them but a keyed hash, by which an import can recognise them and from which nobody can read them.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from digest.errors import SettingsError
from digest.store.database import to_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from digest.store.database import Database

_NAMING = b"digest: which secret is this?"
_WAY_OUT = (
    "Set DIGEST_SECRET to the value that it had then. Without it, nobody can tell whom this list must never take again."
)


def key_of(email: str) -> str:
    """
    Return what an address is told from others by: upper and lower case make no difference.

    No more than that is folded: ``straße.example`` and ``strasse.example`` are two domains (RFC 5894, section 7.2), and
    may be two people's.
    """
    return email.lower()


@dataclass(frozen=True, slots=True)
class Seal:
    """The secret that hashes of erased addresses are made with, and those that were used before it."""

    secret: bytes = field(repr=False)
    older: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def key_id(self) -> str:
        """Tells one secret from another, and nothing else of it."""
        return hmac.digest(self.secret, _NAMING, "sha256").hex()[:16]

    def named(self, key_id: str) -> Seal | None:
        """Return the seal with the secret of that id, be it an older one."""
        return next((seal for seal in map(Seal, (self.secret, *self.older)) if seal.key_id == key_id), None)

    def hash(self, key: str) -> str:
        """Return the hash of the key of an address: HMAC-SHA256, in hexadecimal."""
        return hmac.digest(self.secret, key.encode(), "sha256").hex()


class Erased:
    """The erased addresses in a store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.queries("subscribers.sql")

    def usable(self, seal: Seal | None) -> Seal | None:
        """
        Return the seal that newcomers are to be looked up with; None when nobody was erased.

        Raises:
            SettingsError: somebody was, and it is not with this seal that they could be recognised.
        """
        row = self._database.fetch_one(self._sql["seal_of_erased"])
        if row is None:
            return None
        if seal is None:
            msg = "readers were erased from this list, and DIGEST_SECRET is not set"
            raise SettingsError(msg, hint=_WAY_OUT)
        named = seal.named(row[0])
        if named is None:
            msg = "readers were erased from this list with another DIGEST_SECRET than this one"
            raise SettingsError(msg, hint=_WAY_OUT)
        return named

    def among(self, keys: Iterable[str], seal: Seal) -> Collection[str]:
        """Return those of the keys whose addresses were erased."""
        hashes = {seal.hash(key): key for key in keys}
        rows = self._database.fetch_all(self._sql["erased_among"], hashes=to_json([*hashes]))
        return {hashes[hashed] for (hashed,) in rows}

    def add(self, key: str, seal: Seal, stamp: str) -> None:
        """Remember that the address of a key was erased."""
        self._database.change(self._sql["add_erased"], hash=seal.hash(key), key_id=seal.key_id, now=stamp)

    def forget(self, key: str, seal: Seal) -> None:
        """Take an address in again, whichever of the seal's secrets it was erased with: its owner wants it so."""
        hashes = to_json([one.hash(key) for one in map(Seal, (seal.secret, *seal.older))])
        self._database.change(self._sql["forget_erased"], hashes=hashes)
