"""SPF, RFC 7208: which machines may send with a domain in the envelope."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from digest.domains import Grade, Observation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.domains.lookup import Ask

MOST_LOOKUPS = 10
"""More make receivers give up: RFC 7208 section 4.6.4."""
_GIVE_UP = 40
_RECORD = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
_MODIFIER = re.compile(r"(?P<name>[a-z][\w.-]*)=(?P<target>\S*)", re.IGNORECASE)
_MECHANISM = re.compile(
    r"""
    (?P<qualifier>[+?~-]?)
    (?:
        (?P<network>ip4|ip6) : (?P<addresses>\S+)
      | (?P<name>all)
      | (?P<asking>include|exists) : (?P<target>[^\s/]+)
      | (?P<address>a|mx) (?: : (?P<host>[^\s/]+) )? (?: /\d{1,2} )? (?: //\d{1,3} )?
      | (?P<reverse>ptr) (?: : \S+ )?
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spf:
    """What a domain's record comes to, with all that it includes."""

    lookups: int = 0
    """How many of its terms make a receiver ask the DNS."""
    rest: str = ""
    """What it says of all other machines: ``-``, ``~``, ``?`` or ``+``; blank where it says nothing."""
    advice: tuple[str, ...] = ()


class SpfError(Exception):
    """Receivers cannot make use of it; `str()` says why."""


def records(domain: str, ask: Ask) -> Sequence[str]:
    """
    Return the SPF records of a domain.

    Raises:
        LookupFailedError: a question was not answered.
    """
    return [text for text in ask(domain, "TXT").values if _RECORD.match(text)]


def follow(domain: str, ask: Ask, trail: tuple[str, ...] = ()) -> Spf:
    """
    Read a domain's record and all that it includes.

    Args:
        domain: the domain.
        ask: asks the DNS.
        trail: the domains whose records led here.

    Raises:
        SpfError: receivers cannot make use of it.
        LookupFailedError: a question was not answered.
    """
    found = records(domain, ask)
    if len(found) != 1:
        msg = f"{domain} has {len(found)} SPF records" if found else f"{domain}, which it includes, has no SPF record"
        raise SpfError(msg)
    if domain.lower() in trail:
        msg = f"the SPF record of {domain} includes itself"
        raise SpfError(msg)
    spf = Spf()
    redirect = ""
    for term in found[0].split()[1:]:
        modifier = _MODIFIER.fullmatch(term)
        if modifier:
            redirect = modifier["target"] if modifier["name"].lower() == "redirect" else redirect
            continue
        mechanism = _mechanism(term, domain)
        spf = _with(spf, mechanism, ask, (*trail, domain.lower()))
        if mechanism["name"]:  # whatever stands behind it is never reached
            return spf
    return _redirected(spf, redirect, ask, (*trail, domain.lower())) if redirect else spf


def _mechanism(term: str, domain: str) -> re.Match[str]:
    match = _MECHANISM.fullmatch(term)
    if not match or (match["network"] and not _is_network(match["network"].lower(), match["addresses"])):
        msg = f'the SPF record of {domain} holds "{term}", which means nothing'
        raise SpfError(msg)
    return match


def _is_network(kind: str, addresses: str) -> bool:
    try:
        IPv4Network(addresses, strict=False) if kind == "ip4" else IPv6Network(addresses, strict=False)
    except ValueError:
        return False
    return True


def _with(spf: Spf, term: re.Match[str], ask: Ask, trail: tuple[str, ...]) -> Spf:
    """Add what one term comes to."""
    if term["name"]:
        return Spf(lookups=spf.lookups, rest=term["qualifier"] or "+", advice=spf.advice)
    if term["network"]:
        return spf
    advice = (*spf.advice, "its ptr is slow, and RFC 7208 advises against it") if term["reverse"] else spf.advice
    below = Spf()
    if (term["asking"] or "").lower() == "include" and _can_follow(term["target"], spf):
        below = follow(term["target"], ask, trail)
    return Spf(lookups=spf.lookups + 1 + below.lookups, advice=(*advice, *below.advice))


def _redirected(spf: Spf, target: str, ask: Ask, trail: tuple[str, ...]) -> Spf:
    below = follow(target, ask, trail) if _can_follow(target, spf) else Spf()
    lookups = spf.lookups + 1 + below.lookups
    return Spf(lookups=lookups, rest=below.rest, advice=(*spf.advice, *below.advice))


def _can_follow(target: str, spf: Spf) -> bool:
    """Tell whether it is a name as it stands, and not one that every message changes; and that it is worth it."""
    return "%" not in target and spf.lookups <= _GIVE_UP


def judge(domain: str, ask: Ask, *, needed: bool) -> list[Observation]:
    """
    Say how a domain stands.

    Args:
        domain: the domain in the envelope, or where that is a service's, the one in From.
        ask: asks the DNS.
        needed: whether it is the one in the envelope, whose record receivers look up.

    Raises:
        LookupFailedError: a question was not answered.
    """
    found = records(domain, ask)
    if not found:
        return [_missing(domain, needed=needed)]
    if len(found) > 1:
        sentence = f"{domain} has {len(found)} SPF records, so receivers heed none of them"
        return [_seen(Grade.BAD, sentence, "Put all that they name into one, and remove the others.")]
    try:
        spf = follow(domain, ask)
    except SpfError as error:
        return [_seen(Grade.BAD, f"{error}, so receivers heed none of it", "Mend the TXT record that begins v=spf1.")]
    return [_judge_lookups(domain, spf), *_judge_rest(domain, spf), *(_advice(domain, word) for word in spf.advice)]


def _missing(domain: str, *, needed: bool) -> Observation:
    if needed:
        hint = 'Add a TXT record "v=spf1 … -all" that names the mail server, as its operator tells you to.'
        return _seen(Grade.BAD, f"{domain} has no SPF record, and Gmail asks for one", hint)
    sentence = f"{domain} has no SPF record; receivers look up that of the envelope, which is the service's"
    return _seen(Grade.ADVICE, sentence, 'If no other mail leaves from this domain, add a TXT record "v=spf1 -all".')


def _judge_lookups(domain: str, spf: Spf) -> Observation:
    if spf.lookups > MOST_LOOKUPS:
        sentence = f"the SPF record of {domain} makes receivers look up {spf.lookups} names, and they stop after 10"
        return _seen(Grade.BAD, sentence, "Remove what no longer sends for you, or name machines by ip4: and ip6:.")
    return _seen(Grade.GOOD, f"{domain} has one SPF record, which takes {spf.lookups} of 10 lookups")


def _judge_rest(domain: str, spf: Spf) -> list[Observation]:
    if spf.rest == "+":
        sentence = f"the SPF record of {domain} ends with +all: every machine of the world may send in its name"
        return [_seen(Grade.BAD, sentence, "Let it end with -all or ~all.")]
    if spf.rest in {"", "?"}:
        sentence = f"the SPF record of {domain} says nothing of other machines"
        return [_seen(Grade.ADVICE, sentence, "Let it end with -all or ~all.")]
    return []


def _advice(domain: str, words: str) -> Observation:
    return _seen(Grade.ADVICE, f"in the SPF record of {domain}, {words}", "Name the machines by ip4: and ip6: instead.")


def _seen(grade: Grade, sentence: str, hint: str = "") -> Observation:
    return Observation(about="SPF", grade=grade, sentence=sentence, hint=hint)
