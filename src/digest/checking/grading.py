"""What of the rules' findings counts, and how much: ``[check.rules]`` of ``digest.toml``, and comments in the files."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from digest.checking.clients.support import load_support
from digest.checking.places.comments import comments_of_issue, comments_of_template
from digest.config.settings import CLIENTS, GRADES
from digest.errors import SettingsError, did_you_mean, raise_all
from digest.model import Finding, Severity
from digest.rendering.origins import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from digest.checking.places.comments import Comment
    from digest.checking.places.sources import Sources
    from digest.checking.proof import Proof
    from digest.config import Settings
    from digest.errors import Place

UNKNOWN, UNUSED = "unknown-rule", "unused-allowance"
"""What is found in comments themselves: one that cannot be obeyed, and one that lets nothing pass."""
OFF = "off"
_ALLOW = re.compile(
    r"digest:\s*allow\s+(?P<rules>[\w-]+(?:\s*,\s*[\w-]+)*)(?P<reason>\s+because\s+\S.*)?", re.IGNORECASE
)
_ORIGIN = re.compile(rf'{ORIGIN}="([^"]*):([0-9]+)"')
_ONLINE = "link-dead"
"""The rule that finds nothing unless the links were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a comment lets pass: the findings of one rule, in some lines of its file."""

    rule: str
    place: Place
    """Of the comment."""
    first: int
    last: int

    def covers(self, finding: Finding) -> bool:
        """Say whether it lets a finding pass."""
        place = finding.place
        here = place is not None and place.path == self.place.path and self.first <= place.line <= self.last
        return here and finding.rule == self.rule


def check_names(settings: Settings, sources: Sources, rules: Collection[str]) -> None:
    """
    Refuse grades for rules, and shares of mail programs, that do not exist.

    Raises:
        SettingsError: one that ``digest.toml`` names is not known.
        CombinedError: several are not.
    """
    check, programs = settings.check, load_support().clients
    strange_rules = [_unknown_name(GRADES, name, "rule", rules, sources) for name in check.rules if name not in rules]
    strange_programs = [
        _unknown_name(CLIENTS, name, "mail program", programs, sources)
        for name in check.clients
        if name not in programs
    ]
    raise_all([*strange_rules, *strange_programs])


def _unknown_name(section: str, name: str, what: str, known: Collection[str], sources: Sources) -> SettingsError:
    place = sources.setting(section, name)
    msg = f'there is no {what} "{name}"'
    return SettingsError(msg, hint=did_you_mean(name, known), place=replace(place, column=0) if place else None)


def grade(finding: Finding, settings: Settings) -> Finding:
    """Return a finding with the weight that the settings give its rule."""
    weight = settings.check.rules.get(finding.rule)
    return replace(finding, severity=Severity(weight)) if weight else finding


def read_allowances(sources: Sources, known: Collection[str]) -> tuple[list[Allowance], list[Finding]]:
    """Return what comments let pass, and what is wrong with them."""
    allowances: list[Allowance] = []
    faults: list[Finding] = []
    for comment in _comments(sources):
        said = _ALLOW.fullmatch(comment.said)
        names = re.split(r"\s*,\s*", said["rules"]) if said else []
        if not (said and said["reason"]):
            faults.append(_unreadable(comment, names))
        for name in names:
            if name in known:
                allowances.append(Allowance(rule=name, place=comment.place, first=comment.first, last=comment.last))
            else:
                faults.append(_unknown(name, comment, known))
    return allowances, faults


def _comments(sources: Sources) -> Iterator[Comment]:
    for text in sources.issue:
        yield from comments_of_issue(text)
    for text in sources.templates:
        yield from comments_of_template(text)


def _unreadable(comment: Comment, names: Collection[str]) -> Finding:
    sentence = "this comment lets something pass without a reason" if names else "this comment cannot be obeyed"
    shape = comment.written.replace("…", f"digest: allow {', '.join(names) or 'RULE'} because REASON")
    return _fault(sentence, f"Write {shape}", comment)


def _unknown(name: str, comment: Comment, known: Collection[str]) -> Finding:
    hint = did_you_mean(name, known)
    fix = hint.capitalize() if hint.startswith("did") else "The manual lists them in reference/rules.md."
    return _fault(f'there is no rule "{name}"', fix, comment)


def _fault(sentence: str, fix: str, comment: Comment) -> Finding:
    return Finding(rule=UNKNOWN, severity=Severity.ERROR, sentence=sentence, fix=fix, place=comment.place)


def unused(allowances: Collection[Allowance], proof: Proof) -> Iterator[Finding]:
    """Yield a note for each allowance that let nothing pass, where there was something to let pass."""
    for allowance in allowances:
        if _was_looked_at(allowance, proof):
            yield Finding(
                rule=UNUSED,
                severity=Severity.NOTE,
                sentence=f"this comment lets {allowance.rule} pass, which finds nothing here",
                fix="Delete it, or put it right before the line that it is about.",
                place=allowance.place,
            )


def _was_looked_at(allowance: Allowance, proof: Proof) -> bool:
    """Say whether its rule was asked, and whether the lines of a template are a part of this issue."""
    if proof.settings.check.rules.get(allowance.rule) == OFF or (allowance.rule == _ONLINE and not proof.answers):
        return False
    if allowance.place.path in {text.path for text in proof.sources.issue}:
        return True
    origins = (found for text in proof.traced.texts for found in _ORIGIN.findall(text))
    return any(
        path == allowance.place.path and allowance.first <= int(line) <= allowance.last for path, line in origins
    )
