"""What the project says of itself is true: versions, modules and dependencies."""

from __future__ import annotations

import re
import tomllib
from inspect import getsource
from pathlib import Path

import pytest

from digest.checking.rules import RULES

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def _packages(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}


def _column(heading: str, number: int) -> set[str]:
    """Read the names in a column of the table under a heading."""
    section = CONTRIBUTING.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("|")]
    return {cells[number].strip().strip("`") for cells in rows[2:]}


def test_every_dependency_has_its_reason() -> None:
    """Each package that a user has to install is explained, and none is explained that is gone."""
    assert _column("What stands on whose shoulders", 1) == _packages(PROJECT["dependencies"])


@pytest.mark.parametrize("package", sorted(_packages(PROJECT["optional-dependencies"]["dev"])))
def test_every_tool_has_its_reason(package: str) -> None:
    """Each package that a developer has to install is explained."""
    assert f"`{package}`" in CONTRIBUTING


def test_every_module_is_introduced() -> None:
    """A newcomer finds each module of the package in the table of floors."""
    source = ROOT / "src" / "digest"
    modules = {path.stem for path in source.glob("*.py")} | {path.parent.name for path in source.glob("*/__init__.py")}
    modules = {name for name in modules if not name.startswith("__")}
    assert modules <= _column("The floors", 2)


def test_rule_that_is_shown_is_one_of_ours() -> None:
    """The rule that shows how one is written stands in the program word for word."""
    shown = CONTRIBUTING.partition("```python\n")[2].partition("```")[0]
    name = re.findall(r"def (\w+)", shown)[0].replace("_", "-")
    assert shown == getsource(RULES[name].find)
