"""The manual of templates names all that a template gets, and nothing else."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from newsletters import make_newsletter

from digest.rendering import BUILT_IN
from digest.rendering.images import Image, MailImages
from digest.rendering.look import look_of
from digest.rendering.templates import _KEEPING_FIELDS
from digest.rendering.views import Body, IssueView, PartView

if TYPE_CHECKING:
    from newsletters import Newsletter

MANUAL = (Path(__file__).parents[2] / "docs" / "reference" / "templates.md").read_text("utf-8")


@pytest.fixture
def newsletter(tmp_path: Path) -> Newsletter:
    """A newsletter, whose values a template gets."""
    return make_newsletter(tmp_path)


def rows_of(heading: str) -> dict[str, str]:
    """Return the first two cells of each row of the table below a heading, the first without its quotes."""
    section = re.split(r"^#+ ", MANUAL.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(r"^\| `([^`]+)`([^|]*)\|", section, re.MULTILINE))


def attributes_of(view: type) -> set[str]:
    """Return what a template can print of a view."""
    if is_dataclass(view):
        return {field.name for field in fields(view)} | {name for name in vars(view) if name in {"fit", "attributes"}}
    return {name for name in vars(view) if not name.startswith("_")}


def test_the_manual_lists_all_files() -> None:
    """Each built-in file may be replaced, and is named."""
    files = {path.relative_to(BUILT_IN).as_posix() for path in BUILT_IN.rglob("*") if path.is_file()}
    pages = {name for name in rows_of("Pages of `digest serve`") if name.startswith("web/")}
    pages |= rows_of("Mails of `digest serve`").keys()
    assert set(rows_of("Files")) | pages | set(rows_of("Pages of the archive")) == files


def test_the_manual_lists_all_values(newsletter: Newsletter) -> None:
    """Each value of a template is named, and it is said which of them the stylesheet gets."""
    assets = newsletter.settings.assets
    images = MailImages(root=newsletter.root, slug="issue", domain="example.org", assets=assets, width=1120)
    listed = rows_of("What a template can print")
    assert set(listed) == set(newsletter.renderer._values(newsletter.read(), images))
    assert {name for name, mark in listed.items() if "*" in mark} == set(look_of(newsletter.settings))


@pytest.mark.parametrize(
    ("heading", "view"), [("`issue`", IssueView), ("Parts", PartView), ("Prose", Body), ("Images", Image)]
)
def test_the_manual_lists_all_attributes(heading: str, view: type) -> None:
    """Each attribute of an issue, a part, prose and an image is named."""
    assert set(rows_of(heading)) == attributes_of(view)


def test_the_manual_lists_the_filters(newsletter: Newsletter) -> None:
    """The filters of our own are named, and those that a field may go through."""
    assert set(rows_of("Filters")) == {"styled", "default"} <= set(newsletter.renderer._templates._environment.filters)
    (sentence,) = re.findall(r"the filters ([^:]*?)leave a field as it is", MANUAL, re.DOTALL)
    assert set(re.findall("`([^`]+)`", sentence)) == _KEEPING_FIELDS


def test_the_example_of_a_fallback_works(newsletter: Newsletter) -> None:
    """What the manual shows can be copied."""
    (example,) = re.findall(r"```jinja\n(Hello .*)\n```", MANUAL)
    newsletter.write("templates/email.txt", example)
    assert newsletter.render().text.fill({}) == "Hello there\n"
