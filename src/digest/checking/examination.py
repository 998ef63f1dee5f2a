"""The rules at work: each is asked, its remarks are put at their places, and graded as settings and comments say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.checking.grading import OFF, UNKNOWN, UNUSED, check_names, grade, read_allowances, unused
from digest.checking.rules import RULES
from digest.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.checking.proof import Proof
    from digest.checking.rule import Remark, Rule
    from digest.errors import Place

NAMES = frozenset({*RULES, UNKNOWN, UNUSED})
"""What can be graded and let pass: the rules, and what is found in comments about them."""


def examine(proof: Proof) -> Iterator[Finding]:
    """
    Yield what the rules find and nothing lets pass, rule by rule.

    Raises:
        SettingsError: ``digest.toml`` grades a rule, or names a mail program, that does not exist.
        CombinedError: it names several.
    """
    check_names(proof.settings, proof.sources, NAMES)
    yield from (grade(finding, proof.settings) for finding in _found(proof) if not _is_off(finding.rule, proof))


def _found(proof: Proof) -> Iterator[Finding]:
    allowances, faults = read_allowances(proof.sources, NAMES)
    used = set()
    yield from faults
    for finding in _asked(proof):
        covering = {allowance for allowance in allowances if allowance.covers(finding)}
        used |= covering
        if not covering:
            yield finding
    yield from unused([allowance for allowance in allowances if allowance not in used], proof)


def _asked(proof: Proof) -> Iterator[Finding]:
    for rule in RULES.values():
        if not _is_off(rule.id, proof):
            said = (_finding(rule, remark, proof) for remark in rule.find(proof))
            yield from dict.fromkeys(said)  # a thing that stands in the contents, too, is written in one place


def _is_off(name: str, proof: Proof) -> bool:
    return proof.settings.check.rules.get(name) == OFF


def _finding(rule: Rule, remark: Remark, proof: Proof) -> Finding:
    return Finding(
        rule=rule.id,
        severity=remark.severity or rule.severity,
        sentence=remark.sentence,
        fix=remark.fix,
        place=_place(remark, proof),
    )


def _place(remark: Remark, proof: Proof) -> Place | None:
    near = remark.place or (proof.page.place(remark.element) if remark.element is not None else None)
    return proof.sources.locate(remark.needle, near) if remark.needle else near
