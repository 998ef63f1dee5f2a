"""Templates: overridden file by file, and every fault at its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from newsletters import READER, html_of, make_newsletter

from digest.errors import CombinedError, ContentError
from digest.model import MARKER
from digest.rendering import BUILT_IN
from digest.rendering.inserts import hold, place

if TYPE_CHECKING:
    from pathlib import Path

    from newsletters import Newsletter

ISSUE = "Hello {{ first_name or 'you' }}.\n\n## [One](https://example.org/1)\n\nText.\n\n## Two\n\nMore.\n"
SECTION = """\
{# The part of a section. #}
<mj-section>
  <mj-column>
    <mj-text>CONTENT</mj-text>
  </mj-column>
</mj-section>
"""


@pytest.fixture
def newsletter(tmp_path: Path) -> Newsletter:
    """A newsletter without templates of its own."""
    return make_newsletter(tmp_path)


def fault_of(newsletter: Newsletter, content: str, name: str = "parts/section.mjml") -> ContentError:
    """Return the fault of a template that prints `content` on its fourth line."""
    newsletter.write(f"templates/{name}", SECTION.replace("CONTENT", content))
    with pytest.raises(ContentError) as caught:
        newsletter.render(ISSUE)
    return caught.value


def shown(newsletter: Newsletter, content: str) -> str:
    """Return what readers see of a template that prints `content`."""
    newsletter.write("templates/parts/section.mjml", SECTION.replace("CONTENT", f"<p class='mine'>{content}</p>"))
    return html_of(newsletter.render(ISSUE)).one("p", "mine").text


def test_one_part_is_overridden_by_itself(newsletter: Newsletter) -> None:
    """A part of the newsletter's own takes the built-in one's place; the others stay."""
    newsletter.write("templates/parts/section.mjml", SECTION.replace("CONTENT", "Mine: {{ part.title }}"))
    document = html_of(newsletter.render(ISSUE))
    assert "Mine: Two" in document.one("body").text
    assert [heading.text for heading in document.all("h2")] == ["One"]


def test_the_stylesheet_is_overridden_by_itself(newsletter: Newsletter) -> None:
    """The looks of the content are a template, too."""
    newsletter.write("templates/content.css", "p { color: {{ theme.accent }} }")
    assert html_of(newsletter.render()).all("p")[-1].style["color"] == newsletter.settings.theme.accent


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ part.titel }}", "no attribute 'titel'"),
        ("{% if %}", "Expected an expression"),
        ("{{ part.title", "unexpected"),
        ("{% endfor %}", "unknown tag 'endfor'"),
        ("{{ part.title | shout }}", "No filter named 'shout'"),
        ("{% if part.title is loud %}{% endif %}", "No test named 'loud'"),
        ('{% include "parts/none.mjml" %}', "there is no template parts/none.mjml"),
        ('{% include "../digest.toml" %}', "lies outside"),
        ('{% include "/etc/hostname" %}', "lies outside"),
        ('{% include "parts/section.mjml" %}', "recursion"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 1 + 'a' }}", "unsupported operand"),
        ("{{ '%d' | format('a') }}", "format"),
        ("{{ ''.__class__ }}", "unsafe"),
        ("{{ ''['__class__'].__mro__ }}", "unsafe"),
        ("{{ wrap.__globals__ }}", "unsafe"),
        ("{{ part.body._prose.path }}", "unsafe"),
        ("{{ reader._defaults }}", "unsafe"),
        ("{% for n in range(1000000000) %}{% endfor %}", "too big"),
        ("{% if reader.first_name %}x{% endif %}", "asks for the value of reader.first_name"),
        ("{% if reader.first_name == 'Ana' %}x{% endif %}", "asks for the value of reader.first_name"),
        ("{{ 'x' if reader.first_name != 'Ana' }}", "asks for the value of reader.first_name"),
        ("{{ reader.first_name or 'you' }}", "asks for the value of reader.first_name"),
        ("{{ reader.first_nam }}", 'no field "first_nam" of the reader is declared'),
        ("{{ reader.token }}", 'no field "token" of the reader is declared'),
        ("{{ reader.name | default(reader.first_name) }}", "stands in for another one"),
        ("{% filter styled %}<mj-text>x</mj-text>{% endfilter %}", "MJML"),
        ("{{ part.body }}", "only texts and numbers can be printed, and this is body"),
        ("{{ part }}", "and this is part"),
        ("{{ reader }}", "and this is reader"),
        ("{{ part.image }}", "and this is nothing"),
        ("{{ issue.number }}", "and this is nothing"),
        ("{{ issue.parts | map(attribute='title') }}", "and this is generator"),
        ("{% set x = part.title.append %}{{ x('y') }}", "no attribute"),
    ],
)
def test_a_fault_of_a_template_is_an_error_at_its_line(newsletter: Newsletter, content: str, sentence: str) -> None:
    """Whatever is wrong in an included part is said of that part, at the line that has it."""
    fault = fault_of(newsletter, content)
    assert sentence in str(fault)
    assert str(fault.place) == "templates/parts/section.mjml:4"
    assert fault.hint


@pytest.mark.parametrize(
    "filtered",
    [
        "{{ reader.first_name | upper }}",
        "{{ reader.first_name | lower }}",
        "{{ reader.first_name | d('you') | capitalize }}",
        "{{ reader.first_name | truncate(9) }}",
        "{{ reader.first_name | length }}",
        "{{ reader.first_name | reverse }}",
        "{{ reader.first_name | replace('z', '') }}",
        "{{ reader.first_name | int }}",
        "{% filter upper %}Hello {{ reader.first_name }}{% endfilter %}",
        "{{ ('Hello ' ~ reader.first_name) | truncate(9, true) }}",
        "{{ issue.subject | upper }}",
        "{{ issue.subject | replace('s', '') }}",
        "{{ issue.subject | first }}",
        "{{ issue.subject | list }}",
        "{{ issue.subject | wordwrap(8) }}",
        "{{ [issue.subject] | map('title') | join }}",
    ],
)
def test_a_filter_cannot_change_a_field(newsletter: Newsletter, filtered: str) -> None:
    """A filter that would destroy a slot, or change it to no effect, is an error that says so."""
    newsletter.write("templates/parts/section.mjml", SECTION.replace("CONTENT", filtered))
    with pytest.raises(ContentError, match="cannot change a field of the reader") as caught:
        newsletter.render(f"---\nsubject: For {{{{ first_name or 'you' }}}}\n---\n{ISSUE}")
    assert str(caught.value.place) == "templates/parts/section.mjml:4"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("{{ reader.first_name }}", "Ana"),
        ("{{ reader['first_name'] }}", "Ana"),
        ("{{ reader.first_name | e }}", "Ana"),
        ("{{ reader.first_name | trim }}", "Ana"),
        ("{{ 'Dear ' ~ reader.first_name }}", "Dear Ana"),
        ("{% set x %}Dear {{ reader.first_name }}{% endset %}{{ x | trim | lower }}", "dear Ana"),
        ("{{ part.title | upper }}", "TWO"),
        ("{{ nothing | default('x') }}{{ '' | d('y', true) }}", "xy"),
    ],
)
def test_a_field_is_printed_as_it_is(newsletter: Newsletter, printed: str, expected: str) -> None:
    """Printing, joining and escaping leave a field alone, and other texts may be changed at will."""
    assert shown(newsletter, printed) == expected


def test_a_field_in_a_template_has_a_fallback(newsletter: Newsletter) -> None:
    """A default of the template comes before the one of the settings, and stands in for a missing value."""
    newsletter.write(
        "templates/parts/section.mjml",
        SECTION.replace("CONTENT", "[{{ reader.first_name | default('you <3') }}|{{ reader.company | d('us') }}]"),
    )
    edition = newsletter.render("## Two\n\nText.")
    assert "[you &lt;3|us]" in edition.html.fill({"email": "x", "token": "y"})
    assert "[Ana|ACME]" in edition.html.fill(READER)


def test_a_fault_of_a_built_in_template_names_it(newsletter: Newsletter) -> None:
    """A built-in template that meets a broken part of ours is named as what it is, beside that part."""
    newsletter.write("templates/parts/masthead.mjml", "<mj-section>\n")
    with pytest.raises(CombinedError) as caught:
        newsletter.render()
    assert re.match(r"built-in email\.mjml:\d+: <mj-wrapper> cannot stand in <mj-section>", caught.value.lines()[0])
    assert "templates/parts/masthead.mjml:1" in str(caught.value)


def test_a_lost_part_of_the_issue_is_an_error() -> None:
    """What the template printed and the MJML engine dropped is noticed."""
    document = f"<mj-text>{hold('<p>x</p>')}</mj-text>"
    assert place(document, document, "p { margin: 0 }") == '<mj-text><p style="margin: 0;">x</p></mj-text>'
    with pytest.raises(ContentError, match="dropped a part of the issue"):
        place(document, "<html></html>", "")


def test_html_inside_a_tag_is_an_error(newsletter: Newsletter) -> None:
    """An attribute cannot hold the HTML of a heading."""
    newsletter.write("templates/parts/section.mjml", SECTION.replace("CONTENT", '<p title="{{ part.heading }}">x</p>'))
    with pytest.raises(ContentError, match="prints HTML inside a tag"):
        newsletter.render(ISSUE)


def test_a_held_word_says_what_it_holds_even_inside_another() -> None:
    """A styled block may hold what is held already, and both are styled once."""
    inner = hold("<b>ä</b>")
    outer = hold(f"<p>{inner}</p>")
    assert not MARKER.search(outer)
    assert place(outer, outer, "b { color: red } p { margin: 0 }") == (
        '<p style="margin: 0;"><b style="color: red;">ä</b></p>'
    )


def test_a_link_out_of_the_templates_folder_is_refused(newsletter: Newsletter) -> None:
    """A symbolic link cannot fetch a file from elsewhere."""
    secret = newsletter.write("secret.mjml", "<mj-section></mj-section>")
    (newsletter.root / "templates" / "parts").mkdir(parents=True)
    (newsletter.root / "templates" / "parts" / "section.mjml").symlink_to(secret)
    with pytest.raises(ContentError, match="lies outside templates/") as caught:
        newsletter.render(ISSUE)
    assert str(caught.value).startswith("templates/parts/section.mjml ")


def test_a_template_that_is_not_utf8_is_an_error_at_its_line(newsletter: Newsletter) -> None:
    """Other encodings are not guessed."""
    newsletter.write("templates/email.txt", "one\ntwo\ncaf\xe9\n".encode("latin-1"))
    with pytest.raises(ContentError, match="not written in UTF-8") as caught:
        newsletter.render()
    assert str(caught.value.place) == "templates/email.txt:3"


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    """Templates may come from any editor: the bytes of the edition are the same."""
    unix, windows = (make_newsletter(folder) for folder in (tmp_path / "unix", tmp_path / "windows"))
    for path in BUILT_IN.rglob("*.*"):
        source = "\ufeff" + path.read_text("utf-8").replace("\n", "\r\n")
        windows.write(f"templates/{path.relative_to(BUILT_IN)}", source.encode())
    assert windows.render(ISSUE).to_json() == unix.render(ISSUE).to_json()


def test_plain_text_and_styles_are_not_escaped(newsletter: Newsletter) -> None:
    """Only HTML wants entities."""
    newsletter.write("templates/email.txt", "{{ issue.title }} {{ reader.name }}")
    edition = newsletter.render("---\nsubject: Q & A <3\n---\nText.")
    assert edition.text.fill({**READER, "name": "A & B"}) == "Q & A <3 A & B\n"


@pytest.mark.parametrize(
    "content",
    ["<!-- {{ reader.name }} -->", '<p style="color: {{ reader.name }}">x</p>', '<a href="{{ reader.name }}">x</a>'],
)
def test_a_field_where_no_value_is_safe_is_an_error(newsletter: Newsletter, content: str) -> None:
    """A reader's value never gets into a comment, a style, or the beginning of an address."""
    newsletter.write(
        "templates/parts/section.mjml", SECTION.replace("CONTENT", f"{{% filter styled %}}{content}{{% endfilter %}}")
    )
    with pytest.raises(ContentError, match="field of the reader"):
        newsletter.render(ISSUE)
