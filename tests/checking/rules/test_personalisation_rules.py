"""Rules about what is filled in for each reader: cases beyond their examples in the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from proof_stage import Block, stage

from digest.checking.rules import RULES
from digest.model import Severity

if TYPE_CHECKING:
    from pathlib import Path

    from digest.checking.rule import Remark

FOOTER = "<mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section>\n"


def remarks(rule: str, folder: Path, **blocks: str) -> list[Remark]:
    """Return what a rule says of an issue that is made of these blocks."""
    kinds = {"footer": "mjml parts/footer.mjml", "plain": "mjml email.txt"}
    given = [Block(kind=kinds.get(kind, kind), text=text) for kind, text in blocks.items()]
    return list(RULES[rule].find(stage(given, folder)))


@pytest.mark.parametrize(
    ("greeting", "reading"),
    [
        ("Hello {{ first_name }}, it is five.", "Hello , it is"),
        ('Hello {{ first_name or " " }}, it is five.', "Hello , it is"),
        ("Dear {{ first_name }} of our town", "Dear  of our"),
    ],
)
def test_how_it_would_read(greeting: str, reading: str, tmp_path: Path) -> None:
    """The words around the gap are shown, as a reader without a value would see them."""
    (remark,) = remarks("fallback-missing", tmp_path, markdown=greeting)
    assert f'"{reading}' in remark.sentence


def test_a_gap_that_nobody_sees(tmp_path: Path) -> None:
    """A fallback that says nothing may stand where nothing is missed."""
    footer = FOOTER.format('{{ newsletter.name }}{{ reader.first_name | default("") }}')
    assert not remarks("fallback-missing", tmp_path, footer=footer)


def test_a_link_without_words(tmp_path: Path) -> None:
    """A link whose only word is a field needs one that stands in."""
    footer = FOOTER.format('<a href="https://blog.example.org/">{{ reader.first_name | default("") }}</a>')
    (remark,) = remarks("fallback-missing", tmp_path, footer=footer)
    assert "a link without words" in remark.sentence


def test_readers_who_were_asked(tmp_path: Path) -> None:
    """Where all readers were looked at, blank-field alone speaks of fields without a fallback."""
    issue = "Hello {{ first_name }}, it is five."
    all_have = "email,first_name\nada@example.org,Ada\n"
    one_has_not = f"{all_have}noor@example.org,\n"
    for number, (readers, blanks) in enumerate([(all_have, 0), (one_has_not, 1)]):
        for rule, expected in (("fallback-missing", 0), ("blank-field", blanks)):
            found = remarks(rule, tmp_path / f"{number}-{rule}", markdown=issue, csv=readers)
            assert len(found) == expected


def test_the_same_field_twice_is_one_remark(tmp_path: Path) -> None:
    """A field is spoken of once, however often it stands there."""
    issue = "Hello {{ first_name }}, it is five.\n\nGood night, {{ first_name }}!"
    (remark,) = remarks("fallback-missing", tmp_path, markdown=issue)
    assert "and 1 more" in remark.sentence


def test_a_blank_is_told_at_its_place(tmp_path: Path) -> None:
    """The remark names no reader, and the line of the issue where the field stands."""
    issue = "Good evening.\n\nHello {{ first_name }}, it is five."
    (remark,) = remarks("blank-field", tmp_path, markdown=issue, csv="email\nada@example.org\n")
    assert remark.place is not None
    assert (remark.place.path, remark.place.line) == ("issues/2026-11-24-lamps.md", 8)
    assert "@" not in remark.sentence + remark.fix


@pytest.mark.parametrize("attribute", ["onclick=\"greet('{}')\"", "srcdoc='{}'", 'href="javascript:greet({})"'])
def test_values_that_could_run(attribute: str, tmp_path: Path) -> None:
    """A template that puts a value into a program is refused, since escaping does not help there."""
    footer = FOOTER.format(f"<a {attribute.format('{{ reader.name }}')}>Hello</a>")
    (remark,) = remarks("unsafe-subscriber-field", tmp_path, footer=footer)
    assert "could run" in remark.sentence


def test_values_that_cannot_run(tmp_path: Path) -> None:
    """Text, titles and parts of an address are what values are for."""
    link = (
        '<a title="For {{ reader.name }}" href="https://blog.example.org/?for={{ reader.name }}">{{ reader.name }}</a>'
    )
    assert not remarks("unsafe-subscriber-field", tmp_path, footer=FOOTER.format(link))


def test_what_garbled_and_misused_names_weigh(tmp_path: Path) -> None:
    """They are warnings with the number of a reader to look at."""
    found = remarks(
        "unsafe-subscriber-field",
        tmp_path,
        csv="email,name\na@example.org,b@example.org\nc@example.org,Ã¼\nd@example.org,null\n",
    )
    assert [remark.severity for remark in found] == [Severity.WARNING] * 3
    assert {remark.fix.rpartition(" ")[2] for remark in found} == {"1", "2", "3"}
    assert not any("@" in remark.sentence for remark in found)


@pytest.mark.parametrize(
    ("markdown", "is_told"),
    [
        ('Dear {{ first_name or "friend" }},\n\nnine lamps.', True),
        ("Nine lamps.\n\nDEAR FRIEND!", True),
        ('Dear {{ first_name or "reader" }},\n\nnine lamps.', False),
        ("My dear friend lit them. Dear friends, too.", False),
    ],
)
def test_the_greeting_of_spam(markdown: str, is_told: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a column
    """It is told where a line begins with it, be it by a fallback."""
    assert (
        bool(remarks("fallback-missing", tmp_path, markdown=markdown, csv="email,first_name\na@b.test,A\n")) == is_told
    )
