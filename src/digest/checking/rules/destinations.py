"""Rules about what links give away, and what stands at their end."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from hashlib import md5, sha1, sha256
from html import unescape
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlencode

from digest.checking.addresses import each_once, has_public_ending, host_of, shortened, split
from digest.checking.rule import Remark, rule
from digest.model import MARKER, Severity, Slot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from digest.checking.addresses import Reference
    from digest.checking.proof import Answer, Proof
    from digest.model import Edition

_PERSONAL = re.compile(r"e?mail|name|phone|mobile|birth|address", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w@.+-])[\w.+-]+@(?P<domain>[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,})(?![\w.-])")
_SECRETS = frozenset(
    {"access_token", "api-key", "api_key", "apikey", "auth_token", "client_secret", "passwd", "password", "pwd"}
    | {"jsessionid", "phpsessid", "sessionid", "x-amz-signature", "x-goog-signature"}
)
"""What names a key or a password in the query of an address."""
_NO_MAILBOX = re.compile(r"(?:.+\.)?calendar\.google\.com")


@rule(Severity.ERROR)
def link_personal_data(proof: Proof) -> Iterator[Remark]:
    """
    No link and no image tells who the reader is.

    Addresses end up in the logs of servers, in the history of browsers, and in the hands of programs that scan mail.
    A hash of an email address is no secret either: whoever has a list of addresses can compute it. RFC 8058 section 3.1
    wants names that cannot be guessed, and the GDPR no more data than the purpose needs (article 5). Somebody else's
    address, a password or a key is a warning.
    """
    fields = [name for name in _fields_in_addresses(proof) if _PERSONAL.search(name)]
    for name in fields:
        sentence = f"an address holds the reader's {name}, which ends up in the logs of servers"
        yield Remark(sentence=sentence, fix="Take the field out.", needle=f"{{{{ {name}")
    if fields:
        return
    forms = _forms(proof.message.reader.email)
    for reference in each_once(proof.references):
        if reference.is_web:
            yield from _remarks_on_persons(reference, forms, proof)


_ADDRESS = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)


def _fields_in_addresses(proof: Proof) -> Iterable[str]:
    """Return the fields that are filled into web addresses, each once."""
    marked = proof.edition.html.marked + proof.edition.text.marked
    addresses = "\n".join(match[0] for match in _ADDRESS.finditer(marked))
    return dict.fromkeys(Slot.from_marker(marker).name for marker in MARKER.finditer(addresses))


def _remarks_on_persons(reference: Reference, forms: Sequence[str], proof: Proof) -> Iterator[Remark]:
    sender, reply_to, url = proof.edition.sender, proof.edition.reply_to, reference.url
    if any(form in url or form in unquote(url).lower() for form in forms):
        sentence = f"an address at {reference.host} holds the reader's email address, or a form of it"
        yield Remark(sentence=sentence, fix="Take it out.", element=reference.element)
    elif _names_somebody(url, {sender.email, reply_to.email if reply_to else ""}):
        sentence = f"an address at {reference.host} holds somebody's email address or sign-in data"
        fix = "Take it out, unless it is meant to be public."
        yield Remark(sentence=sentence, fix=fix, element=reference.element, severity=Severity.WARNING)


def _forms(email: str) -> tuple[str, ...]:
    """Return an email address as addresses carry it: plain, in base64, or hashed."""
    octets = email.lower().encode()
    hashed = [new(octets, usedforsecurity=False).hexdigest() for new in (md5, sha1, sha256)]
    encoded = [encode(email.encode()).decode().rstrip("=") for encode in (b64encode, urlsafe_b64encode)]
    return (email.lower(), *hashed, *encoded)


def _names_somebody(url: str, own: Collection[str]) -> bool:
    parts = split(url)
    if any(name.lower() in _SECRETS for name, _ in parse_qsl(parts.query)):
        return True
    named = _EMAIL.finditer(unquote(f"{parts.path}?{parts.query}#{parts.fragment}"))
    return parts.username is not None or any(
        match[0] not in own and has_public_ending(match["domain"]) and not _NO_MAILBOX.fullmatch(match["domain"])
        for match in named
    )


_KEPT_OUT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS, 999})
"""What servers say to programs while people may come in; 999 is LinkedIn's."""


@rule(Severity.ERROR)
def link_dead(proof: Proof) -> Iterator[Remark]:
    """
    Links and images answer when they are asked, which `digest check --online` does.

    Nothing is noticed sooner by readers than a link that leads to an error. A server that keeps programs out may well
    let people in, so that is a note, as is an address that has moved for good.
    """
    for reference in each_once(proof.references):
        answer = proof.answers.get(reference.url)
        said = _said_of(answer) if answer else None
        if said:
            sentence, fix, severity = said
            yield Remark(
                sentence=f"{shortened(reference.url)} {sentence}",
                fix=fix,
                element=reference.element,
                needle=reference.url,
                severity=severity,
            )


def _said_of(answer: Answer) -> tuple[str, str, Severity | None] | None:
    """Return sentence, way out and severity for an answer that is not a good one, or was found elsewhere."""
    if answer.status is None:
        return f"does not answer: {answer.trouble}", "Mend the address, or take it out.", None
    if answer.status in _KEPT_OUT:
        return f"answers {_status(answer.status)} to a program", "See in a browser whether it is there.", Severity.NOTE
    if not answer.is_good:
        return f"answers {_status(answer.status)}", "Mend the address, or take it out.", None
    if answer.location:
        return "has moved for good", f"Write {answer.location}", Severity.NOTE
    return None


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


@rule(Severity.NOTE)
def link_repeated(proof: Proof) -> Iterator[Remark]:
    """
    No story leads where an earlier issue led already.

    Whoever follows the newsletter has read it. Sometimes that is meant, so this is a note; what tells campaigns apart
    (`utm_source` and the like) is no difference.
    """
    stories = [story for story in proof.issue.stories if story.link]
    earlier = [(past.slug, _led_to(past.edition)) for past in proof.past] if stories else []
    for story in stories:
        slug = next((slug for slug, links in earlier if _destination(story.link or "") in links), None)
        if slug:
            yield Remark(
                sentence=f'the story "{shortened(story.title)}" leads where {slug} led already',
                fix="Take another story, or say what is new.",
                place=story.place,
                needle=story.link or "",
            )


_HREF = re.compile(r"""\shref=(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


def _led_to(edition: Edition) -> frozenset[str]:
    """Return where the links of an issue led; those that were tracked stand in its text part as they were written."""
    hrefs = [unescape(first or second) for first, second in _HREF.findall(edition.html.marked)]
    return frozenset(map(_destination, [*hrefs, *_ADDRESS.findall(edition.text.marked)]))


def _destination(url: str) -> str:
    """Return an address without what makes no difference to a reader: its scheme, its fragment, campaigns' marks."""
    parts = split(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if not name.startswith("utm_")]
    return f"{host_of(url).removeprefix('www.')}{parts.path.rstrip('/')}?{urlencode(query)}"
