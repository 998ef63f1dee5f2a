"""What the DNS says of a newsletter's sender, in the order in which a person reads it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from digest.domains import Grade, Observation, dkim, dmarc, spf
from digest.domains.lookup import LookupFailedError, SilentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from digest.domains.dmarc import Walk
    from digest.domains.lookup import Ask, Found
    from digest.domains.signing import Signing

_NULL_MX = frozenset({"", "."})
_USABLE = frozenset({Grade.GOOD, Grade.ADVICE})
_ASK_AGAIN = "Ask again later, or another name server: digest doctor --dns-server ADDRESS"
_SELECTOR = "digest doctor --selector NAME"


def examine(sender: str, answers: str, signing: Signing, ask: Ask) -> list[Observation]:
    """
    Return what the DNS says of a newsletter's sender.

    Args:
        sender: the domain in From.
        answers: the domain to which answers go.
        signing: whose keys sign.
        ask: asks the DNS.
    """
    ask = cache(ask)
    try:
        found = ask(sender, "MX")
    except SilentError as error:
        return [_seen("DNS", Grade.UNKNOWN, f"{error}, so nothing is known of {sender}", _ASK_AGAIN)]
    except LookupFailedError as error:
        return [_seen("DNS", Grade.UNKNOWN, f"{error}, so nothing is known of it", _ASK_AGAIN)]
    if not found.exists:
        hint = "Mend `from` in [newsletter], or register the domain."
        return [_seen("DNS", Grade.BAD, f"there is no domain {sender}, so nobody takes mail from it", hint)]
    parts: dict[str, Callable[[], Sequence[Observation]]] = {
        "MX": lambda: [_judge_answers(answers, found if answers == sender else ask(answers, "MX"), ask)],
        "SPF": lambda: spf.judge(signing.envelope or sender, ask, needed=bool(signing.envelope)),
        "DMARC": lambda: dmarc.judge(dmarc.walk(sender, ask), ask),
        "DKIM": lambda: _judge_signatures(sender, signing, ask),
    }
    return [observation for about, part in parts.items() for observation in _answered(about, part)]


def _answered(about: str, part: Callable[[], Sequence[Observation]]) -> Sequence[Observation]:
    try:
        return part()
    except LookupFailedError as error:
        return [_seen(about, Grade.UNKNOWN, f"{error}", _ASK_AGAIN)]


def _judge_answers(domain: str, found: Found, ask: Ask) -> Observation:
    """Say whether answers arrive, which Microsoft wants of whoever writes to many."""
    if _NULL_MX.issuperset(found.values) and found.values:
        sentence = f"{domain} takes no mail (its MX record is a dot), so answers come back"
        return _seen("MX", Grade.BAD, sentence, "Set reply_to in [newsletter] to an address that somebody reads.")
    there = next((host for host in found.values if _has_address(host, ask)), "")
    if there:
        return _seen("MX", Grade.GOOD, f"answers go to {there}")
    if found.values:
        sentence = f"answers go to {found.values[0]}, which has no address, so they cannot arrive"
        return _seen("MX", Grade.BAD, sentence, f"Let the MX record of {domain} name a mail server that is there.")
    if _has_address(domain, ask):
        sentence = f"{domain} has no MX record, so answers go to the machine of that name"
        return _seen("MX", Grade.ADVICE, sentence, "Add an MX record for the mail server that takes them.")
    sentence = f"{domain} has no mail server, so answers cannot arrive"
    return _seen("MX", Grade.BAD, sentence, "Add an MX record, or set reply_to in [newsletter] to where they can.")


def _has_address(host: str, ask: Ask) -> bool:
    return bool(ask(host, "A").values or ask(host, "AAAA").values)


def _judge_signatures(sender: str, signing: Signing, ask: Ask) -> list[Observation]:
    domain, selectors = _keys_of(signing, ask)
    keys = [dkim.judge(domain, one, ask, modulus=signing.modulus) for one in selectors] or [_no_key(signing)]
    if not signing.named:
        keys = _spared(keys)
    if domain != sender:
        return [*keys, _judge_alignment(sender, domain, ask)]
    if any(key.grade in _USABLE for key in keys):
        return [*keys, _seen("alignment", Grade.GOOD, f"what is signed with it counts for {sender}")]
    return keys


def _spared(keys: list[Observation]) -> list[Observation]:
    """Where one of a service's usual keys is good, the others may be left over from before, and do no harm."""
    if not any(key.grade in _USABLE for key in keys):
        return keys
    return [replace(key, grade=Grade.ADVICE) if key.grade is Grade.BAD else key for key in keys]


def _keys_of(signing: Signing, ask: Ask) -> tuple[str, Sequence[str]]:
    """Return the selectors to look at, and where."""
    if signing.named:
        return signing.domain, signing.named
    for domain in _places(signing, ask):
        there = [one for one in signing.usual if _is_there(f"{one}._domainkey.{domain}", ask)]
        if there:
            return domain, there
    return signing.domain, ()


def _places(signing: Signing, ask: Ask) -> Iterator[str]:
    """Find the domains that a service may sign with: the sender's own, and the one that it belongs to."""
    yield signing.domain
    if signing.usual:
        yield dmarc.walk(signing.domain, ask).organization


def _no_key(signing: Signing) -> Observation:
    if not signing.usual:
        sentence = f"nobody said under which name the DKIM key of {signing.domain} is, so it was not looked at"
        return _seen("DKIM", Grade.UNKNOWN, sentence, f"The service shows it, before ._domainkey: {_SELECTOR}")
    names = " nor ".join(f"{one}._domainkey" for one in signing.usual)
    sentence = f"there is no DKIM key at {names} of {signing.domain}"
    hint = f"Add the records that the service shows. If they have another name there: {_SELECTOR}"
    return _seen("DKIM", Grade.BAD, sentence, hint)


def _is_there(name: str, ask: Ask) -> bool:
    """Tell whether there is a key, or an alias that should lead to one."""
    found = ask(name, "TXT")
    return any(map(dkim.is_key, found.values)) or found.name.lower() != name.lower()


def _judge_alignment(sender: str, signer: str, ask: Ask) -> Observation:
    """Say whether receivers take a signature for the sender's: RFC 9989 section 4.4."""
    walks = dmarc.walk(sender, ask), dmarc.walk(signer, ask)
    if _are_aligned(*walks):
        return _seen("alignment", Grade.GOOD, f"what {signer} signs counts for {sender}")
    sentence = f"what {signer} signs does not count for {sender}, so it does nothing for DMARC"
    return _seen("alignment", Grade.BAD, sentence, f"Sign with {sender}, or write from an address at {signer}.")


def _are_aligned(sender: Walk, signer: Walk) -> bool:
    if sender.policy and sender.policy.strict:
        return False
    return sender.organization == signer.organization


def _seen(about: str, grade: Grade, sentence: str, hint: str = "") -> Observation:
    return Observation(about=about, grade=grade, sentence=sentence, hint=hint)
