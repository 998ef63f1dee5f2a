"""DKIM signatures, RFC 6376, by dkimpy: of the sender, of what a reader sees, and of how to leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from digest.errors import SettingsError

# RFC 8058 section 4 wants both fields of one-click unsubscription covered. A field that is named once more than it
# occurs cannot be added on the way; From is what a reader trusts.
_FIELDS = (
    b"from",
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"mime-version",
    b"content-type",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
# Header fields are refolded on the way. A body in quoted-printable has nothing that a server would touch, and the
# relaxed form would take half as long again: 20 ms a message of 60 KB in place of 13 (2026-11, a key of 2048 bits).
_CANONICAL = (b"relaxed", b"simple")
_LEAST_BITS = 1024  # RFC 8301 section 3.2: receivers take no shorter key.


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs messages with one key."""

    selector: str
    domain: str
    """The domain that vouches; blank is the sender's."""
    key: bytes = field(repr=False)
    """The private key: RSA, in PEM."""

    @classmethod
    def of(cls, *, selector: str, domain: str, key: str) -> Self:
        r"""
        Return the signer for the private key `key`; in an environment, its lines may be told apart by ``\n``.

        Raises:
            SettingsError: it is no RSA key in PEM, it is too short, or dkimpy is not installed.
        """
        pem = key.replace("\\n", "\n").replace("\r", "").encode()
        if _bits(pem) < _LEAST_BITS:
            msg = f"the key in DKIM_PRIVATE_KEY has less than {_LEAST_BITS} bits, so nobody would heed its signatures"
            raise SettingsError(msg, hint="Make one of 2048 bits, and publish its other half under the selector.")
        return cls(selector=selector, domain=domain, key=pem)

    def sign(self, message: bytes, sender_domain: str) -> bytes:
        """Return the header field, with its line end, that is to go before `message`."""
        from dkim import DKIM  # noqa: PLC0415  # optional, and `of` has found it

        signature: bytes = DKIM(message).sign(
            self.selector.encode(),
            (self.domain or sender_domain).encode(),
            self.key,
            canonicalize=_CANONICAL,
            include_headers=_FIELDS,
        )
        return signature


def _bits(pem: bytes) -> int:
    try:
        from dkim.crypto import UnparsableKeyError, parse_pem_private_key  # noqa: PLC0415  # optional
    except ImportError as error:
        msg = "to sign messages by DKIM, dkimpy is needed, and it is not installed"
        raise SettingsError(msg, hint='Install "digest[smtp]", or let your mail server sign.') from error
    try:
        return int(parse_pem_private_key(pem)["modulus"]).bit_length()
    except (UnparsableKeyError, ValueError, IndexError) as error:
        msg = "DKIM_PRIVATE_KEY is no RSA private key in PEM, which is the only kind that can sign here"
        hint = 'It begins with "-----BEGIN PRIVATE KEY-----" or "-----BEGIN RSA PRIVATE KEY-----", without a password.'
        raise SettingsError(msg, hint=hint) from error
