"""SPF, RFC 7208: which machines may send with a domain in the envelope."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from digest.domains import Grade, Observation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.domains.lookup import Ask

MOST_LOOKUPS, MOST_VOID, MOST_HOSTS = 10, 2, 10
"""
How many terms may make receivers ask, how many of these may find nothing, and how many hosts an MX may have.

Beyond, they give up: RFC 7208 section 4.6.4.
"""
_GIVE_UP = 40
_RECORD = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<target>[!-~]*)", re.IGNORECASE)
_MACRO = re.compile(r"%(?:\{[slodiphv]\d*r?[.+,/_=-]*\}|[%_-])", re.IGNORECASE)
_BITS4, _BITS6 = r"/(?:\d|[12]\d|3[0-2])", r"/(?:\d|[1-9]\d|1[01]\d|12[0-8])"
_MECHANISM = re.compile(
    rf"""
    (?P<qualifier>[+?~-]?)
    (?:
        ip4 : (?P<ip4>[\d.]+) (?: {_BITS4} )?
      | ip6 : (?P<ip6>[\da-f:.]+) (?: {_BITS6} )?
      | (?P<all>all)
      | (?P<asking>include|exists) : (?P<target>[!-.0-~]+)
      | (?P<address>a|mx) (?: : (?P<host>[!-.0-~]+) )? (?: {_BITS4} )? (?: /{_BITS6} )?
      | (?P<reverse>ptr) (?: : [!-.0-~]+ )?
    )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spf:
    """What a domain's record comes to, with all that it includes."""

    lookups: int = 0
    """How many of its terms make a receiver ask the DNS."""
    void: tuple[str, ...] = ()
    """The names of which nothing is found then."""
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


def follow(domain: str, ask: Ask, trail: tuple[str, ...] = (), spf: Spf | None = None) -> Spf:
    """
    Read a domain's record and all that it includes.

    Args:
        domain: the domain.
        ask: asks the DNS.
        trail: the domains whose records led here.
        spf: what these came to before.

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
    trail = (*trail, domain.lower())
    mechanisms, redirect = _read(domain, found[0])
    spf = replace(spf or Spf(), rest="")
    for mechanism in mechanisms:
        if mechanism["all"]:  # whatever stands behind it is never reached
            return replace(spf, rest=mechanism["qualifier"] or "+")
        spf = _with(spf, mechanism, ask, trail)
        if spf.rest == "+" and mechanism["qualifier"] in {"", "+"}:  # it includes a record that lets everyone in
            return spf
        spf = replace(spf, rest="")
    return _led(redirect, ask, trail, spf) if redirect else spf


def _read(domain: str, record: str) -> tuple[Sequence[re.Match[str]], str]:
    """
    Read all terms, as receivers do before they heed any: the mechanisms, and where it leads in the end.

    Raises:
        SpfError: one of them means nothing.
    """
    mechanisms: list[re.Match[str]] = []
    redirects: list[str] = []
    for term in filter(None, record.split(" ")[1:]):
        modifier = _MODIFIER.fullmatch(term)
        if modifier and modifier["name"].lower() == "redirect":
            redirects.append(_target(modifier["target"], term, domain))
        elif not modifier:
            mechanisms.append(_mechanism(term, domain))
    if len(redirects) > 1:
        msg = f"the SPF record of {domain} has {len(redirects)} redirects"
        raise SpfError(msg)
    return mechanisms, redirects[0] if redirects else ""


def _mechanism(term: str, domain: str) -> re.Match[str]:
    match = _MECHANISM.fullmatch(term)
    if not match or not _is_address(match):
        raise _meaningless(term, domain)
    for part in (match["target"], match["host"]):
        if part:
            _target(part, term, domain)
    return match


def _target(target: str, term: str, domain: str) -> str:
    if not target or "%" in _MACRO.sub("", target):
        raise _meaningless(term, domain)
    return target


def _meaningless(term: str, domain: str) -> SpfError:
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in term)
    return SpfError(f'the SPF record of {domain} holds "{shown}", which means nothing')


def _is_address(term: re.Match[str]) -> bool:
    try:
        IPv4Address(term["ip4"] or 0)
        IPv6Address(term["ip6"] or 0)
    except ValueError:
        return False
    return True


def _with(spf: Spf, term: re.Match[str], ask: Ask, trail: tuple[str, ...]) -> Spf:
    """Add what one term comes to."""
    if term["address"]:
        return _with_host(spf, term, ask, trail)
    if term["reverse"]:
        advice = (*spf.advice, "its ptr is slow, and RFC 7208 advises against it")
        return replace(spf, lookups=spf.lookups + 1, advice=advice)
    if term["asking"] and term["asking"].lower() == "include":
        return _led(term["target"], ask, trail, spf)
    return replace(spf, lookups=spf.lookups + bool(term["asking"]))


def _with_host(spf: Spf, term: re.Match[str], ask: Ask, trail: tuple[str, ...]) -> Spf:
    """Add a term that stands for the machines of a name."""
    spf, host = replace(spf, lookups=spf.lookups + 1), term["host"] or trail[-1]
    if not _can_ask(host, spf):
        return spf
    mail = term["address"].lower() == "mx"
    found = ask(host, "MX").values if mail else ask(host, "A").values or ask(host, "AAAA").values
    if mail and len(found) > MOST_HOSTS:
        msg = f"the SPF record of {trail[-1]} names the {len(found)} mail servers of {host}, more than {MOST_HOSTS}"
        raise SpfError(msg)
    return spf if found else replace(spf, void=(*spf.void, host))


def _led(target: str, ask: Ask, trail: tuple[str, ...], spf: Spf) -> Spf:
    """Add what the record of another domain comes to."""
    spf = replace(spf, lookups=spf.lookups + 1)
    return follow(target, ask, trail, spf) if _can_ask(target, spf) else spf


def _can_ask(name: str, spf: Spf) -> bool:
    """Tell whether it is a name as it stands, and not one that every message changes; and that it is worth it."""
    return "%" not in name and spf.lookups <= _GIVE_UP


def judge(domain: str, ask: Ask, *, needed: bool) -> list[Observation]:
    """
    Say how a domain stands.

    Args:
        domain: the domain in the envelope, or where that is a service's, the one in From.
        ask: asks the DNS.
        needed: whether it is the one in the envelope, whose record receivers look up; no other one can do harm.

    Raises:
        LookupFailedError: a question was not answered.
    """
    seen = _judge(domain, ask) if records(domain, ask) else [_missing(domain, needed=needed)]
    if needed:
        return seen
    return [replace(one, grade=Grade.ADVICE) if one.grade is Grade.BAD else one for one in seen]


def _judge(domain: str, ask: Ask) -> list[Observation]:
    found = records(domain, ask)
    if len(found) > 1:
        sentence = f"{domain} has {len(found)} SPF records, so receivers heed none of them"
        return [_seen(Grade.BAD, sentence, "Put all that they name into one, and remove the others.")]
    try:
        spf = follow(domain, ask)
    except SpfError as error:
        return [_seen(Grade.BAD, f"{error}, so receivers heed none of it", "Mend the TXT record that begins v=spf1.")]
    further = [_advice(domain, word) for word in dict.fromkeys(spf.advice)]
    return [_judge_lookups(domain, spf), *_judge_rest(domain, spf), *further]


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
    if len(spf.void) > MOST_VOID:
        sentence = f"the SPF record of {domain} asks for {_listed(spf.void)}, where nothing is found"
        return _seen(Grade.BAD, sentence, f"Remove these: receivers stop after {MOST_VOID} of them.")
    return _seen(Grade.GOOD, f"{domain} has one SPF record, which takes {spf.lookups} of 10 lookups")


def _listed(names: Sequence[str]) -> str:
    *first, last = dict.fromkeys(names)
    return f"{', '.join(first)} and {last}" if first else last


def _judge_rest(domain: str, spf: Spf) -> list[Observation]:
    if spf.rest == "+":
        sentence = f"the SPF record of {domain} comes to +all: every machine of the world may send in its name"
        return [_seen(Grade.BAD, sentence, "Let it end with -all or ~all.")]
    if spf.rest in {"", "?"}:
        sentence = f"the SPF record of {domain} says nothing of other machines"
        return [_seen(Grade.ADVICE, sentence, "Let it end with -all or ~all.")]
    return []


def _advice(domain: str, words: str) -> Observation:
    return _seen(Grade.ADVICE, f"in the SPF record of {domain}, {words}", "Name the machines by ip4: and ip6: instead.")


def _seen(grade: Grade, sentence: str, hint: str = "") -> Observation:
    return Observation(about="SPF", grade=grade, sentence=sentence, hint=hint)
