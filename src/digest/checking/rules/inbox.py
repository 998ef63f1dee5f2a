"""Rules about what the inbox shows before a message is opened: its subject and its preheader."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from itertools import takewhile
from typing import TYPE_CHECKING

from wcwidth import iter_graphemes, wcswidth

from digest.checking.characters import BREAKING
from digest.checking.clients.inboxes import INBOXES
from digest.checking.rule import Remark, rule
from digest.model import Pattern, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.checking.proof import Proof


def _length(text: str) -> int:
    """Return how many characters a person counts."""
    return sum(1 for _ in iter_graphemes(text))


def _filled(marked: str, proof: Proof) -> str:
    """Return a text of the front matter as the reader gets it."""
    return Pattern.of_text(marked).fill(proof.message.reader.values)


@rule(Severity.ERROR)
def subject_missing(proof: Proof) -> Iterator[Remark]:
    """
    The subject says something.

    Gmail wants one in every message (support.google.com/mail/answer/81126, 2026-06), and SpamAssassin 4.0.1 gives up to
    1.8 points where there is none (MISSING_SUBJECT). Characters that cannot be seen do not count.
    """
    seen = (each for each in proof.message.subject if each.isprintable() and each.strip() and wcswidth(each))
    if next(seen, None) is None:
        yield Remark(
            sentence="the subject has nothing that can be seen",
            fix="Write `subject: …` in the front matter.",
            place=proof.subject_place,
        )


_SHORTEST_CUT = min(inbox.subject for inbox in INBOXES)
_LONG = 70


@rule(Severity.WARNING)
def subject_length(proof: Proof) -> Iterator[Remark]:
    """
    The subject is not cut in the inbox.

    There is no standard, only what mail programs show on usual screens: Gmail on the web about 70 characters, Outlook
    55 to 60, Yahoo 46, phones 40 (observed by emailtooltester.com and others, as of 2026-03). Over 40 is a note, over
    70 a warning. What a person takes for one character counts as one; with fields in it, the subject is longer for some
    readers than for others.
    """
    subject = proof.message.subject
    length = _length(subject)
    if length > _SHORTEST_CUT:
        clients = [inbox.client for inbox in INBOXES if inbox.subject < length]
        filled = ", as it is filled here," if proof.edition.subject.slots else ""
        yield Remark(
            sentence=f"the subject has {length} characters{filled} and is cut by {', '.join(clients)}",
            fix=f"Say what matters in its first {_SHORTEST_CUT} characters.",
            place=proof.subject_place,
            severity=None if length > _LONG else Severity.NOTE,
        )


# What mail programs of many languages put before answers and what is passed on. A space has to follow, since there are
# re:publica and re:Invent; single letters, as in Italian, are left out.
_ANSWER = re.compile(
    r"\s*(?:re|fwd?|aw|antw(?:ort)?|wg|sv|vs|vb|tr|rv|res|enc|rif|odp|pd|doorst|ynt|vl|vá|bls|απ|σχετ|回复|转发|答复)"
    r"\s*(?:\[\d+\]|\(\d+\))?(?::(?=\s)|：)",
    re.IGNORECASE,
)


@rule(Severity.ERROR)
def subject_fake_reply(proof: Proof) -> Iterator[Remark]:
    """
    The subject does not look like an answer, or like something passed on.

    `Re:` and `Fwd:` on what is neither deceive; Gmail names them among what it counts against senders
    (support.google.com/mail/answer/81126, 2026-06), and SpamAssassin has rules for them.
    """
    match = _ANSWER.match(proof.message.subject)
    if match:
        yield Remark(
            sentence=f'the subject begins with "{match[0].strip()}", as if it answered or passed on a letter',
            fix="Take that away.",
            place=proof.subject_place,
        )


_SHOUTED_LETTERS = 10
_REPEATED = re.compile(r"!{2,}|\?{2,}|[!?]{3,}|\${2,}")


@rule(Severity.WARNING)
def subject_shouting(proof: Proof) -> Iterator[Remark]:
    """
    The subject does not shout: no words all in capitals, no doubled marks, at most one emoji.

    SpamAssassin 4.0.1 gives half a point for capitals (SUBJ_ALL_CAPS), rspamd 3.4 a point for `$$`, and Gmail objects
    to emoji that imitate its own icons (support.google.com/mail/answer/81126, 2026-06).
    """
    subject = proof.message.subject
    place = proof.subject_place
    cased = [character for character in subject if character.islower() or character.isupper()]
    if len(cased) > _SHOUTED_LETTERS and " " in subject.strip() and not any(map(str.islower, cased)):
        yield Remark(sentence="the subject is all in capitals", fix="Write it as a sentence.", place=place)
    repeated = _REPEATED.search(subject)
    if repeated:
        yield Remark(sentence=f"the subject says {repeated[0]}", fix="One mark is enough.", place=place)
    emoji = [character for character in iter_graphemes(subject) if _is_emoji(character)]
    if len(emoji) > 1:
        yield Remark(sentence=f"the subject has {len(emoji)} emoji: {' '.join(emoji)}", fix="Keep one.", place=place)


def _is_emoji(character: str) -> bool:
    """Say whether a character is shown as a small picture: by its nature, or by the selector U+FE0F behind it."""
    wide_symbol = unicodedata.category(character[0]) == "So" and wcswidth(character) > 1
    return "\N{VARIATION SELECTOR-16}" in character or (wide_symbol and not "\u2e80" <= character[0] <= "\uffff")


# What is set apart from the text around it, and ends, is how scripts of both directions stand in one line (UAX 9).
_ISOLATED = re.compile("[\u2066-\u2068]([^\u2066-\u2069]*)\u2069")


@rule(Severity.ERROR)
def header_unsafe_characters(proof: Proof) -> Iterator[Remark]:
    """
    Subject, preheader and names have no character that breaks a line, turns its direction, or cannot be seen.

    A line break in a header field begins another one (CWE-93), and Python's own mail library fails on every character
    that ends a line, U+2028 among them. Characters that turn the direction make one name look like another. What
    readers' fields hold is checked by other rules.
    """
    newsletter = proof.settings.newsletter
    reply_to = newsletter.reply_to.name if newsletter.reply_to else ""
    setting = proof.sources.setting
    for what, text, place in (
        ("the subject", proof.edition.subject.fill({}), proof.subject_place),
        ("the preheader", Pattern.of_text(proof.issue.preheader).fill({}), proof.sources.key("preheader")),
        ("the newsletter's name", newsletter.name, setting("newsletter", "name")),
        ("the sender's name", newsletter.from_.name, setting("newsletter", "from")),
        ("the name that answers go to", reply_to, setting("newsletter", "reply_to")),
    ):
        match = BREAKING.search(_ISOLATED.sub(r" \1 ", text))
        if match:
            name = unicodedata.name(match[0], "a control character")
            sentence = f"{what} has U+{ord(match[0]):04X} ({name}) as its character {match.start() + 1}"
            yield Remark(sentence=sentence, fix="Delete it; it cannot be seen.", place=place)


_SHOWN = 90


@rule(Severity.WARNING)
def preheader_missing(proof: Proof) -> Iterator[Remark]:
    """
    There is a preheader, the words that stand beside the subject.

    Without one, mail programs take the first text that they find, which is the masthead and the date.
    """
    page_text = " ".join(proof.page.root.text_content().split())
    preheader = " ".join(_filled(proof.issue.preheader, proof).split())
    if preheader and preheader not in page_text:
        yield Remark(
            sentence="the template shows the preheader nowhere",
            fix="Let email.mjml print issue.preheader first of all, as the built-in one does.",
            place=proof.sources.key("preheader"),
        )
    elif not preheader and not _hidden_beginning(proof):
        yield Remark(
            sentence=f'there is no preheader; beside the subject stands "{proof.page.visible_text[:_SHOWN].strip()}…"',
            fix="Write `preheader: …` in the front matter, 40 to 110 characters.",
            place=proof.subject_place,
        )


def _hidden_beginning(proof: Proof) -> str:
    """Return what a template of one's own has hidden before the first text that can be seen."""
    page = proof.page
    return " ".join(text.strip() for _, text in takewhile(lambda found: page.style(found[0]).hidden, page.texts()))


_SHORTEST, _LONGEST = 40, 110
_ALIKE, _COMPARED = 0.85, 200
_PADDING = re.compile(r"(?:[\u034f\u200b-\u200d\u00ad\u2007\u2060\ufeff][\s\u00a0]*){8,}")


@rule(Severity.WARNING)
def preheader_quality(proof: Proof) -> Iterator[Remark]:
    """
    The preheader adds to the subject, in 40 to 110 characters.

    A shorter one is filled up by what stands at the head of the message, and no inbox shows more than 140 characters,
    phones 45 to 90 (observed, as of 2026-03): both are notes. One that repeats the subject or the title wastes its
    place. Invisible characters behind it, to keep the rest out, are read aloud by some screen readers, and Apple's mail
    program has stopped heeding them.
    """
    preheader, place = _filled(proof.issue.preheader, proof), proof.sources.key("preheader")
    if not preheader:
        return
    titles = {"subject": proof.message.subject, "title": _filled(proof.issue.title, proof)}
    copied = next((what for what, text in titles.items() if _alike(text, preheader)), None)
    length = _length(preheader)
    if copied:
        fix = "Say what the subject leaves open."
        yield Remark(sentence=f"the preheader repeats the {copied}", fix=fix, place=place)
    elif wcswidth(preheader) < _SHORTEST or length > _LONGEST:
        sentence = f"the preheader has {length} characters"
        fix = f"Write {_SHORTEST} to {_LONGEST}, the point first."
        yield Remark(sentence=sentence, fix=fix, place=place, severity=Severity.NOTE)
    if _PADDING.search(_hidden_beginning(proof) + preheader):
        yield Remark(sentence="invisible characters pad the preheader", fix="Leave them out.", place=place)


def _alike(first: str, second: str) -> bool:
    return SequenceMatcher(None, first[:_COMPARED].casefold(), second[:_COMPARED].casefold()).ratio() > _ALIKE


@rule(Severity.WARNING)
def same_subject_as_last_issue(proof: Proof) -> Iterator[Remark]:
    """
    The subject differs from those of the issues before.

    Gmail joins messages of one subject into a conversation and folds away what it has shown before, which is most of a
    newsletter (github.com/mjmlio/mjml/issues/2631).
    """
    subject = _words(proof.edition.subject.marked)
    slug = next((past.slug for past in proof.past if subject and _words(past.edition.subject.marked) == subject), None)
    if slug:
        yield Remark(
            sentence=f"the subject is that of {slug}",
            fix="Say what this issue is about, or add its number.",
            place=proof.subject_place,
        )


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
