"""Tags tell where they were written, and nothing that leaves shows it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mjml_documents import in_column
from newsletters import Document, make_newsletter, png

from digest.config import load_settings
from digest.errors import ContentError
from digest.publishing.newsroom import Newsroom
from digest.rendering.mjml import compile_mjml
from digest.rendering.origins import ORIGIN, forget, mark_template, reveal

if TYPE_CHECKING:
    from newsletters import Newsletter

    from digest.rendering import Traced

REPOSITORY = Path(__file__).parents[2]
FULL = Path(__file__).with_name("full.mjml").read_text(encoding="utf-8")
TAG = re.compile(r"""<!--.*?-->|<[a-zA-Z](?:[^<>"']|"[^"]*"|'[^']*')*>""", re.DOTALL)

TAGS_IN_CODE = re.compile("<pre.*?</pre>", re.DOTALL)


@pytest.fixture(scope="module")
def newsletter(tmp_path_factory: pytest.TempPathFactory) -> Newsletter:
    """A newsletter with a picture, for all examples: rendering leaves nothing behind in it."""
    newsletter = make_newsletter(tmp_path_factory.mktemp("newsletter"))
    newsletter.write("stairs.png", png(800, 600))
    return newsletter


def trace(newsletter: Newsletter, markdown: str) -> Traced:
    """Render an issue with its origins."""
    return newsletter.renderer.trace(newsletter.read(markdown))


def without_origins(html: str) -> str:
    """Return HTML whose tags have lost the attribute."""
    return TAG.sub(lambda tag: re.sub(f' {ORIGIN}="[^"]*"', "", tag[0], count=1), html)


def origins(newsletter: Newsletter, markdown: str, tag: str) -> list[str | None]:
    """Return the origins of all elements of a tag that stand in the card of an issue."""
    document = Document.of(trace(newsletter, markdown).html.marked)
    return [e.attributes.get(ORIGIN) for e in document.all(tag) if any("card" in p.classes for p in e.parents)]


def issue_lines(newsletter: Newsletter, markdown: str, tag: str) -> list[int]:
    """Return the lines of the issue that elements of a tag come from."""
    found = (origin.rpartition(":") for origin in origins(newsletter, markdown, tag) if origin)
    return [int(line) for path, _, line in found if path == "issue.md"]


def assert_same(traced: Traced) -> None:
    """Both pieces of HTML are the same but for our attribute, which only one of them has."""
    leaves = traced.edition.html.marked
    assert without_origins(traced.html.marked) == without_origins(leaves)  # an editor may have written one like it
    assert not re.search(f'{ORIGIN}="(?:built-in|issues?)', TAGS_IN_CODE.sub("", leaves))
    assert f'{ORIGIN}="built-in parts/footer.mjml' in traced.html.marked


@pytest.mark.parametrize("name", ["2026-11-24-past-the-plateau.md", "2026-12-01-first-snow"])
def test_the_samples_are_the_same_with_origins_and_without(name: str) -> None:
    """The attribute is all that sets the two apart, and tracing an issue renders the edition that leaves."""
    newsroom = Newsroom(settings=load_settings(REPOSITORY, {}))
    issue = newsroom.read(REPOSITORY / "issues" / name)
    traced = newsroom.trace(issue)
    assert_same(traced)
    assert traced.edition == newsroom.render(issue)
    assert ORIGIN not in traced.edition.html.marked + traced.edition.text.marked


NASTY = (
    "`<p data-origin=\"x:1\">` and <b data-origin='me'>b</b>",
    '```html\n<p data-origin="issues/x.md:3">\n```',
    "<p title=' data-origin=\"x:1\" '>a</p>",
    '<pre data-origin="a:b"> data-origin="x:1" </pre>',
    '<div title="a > b">\n<img src="https://example.org/a.png" alt="<x>">\n</div>',
    "<table>\n<tr><td>1</td><td>2</td></tr>\n</table>\n\nA<br>b<br/>c",
    "<!--[if mso]><table><tr><td><![endif]--><i>x</i><!--[if mso]></td></tr></table><![endif]-->",
    "> - a\n>   <b>b</b>\n>\n>   c\n\n1. x\n\n   ```py\n   y\n   ```",
    "A[^1] and b[^2].\n\n[^1]: <b>One</b>\n\n[^2]: Two.\n\n    More.",
    "> [!NOTE]\n> A *call-out*.\n\n- [x] done\n- [ ] open",
    "[**Go**](https://example.org/)\n\n![A](stairs.png)\n\nTerm\n: Definition",
    "## [`Code` first](https://example.org/1)\n\n![Stairs](stairs.png)\n\nTeaser.\n\n## **Bold**\n\nText.",
)


@pytest.mark.parametrize("markdown", NASTY)
def test_the_nasty_are_the_same_with_origins_and_without(newsletter: Newsletter, markdown: str) -> None:
    """Code, attributes and comments that look like tags with origins stay as they were written."""
    assert_same(trace(newsletter, markdown))


blocks = st.sampled_from(
    [
        *(
            "Text *with* **some** `code`.",
            "- a\n- b\n  - c",
            "1. x\n\n   y",
            "> quoted\n> more",
            "| a | b |\n|---|---|\n| c | d |",
        ),
        *(
            "### Heading",
            "## [Story](https://example.org/{})",
            "## Section",
            "![Alt](stairs.png)",
            "---",
            "    code > b",
        ),
        *(
            "```py\nx = '<b data-origin=\"a:1\">'\n```",
            "<b>raw</b> and <br> more",
            '<div class="x">\n<p>\nlines</p>\n</div>',
        ),
        *(
            "<!-- gone -->",
            "a<!-- gone\ntoo -->b",
            "<!--[if mso]><p>x</p><![endif]-->",
            '[link](https://example.org/?a&b "t")',
        ),
    ]
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(parts=st.lists(blocks, min_size=1, max_size=12))
def test_any_issue_is_the_same_with_origins_and_without(newsletter: Newsletter, parts: list[str]) -> None:
    """Whatever blocks follow each other."""
    markdown = "\n\n".join(part.replace("{}", str(number)) for number, part in enumerate(parts))
    assert_same(trace(newsletter, f"Begin.\n\n{markdown}\n"))


def test_what_markdown_makes_knows_its_line(newsletter: Newsletter) -> None:
    """Blocks know the line in which they begin, and what stands in them the line in which it stands."""
    markdown = """\
---
subject: Lines
---
One *a*
and [b](https://example.org/b)
and ![c](https://example.org/c.png).

- d
- e

  f

| g | h |
|---|---|
| i | j |

> k

### l

```py
m
```
"""
    lines = {"em": [4], "a": [5], "img": [6], "li": [8, 9], "tr": [13, 15], "blockquote": [17], "h3": [19]}
    assert {tag: issue_lines(newsletter, markdown, tag) for tag in lines} == lines
    assert issue_lines(newsletter, markdown, "p") == [4, 8, 9, 11, 17]
    assert 21 in issue_lines(newsletter, markdown, "table")


def test_raw_html_knows_the_line_of_each_tag(newsletter: Newsletter) -> None:
    """In blocks of several lines and behind comments, too; a tag in a comment is none."""
    markdown = "A <b>b</b>\n<i>c</i>\n\n<!-- <u>\n\n</u> -->\n<div>\n<p>d</p>\n\n<p>e\n<u>f</u></p>\n</div>\n"
    lines = {"b": [1], "i": [2], "u": [11]}
    assert {tag: issue_lines(newsletter, markdown, tag) for tag in lines} == lines
    assert issue_lines(newsletter, markdown, "p") == [1, 8, 10]


def test_a_story_knows_where_its_heading_and_its_picture_stand(newsletter: Newsletter) -> None:
    """Though a template writes their tags."""
    markdown = (
        "Hello.\n\n## [`One` story](https://example.org/1)\n\n![Stairs](stairs.png)\n\nText.\n\n## Two\n\nMore.\n"
    )
    assert issue_lines(newsletter, markdown, "h2") == [3, 9]
    assert issue_lines(newsletter, markdown, "a")[0] == 3
    assert issue_lines(newsletter, markdown, "img") == [5]


def test_what_a_template_writes_knows_its_line(newsletter: Newsletter) -> None:
    """Built-in templates are called so."""
    html = trace(newsletter, "Hello.\n\n## [One](https://example.org/1)\n\nText.").html.marked
    found = Document.of(html)
    origins = {e.attributes.get(ORIGIN) for e in found.elements}
    source = (REPOSITORY / "src/digest/templates/parts/story.html").read_text("utf-8").split("\n")
    line = next(number for number, text in enumerate(source, 1) if 'class="more"' in text or "button-cell" in text)
    assert f"built-in parts/story.html:{line}" in origins
    assert {origin.partition(" ")[0] for origin in origins if origin} == {
        "built-in",
        "issue.md:1",
        "issue.md:3",
        "issue.md:5",
    }


def test_a_template_of_ones_own_is_called_by_its_path(tmp_path: Path) -> None:
    """Through includes and loops; words of Jinja, comments and styles are left as they are."""
    newsletter = make_newsletter(tmp_path)
    newsletter.write(
        "templates/parts/section.mjml",
        """\
{# <b> a comment #}
<mj-section>
  <mj-column>
    <mj-text
      css-class="words">
      {% if "<i>" in "<i>x</i>" %}<p>{{ "a<br>b" | replace("<br>", ", ") }}</p>{% endif %}
    </mj-text>
    <mj-button href="https://example.org/">Go</mj-button>
    <mj-raw><!--[if mso]><u>x</u><![endif]--><style>b > i { color: red }</style></mj-raw>
  </mj-column>
</mj-section>
""",
    )
    traced = trace(newsletter, "Hello.\n\n## Two\n\nMore.\n")
    document = Document.of(traced.html.marked)
    assert_same(traced)
    (words,) = (e for e in document.all("p") if e.text == "a, b")
    assert words.attributes[ORIGIN] == "templates/parts/section.mjml:6"
    button = next(e for e in document.all("a") if e.text.strip() == "Go")
    around = [e.attributes.get(ORIGIN) for e in button.parents]
    assert [origin for origin in around if origin][-1] == "templates/parts/section.mjml:8"
    assert document.one("td", "words").attributes[ORIGIN] == "templates/parts/section.mjml:4"


def test_each_tag_of_mjml_can_be_traced() -> None:
    """The classes by which MRML is followed leave no trace, in all that it can make."""
    marked = mark_template(FULL, "email.mjml")
    traced = compile_mjml(marked, traced=True)
    assert forget(traced) == compile_mjml(marked) == compile_mjml(FULL)
    lines = {int(line) for line in re.findall(r'data-origin="email.mjml:(\d+)"', reveal(traced, {}))}
    made = re.compile(r"<mj-(?:text|image|button|divider|column|social|navbar-link|carousel-image|accordion)\b")
    source = enumerate(FULL.split("\n"), 1)
    body = FULL[: FULL.index("<mj-body")].count("\n")
    missing = [number for number, text in source if number > body and made.search(text) and number not in lines]
    assert not missing


@pytest.mark.parametrize(
    "head", ['<mj-all css-class="d" />', '<mj-text css-class="d" />', '<mj-class name="q" css-class="d" />']
)
def test_classes_by_default_stay(head: str) -> None:
    """Where MJML's defaults name a class, it is the same with origins and without."""
    source = in_column(
        '<mj-text>a</mj-text><mj-text mj-class="x" css-class="y">b</mj-text><mj-text css-class="">c</mj-text>',
        head=f"<mj-attributes>{head}</mj-attributes>",
    )
    marked = mark_template(source, "email.mjml")
    assert forget(compile_mjml(marked, traced=True)) == compile_mjml(source)


def test_what_is_no_tag_gets_no_origin() -> None:
    """Comments, styles and the values of attributes lose their marks."""
    html = mark_template('<!-- <b> --><style><b></style><p title="<b>">x</p><b title=\'a > "b"\'>y</b>', "t.html")
    assert reveal(html, {}) == (
        '<!-- <b> --><style><b></style><p data-origin="t.html:1" title="<b>">x</p>'
        '<b data-origin="t.html:1" title=\'a > "b"\'>y</b>'
    )


def test_the_name_of_a_file_is_escaped() -> None:
    """Whatever a file is called, it stays in its attribute."""
    html = reveal(mark_template("<p>x</p>", 'a"><b>&.html'), {})
    (value,) = re.findall(r'data-origin="([^"]*)"', html)
    assert unescape(value) == 'a"><b>&.html:1'


def test_text_never_shows_a_mark(tmp_path: Path) -> None:
    """A text template may print what an HTML template says."""
    newsletter = make_newsletter(tmp_path)
    newsletter.write("templates/parts/motto.html", "<b>Onwards</b>")
    newsletter.write(
        "templates/email.txt", '{% set motto %}{% include "parts/motto.html" %}{% endset %}{{ motto | striptags }}'
    )
    assert newsletter.render("Hello.").text.marked == "Onwards\n"


def test_an_issue_cannot_hold_what_marks_are_made_of(newsletter: Newsletter) -> None:
    """Nobody types it, and no mail may show it."""
    with pytest.raises(ContentError, match="U\\+FDD0"):
        newsletter.read("Hello \ufdd0a:1\ufdd1<b>you</b>.")
