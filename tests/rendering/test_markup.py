"""Markdown becomes HTML that mail programs show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from newsletters import Document, Element, html_of, make_newsletter

from digest.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from newsletters import Newsletter


@pytest.fixture(scope="module")
def newsletter(tmp_path_factory: pytest.TempPathFactory) -> Newsletter:
    """One newsletter for all tests: rendering leaves nothing behind in it."""
    return make_newsletter(tmp_path_factory.mktemp("newsletter"))


def document_of(newsletter: Newsletter, markdown: str) -> Document:
    """Return the HTML of an issue."""
    return html_of(newsletter.render(markdown))


def parents_of(element: Element) -> list[str]:
    """Return the tags around an element that Markdown wrote, outermost first."""
    tags = [parent.tag for parent in element.parents]
    return tags[len(tags) - tags[::-1].index("div") :] if "div" in tags else tags


@pytest.mark.parametrize("markdown", ["- [x] done\n- [ ] open\n", "- [x] done\n\n- [ ] open\n"], ids=["tight", "loose"])
def test_a_task_shows_whether_it_is_done(newsletter: Newsletter, markdown: str) -> None:
    """A sign takes the place of a checkbox, which mail programs drop."""
    document = document_of(newsletter, markdown)
    assert [item.text.split() for item in document.all("li")] == [["☑", "done"], ["☐", "open"]]
    assert not document.all("input")


def test_footnotes_stand_below_their_part(newsletter: Newsletter) -> None:
    """They are numbered through the issue, keep their paragraphs, and are no links: some mail programs follow none."""
    document = document_of(
        newsletter,
        "One[^b].\n\n## Two\n\nTwo[^a], again[^a].\n\n[^a]: First of a.\n\n    Second of a.\n[^b]: Of **b**.\n",
    )
    assert [note.text for note in document.all("sup", "note")] == ["1", "2", "2"]
    first, second = (block.text.split("\n") for block in document.all("div", "notes"))
    assert first == ["", "1\xa0 Of b.", ""]
    assert second == ["", "2\xa0 First of a.", "Second of a.", ""]
    assert not [link for link in document.all("a") if (link.attributes["href"] or "").startswith("#")]


def test_a_paragraph_of_one_bold_link_is_a_button(newsletter: Newsletter) -> None:
    """It stands in a table of its own, since Outlook pads nothing else."""
    document = document_of(newsletter, "**[Join & read](https://example.org/join)**")
    link = document.one("td", "button-cell")
    assert link.text == "Join & read"
    assert document.one("table", "button").attributes["role"] == "presentation"


@pytest.mark.parametrize(
    "markdown",
    [
        "**[Join](https://example.org/join)** now",
        "[Join](https://example.org/join)",
        "**[Join](https://example.org/1) [me](https://example.org/2)**",
        "- **[Join](https://example.org/join)**\n- **[Me](https://example.org/me)**",
    ],
)
def test_a_bold_link_elsewhere_is_a_bold_link(newsletter: Newsletter, markdown: str) -> None:
    """Only a paragraph of its own makes a button; the items of a list do not."""
    assert not document_of(newsletter, markdown).all("td", "button-cell")


def test_a_paragraph_of_one_image_is_a_figure(newsletter: Newsletter) -> None:
    """It has space around it; an image among words has none."""
    document = document_of(newsletter, "![a](https://example.org/a.png)\n\nB ![b](https://example.org/b.png)\n")
    assert [image.parents[-1].classes for image in document.all("img")] == [["figure"], []]


def test_a_table_names_and_aligns_its_columns(newsletter: Newsletter) -> None:
    """Its heads are for columns, its cells stand as the editor aligned them; unlike boxes, it is no mere layout."""
    document = document_of(newsletter, "| A | B | C |\n|:--|--:|:-:|\n| 1 | 2 | 3 |\n")
    assert [head.attributes["scope"] for head in document.all("th")] == ["col"] * 3
    for cells in (document.all("th"), document.inside("data", "td")):
        assert [cell.style["text-align"] for cell in cells[1:]] == ["right", "center"]
    assert "role" not in document.one("table", "data").attributes


def test_quotes_and_code_nest_in_lists(newsletter: Newsletter) -> None:
    """What stands in an item stays in it."""
    document = document_of(newsletter, "1. One\n\n   > Said\n   >\n   > - so\n\n2. Two\n\n       code\n")
    assert parents_of(document.one("blockquote")) == ["ol", "li"]
    assert document.one("blockquote").text.split() == ["Said", "so"]
    assert document.one("pre").text == "code"


def test_a_callout_says_its_kind(newsletter: Newsletter) -> None:
    """The alerts of the git hosts become boxes with a title."""
    document = document_of(newsletter, "> [!WARNING]\n> Mind the `gap`.\n")
    assert document.one("p", "alert-title").text == "Warning"
    assert "Mind the gap." in document.one("td", "alert-cell").text


def test_code_is_coloured_on_its_tags(newsletter: Newsletter) -> None:
    """Mail programs drop stylesheets, so each colour stands where it is seen."""
    document = document_of(newsletter, "```python\ndef f() -> None: ...\n```\n")
    coloured = [span for span in document.inside("code-cell", "span") if "color" in span.style]
    assert "def" in [span.text for span in coloured]
    assert document.one("pre").text == "def f() -> None: ..."


@pytest.mark.parametrize("info", ["", "klingon", "python title=x.py", "<b>", "text"])
def test_code_of_any_language_is_kept(newsletter: Newsletter, info: str) -> None:
    """A language that nobody knows has no colours, and loses nothing."""
    code = 'if a < b and c > "d":\n\n\treturn &amp;  \n'
    assert document_of(newsletter, f"```{info}\n{code}\n```\n").one("pre").text == code


def test_a_style_of_code_that_does_not_exist_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    """Its name is Pygments', and only Pygments knows it."""
    newsletter = make_newsletter(tmp_path, more='[theme]\ncode_style = "plaid"\n')
    with pytest.raises(SettingsError, match='no style of code called "plaid"') as caught:
        newsletter.render("```python\nx\n```\n")
    assert "code_style" in caught.value.hint


def test_definitions_and_strikethrough_are_semantic(newsletter: Newsletter) -> None:
    """What Markdown means is what the tags say."""
    document = document_of(newsletter, "Term\n: First\n: Second\n\n~~gone~~ *soft* **loud**\n")
    assert [item.text for item in document.all("dd")] == ["First", "Second"]
    assert (document.one("s").text, document.one("em").text, document.one("strong").text) == ("gone", "soft", "loud")


def test_code_in_a_callout_keeps_its_own_ground(newsletter: Newsletter) -> None:
    """A block of code has light letters on dark paper there, too; code amid words has the colour of the card."""
    document = document_of(newsletter, "> [!NOTE]\n> Run `it`:\n>\n> ```sh\n> lamps on\n> ```\n")
    amid, block = (element.style["background-color"] for element in document.inside("alert-cell", "code"))
    assert amid == newsletter.settings.theme.card
    assert block == document.one("td", "code-cell").style["background-color"]


def test_a_link_amid_the_words_of_a_section_title_is_underlined(newsletter: Newsletter) -> None:
    """The title of a story is a link as a whole, and looks like a title."""
    document = document_of(
        newsletter, "## See [the map](https://example.org/map) again\n\nx\n\n## [Lamps](https://example.org/)\n\ny\n"
    )
    links = [link for link in document.all("a") if link.parents[-1].tag == "h2"]
    assert [link.style["text-decoration"] for link in links] == ["underline", "none"]
