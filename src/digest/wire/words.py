"""What services say in their answers, in words that can be shown: without addresses and secrets, on one line."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

import httpx
import msgspec

from digest.wire import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator


def said(response: httpx.Response) -> str:
    """Return the status of an answer and the service's own words, if it has any, without addresses and secrets."""
    words = words_of(response)
    return f"{status_of(response)}: {words}" if words else status_of(response)


def words_of(response: httpx.Response) -> str:
    """
    Return what a service says of it for people: the messages in its JSON, or a plain text.

    A page of HTML, which gateways send, says no more than the status.
    """
    if response.content.lstrip()[:1] == b"<":
        return ""
    try:
        body = msgspec.json.decode(response.content)
    except UNREADABLE:
        return clean(response.text)
    return clean("; ".join(dict.fromkeys(_messages(body)))) or clean(response.text)


# The names, in lower case, under which services explain themselves, and those that lead to them.
_EXPLAINING = ("message", "errormessage", "detail", "description", "msg", "reason", "name", "code", "type")
_LEADING = ("errors", "error", "detail", "messages", "results", "data")


def _messages(body: object) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, list):
        yield from chain.from_iterable(map(_messages, body))
    elif isinstance(body, dict):
        known = {key.lower(): value for key, value in body.items()}
        own = next((known[name] for name in _EXPLAINING if isinstance(known.get(name), str) and known[name]), None)
        yield from () if own is None else (own,)
        yield from chain.from_iterable(_told(known[name]) for name in _LEADING if name in known)


def _told(part: object) -> Iterator[str]:
    """Find messages one level deeper, by whatever names: ``{"errors": {"from": ["is missing"]}}``."""
    if isinstance(part, dict) and not {*map(str.lower, part)}.intersection(_EXPLAINING):
        part = list(part.values())
    return _messages(part)


def status_of(response: httpx.Response) -> str:
    """Return the status of an answer as a number and a phrase."""
    return f"{response.status_code} {httpx.codes.get_reason_phrase(response.status_code)}".rstrip()


_LONGEST = 200
_NAME = re.compile(r'"[^"]{1,64}"@[^\s"<>]*|[^\s"(),:;<>\[\]]+')  # one that is quoted may hold anything
_AT = re.compile(r"[@＠﹫]|%(?:25)*40|\\u0040|&#(?:64|x40)", re.IGNORECASE)
_TOKEN = re.compile(r"[\w+/=.~%&?#$!*-]{20,}", re.ASCII)
# Names that people gave: "daily_quota_exceeded", "TRANSIENT_FAILURE", "MailFromDomainNotVerified", "//a.test/errors".
# One in a hundred thousand tokens of readers looks like that.
_WORDS = re.compile(r"[-_./]*+(?:[a-z]{2,}+[-_./]*+)++|(?:[A-Z]{2,}+_?)++|[a-z]*+(?:[A-Z][a-z]{2,}+-?)++")


def clean(words: str) -> str:
    """
    Return a service's own words on one line of 200 characters at most, without what must not be shown.

    Whatever looks like an email address, in whatever spelling, or like a long token becomes "…". Names of faults
    stay, however long.
    """
    line = "".join(sign for sign in " ".join(words.split()) if sign.isprintable())
    line = _NAME.sub(lambda name: "…" if _AT.search(name[0]) else name[0], line)
    line = _TOKEN.sub(lambda token: token[0] if _WORDS.fullmatch(token[0]) else "…", line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
