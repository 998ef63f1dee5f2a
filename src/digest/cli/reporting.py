"""What `digest check` has found, in words for people, or for machines in the forms that they read."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import click

from digest.cli.printing import many, print_json
from digest.errors import Place, in_one_line
from digest.files import repository_of
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from digest.model import Finding
    from digest.publishing.proofing import Checked

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
"""The severities, as workflows of GitHub call them."""


def report(form: str, checked: Sequence[Checked], root: Path, seconds: float, *, nothing: str) -> None:
    """
    Print what was found.

    Args:
        form: ``text``, ``json``, ``github``, ``gitlab`` or ``sarif``.
        checked: the issues, and what there is to say of them.
        root: the newsletter's folder.
        seconds: how long it took.
        nothing: why there may be no issue at all.
    """
    if form == "json":
        print_json(_facts(checked, seconds))
    elif form == "sarif":
        from digest.cli.sarif import sarif

        print_json(sarif(located(checked, root)))
    elif form == "gitlab":
        from digest.cli.code_quality import code_quality

        print_json(code_quality(located(checked, root)))
    else:
        lines = _annotations(located(checked, root)) if form == "github" else _lines(checked)
        for line in (*lines, _sum(checked, seconds) if checked else f"Nothing to check: {nothing}"):
            click.echo(line, color=False if os.environ.get("NO_COLOR") else None)


def _facts(checked: Sequence[Checked], seconds: float) -> dict[str, object]:
    counts = _counts(checked)
    return {
        "issues": [
            {"issue": one.slug, "path": one.path, "findings": [finding.facts() for finding in one.findings]}
            for one in checked
        ],
        **{f"{severity.value}s": counts[severity] for severity in Severity},
        "seconds": round(seconds, 3),
    }


def _counts(checked: Iterable[Checked]) -> Counter[Severity]:
    return Counter(finding.severity for one in checked for finding in one.findings)


def _lines(checked: Sequence[Checked]) -> Iterator[str]:
    for one in checked:
        if one.findings and len(checked) > 1:  # what stands in a template is said of each issue
            yield click.style(one.slug, bold=True)
        for finding in one.findings:
            severity = click.style(finding.severity.value, fg=_COLOURS[finding.severity])
            yield in_one_line(f"{finding.place or one.path}: {severity} {finding.rule}: {finding.sentence}")
            if finding.fix:
                yield f"  {finding.fix}"


def _sum(checked: Sequence[Checked], seconds: float) -> str:
    counts = _counts(checked)
    found = ", ".join(many(counts[severity], severity.value) for severity in Severity if counts[severity])
    what = f"{found} in" if found else "Nothing to mend."
    return f"{what} {many(len(checked), 'issue')}, {seconds:.2f} s"


def located(checked: Iterable[Checked], root: Path) -> Iterator[tuple[Place, Finding]]:
    """
    Yield findings with their places in files of the repository, named from its root on, each once.

    What stands in no file of it, such as a built-in template, is put down to the issue.
    """
    folder = PurePosixPath(root.relative_to(repository_of(root)).as_posix())
    seen = set()
    for one in checked:
        for finding in one.findings:
            place = finding.place
            if place is None or not (root / place.path).is_file():
                place = Place(one.path)
            place = Place(str(folder / place.path), place.line, place.column)
            if (place, finding) not in seen:
                seen.add((place, finding))
                yield place, finding


def _annotations(located: Iterable[tuple[Place, Finding]]) -> Iterator[str]:
    """
    Yield workflow commands, errors first, as of each kind GitHub shows ten in a step.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands, 2026-11; what is escaped and
    how is decided by ``toolkit/packages/core/src/command.ts``.
    """
    for place, finding in sorted(located, key=lambda pair: pair[1].severity.rank):
        given = {"file": place.path, "line": place.line, "col": place.column, "title": finding.rule}
        properties = ",".join(f"{name}={_escape(str(value), ':,')}" for name, value in given.items() if value)
        message = _escape(f"{finding.sentence}\n{finding.fix}".strip(), "")
        yield f"::{_COMMANDS[finding.severity]} {properties}::{message}"


def _escape(text: str, further: str) -> str:
    for character in f"%\r\n{further}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text
