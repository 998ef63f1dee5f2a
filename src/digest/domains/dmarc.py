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

_VERSION = re.compile(r"v\s*=\s*DMARC1\s*(;|$)")
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
            try:
                policies.append(Policy(domain=name, tags=read_tags(found[0])))
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


def judge(found: Walk) -> list[Observation]:
    """Say how a domain stands."""
    grade = Grade.ADVICE if found.policy else Grade.BAD
    faults = [_seen(grade, fault, "Leave one record there, and mend it.") for fault in found.faults]
    if found.policy:
        return [*faults, _judge_policy(found.domain, found.policy), *_judge_reports(found.policy)]
    missing = f"{found.domain} has no DMARC record: {_WANTED}"
    return faults or [_seen(Grade.BAD, missing, _START.format(domain=found.domain))]


def _judge_policy(domain: str, policy: Policy) -> Observation:
    wanted = policy.tags.get("p", "").lower()
    if policy.domain != domain:
        wanted = policy.tags.get("sp", wanted).lower()
    if wanted not in _POLICIES:
        msg = f"the DMARC record at _dmarc.{policy.domain} has no policy that receivers know"
        return _seen(Grade.BAD, msg, "Let its tag p be none, quarantine or reject, and sp as well, where it is there.")
    sentence = f"{domain} has the DMARC policy {wanted}"
    if policy.domain != domain:
        sentence += f", by the record of {policy.domain}"
    if wanted == "none":
        hint = "That is enough for Gmail and Yahoo. Once its reports show that all your mail passes, set p=quarantine."
        return _seen(Grade.GOOD, sentence, hint)
    return _seen(Grade.GOOD, sentence)


def _judge_reports(policy: Policy) -> list[Observation]:
    if policy.tags.get("rua", "").lower().startswith(("mailto:", "https:")):
        return []
    msg = f"the DMARC record at _dmarc.{policy.domain} asks for no reports, so nobody learns whose mail fails"
    return [_seen(Grade.ADVICE, msg, "Add rua=mailto: and an address that somebody reads.")]


def _seen(grade: Grade, sentence: str, hint: str = "") -> Observation:
    return Observation(about="DMARC", grade=grade, sentence=sentence, hint=hint)
