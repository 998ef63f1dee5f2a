"""Rules about whom the mail comes from, and where answers go."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from email.utils import getaddresses
from typing import TYPE_CHECKING

from digest.checking.addresses import has_public_ending, is_reserved, same_site, site_of
from digest.checking.header import named, read_header
from digest.checking.rule import Remark, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.checking.proof import Proof

# Free mailboxes, as of 2026-11. With a star, in every country.
_FREE = frozenset(
    {"aol.*", "gmail.com", "gmx.*", "googlemail.com", "hotmail.*", "live.*", "msn.com", "outlook.*", "yahoo.*"}
    | {"126.com", "163.com", "arcor.de", "bluewin.ch", "fastmail.com", "free.fr", "freenet.de", "hey.com", "icloud.com"}
    | {"laposte.net", "libero.it", "mac.com", "mail.com", "mail.ru", "me.com", "naver.com", "orange.fr", "pm.me"}
    | {"proton.me", "protonmail.com", "qq.com", "rediffmail.com", "rocketmail.com", "seznam.cz", "t-online.de"}
    | {"tutanota.com", "uol.com.br", "web.de", "wp.pl", "yandex.com", "yandex.ru", "ymail.com", "zoho.com"}
)
_DOMAIN = re.compile(r"(?:^|;)\s*d\s*=\s*([^;\s]+)", re.IGNORECASE)


@rule(Severity.ERROR)
def from_alignment(proof: Proof) -> Iterator[Remark]:
    """
    The sender is one address at a domain of its own, for which the mail can be signed.

    Gmail, Yahoo, Outlook and Apple refuse bulk mail whose sender no signature or envelope agrees with (Google's answer
    14229414, Outlook's 550 5.7.515 of 2025), and nobody but Google can sign for gmail.com. Whether the domain's DNS is
    right is asked by `digest doctor`.
    """
    place = proof.sources.setting("newsletter", "from")
    domain = proof.edition.sender.domain.casefold()
    if _is_free(domain):
        yield Remark(
            sentence=f"the sender's address is at {domain}, and only its provider can sign mail for that",
            fix="Send from an address of your own domain; `reply_to` may name this one.",
            place=place,
        )
    elif not _is_public(domain):
        yield Remark(
            sentence=f"{domain} is not a domain that anyone could have registered",
            fix="Correct `from` under [newsletter] in digest.toml.",
            place=place,
        )
    fields = read_header(proof.raw)
    senders = getaddresses([field.value for field in named(fields, "From")])
    if len(senders) != 1:
        yield Remark(sentence=f"the message has {len(senders)} senders", fix="Let the header field From have one.")
    signers = [found for field in named(fields, "DKIM-Signature") for found in _DOMAIN.findall(field.value)]
    if signers and not any(same_site(signer, domain) for signer in signers):
        yield Remark(
            sentence=f"it is signed for {' and '.join(signers)}, and comes from {domain}",
            fix=f"Have the service that delivers sign for {site_of(domain)}.",
        )


def _is_free(domain: str) -> bool:
    name = domain.partition(".")[0]
    return domain in _FREE or (f"{name}.*" in _FREE and site_of(domain) == domain)


_USUAL = frozenset({"com", "de", "dev", "email", "eu", "fr", "info", "io", "net", "news", "org"})
"""Endings that are known without the list of all, which takes 50 ms to read."""


def _is_public(domain: str) -> bool:
    _, dot, ending = domain.rpartition(".")
    return bool(dot) and (ending in _USUAL or is_reserved(domain) or has_public_ending(domain))


_ODD = (
    (re.compile(r"^\s*(?:re|fwd?|aw|wg|sv|vs|tr|rv)\s*(?:\[\d+\])?:", re.IGNORECASE), "begins like an answer"),
    (re.compile(r"[\[(]\s*\d+\s*[\])]"), "counts messages"),
    (re.compile(r"[\[\]{}<>]"), "has brackets"),
    (re.compile(r"@"), "has an @"),
    (re.compile(r"https?://|www\.", re.IGNORECASE), "has a link"),
    (re.compile(r"[!?$€]{2,}"), "shouts"),
    (re.compile(r"[-=_*~]{3,}"), "has a row of symbols"),
)
_SYMBOLS_OF_TRADE = frozenset("©®™℠°№")


@rule(Severity.WARNING)
def from_display_name(proof: Proof) -> Iterator[Remark]:
    """
    The sender's name says who writes, and nothing else.

    Google names what it takes for deceit: a subject or a number of messages in the name, icons that look like the mail
    program's own, the reader's name or an address (support.google.com/mail/answer/81126); such mail is sorted out.
    """
    name = proof.edition.sender.name
    odd = [what for pattern, what in _ODD if pattern.search(name)]
    if any(unicodedata.category(character) == "So" and character not in _SYMBOLS_OF_TRADE for character in name):
        odd.append("has a picture")
    subject = proof.message.subject.strip().casefold()
    if len(subject.split()) > 1 and subject in name.casefold() and subject != name.casefold():
        odd.append("repeats the subject")
    if odd:
        yield Remark(
            sentence=f'the sender\'s name "{name}" {odd[0]}',
            fix="Write the newsletter's name, or yours, and nothing else.",
            place=proof.sources.setting("newsletter", "from"),
        )


_NOBODY = re.compile(
    r"(?:no|not|non|do[._-]?not|dont|ne[._-]?pas)[._-]?(?:reply|respond|repondre|antworten?|svara)\w*"
    r"|(?:keine|nicht)[._-]?antwort\w*|no[._-]?(?:responder|responda|contestar|response)|nao-?responda|noresponder",
    re.IGNORECASE,
)
_SINGLE = ("Date", "From", "Sender", "Reply-To", "To", "Cc", "Message-ID", "In-Reply-To", "Subject", "MIME-Version")


@rule(Severity.WARNING)
def reply_path(proof: Proof) -> Iterator[Remark]:
    """
    Somebody reads the answers, and no header field stands there twice.

    Microsoft asks bulk senders for an address that takes answers (2025-04), readers who are answered stay, and an
    answer tells mail services that the mail was wanted. Gmail refuses mail in which a field that RFC 5322 section 3.6
    allows once stands there twice.
    """
    edition = proof.edition
    to = edition.reply_to or edition.sender
    if _NOBODY.fullmatch(to.email.partition("@")[0]):
        key = "reply_to" if edition.reply_to else "from"
        yield Remark(
            sentence=f"answers go to {to.email}, which nobody seems to read",
            fix="Name a mailbox that is read: `reply_to` under [newsletter] in digest.toml.",
            place=proof.sources.setting("newsletter", key),
        )
    counts = Counter(field.name.lower() for field in read_header(proof.raw))
    for name in _SINGLE:
        if counts[name.lower()] > 1:
            yield Remark(
                sentence=f"the header field {name} stands there {counts[name.lower()]} times",
                fix="Keep one of them.",
                severity=Severity.ERROR,
            )
