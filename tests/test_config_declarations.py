"""The declared settings: their colours, their manual, the sample, and what it costs to import them."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from digest.config import VARIABLES, Theme, load_settings
from digest.config.kinds import read_value, wanted_by
from digest.config.settings import DARK, SECTIONS, Palette, keys_of

PROJECT = Path(__file__).parent.parent
MANUAL = PROJECT / "docs" / "reference" / "settings.md"


# The look


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("palette", [Theme(), DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "background"),
    [
        *[(text, background) for text in ("ink", "muted", "accent") for background in ("card", "paper", "tint")],
        ("on_accent", "accent"),
    ],
)
def test_text_can_be_read_on_its_background(palette: Palette, text: str, background: str) -> None:
    """Every text of the built-in look has the contrast that WCAG asks for, by day and by night."""
    assert contrast(getattr(palette, text), getattr(palette, background)) >= 4.5


def test_code_can_be_read_on_its_background() -> None:
    """So has code that the style leaves uncoloured."""
    assert contrast(Theme().code_ink, Theme().code_paper) >= 4.5


@pytest.mark.parametrize("section", SECTIONS)
def test_each_default_obeys_its_own_rule(section: str) -> None:
    """Writing a default into the file changes nothing."""
    for key in keys_of(SECTIONS[section]).values():
        default = None if key.required else default_of(section, key.attribute)
        assert default is None or read_value(key.rule, default) == default


# The manual, the sample, the start


def default_of(section: str, attribute: str) -> object:
    """Return the default of an attribute; the colours by night have other ones than those by day."""
    if section == "theme.dark":
        return getattr(DARK, attribute)
    return next(field.default for field in dataclasses.fields(SECTIONS[section]) if field.name == attribute)


def sentences_of(section: type) -> dict[str, str]:
    """Return the text below each attribute of a declaration, its parents' included, on one line."""
    found: dict[str, str] = {}
    for declaration in reversed(section.__mro__[:-1]):
        body = ast.parse(inspect.getsource(declaration)).body[0]
        assert isinstance(body, ast.ClassDef)
        for attribute, text in zip(body.body, body.body[1:], strict=False):
            match attribute, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(sentence))):
                    found[name] = " ".join(sentence.split())
    return found


def rows_of(section: str) -> list[str]:
    """Return the rows that the manual's table of a section must have."""
    sentences = sentences_of(SECTIONS[section])
    rows = []
    for name, key in keys_of(SECTIONS[section]).items():
        default = default_of(section, key.attribute)
        written = "required" if key.required else "none" if default is None else f"`{json.dumps(default)}`"
        rows.append(f"| `{name}` | {wanted_by(key.rule)} | {written} | {sentences[key.attribute]} |")
    return rows


@pytest.mark.parametrize("section", SECTIONS)
def test_the_manual_tells_each_key(section: str) -> None:
    """The manual's table of a section is what the declarations say: its keys, values, defaults and sentences."""
    _, found, rest = MANUAL.read_text(encoding="utf-8").partition(f"\n## `[{section}]`\n")
    assert found
    lines = takewhile(lambda line: not line.startswith(("## ", "### ")), rest.splitlines())
    assert [line for line in lines if line.startswith("| `")] == rows_of(section)


def test_the_manual_tells_each_section_and_variable_and_no_others() -> None:
    """Sections and environment variables of the manual are those of the program."""
    manual = MANUAL.read_text(encoding="utf-8")
    assert re.findall(r"^## `\[([\w.]+)\]`$", manual, re.MULTILINE) == [
        *list(SECTIONS)[:5],
        "fields",
        "segments",
        "feeds",
        *list(SECTIONS)[5:],
    ]
    rows = dict(re.findall(r"^\| `(DIGEST_\w+)` \| `([\w.]+)` \|", manual, re.MULTILINE))
    assert rows == dict(VARIABLES)


def test_the_example_in_the_manual_is_valid(tmp_path: Path) -> None:
    """A reader who copies the manual's example has a working file."""
    example = re.search(r"```toml\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    (tmp_path / "digest.toml").write_text(example[1], encoding="utf-8")
    assert load_settings(tmp_path, {}).newsletter.name


def test_the_sample_is_valid() -> None:
    """The newsletter in this repository has settings that can be read."""
    settings = load_settings(PROJECT, {})
    assert settings.newsletter.name == "Past the Plateau"
    assert settings.fields == {"first_name": "", "company": ""}


def test_settings_are_read_without_heavy_libraries() -> None:
    """Every command reads the settings, so nothing that renders or sends is imported for them."""
    program = "import sys, digest.config; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not {"pygments", "jinja2", "markdown_it", "httpx", "mjml", "yaml", "sqlite3"} & set(run.stdout.split())
