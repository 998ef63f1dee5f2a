"""
Findings as SARIF 2.1.0, which code hosts and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import os
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from digest import __version__
from digest.checking.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.checking.rule import Rule
    from digest.errors import Place
    from digest.model import Finding


def sarif(located: Iterable[tuple[Place, Finding]]) -> dict[str, object]:
    """Return the log of a run; places are in files named from the repository's root on."""
    seen: Counter[str] = Counter()
    results = [_result(place, finding, seen) for place, finding in located]
    rules = [_descriptor(rule) for rule in RULES.values()]
    others = sorted({str(result["ruleId"]) for result in results} - RULES.keys())  # what cannot be read has no rule
    driver = {"name": "digest", "version": __version__, "rules": [*rules, *({"id": name} for name in others)]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _descriptor(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.why or rule.summary, "markdown": rule.why or rule.summary},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"tags": [rule.group]},
    }


def _result(place: Place, finding: Finding, seen: Counter[str]) -> dict[str, object]:
    start = {"startLine": place.line, "startColumn": place.column}
    region = {name: number for name, number in start.items() if number}
    file = {"artifactLocation": {"uri": quote(os.fsencode(place.path)), "uriBaseId": "%SRCROOT%"}}
    return {
        "ruleId": finding.rule,
        "level": finding.severity.value,
        "message": {"text": f"{finding.sentence}\n{finding.fix}".strip()},
        "locations": [{"physicalLocation": file | ({"region": region} if region else {})}],
        "partialFingerprints": {"digest/v1": fingerprint(place, finding, seen)},
    }


def fingerprint(place: Place, finding: Finding, seen: Counter[str]) -> str:
    """Return what a finding is known by though lines above it come and go; equal ones are numbered."""
    facts = f"{finding.rule}\n{place.path}\n{finding.sentence}"
    seen[facts] += 1
    return sha256(os.fsencode(f"{facts}\n{seen[facts]}")).hexdigest()[:32]
