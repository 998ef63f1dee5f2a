"""What `digest check` does, and `digest send` before anything leaves: an issue is held to the rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from digest.addressing import EXAMPLE_EMAIL, disarmed, example_reader
from digest.checking.examination import NAMES, examine
from digest.checking.places.sources import Sources
from digest.checking.proof import Past, Proof
from digest.checking.survey import survey
from digest.errors import CombinedError, ContentError, DigestError, Place, SettingsError, UsageError, did_you_mean
from digest.links import slugify
from digest.model import Finding, Message, Severity
from digest.providers.finding import provider_class
from digest.publishing.issues import FAULTS
from digest.reading import INDEX, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from digest.checking.proof import Answer
    from digest.checking.survey import Survey
    from digest.model import Issue, Subscriber
    from digest.publishing.newsroom import Newsroom
    from digest.rendering import Traced
    from digest.segments import Segment
    from digest.store import Store


_LATEST = 12
"""How many issues back we look for what was there before."""
_STAND_INS = {1: "n", 2: "ñ", 3: "名", 4: "𠮷"}
"""By how many bytes they take in UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An issue, and what there is to say of it."""

    slug: str
    path: str
    """Its file, from the newsletter's folder on."""
    findings: Sequence[Finding]


def make_proof(
    newsroom: Newsroom,
    issue: Issue,
    *,
    now: datetime,
    reader: Subscriber | None = None,
    past: Sequence[Past] = (),
) -> Proof:
    """
    Return an issue as a reader gets it; without one, as the example reader does, who does not exist.

    Raises:
        ContentError: a template has something to mend.
    """
    return proof_of(newsroom, issue, newsroom.trace(issue), now=now, reader=reader, past=past, survey=None)


def make_proof_for_all(
    newsroom: Newsroom, issue: Issue, store: Store, *, now: datetime, segment: Segment | None = None
) -> Proof:
    """
    Return an issue as the reader with the longest values gets it, with what the store knows of all, and of past issues.

    Args:
        newsroom: the newsletter.
        issue: what is sent.
        store: its readers and its ledger.
        now: the present moment.
        segment: who would get it; None is everyone.

    Raises:
        ContentError: a template has something to mend.
    """
    traced = newsroom.trace(issue)
    found = survey(traced.edition, store.audiences, segment)
    return proof_of(newsroom, issue, traced, now=now, past=read_past(store, issue.slug), survey=found)


def proof_of(
    newsroom: Newsroom,
    issue: Issue,
    traced: Traced,
    *,
    now: datetime,
    reader: Subscriber | None = None,
    past: Sequence[Past],
    survey: Survey | None,
) -> Proof:
    """
    Return an issue that was rendered, with what is known of all readers and of past issues.

    It is that of `reader`; without one, of the reader with the longest values, disguised; without a survey, of the
    example reader, who does not exist.
    """
    longest = disguised(survey.longest) if survey and survey.longest else None
    shown_to = reader or longest or example_reader(traced.edition, newsroom.settings.fields)
    return Proof(
        issue=issue,
        edition=traced.edition,
        traced=traced.html,
        images=traced.images,
        message=Message(edition=traced.edition, reader=disarmed(shown_to), at=now),
        settings=newsroom.settings,
        sources=Sources(issue, newsroom.settings),
        past=past,
        survey=survey,
        carries_images=not traced.edition.images or _carries_images(newsroom.settings.provider.name),
    )


def _carries_images(provider: str) -> bool:
    """Say whether a provider can carry images inside a message; one that is not there is told elsewhere."""
    try:
        return provider_class(provider).limits.inline_images
    except SettingsError:
        return True


def disguised(reader: Subscriber) -> Subscriber:
    """
    Return a reader of whom only the lengths are known, since what is found in their message may be read by anyone.

    Each letter gives way to another one that takes as many bytes, so all sizes stay what they are.
    """
    return replace(
        reader,
        email=_disguised(reader.email) if reader.email.isascii() else EXAMPLE_EMAIL.rjust(len(reader.email), "n"),
        name=_disguised(reader.name),
        fields={name: _disguised(value) for name, value in reader.fields.items()},
    )


def _disguised(text: str) -> str:
    return "".join(_STAND_INS[len(character.encode())] if character.isalnum() else character for character in text)


def read_past(store: Store, slug: str) -> list[Past]:
    """Return the issues that were sent before this one, the latest first."""
    sent = [frozen for frozen in store.mailings.all() if frozen.slug != slug]
    return [
        Past(slug=frozen.slug, edition=store.mailings.edition(frozen.edition_id))
        for frozen in sent[: -_LATEST - 1 : -1]
    ]


def check(
    newsroom: Newsroom,
    path: Path,
    store: Store,
    *,
    now: datetime,
    segment: Segment | None = None,
    ask: Callable[[Proof], Mapping[str, Answer]] | None = None,
) -> Checked:
    """
    Return what there is to say of an issue, in the order of its places; what cannot be read is no failure here.

    Args:
        newsroom: the newsletter.
        path: the issue's file or folder.
        store: its readers and its ledger.
        now: the present moment.
        segment: who would get it; None is everyone.
        ask: asks the links of the issue, where that is wanted.

    Raises:
        SettingsError: ``digest.toml`` names a rule that does not exist.
    """
    slug = slugify(name_of(path))
    try:
        issue = newsroom.read(path)
        slug = issue.slug
        proof = make_proof_for_all(newsroom, issue, store, now=now, segment=segment)
        proof = replace(proof, answers=ask(proof)) if ask else proof
        findings = [*examine(proof)]
    except FAULTS as fault:
        findings = [*findings_of(fault)]
    file = path / INDEX if path.is_dir() else path
    shown = Place.of(file, newsroom.settings.root).path
    return Checked(slug=slug, path=shown, findings=in_order(findings))


def findings_of(fault: DigestError) -> Iterator[Finding]:
    """
    Yield as findings what reading or rendering has refused.

    Raises:
        DigestError: the fault itself, where it is none of an issue.
    """
    for one in fault.faults if isinstance(fault, CombinedError) else (fault,):
        if not isinstance(one, ContentError):
            raise fault
        yield Finding(rule=one.rule, severity=Severity.ERROR, sentence=one.sentence, fix=one.hint, place=one.place)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings as one reads files: by path, line and column; where those are equal, what weighs most first."""

    def order(finding: Finding) -> tuple[str, int, int, int]:
        place = finding.place or Place("")
        return (place.path, place.line, place.column, finding.severity.rank)

    return sorted(findings, key=order)


def allowed_rules(names: Iterable[str]) -> tuple[str, ...]:
    """
    Return the names of rules that somebody lets pass, sorted, each once.

    Raises:
        UsageError: there is no such rule.
    """
    found = sorted({*names})
    for name in found:
        if name not in NAMES:
            msg = f'there is no rule "{name}"'
            raise UsageError(msg, hint=did_you_mean(name, NAMES))
    return tuple(found)


def vet(proof: Proof, allowed: Collection[str]) -> list[Finding]:
    """
    Hold an issue to the rules before it leaves, and return what they find.

    Raises:
        CombinedError: they find errors, and not all of them are let pass.
    """
    findings = in_order(examine(proof))
    errors = [finding for finding in findings if finding.severity is Severity.ERROR and finding.rule not in allowed]
    if errors:
        raise CombinedError([*map(_refusal, errors), _way_out(errors, proof.edition.slug)])
    return findings


def count(findings: Iterable[Finding], severity: Severity) -> int:
    """Return how many findings weigh so much."""
    return sum(finding.severity is severity for finding in findings)


def _refusal(error: Finding) -> ContentError:
    return ContentError(f"{error.sentence} ({error.rule})", hint=error.fix, place=error.place)


def _way_out(errors: Sequence[Finding], slug: str) -> ContentError:
    count = "it has an error" if len(errors) == 1 else f"it has {len(errors)} errors"
    options = " ".join(f"--allow {rule}" for rule in dict.fromkeys(error.rule for error in errors))
    hint = f"Mend it, and look again: digest check {slug}; or send it all the same: {options}"
    return ContentError(f"{slug} is not sent, since {count}", hint=hint)
