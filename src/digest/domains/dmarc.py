"""
DMARC, RFC 9989: what receivers are asked to do with mail that others send in a domain's name.

Which domains belong together is found as that RFC says, by walking up the names, and without the list of public
suffixes that its predecessor needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.domains import Grade, Observation
from digest.domains.tags import read_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from digest.domains.lookup import Ask

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(;|$)")
_POLICIES = frozenset({"none", "quarantine", "reject"})
_MOST_LABELS = 7
_START = 'Add a TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
_WANTED = "Gmail, Yahoo and Microsoft refuse large mailings from such a domain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A domain's record."""

    domain: str
    tags: Mapping[str, str]

    @property
    def strict(self) -> bool:
        """Whether a signature must be of exactly the domain in From."""
        return self.tags.get("adkim", "r").lower() == "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What was found from a domain upwards."""

    domain: str
    policies: Sequence[Policy] = ()
    """From the longest name to the shortest."""
    faults: Sequence[str] = ()
    """Why a record counts for nothing, in sentences."""

    @property
    def organization(self) -> str:
        """The domain to which this one belongs: RFC 9989 section 4.10.2."""
        for policy in self.policies:
            suffix = policy.tags.get("psd", "").lower()
            if suffix == "n":
                return policy.domain
            if suffix == "y" and policy.domain != self.domain:
                return ".".join(self.domain.split(".")[-policy.domain.count(".") - 2 :])
        return self.policies[-1].domain if self.policies else self.domain

    @property
    def policy(self) -> Policy | None:
        """The record that holds for it: its own, or its organization's, or that of the suffix above."""
        at = {policy.domain: policy for policy in self.policies}
        above = self.policies[-1] if self.policies else None
        return at.get(self.domain) or at.get(self.organization) or above


def walk(domain: str, ask: Ask) -> Walk:
    """
    Look for records at `domain` and above it: RFC 9989 section 4.10.

    Raises:
        LookupFailedError: a question was not answered.
    """
    policies: list[Policy] = []
    faults: list[str] = []
    for name in _names(domain):
        found = [text for text in ask(f"_dmarc.{name}", "TXT").values if _VERSION.match(text)]
        if len(found) > 1:
            faults.append(f"_dmarc.{name} has {len(found)} DMARC records, so none of them counts")
        elif found:
            parts = [part.strip() for part in found[0].split(";")]
            faults += [_stray(name, part) for part in parts if part and "=" not in part]
            try:
                policies.append(Policy(domain=name, tags=read_tags(";".join(part for part in parts if "=" in part))))
            except ValueError as error:
                faults.append(f"the DMARC record at _dmarc.{name} cannot be read: {error}")
        if policies and policies[-1].tags.get("psd", "").lower() in {"n", "y"}:
            break
    return Walk(domain=domain, policies=policies, faults=faults)


def _names(domain: str) -> Iterator[str]:
    yield domain
    labels = domain.split(".")[1:][-_MOST_LABELS:]
    for number in range(len(labels)):
        yield ".".join(labels[number:])


def _stray(name: str, part: str) -> str:
    """Name what receivers pass over: RFC 9989 section 4.7."""
    return f'the DMARC record at _dmarc.{name} holds "{part}", which is no tag with a value'


def judge(found: Walk, ask: Ask) -> list[Observation]:
    """
    Say how a domain stands.

    Raises:
        LookupFailedError: a question was not answered.
    """
    grade = Grade.ADVICE if found.policy else Grade.BAD
    faults = [_seen(grade, fault, "Leave one record there, and mend it.") for fault in found.faults]
    if found.policy:
        return [*faults, _judge_policy(found.domain, found.policy), *_judge_reports(found.policy, ask)]
    missing = f"{found.domain} has no DMARC record: {_WANTED}"
    return faults or [_seen(Grade.BAD, missing, _START.format(domain=found.domain))]


def _judge_policy(domain: str, policy: Policy) -> Observation:
    at = f"the DMARC record at _dmarc.{policy.domain}"
    policies = {name: policy.tags[name].lower() for name in ("p", "sp", "np") if name in policy.tags}
    if "p" not in policies or not _POLICIES.issuperset(policies.values()):
        hint = "Let its tag p be none, quarantine or reject, and sp and np as well, where they are there."
        return _seen(Grade.BAD, f"{at} has no policy that receivers know", hint)
    wanted = policies["p"] if policy.domain == domain else policies.get("sp", policies["p"])
    sentence = f"{domain} has the DMARC policy {wanted}"
    if policy.domain != domain:
        sentence += f", by the record of {policy.domain}"
    if wanted == "none":
        hint = "That is enough for Gmail and Yahoo. Once its reports show that all your mail passes, set p=quarantine."
        return _seen(Grade.GOOD, sentence, hint)
    return _seen(Grade.GOOD, sentence)


def _judge_reports(policy: Policy, ask: Ask) -> list[Observation]:
    at = f"the DMARC record at _dmarc.{policy.domain}"
    targets = [uri.strip().lower() for uri in policy.tags.get("rua", "").split(",")]
    if not any(uri.startswith(("mailto:", "https:")) for uri in targets):
        sentence = f"{at} asks for no reports, so nobody learns whose mail fails"
        return [_seen(Grade.ADVICE, sentence, "Add rua=mailto: and an address that somebody reads.")]
    domains = dict.fromkeys(uri.rpartition("@")[2].partition("!")[0] for uri in targets if uri.startswith("mailto:"))
    return [_unwilling(at, policy.domain, domain) for domain in domains if not _takes(domain, policy.domain, ask)]


def _takes(domain: str, sender: str, ask: Ask) -> bool:
    """Tell whether a domain takes reports about a sender: its own, or as it has published: RFC 9990 section 4."""
    if walk(domain, ask).organization == walk(sender, ask).organization:
        return True
    return any(_VERSION.match(text) for text in ask(f"{sender}._report._dmarc.{domain}", "TXT").values)


def _unwilling(at: str, sender: str, domain: str) -> Observation:
    sentence = f"{at} sends reports to {domain}, which has not said that it takes them"
    hint = f'Whoever runs it must add a TXT record at {sender}._report._dmarc.{domain}: "v=DMARC1"'
    return _seen(Grade.ADVICE, sentence, hint)


def _seen(grade: Grade, sentence: str, hint: str = "") -> Observation:
    return Observation(about="DMARC", grade=grade, sentence=sentence, hint=hint)
