"""Rules about what is filled in for each reader."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from digest.checking.rule import Remark, rule
from digest.model import RESERVED_FIELDS, Severity, Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.checking.proof import Proof
    from digest.checking.survey import Group
    from digest.errors import Place
    from digest.model import Pattern


@rule(Severity.ERROR)
def undefined_variable(proof: Proof) -> Iterator[Remark]:
    """
    Every field of the reader that an issue or a template uses is declared.

    A name that nobody declared is a slip of the pen, and in most tools it leaves as an empty place. Here it stops the
    issue, and so does any other name that a template does not know.
    """
    known = RESERVED_FIELDS | proof.settings.fields.keys()
    for name in sorted({name for name, _ in proof.edition.slots} - known):
        yield Remark(
            sentence=f'no field "{name}" is declared',
            fix="Correct the name, or declare it under [fields] in digest.toml.",
            place=_place(proof, name),
        )


@rule(Severity.ERROR)
def blank_field(proof: Proof) -> Iterator[Remark]:
    """
    Nobody gets a blank where the issue needs a value.

    All readers of the audience are looked at, not an example: one who has no value for a field that stands there
    without a fallback would read "Hello ," or nothing at all.
    """
    for name, group in (proof.survey.blank if proof.survey else {}).items():
        who = "1 reader has" if group.count == 1 else f"{group.count:,} readers have"
        yield Remark(
            sentence=f"{who} no value for `{name}`, which the issue uses without a fallback",
            fix=f'Write {{{{ {name} or "…" }}}}, or complete the list: digest subscribers list --without {name}',
            place=_place(proof, name),
        )


class _Spot(NamedTuple):
    """A place where nothing would stand."""

    before: str
    after: str

    @property
    def reading(self) -> str:
        """How it would read."""
        return f"{self.before}{self.after}".strip("\n").replace("\n", " ")

    @property
    def is_awkward(self) -> bool:
        """Whether one sees that something is missing."""
        starts, ends = not self.before or self.before[-1].isspace(), not self.after or self.after[0].isspace()
        return starts and (ends or self.after[0] in ",.;:!?)'’")


_NEAR = 80
_BEFORE = re.compile(r"(?:\S+[ \t]){0,3}\S*\Z")
_AFTER = re.compile(r"\S*(?:[ \t]\S+){0,2}")
_LINK_BEFORE, _LINK_AFTER = re.compile(r"<a\b[^<>]*>\s*\Z"), re.compile(r"\s*</a>")


@rule(Severity.WARNING)
def fallback_missing(proof: Proof) -> Iterator[Remark]:
    """
    The issue reads well for a reader of whom nothing but the address is known.

    "Hello ," is the best-known slip of newsletters. Where all readers were looked at and each has a value, a field
    without a fallback does no harm, and where one has none, blank-field says so; so this rule speaks of fields without
    a fallback as long as nobody is on the list, and of fallbacks that say nothing. "Dear friend" is the greeting of
    spam: SpamAssassin 4.0.1 gives up to 2.7 of the 5 points that it takes (DEAR_FRIEND, measured 2026-11).
    """
    asked = bool(proof.survey and proof.survey.readers)
    for name, spots in _bare_spots(proof, asked=asked).items():
        more = f", and {len(spots) - 1} more" if len(spots) > 1 else ""
        yield Remark(
            sentence=f'whoever has no value for `{name}` would read "{spots[0]}"{more}',
            fix=f'Write {{{{ {name} or "…" }}}} with words that stand in.',
            place=_place(proof, name),
        )
    friend = _DEAR_FRIEND.search(proof.edition.text.fill({}))
    if friend:
        sentence = f'whoever has no value would read "{friend[1]}", which filters take for spam'
        fix = 'Greet with "Hello", or let another word stand in.'
        yield Remark(sentence=sentence, fix=fix, place=proof.sources.locate("Dear"), needle=friend[1])


_DEAR_FRIEND = re.compile(r"^\s*(dear friend)\b", re.IGNORECASE | re.MULTILINE)


def _bare_spots(proof: Proof, *, asked: bool) -> Mapping[str, list[str]]:
    """Return by field how it would read without a value, where that reads badly."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for pattern in (proof.edition.subject, proof.edition.text):
        for slot, before, after in _around(pattern):
            if _is_optional(slot):
                spot = _Spot(_match(_BEFORE, before[-_NEAR:]), _match(_AFTER, after[:_NEAR]))
                if spot.is_awkward if slot.fallback is not None else not asked:
                    found[slot.name].append(spot.reading)
    for slot, before, after in _around(proof.edition.html):
        nothing = slot.fallback is not None or not asked
        if _is_optional(slot) and nothing and _LINK_BEFORE.search(before) and _LINK_AFTER.match(after):
            found[slot.name].append("a link without words")
    return found


def _is_optional(slot: Slot) -> bool:
    return slot.name not in RESERVED_FIELDS - {"name"} and not (slot.fallback or "").strip()


def _around(pattern: Pattern) -> Iterator[tuple[Slot, str, str]]:
    return zip(pattern.slots, pattern.texts, pattern.texts[1:], strict=False)


def _match(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[0] if match else ""


# A value that is safe as text is a program's text there: entities are undone before a script is read.
_IN_SCRIPT = re.compile(r"""\s(on\w+|srcdoc)\s*=\s*(?:"[^"]*|'[^']*|[^\s>"']*)\Z""", re.IGNORECASE)
_SCRIPT_ADDRESS = re.compile(r"""=\s*["']?\s*(?:javascript|vbscript|data):[^"'>]*\Z""", re.IGNORECASE)


@rule(Severity.ERROR)
def unsafe_subscriber_field(proof: Proof) -> Iterator[Remark]:
    """
    What readers gave us reaches others as text, and harms nobody.

    Whoever fills in a form writes what is sent on: one sender's welcome mail carried 3,000 advertisements that stood in
    the field for the first name (knadh/listmonk#1133, 2023-01). Values are escaped where they stand, so three things
    remain: a template that puts one into a script, a value with characters that turn or break lines, and one that is
    an address or a link for a name, was garbled on its way to the list, or is `null`.
    """
    yield from _faults_of_template(proof.edition.html)
    survey = proof.survey
    if survey is None:
        return
    for name, group in survey.unsafe.items():
        kind = "an address that no mail server takes" if name == "email" else f"an invisible character in `{name}`"
        yield _about(f"{group.told(survey.readers)} have {kind}", group)
    for name, group in survey.garbled.items():
        told = f"`{name}` of {group.told(survey.readers)} was decoded with the wrong charset"
        yield _about(told, group, severity=Severity.WARNING)
    for name, group in survey.void.items():
        told = f"`{name}` of {group.told(survey.readers)} is what a program wrote for no value, such as null"
        yield _about(told, group, severity=Severity.WARNING)
    for name, group in survey.misused.items():
        told = f"`{name}` of {group.told(survey.readers)} is an address, a link or far too long for a name"
        yield _about(told, group, severity=Severity.WARNING)


def _faults_of_template(html: Pattern) -> Iterator[Remark]:
    before = ""
    for slot, text in zip(html.slots, html.texts, strict=False):
        before = f"{before[-2000:]}{text}"
        attribute = _IN_SCRIPT.search(before)
        if attribute or _SCRIPT_ADDRESS.search(before):
            where = f"the attribute {attribute[1]}" if attribute else "an address that is a script"
            yield Remark(
                sentence=f"the template puts `{slot.name}` into {where}, where it could run",
                fix="Print it as text.",
            )
        before += "x"


def _about(sentence: str, group: Group, *, severity: Severity | None = None) -> Remark:
    fix = f"Look at them and mend the list: digest subscribers show {group.first[0]}"
    return Remark(sentence=sentence, fix=fix, severity=severity)


def _place(proof: Proof, name: str) -> Place | None:
    """Return where a field is used, as far as one of its usual spellings is found."""
    spellings = (f"{{{{ {name} }}}}", f"{{{{{name}}}}}", f"{{{{ {name} or", f"{{{{ {name}", f"reader.{name}")
    return next(filter(None, map(proof.sources.locate, spellings)), None)
