"""DKIM, RFC 6376: the keys that a domain publishes, by which receivers check signatures."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.domains import Grade, Observation
from digest.domains.tags import read_tags

if TYPE_CHECKING:
    from digest.domains.lookup import Ask, Found

LEAST_BITS, GOOD_BITS = 1024, 2048
"""RSA keys that are shorter Gmail does not accept, and that it advises: https://support.google.com/a/answer/81126."""
_ED25519 = 32
_KEY = re.compile(r"^\s*v\s*=\s*DKIM|(^|;)\s*p\s*=")
_SEQUENCE, _BIT_STRING, _INTEGER = 0x30, 0x03, 0x02


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key."""

    kind: str
    """``rsa`` or ``ed25519``."""
    modulus: int = 0
    """Of an RSA key."""
    testing: bool = False
    """Whether its domain says that it is only trying it out, so that receivers need not heed it."""

    @property
    def bits(self) -> int:
        """How long it is."""
        return self.modulus.bit_length()


def read_key(record: str) -> Key | None:
    """
    Read a key record; None is one that was withdrawn.

    Raises:
        ValueError: receivers cannot make use of it.
    """
    tags = read_tags(record)
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        msg = "it does not begin with v=DKIM1"
        raise ValueError(msg)
    if "p" not in tags:
        msg = "it has no key"
        raise ValueError(msg)
    if "sha256" not in _listed(tags.get("h", "sha256")):
        msg = "it forbids signatures with SHA-256 (h=)"
        raise ValueError(msg)
    if not {"*", "email"}.intersection(_listed(tags.get("s", "*"))):
        msg = "it is not for mail (s=)"
        raise ValueError(msg)
    kind = tags.get("k", "rsa")
    if kind not in {"rsa", "ed25519"}:
        msg = f"nobody knows keys of the kind {kind}"
        raise ValueError(msg)
    if not tags["p"]:
        return None
    key = _decoded(tags["p"])
    if kind == "ed25519" and len(key) != _ED25519:
        msg = "its key is no Ed25519 key"
        raise ValueError(msg)
    return Key(
        kind=kind,
        modulus=read_modulus(key) if kind == "rsa" else 0,
        testing="y" in _listed(tags.get("t", "")),
    )


def is_key(record: str) -> bool:
    """Tell a key record, be it a broken one, from others that may stand under the same name, by a wildcard."""
    return _KEY.search(record) is not None


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(":")]


def _decoded(text: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except Error as error:
        msg = "its key is no Base64"
        raise ValueError(msg) from error


def read_modulus(key: bytes) -> int:
    """
    Return the modulus of an RSA key in DER, which is either SubjectPublicKeyInfo or RSAPublicKey.

    Raises:
        ValueError: it is none.
    """
    try:
        body, _ = _element(key, _SEQUENCE)
        if body[:1] == bytes([_SEQUENCE]):
            _, after = _element(body, _SEQUENCE)
            bits, _ = _element(after, _BIT_STRING)
            body, _ = _element(bits[1:], _SEQUENCE)
        number, _ = _element(body, _INTEGER)
    except IndexError as error:
        msg = "its key is cut short"
        raise ValueError(msg) from error
    return int.from_bytes(number, "big")


def modulus_of(private_key: str) -> int:
    """Return the modulus of an RSA private key in PEM, which a provider has read before and found good."""
    from dkim.crypto import parse_pem_private_key  # noqa: PLC0415  # optional, and there where a provider signs

    pem = private_key.replace("\\n", "\n").replace("\r", "").encode()
    return int(parse_pem_private_key(pem)["modulus"])


def _element(data: bytes, kind: int) -> tuple[bytes, bytes]:
    """Split DER into the content of its first element and what follows."""
    if data[0] != kind:
        msg = "its key is no RSA key"
        raise ValueError(msg)
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise IndexError
    return data[start : start + length], data[start + length :]


def judge(domain: str, selector: str, ask: Ask, *, modulus: int = 0) -> Observation:
    """
    Say how a key stands.

    Args:
        domain: the domain that signs.
        selector: the key's name.
        ask: asks the DNS.
        modulus: of the RSA key that signs, where that is known.

    Raises:
        LookupFailedError: a question was not answered.
    """
    name = f"{selector}._domainkey.{domain}"
    found = ask(name, "TXT")
    keys = [text for text in found.values if is_key(text)]
    if not keys:
        return _seen(Grade.BAD, _absent(name, found), "Add the record that the service shows for its domain.")
    if len(keys) > 1:
        sentence = f"there are {len(keys)} keys at {name}, and receivers may take any of them"
        return _seen(Grade.BAD, sentence, "Leave the one that the service shows.")
    try:
        key = read_key(keys[0])
    except ValueError as error:
        hint = "Copy the record once more, whole and without line breaks."
        return _seen(Grade.BAD, f"the DKIM key at {name} is no use: {error}", hint)
    return _judge_key(name, key, modulus)


def _absent(name: str, found: Found) -> str:
    if found.name.lower() == name.lower():
        return f"there is no DKIM key at {name}"
    return f"{name} leads to {found.name}, where there is {'no DKIM key' if found.exists else 'nothing'}"


def _judge_key(name: str, key: Key | None, modulus: int) -> Observation:
    if key is None:
        return _seen(Grade.BAD, f"the DKIM key at {name} was withdrawn", "Publish the key that signs.")
    if modulus and key.modulus != modulus:
        sentence = f"the DKIM key at {name} is not the other half of the one that signs"
        return _seen(Grade.BAD, sentence, "Publish the public half of your private key, or name its selector.")
    if key.kind == "rsa" and key.bits < LEAST_BITS:
        sentence = f"the DKIM key at {name} has {key.bits} bits, and receivers want {LEAST_BITS} at least"
        return _seen(Grade.BAD, sentence, f"Make one of {GOOD_BITS} bits.")
    return _judge_usable(name, key)


def _judge_usable(name: str, key: Key) -> Observation:
    if key.testing:
        sentence = f"the DKIM key at {name} says that it is only being tried out (t=y)"
        return _seen(Grade.ADVICE, sentence, "Remove t=y from it.")
    if key.kind == "ed25519":
        sentence = f"there is a DKIM key of the kind Ed25519 at {name}, which many receivers cannot check"
        return _seen(Grade.ADVICE, sentence, f"Sign with an RSA key of {GOOD_BITS} bits, too.")
    sentence = f"there is a DKIM key at {name}, of {key.bits} bits"
    if key.bits < GOOD_BITS:
        return _seen(Grade.ADVICE, sentence, f"{GOOD_BITS} bits are better.")
    return _seen(Grade.GOOD, sentence)


def _seen(grade: Grade, sentence: str, hint: str = "") -> Observation:
    return Observation(about="DKIM", grade=grade, sentence=sentence, hint=hint)
