"""What lists, exports and people say of a reader, made a newcomer in normal form."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from digest.model import Consent, Newcomer, Standing
from digest.subscribing.addresses import normal_email

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

CONSENT = ("consent_at", "consent_how", "consent_source", "consent_words")
COLUMNS = ("email", "name", "tags", "standing", "joined", "paused_until", "token", *CONSENT)
"""The columns of our own lists, besides the declared fields."""

_CONSENT = frozenset(CONSENT)
_LONGEST_LINE = 200
_LONGEST_WORDS = 2_000
_TAGS_APART = re.compile(r"[,;]")
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's control signs, halves of signs, and ends of lines and paragraphs, which could forge a header field."""
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of what follows, which can make one address look like another."""
_CALLED = re.compile(r"[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{16,64}")
"""The names of list and reader, as the column `token` has them."""
_PLAIN = re.compile(rf"[A-Za-z0-9 ,;'&()_-]{{0,{_LONGEST_LINE}}}")
_LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_ONLY_A_LINK = re.compile(r"https?://\S+", re.IGNORECASE)


def make_newcomer(
    cells: Mapping[str, str], *, fields: Collection[str], consent: Consent, tags: Sequence[str] = ()
) -> Newcomer:
    """
    Return the newcomer that texts under the names of our columns and of the declared fields tell of.

    Args:
        cells: the texts; whatever is missing is blank.
        fields: the declared fields.
        consent: what is known of it where the texts say nothing.
        tags: further tags; each text may hold several, with commas or semicolons between them.

    Raises:
        ValueError: no mail can be sent to the address, or a text is not what it should be; the reason quotes none.
    """
    name = cells.get("name", "")
    standing = cells.get("standing", "")
    joined, paused_until, token = (cells.get(column, "") for column in ("joined", "paused_until", "token"))
    return Newcomer(
        email=normal_email(cells["email"].strip()),
        name=_read_words(name, "name") if name else "",
        fields={
            field: _read_words(text, field, may_be_link=True) for field in fields if (text := cells.get(field, ""))
        },
        tags=_split_tags((cells.get("tags", ""), *tags)),
        standing=_read_standing(standing.strip()) if standing else Standing.ACTIVE,
        joined_at=read_moment(joined, "joined") if joined else None,
        paused_until=read_moment(paused_until, "paused_until") if paused_until else None,
        called=_read_token(token.strip()) if token else "",
        consent=_read_consent(cells, consent),
    )


def _read_words(value: str, name: str, *, may_be_link: bool = False) -> str:
    """
    Read what will be shown to people, in a greeting or beside an address.

    Whoever fills in a form can write what others will be sent, so neither markup nor a link belongs into a name. Every
    field can stand in a greeting too; it may still be a link as a whole, since some readers' homepages are data.
    """
    text = value.strip()
    if _PLAIN.fullmatch(text):
        return text
    text = read_line(text, name)
    if "<" in text or ">" in text:
        msg = f"the {name} holds markup (< or >)"
        raise ValueError(msg)
    if _LINK.search(text) and not (may_be_link and _ONLY_A_LINK.fullmatch(text)):
        msg = f"the {name} holds a link"
        raise ValueError(msg)
    return text


def read_line(value: str, name: str, *, longest: int = _LONGEST_LINE) -> str:
    """
    Return a text as one line in normal form.

    Raises:
        ValueError: it is too long, or holds signs that nobody sees.
    """
    text = value.strip()
    if len(text) > longest:
        msg = f"the {name} is longer than {longest:,} signs"
        raise ValueError(msg)
    if text.isascii() and text.isprintable():
        return text
    for position, sign in enumerate(text, 1):
        if unicodedata.category(sign) in _UNSAFE or sign in _TURNING:
            msg = f"the {name} holds an invisible sign (U+{ord(sign):04X}) at position {position}"
            raise ValueError(msg)
    return unicodedata.normalize("NFC", text)


@lru_cache
def _split_tags(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Cached, because most newcomers of a list bear the same tags."""
    tags = {read_line(tag, "tags") for text in texts if text for tag in _TAGS_APART.split(text)}
    return tuple(sorted(tags - {""}))


def _read_standing(word: str) -> Standing:
    try:
        return Standing(word)
    except ValueError as error:
        msg = f"the standing is none of {', '.join(standing.value for standing in Standing)}"
        raise ValueError(msg) from error


def _read_token(text: str) -> str:
    if text and not _CALLED.fullmatch(text):
        msg = "the token is none that digest subscribers export --tokens writes"
        raise ValueError(msg)
    return text


def read_moment(text: str, name: str) -> datetime | None:
    """
    Read a moment as ISO 8601 writes it, and as exports do: ``2026-11-24``, ``2026-11-24 09:00:00 UTC``; blank is None.

    Without an offset it is meant in UTC: the services whose exports leave it out are not known to mean another zone.

    Raises:
        ValueError: it is none.
    """
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        msg = f"the {name} is no date, such as 2026-11-24 or 2026-11-24T09:00:00Z"
        raise ValueError(msg) from error


def _read_consent(cells: Mapping[str, str], default: Consent) -> Consent:
    if _CONSENT.isdisjoint(cells):
        return default
    at, how, source, words = (cells.get(column, "") for column in CONSENT)
    return Consent(
        at=read_moment(at, "consent_at"),
        how=read_line(how, "consent_how") or default.how,
        source=read_line(source, "consent_source") or default.source,
        words=read_line(" ".join(words.split()), "consent_words", longest=_LONGEST_WORDS) or default.words,
    )
