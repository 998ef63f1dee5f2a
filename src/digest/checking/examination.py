"""The rules at work: each is asked, its remarks are put at their places, and graded as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.checking.rules import RULES
from digest.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.checking.proof import Proof
    from digest.checking.rule import Remark, Rule
    from digest.errors import Place


def examine(proof: Proof) -> Iterator[Finding]:
    """Yield what the rules find, rule by rule."""
    for rule in RULES.values():
        for remark in rule.find(proof):
            yield _finding(rule, remark, proof)


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
