"""Every rule, on its own bad and good example; and the page of the manual that is made of them."""

from __future__ import annotations

import os
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from proof_stage import EXAMPLES, read_example, stage

from digest.checking.rules import RULES
from digest.errors import UnknownFieldError

if TYPE_CHECKING:
    from collections.abc import Iterator

MANUAL = Path(__file__).parents[2] / "docs" / "reference" / "rules.md"
_MADE = "<!-- Below this line, the page is made of the rules and their examples: make golden. -->\n"


_ON_READING = UnknownFieldError.rule
"""The one rule whose faults are found before there is anything else to look at."""


@pytest.mark.parametrize("name", [name for name in RULES if name != _ON_READING])
def test_a_rule_finds_its_bad_example(name: str, tmp_path: Path) -> None:
    """What the manual shows as bad is found, and by a rule that says what to do."""
    remarks = list(RULES[name].find(stage(read_example(name).bad, tmp_path)))
    assert remarks
    assert all(remark.sentence and remark.fix for remark in remarks)


def test_reading_refuses_what_is_not_declared(tmp_path: Path) -> None:
    """What the manual shows as a bad example of that rule cannot even be read."""
    with pytest.raises(UnknownFieldError):
        stage(read_example(_ON_READING).bad, tmp_path)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_lets_its_good_example_pass(name: str, tmp_path: Path) -> None:
    """What the manual shows as good is not blamed."""
    assert not list(RULES[name].find(stage(read_example(name).good, tmp_path)))


def test_there_are_no_examples_of_rules_that_are_gone() -> None:
    """Each example belongs to a rule."""
    assert {path.stem for path in EXAMPLES.glob("*.md")} - {"README"} == RULES.keys()


def test_the_manual_shows_each_rule() -> None:
    """The page of rules is what the rules say of themselves, with their examples; `make golden` writes it anew."""
    head, mark, _ = MANUAL.read_text(encoding="utf-8").partition(_MADE)
    page = head + mark + "".join(_chapters())
    if os.environ.get("DIGEST_UPDATE_GOLDEN"):
        MANUAL.write_text(page, encoding="utf-8")
    assert MANUAL.read_text(encoding="utf-8") == page


def _chapters() -> Iterator[str]:
    for group, rules in groupby(RULES.values(), key=lambda rule: rule.group):
        about = import_module(f"digest.checking.rules.{group}").__doc__ or ""
        title = about.removeprefix("Rules about ").strip(" .\n")
        yield f"\n## {title[0].upper()}{title[1:]}\n"
        for rule in rules:
            examples = (EXAMPLES / f"{rule.id}.md").read_text(encoding="utf-8")
            grade = rule.severity.value.capitalize()
            yield f"\n### `{rule.id}`\n\n**{grade}.** {rule.summary}\n\n{rule.why}\n\n{examples}"
