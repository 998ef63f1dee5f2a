"""The manual of the issue file: its keys are those of the program, and what it shows can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from editors_desk import Desk

from digest.reading import ISSUE_KEYS, STORY_KEYS
from digest.reading.cutting import WORDS_A_MINUTE

MANUAL = (Path(__file__).parent.parent.parent / "docs" / "reference" / "issues.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "keys"), [("Front matter", ISSUE_KEYS), ("An issue as a folder", STORY_KEYS)], ids=["issue", "story"]
)
def test_the_manual_tells_each_key(heading: str, keys: tuple[str, ...]) -> None:
    """Each table has a row for each key, in the program's order, with what the key does and its default."""
    section = MANUAL.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", section, re.MULTILINE) == list(keys)


@pytest.mark.parametrize("example", re.findall(r"^```markdown\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL))
def test_the_examples_can_be_read(example: str, tmp_path: Path) -> None:
    """Whoever copies an example has an issue."""
    assert Desk(root=tmp_path).read(example).parts


def test_the_pace_of_reading_is_told() -> None:
    """The manual and the program count the same words a minute."""
    assert f"at {WORDS_A_MINUTE} words a" in MANUAL
