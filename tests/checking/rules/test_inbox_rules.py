"""Rules about subject and preheader: cases beyond their examples in the manual."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from proof_stage import find, stage

from digest.checking.proof import Past
from digest.checking.rules import RULES
from digest.model import Severity

if TYPE_CHECKING:
    from pathlib import Path

PREHEADER = "What a night watchman counted, and what the town forgot to take down"


def _issue(subject: str, preheader: str = PREHEADER) -> str:
    shown = preheader.replace("\\", "\\\\").replace('"', '\\"') if "\\u" not in preheader else preheader
    return f'---\nsubject: "{subject}"\npreheader: "{shown}"\n---\nThe lamps are lit at five.\n'


@pytest.mark.parametrize("subject", [r"\u2060\u00a0\u200b", r"\u3164", r"\u00ad"])
def test_signs_that_nobody_sees_are_no_subject(subject: str, tmp_path: Path) -> None:
    """Spaces without width, fillers and soft hyphens say nothing."""
    assert find("subject-missing", tmp_path, markdown=_issue(subject))


@pytest.mark.parametrize("subject", ["灯", "٣", "🏮", "e\\u0301"])
def test_one_sign_is_a_subject(subject: str, tmp_path: Path) -> None:
    """A letter of any script, a digit or a picture can be seen."""
    assert not find("subject-missing", tmp_path, markdown=_issue(subject))


def test_a_sign_is_what_a_person_counts(tmp_path: Path) -> None:
    """A letter with its accent, and a family of four, are one character each."""
    assert not find("subject-length", tmp_path, markdown=_issue("e\\u0301" * 39 + "👨‍👩‍👧‍👦"))


def test_length_names_who_cuts(tmp_path: Path) -> None:
    """A subject that only narrow lists cut is a note, and each of them is named."""
    (remark,) = find("subject-length", tmp_path, markdown=_issue("x" * 47))
    assert remark.severity is Severity.NOTE
    assert remark.sentence == "the subject has 47 characters and is cut by Gmail mobile, Apple Mail iOS, Yahoo, Samsung"


def test_a_field_makes_lengths_differ(tmp_path: Path) -> None:
    """Where a field stands in the subject, the number is that of the reader it was filled for."""
    subject = "{{ first_name or 'Reader' }}, " + "x" * 80
    (remark,) = find("subject-length", tmp_path, markdown=_issue(subject))
    assert "as it is filled here" in remark.sentence
    assert remark.severity is None


@pytest.mark.parametrize(
    "subject",
    [
        "RE: lamps",
        "Fwd: lamps",
        "AW: Lampen",
        "SV: lampor",
        "Re[2]: lamps",
        "Re (3): lamps",
        "回复：灯",
        "TR : lampes",
        "Odp: lampy",
    ],
)
def test_answers_in_many_languages(subject: str, tmp_path: Path) -> None:
    """What mail programs put before an answer is known, numbered or not."""
    assert find("subject-fake-reply", tmp_path, markdown=_issue(subject))


@pytest.mark.parametrize(
    "subject",
    [
        "re:publica begins",
        "re:Invent, seen from home",
        "Regarding: lamps",
        "Reading: nine books",
        "R: a primer",
        "Are: a unit",
    ],
)
def test_no_answers(subject: str, tmp_path: Path) -> None:
    """Names and words that only begin like one are none."""
    assert not find("subject-fake-reply", tmp_path, markdown=_issue(subject))


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("EVERYTHING MUST GO", "capitals"),
        ("ВСЕ ЛАМПЫ ГАСНУТ", "capitals"),
        ("Lamps!! Now", "!!"),
        ("What?!?", "?!?"),
        ("Save $$ on lamps", "$$"),
        ("🏮 Lamps ❤️", "2 emoji: 🏮 ❤️"),
        ("🇩🇪 and 🇫🇷", "2 emoji"),
    ],
)
def test_shouting(subject: str, said: str, tmp_path: Path) -> None:
    """Capitals of any script, doubled marks, and a second emoji are each told."""
    (remark,) = find("subject-shouting", tmp_path, markdown=_issue(subject))
    assert said in remark.sentence


@pytest.mark.parametrize(
    "subject",
    [
        "NASA",
        "NASA & ESA",
        "What? No!",
        "Really?!",
        "What $5 buys",
        "🏮 One lamp",
        "© 2026 ™ → ★ №",
        "日本語 API",
        "第十二号：消えた街灯",
    ],
)
def test_not_shouting(subject: str, tmp_path: Path) -> None:
    """Abbreviations, single marks, one emoji, marks of typography, and scripts without capitals are quiet."""
    assert not find("subject-shouting", tmp_path, markdown=_issue(subject))


@pytest.mark.parametrize(
    ("character", "name"),
    [
        (r"\u202e", "RIGHT-TO-LEFT OVERRIDE"),
        (r"\u202a", "LEFT-TO-RIGHT EMBEDDING"),
        (r"\u2066", "LEFT-TO-RIGHT ISOLATE"),
    ],
)
def test_characters_that_no_header_may_have(character: str, name: str, tmp_path: Path) -> None:
    """A character that turns what follows is named with its position."""
    (remark,) = find("header-unsafe-characters", tmp_path, markdown=_issue(f"The{character} lamp"))
    assert name in remark.sentence
    assert "character 4" in remark.sentence


def test_what_is_isolated_and_ends_is_no_fault(tmp_path: Path) -> None:
    """Words of another direction that are set apart as Unicode wants it pass, and so do marks of direction."""
    assert not find("header-unsafe-characters", tmp_path, markdown=_issue(r"\u05e0\u05e8 \u2068Rust\u2069 \u200f2.0"))


def test_an_unsafe_name_is_found_in_the_settings(tmp_path: Path) -> None:
    """The newsletter's name stands in a header, too."""
    newsletter = (
        '[newsletter]\nname = "Lamp\\u202eliter"\nfrom = "editor@lamplighter.example.org"\n'
        'url = "https://lamplighter.example.org"\npostal_address = "3 Wick Lane"\n'
    )
    (remark,) = find("header-unsafe-characters", tmp_path, toml=newsletter)
    assert "the newsletter's name" in remark.sentence
    assert str(remark.place).startswith("digest.toml:")


def test_what_stands_in_place_of_a_preheader_is_told(tmp_path: Path) -> None:
    """Without one, the remark shows what mail programs will show."""
    (remark,) = find("preheader-missing", tmp_path, markdown="---\nsubject: Lamps\n---\nThe lamps are lit.")
    assert "The Lamplighter" in remark.sentence


def test_a_template_may_hide_a_preheader_of_its_own(tmp_path: Path) -> None:
    """What is hidden before the first text that can be seen is one."""
    html = '<div style="display:none">What the watchman counted</div><p>The lamps are lit.</p>'
    assert not find("preheader-missing", tmp_path, markdown="---\nsubject: Lamps\n---\nText", html=html)


def test_a_template_that_forgets_the_preheader(tmp_path: Path) -> None:
    """A preheader that is written and shown nowhere is told."""
    (remark,) = find("preheader-missing", tmp_path, html="<p>The lamps are lit.</p>")
    assert "nowhere" in remark.sentence


@pytest.mark.parametrize(
    ("preheader", "said", "severity"),
    [
        ("Nine lamps", "10 characters", Severity.NOTE),
        ("x" * 111, "111 characters", Severity.NOTE),
        ("What the night watchman counted!", "repeats the subject", None),
        (PREHEADER + r" \u034f\u200c\u00a0" * 20, "pad", None),
    ],
)
def test_preheaders_that_could_be_better(preheader: str, said: str, severity: Severity | None, tmp_path: Path) -> None:
    """One that is short, long, a copy or padded is told, and lengths are notes."""
    remarks = find("preheader-quality", tmp_path, markdown=_issue("What the night watchman counted", preheader))
    assert [(remark.severity, said in remark.sentence) for remark in remarks][-1] == (severity, True)


def test_wide_signs_need_fewer(tmp_path: Path) -> None:
    """Twenty characters of Chinese fill as much of the list as forty letters."""
    assert not find(
        "preheader-quality", tmp_path, markdown=_issue("灯", "守夜人数过的灯，镇上忘了拆掉的灯，一共是九盏")
    )


def test_a_subject_of_two_issues_ago(tmp_path: Path) -> None:
    """It is compared with all issues that are known, whatever their marks and capitals; one of no words with none."""
    proof = stage([], tmp_path)
    assert proof.edition.slug
    past = [
        Past(slug="between", edition=stage([], tmp_path / "a").edition),
        Past(slug="long-ago", edition=proof.edition),
    ]
    (remark,) = RULES["same-subject-as-last-issue"].find(replace(proof, past=past))
    assert "between" in remark.sentence
