"""Email addresses: their normal form, and those that look alike."""

from __future__ import annotations

import re
from array import array
from functools import cached_property
from itertools import islice

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

# These are what email-validator passes unchanged; asking it takes 60 microseconds, which a million readers feel.
_PLAIN = re.compile(
    r"(?=[^@]{1,64}@.{1,63}\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+([a-z]{2,})"
)
_SPECIAL_ENDINGS = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)


def normal_email(text: str) -> str:
    """
    Return an address in its one normal form.

    The part before the @ keeps its upper and lower case, a domain of any script is written in that script, and quotes
    go where they are needless: what needs them no service takes in a header field, so its reader could never be
    written to.

    Raises:
        ValueError: no mail can be sent to it; the reason does not repeat it.
    """
    match = _PLAIN.fullmatch(text)
    if match and match[1] not in _SPECIAL_ENDINGS:
        return text
    try:
        # .test is for examples such as ours, so it is let through.
        email = validate_email(
            text, check_deliverability=False, test_environment=True, allow_smtputf8=False, allow_quoted_local=True
        ).normalized
    except EmailNotValidError as error:
        msg = f"no email address: {str(error)[:1].lower()}{str(error)[1:]}"
        raise ValueError(msg) from error
    if email.startswith('"'):
        msg = "the part of the address before the @ needs quotes, and mail services take none"
        raise ValueError(msg)
    return email


def wanted_email(text: str) -> str:
    """Return the address that someone who looks for a reader means, in the form that the list has it in."""
    try:
        return normal_email(text.strip())
    except ValueError:
        return text.strip()


class Lookalikes:
    """
    Addresses of one list that differ in dots, or in what follows a plus, and may so be one person's.

    Only lines and hashes are kept, 16 bytes a row, and of no more rows than `MOST`: a list may be of any length.
    """

    MOST = 1_000_000

    def __init__(self) -> None:
        self._count = 0
        self._buckets = tuple(array("Q") for _ in range(256))

    def note(self, line: int, email: str) -> None:
        """Take down the address of a line."""
        self._count += 1
        if self._count > self.MOST:
            return
        key = email.lower()
        local_part, _, domain = key.rpartition("@")
        person = hash(f"{local_part.partition('+')[0].replace('.', '')}@{domain}") & 0xFFFF_FFFF_FFFF_FFFF
        bucket = self._buckets[person & 0xFF]
        bucket.append(person)
        bucket.append((hash(key) & 0xFFFF_FFFF) << 32 | line & 0xFFFF_FFFF)

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """The lines of each later address and of the first that looks like it, in order."""
        pairs = []
        for bucket in self._buckets:
            first: dict[int, int] = {}
            for person, place in zip(islice(bucket, 0, None, 2), islice(bucket, 1, None, 2), strict=True):
                known = first.setdefault(person, place)
                if known >> 32 != place >> 32:
                    pairs.append((known & 0xFFFF_FFFF, place & 0xFFFF_FFFF))
        return sorted(pairs, key=lambda pair: pair[::-1])
