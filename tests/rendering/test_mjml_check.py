"""What MRML would refuse without a line, or take and lose, is found with the line of the template."""

from __future__ import annotations

import re

import pytest
from jinja2 import Environment, FunctionLoader, StrictUndefined
from mjml import mjml2html
from mjml_documents import around, faults_of, in_body, in_column, in_head

from digest.errors import CombinedError, ContentError, DigestError, Place
from digest.rendering.mjml import compile_mjml
from digest.rendering.mjml.compiling import _harden, _refusal
from digest.rendering.mjml.source import Source
from digest.rendering.mjml.tags import IGNORED, rules
from digest.rendering.origins import mark_template

FAULTS = {
    "an unknown tag": (in_column("<mj-txt>x</mj-txt>"), "2: <mj-txt> is no tag of MJML"),
    "an unknown tag in the head": (in_head("<mj-meta />"), "2: <mj-meta> is no tag of MJML"),
    "HTML in a column": (in_column("<div><p>x</p></div>"), "2: <div> cannot stand in <mj-column>"),
    "HTML in the body": (in_body("<p>x</p>"), "2: <p> cannot stand in <mj-body>"),
    "bare text in a column": (in_column("x"), "2: text stands in <mj-column>, among its tags"),
    "bare text in a section": (
        in_body("<mj-section>\n{% if x %}</mj-section>"),
        "3: text stands in <mj-section>, among its tags",
    ),
    "bare text in the body": (in_body("x"), "2: text stands in <mj-body>, among its tags"),
    "text in an image": (in_column('<mj-image src="x">y</mj-image>'), "2: text stands in <mj-image>, among its tags"),
    "an illegal attribute": (in_column('<mj-text\n colour="red">x</mj-text>'), "3: <mj-text> has no attribute colour"),
    "a bad size": (in_column('<mj-text font-size="big">x</mj-text>'), '2: font-size="big" on <mj-text> is not valid'),
    "a bad colour": (in_column('<mj-text color="rod">x</mj-text>'), '2: color="rod" on <mj-text> is not valid'),
    "a bad word": (in_column('<mj-text align="centre">x</mj-text>'), '2: align="centre" on <mj-text> is not valid'),
    "a bad boolean": (
        in_column('<mj-image src="x" fluid-on-mobile="yes" />'),
        '2: fluid-on-mobile="yes" on <mj-image> is not valid',
    ),
    "a bad number": (in_column('<mj-table cellpadding="2px" />'), '2: cellpadding="2px" on <mj-table> is not valid'),
    "five paddings": (
        in_column('<mj-text padding="1px 2px 3px 4px 5px">x</mj-text>'),
        '2: padding="1px 2px 3px 4px 5px" on <mj-text> is not valid',
    ),
    "an empty size": (in_column('<mj-text height="">x</mj-text>'), '2: height="" on <mj-text> is not valid'),
    "a leftover of a template": (
        in_column('<mj-image src="x" width="{{ w }}" />'),
        '2: width="{{ w }}" on <mj-image> is not valid',
    ),
    "an attribute twice": (in_column('<mj-text color="red" color="red">x</mj-text>'), "2: <mj-text> has color twice"),
    "an attribute of HTML twice": (in_column('<mj-text><b id="a" id="b">x</b></mj-text>'), "2: <b> has id twice"),
    "no value": (in_column('<mj-image src="x" title />'), "2: title on <mj-image> has no value"),
    "no quotes": (in_column("<mj-text align=left>x</mj-text>"), "2: align on <mj-text> has no quotes"),
    "no quotes in HTML": (in_column("<mj-text><a href=x>x</a></mj-text>"), "2: href on <a> has no quotes"),
    "junk among attributes": (
        in_column('<mj-text ="red">x</mj-text>'),
        '2: the attributes of <mj-text> cannot be read at ="red"',
    ),
    "a name with two prefixes": (
        in_column("<mj-text><a:b:c /></mj-text>"),
        "2: the attributes of <a:b> cannot be read at :c",
    ),
    "a text outside a column": (
        in_body("<mj-section><mj-text>x</mj-text></mj-section>"),
        "2: <mj-text> cannot stand in <mj-section>",
    ),
    "a section in a column": (in_column("<mj-section />"), "2: <mj-section> cannot stand in <mj-column>"),
    "a column in a column": (in_column("<mj-column />"), "2: <mj-column> cannot stand in <mj-column>"),
    "a section in a section": (
        in_body("<mj-section><mj-section /></mj-section>"),
        "2: <mj-section> cannot stand in <mj-section>",
    ),
    "a button in a text": (
        in_column("<mj-text><p><mj-button>x</mj-button></p></mj-text>"),
        "2: <mj-button> cannot stand in <p>",
    ),
    "raw where MRML refuses it": (
        in_column("<mj-social><mj-raw /></mj-social>"),
        "2: <mj-raw> cannot stand in <mj-social>",
    ),
    "a tag in a title": (in_head("<mj-title>a <b>c</b></mj-title>"), "2: <b> cannot stand in <mj-title>"),
    "an open text": (
        in_column("<mj-text>\n<b>x</b>").replace("</mj-column>", "\n</mj-column>"),
        "5: </mj-column>, but <mj-text> from line 2 is still open",
    ),
    "an open paragraph": (
        in_column("<mj-text><p>x\n</mj-text>"),
        "3: </mj-text>, but <p> from line 2 is still open",
    ),
    "an open item": (
        in_column("<mj-text><ul><li>a<li>b</ul></mj-text>"),
        "2: </ul>, but <li> from line 2 is still open",
    ),
    "an open root": ("<mjml>\n<mj-body></mj-body>", "1: <mjml> is never closed"),
    "a stray closing tag": (in_column("<mj-text>\nx</b></mj-text>"), "3: </b> closes nothing"),
    "a bare <": (in_column("<mj-text>\n1 < 2</mj-text>"), "3: a bare < stands in the text: < 2"),
    "a bare < in a condition": (
        in_column("<mj-text>{% if a < b %}</mj-text>"),
        "2: a bare < stands in the text: < b %}",
    ),
    "a missing quote": (
        in_column('<mj-text color="red>x</mj-text>'),
        '2: the tag <mj-text color="red>x does not end',
    ),
    "a < in a value": (
        in_column('<mj-image src="x" alt="a < b" />'),
        '2: the tag <mj-image src="x" alt="a does not end',
    ),
    "a script": (in_column("<mj-text><script>x()</script></mj-text>"), "2: no mail program runs a <script>"),
    "CDATA": (in_column("<mj-text><![CDATA[<x>]]></mj-text>"), "2: CDATA cannot stand in MJML"),
    "dashes in a comment": (in_column("<mj-text><!-- a -- b --></mj-text>"), "2: a comment holds --"),
    "an open comment": (in_column("<mj-text><!-- a </mj-text>"), "2: a comment is never closed"),
    "a comment in a style": (in_head("<mj-style><!-- a --></mj-style>"), "2: a comment cannot stand in <mj-style>"),
    "a conditional comment in a column": (
        in_column("<!--[if mso]><p>x</p><![endif]-->"),
        "2: a conditional comment stands among MJML's tags",
    ),
    "NUL": (in_column("<mj-text>a\x00b</mj-text>"), "2: there is a character (U+0000) that no email can hold"),
    "a control character": (
        in_column('<mj-image src="x" alt="\x8d" />'),
        "2: there is a character (U+008D) that no email can hold",
    ),
    "a surrogate": (in_column("<mj-text>\ud800</mj-text>"), "2: there is a character (U+D800) that no email can hold"),
    "a noncharacter": (
        in_column("<mj-text>\ufdd0</mj-text>"),
        "2: there is a character (U+FDD0) that no email can hold",
    ),
    "an XML declaration": ('<?xml version="1.0"?>\n' + in_body(""), '1: <?xml version="1.0"?> cannot stand in MJML'),
    "a doctype": ("<!doctype html>\n" + in_body(""), "1: <!doctype html> cannot stand in MJML"),
    "upper case": (in_column("<MJ-TEXT>x</MJ-TEXT>"), "2: <MJ-TEXT> is not written in lower case"),
    "upper case at the root": ("<MJML><mj-body></mj-body></MJML>", "1: <MJML> is not written in lower case"),
    "an upper-case break": (in_column("<mj-text>a<BR>b</mj-text>"), "2: <BR> is not written in lower case"),
    "nothing": ("", "1: the template is empty"),
    "space": (" \n ", "1: the template is empty"),
    "plain text": ("\nhello", "2: text stands outside <mjml>"),
    "HTML": ("<html></html>", "1: <html> stands outside <mjml>"),
    "a comment alone": ("<!-- x -->", "1: there is no <mjml>"),
    "no body": ("\n<mjml></mjml>", "2: <mjml> has no <mj-body>"),
    "two bodies": ("<mjml><mj-body />\n<mj-body /></mjml>", "2: there is more than one <mj-body>"),
    "two roots": (in_body("") + "<mjml></mjml>", "3: there is more than one <mjml>"),
    "an include": (in_body('<mj-include path="x" />'), "2: <mj-include> knows no variables and no lines"),
    "HTML attributes": (
        in_head('<mj-html-attributes><mj-selector path="a"></mj-selector></mj-html-attributes>'),
        "2: <mj-html-attributes> cannot be compiled here",
    ),
    "an inline style": (
        in_head('<mj-style inline="inline">a {}</mj-style>'),
        "2: inline on <mj-style> would have no effect",
    ),
    "defaults within a class": (
        in_head('<mj-attributes><mj-class name="a"><mj-text color="red" /></mj-class></mj-attributes>'),
        "2: <mj-text> cannot stand in <mj-class>",
    ),
    "a gap": (in_body('<mj-wrapper gap="3px"></mj-wrapper>'), "2: gap on <mj-wrapper> would have no effect"),
    "20,000 levels": (
        in_column(f"<mj-text>{'<i>' * 20_000}{'</i>' * 20_000}</mj-text>"),
        "2: tags are nested more than 200 deep",
    ),
}


@pytest.mark.parametrize(("source", "expected"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_found_once_with_its_line(source: str, expected: str) -> None:
    """What MRML would refuse without a line, or take and lose, is one error with a line and a way out."""
    assert faults_of(source) == [expected]


def test_all_faults_are_reported_together() -> None:
    """Three faults in three places are three lines of one error."""
    source = in_column('<mj-txt />\n<mj-text colour="red">x</mj-text>\n<mj-image src="x" width="wide" />')

    assert faults_of(source) == [
        "2: <mj-txt> is no tag of MJML",
        "3: <mj-text> has no attribute colour",
        '4: width="wide" on <mj-image> is not valid',
    ]


def test_a_near_miss_is_suggested() -> None:
    """A misspelt tag, attribute or word is answered with the right one."""
    for inner, right in (
        ("<mj-txt />", "mj-text"),
        ('<mj-text colour="red" />', "color"),
        ('<mj-text align="centre" />', "center"),
    ):
        with pytest.raises(ContentError) as caught:
            compile_mjml(in_column(inner))
        assert caught.value.hint == f'did you mean "{right}"?'


TEMPLATES = {
    "email.mjml": """\
{% from "macros.mjml" import card %}
<mjml>{# <mj-text> in a comment #}
  <mj-body>
    {% for story in stories -%}
      {% include "parts/story.mjml" %}
    {%- endfor %}
    {{ card("a") }}
    {% set tag = '<mj-raw>' %}{% set other = "<mj-raw>" %}
    {{ tag|safe }}<i>{{ tag }}</i>{{ other|length > 0 }}</mj-raw>
    <mj-section><mj-txt /></mj-section>
  </mj-body>
</mjml>
""",
    "parts/story.mjml": """\
<mj-section>
  <mj-column>
    <mj-text
      font-size="big">{{ story }}</mj-text>
  </mj-column>
</mj-section>
""",
    "macros.mjml": """\
{% macro card(title) %}

<mj-section>
  <mj-column><mj-button hrf="x">{{ title }}</mj-button>
  </mj-section>
{% endmacro %}
""",
}


def rendered(templates: dict[str, str]) -> str:
    """Render ``email.mjml`` through the real Jinja, with marks."""
    loader = FunctionLoader(lambda name: mark_template(templates[name], name))
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("email.mjml").render(stories=["One", "Two", "<Three>"])


def test_faults_name_the_line_of_the_template_through_includes_loops_and_macros() -> None:
    """A fault of an included file, a loop or a macro stands where it was written, and once."""
    with pytest.raises(CombinedError) as caught:
        compile_mjml(rendered(TEMPLATES))

    assert [(str(fault.place), str(fault)) for fault in caught.value.faults] == [
        ("parts/story.mjml:4", 'font-size="big" on <mj-text> is not valid'),
        ("macros.mjml:4", "<mj-button> has no attribute hrf"),
        ("macros.mjml:5", "</mj-section>, but <mj-column> from line 4 is still open"),
        ("email.mjml:10", "<mj-txt> is no tag of MJML"),
    ]


def test_an_open_tag_of_another_file_is_named_with_its_file() -> None:
    """Where the tag and what should close it stand in two files, both are named."""
    templates = {
        "email.mjml": '<mjml>\n<mj-body>\n{% include "parts/open.mjml" %}\n</mj-body></mjml>',
        "parts/open.mjml": "\n<mj-section>",
    }
    with pytest.raises(ContentError) as caught:
        compile_mjml(rendered(templates))

    assert caught.value.lines() == [
        "email.mjml:4: </mj-body>, but <mj-section> from parts/open.mjml:2 is still open",
        "  Write </mj-section>.",
    ]


def test_marks_change_nothing_but_errors() -> None:
    """With marks or without, the HTML is the same, and Jinja reads its own syntax as before."""
    templates = {
        "email.mjml": TEMPLATES["email.mjml"].replace("<mj-section><mj-txt /></mj-section>", ""),
        "parts/story.mjml": TEMPLATES["parts/story.mjml"].replace("big", "16px"),
        "macros.mjml": TEMPLATES["macros.mjml"].replace("hrf", "href").replace("\n  </mj", "</mj-column>\n  </mj"),
    }
    plain = Environment(loader=FunctionLoader(templates.__getitem__), autoescape=True, trim_blocks=True)
    unmarked = plain.get_template("email.mjml").render(stories=["One", "Two", "<Three>"])

    compiled = compile_mjml(rendered(templates))

    assert compiled == compile_mjml(unmarked)
    assert "&lt;Three&gt;" in compiled
    assert not re.search("[\ufdd0\ufdd1]", compiled)


def test_an_error_that_only_mrml_finds_has_the_line_that_mrml_knows() -> None:
    """MRML's position counts bytes of the hardened text; it is led back to the line of the template."""
    source = in_head(
        '<mj-title>\u00e4\u00a0\u00e4</mj-title>\n<mj-attributes>\n<mj-class color="red" />\n</mj-attributes>'
    )
    with pytest.raises(ContentError) as caught:
        compile_mjml(mark_template(source, "email.mjml"))

    assert caught.value.place == Place("email.mjml", 4)
    assert str(caught.value) == 'the MJML cannot be compiled: missing attribute "name" in element'
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_error_of_mrml_without_a_position_names_the_file() -> None:
    """Some of MRML's errors say nothing of a place; then the template as a whole is named."""
    source = Source.read(mark_template("<mjml></mjml>", "email.mjml"))

    error = _refusal("unexpected end of stream in root template", source, _harden(source, []))

    assert (error.place, str(error)) == (Place("email.mjml"), "the MJML cannot be compiled: unexpected end of stream")


def test_content_that_mrml_drops_is_an_error() -> None:
    """What stands in the template and not in the email is named."""
    source = in_head("<mj-preview>One</mj-preview>\n<mj-preview>Two</mj-preview>")

    assert faults_of(source) == ["2: what <mj-preview> holds would be lost here"]


@pytest.mark.parametrize("parent", sorted(rules().keys() - {"mjml"}))
def test_what_the_check_allows_mrml_takes(parent: str) -> None:
    """Each tag compiles wherever the grammar lets it stand."""
    for child in sorted(rules()[parent].children - {"mj-class"}):
        assert "<html" in compile_mjml(around(parent).replace("@", f"<{child} />"))


SETTINGS = {
    "mj-accordion-title": in_column(
        "<mj-accordion><mj-accordion-element><mj-accordion-title @>x</mj-accordion-title>"
        "</mj-accordion-element></mj-accordion>"
    ),
    "mj-button": in_column('<mj-button href="x" @>x</mj-button>'),
    "mj-hero": in_body('<mj-hero background-url="x" height="300px" @><mj-text>x</mj-text></mj-hero>'),
    "mj-image": in_column('<mj-image src="x" href="y" @ />'),
    "mj-raw": in_body("<mj-raw @>x</mj-raw>"),
    "mj-section": in_body('<mj-section full-width="full-width" @><mj-column></mj-column></mj-section>'),
    "mj-social": in_column('<mj-social @><mj-social-element src="x" href="y">z</mj-social-element></mj-social>'),
    "mj-social-element": in_column(
        '<mj-social><mj-social-element src="x" href="y" @>z</mj-social-element></mj-social>'
    ),
    "mj-spacer": in_column('<mj-spacer padding="3px" @ />'),
    "mj-style": in_head("<mj-style @>b { color: red }</mj-style>"),
    "mj-table": in_column("<mj-table @><tr><td>x</td></tr></mj-table>"),
    "mj-text": in_column("<mj-text @>x</mj-text>"),
    "mj-wrapper": in_body('<mj-wrapper full-width="full-width" @><mj-section /><mj-section /></mj-wrapper>'),
}
VALUES = {
    "border": "3px solid red",
    "inline": "inline",
    "mode": "fluid-height",
    "position": "file-start",
    "role": "none",
    "table-layout": "fixed",
    "icon-position": "right",
    "font-weight": "bold",
}


@pytest.mark.parametrize(("tag", "name"), [(tag, name) for tag, names in IGNORED.items() for name in sorted(names)])
def test_what_the_check_calls_ignored_is_ignored(tag: str, name: str) -> None:
    """MRML makes the same of a tag with the attribute and without it; if not, the entry can go."""
    value = VALUES.get(name) or ("3px solid red" if name.startswith("border-") else "7px")
    source = SETTINGS[tag]

    assert mjml2html(source.replace("@", f'{name}="{value}"')) == mjml2html(source.replace("@", ""))
    assert faults_of(source.replace("@", f'{name}="{value}"')) == [f"2: {name} on <{tag}> would have no effect"]


def test_an_error_belongs_to_the_content() -> None:
    """A template's fault ends the program with the code of the content."""
    with pytest.raises(DigestError) as caught:
        compile_mjml("")

    assert caught.value.exit_code == 4
