"""
Findings as a report of GitLab's Code Quality.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format, read 2026-11: an array, and of each finding
a description, a name, a fingerprint that no other has, a severity and a line.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from digest.cli.sarif import fingerprint
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.errors import Place
    from digest.model import Finding

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def code_quality(located: Iterable[tuple[Place, Finding]]) -> list[dict[str, object]]:
    """Return the report; places are in files named from the repository's root on."""
    seen: Counter[str] = Counter()
    return [
        {
            "description": f"{finding.sentence}. {finding.fix}".removesuffix(". "),
            "check_name": finding.rule,
            "fingerprint": fingerprint(place, finding, seen),
            "severity": _SEVERITIES[finding.severity],
            "location": {"path": place.path, "lines": {"begin": place.line or 1}},
        }
        for place, finding in located
    ]
