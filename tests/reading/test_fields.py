"""The fields of the reader: where braces are fields, where they are text, and where they are a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from editors_desk import Desk, filled, html_of
from hypothesis import given
from hypothesis import strategies as st

from digest.reading.fields import hide, mark, restore
from digest.reading.markdown import every, parse

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a newsletter without issues."""
    return Desk(root=tmp_path)


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("Hello {{ first_name }}!", "<p>Hello [first_name]!</p>"),
        ("Hello {{first_name}}!", "<p>Hello [first_name]!</p>"),
        ('{{ first_name or "there" }}', "<p>[first_name|there]</p>"),
        ("{{ first_name or 'you \"there\"' }}", '<p>[first_name|you "there"]</p>'),
        ('{{ first_name or "a | b <c> & *d* }" }}', "<p>[first_name|a | b <c> & *d* }]</p>"),
        ("{{ company }}", "<p>[company|your company]</p>"),
        ('{{ company or "you" }}', "<p>[company|you]</p>"),
        ("{{ email }} {{ name }}", "<p>[email] [name]</p>"),
        ("_{{ first_name }}_ **{{ first_name }}**", "<p><em>[first_name]</em> <strong>[first_name]</strong></p>"),
        ("{{ first_name }}{{ company }}s", "<p>[first_name][company|your company]s</p>"),
        (r"\\{{ first_name }}", r"<p>\[first_name]</p>"),
        (
            "[you](https://a.test/?q={{ first_name }}&b=1)",
            '<p><a href="https://a.test/?q=[first_name]&amp;b=1">you</a></p>',
        ),
        (
            "<https://a.test/{{ first_name }}>",
            '<p><a href="https://a.test/[first_name]">https://a.test/[first_name]</a></p>',
        ),
        (
            "https://a.test/{{ first_name }}",
            '<p><a href="https://a.test/[first_name]">https://a.test/[first_name]</a></p>',
        ),
        (
            "[you][r]\n\n[r]: https://a.test/{{ first_name }} 'for {{ name }}'",
            '<p><a href="https://a.test/[first_name]" title="for [name]">you</a></p>',
        ),
        (
            '![for {{ name }}](a.png "by {{ company }}")',
            '<p><img src="a.png" alt="for [name]" title="by [company|your company]" /></p>',
        ),
        ("> {{ name }}", "<blockquote>\n<p>[name]</p>\n</blockquote>"),
        ('<b title="{{ name }}">{{ name }}</b>', '<p><b title="[name]">[name]</b></p>'),
        ("<div>\n{{ name }}\n</div>", "<div>\n[name]\n</div>"),
        ("Term {{ name }}\n: {{ name }}", "<dl>\n<dt>Term [name]</dt>\n<dd>[name]</dd>\n</dl>"),
    ],
)
def test_fields_in_prose(desk: Desk, written: str, html: str) -> None:
    """A field may stand wherever words or addresses do."""
    assert html_of(desk.introduction(written).tokens).strip() == html


def test_fields_in_tables(desk: Desk) -> None:
    """The bar in a fallback parts no cells."""
    html = html_of(desk.introduction('| {{ name }} | b |\n|---|---|\n| {{ first_name or "a|b" }} | c |').tokens)
    assert "<th>[name]</th>" in html
    assert "<td>[first_name|a|b]</td>\n<td>c</td>" in html


def test_fields_in_headings(desk: Desk) -> None:
    """They stand in the title, and not in the address of the story's page."""
    story = desk.story("## [News for {{ first_name }} and all](https://a.test/)")
    assert (filled(story.title), story.slug) == ("News for [first_name] and all", "news-for-and-all")


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("`{{ x }}`", "<p><code>{{ x }}</code></p>"),
        ("Between `{{` and `}}` it stands.", "<p>Between <code>{{</code> and <code>}}</code> it stands.</p>"),
        ("`` {{ `x` }} ``", "<p><code>{{ `x` }}</code></p>"),
        ("`{{{ x }}}` `{% raw %}`", "<p><code>{{{ x }}}</code> <code>{% raw %}</code></p>"),
        (r"`\{{ x }}` `\\{{ x }}`", r"<p><code>\{{ x }}</code> <code>\\{{ x }}</code></p>"),
        ("    {{ x }}\n    \\{{", "<pre><code>{{ x }}\n\\{{\n</code></pre>"),
        ("```\n{{ x }}\n{{\n```", "<pre><code>{{ x }}\n{{\n</code></pre>"),
        ("~~~ {{x}}\na\n~~~", '<pre><code class="language-{{x}}">a\n</code></pre>'),
        (
            "- a\n\n  ```\n  {{ x | y }}\n  ```",
            "<ul>\n<li>\n<p>a</p>\n<pre><code>{{ x | y }}\n</code></pre>\n</li>\n</ul>",
        ),
        (r"\{{ x }}", "<p>{{ x }}</p>"),
        (r"\{{{ x }}}", "<p>{{{ x }}}</p>"),
        (r"\\\{{ x }}", r"<p>\{{ x }}</p>"),
        (r"<div>\{{ x }}</div>", "<div>{{ x }}</div>"),
        (r"a <b>\{{</b>", "<p>a <b>{{</b></p>"),
        (
            "{% if %} %recipient.x% $5 100% { {x} } }} `*|X|*`",
            "<p>{% if %} %recipient.x% $5 100% { {x} } }} <code>*|X|*</code></p>",
        ),
        ('<b title="\\{{ x }}">y</b>', '<p><b title="{{ x }}">y</b></p>'),
    ],
)
def test_braces_that_are_text(desk: Desk, written: str, html: str) -> None:
    """In code and behind a backslash braces are what they are, and other languages' marks are text everywhere."""
    assert html_of(desk.introduction(written).tokens).strip() == html


LITERAL = r"Braces that are meant as text stand in code, or behind a backslash: \{{"
FORMS = 'Two forms exist: {{ name }} and {{ name or "fallback" }}.'


@pytest.mark.parametrize(
    "written",
    [
        "{{ user.name }}",
        "{{ name | upper }}",
        "{{{ name }}}",
        "{{}}",
        "{{ }}",
        '{{ name or "" }}',
        "{{ name or x }}",
        "{{ name or “there” }}",
        "{{ 1st }}",
        '{{ name "x" }}',
    ],
)
@pytest.mark.parametrize(
    "around", ["A\nb {} c", "> x\n> [y](https://a.test/?{})", "# x\n\n- a\n\n  <b title='{}'>x</b>"]
)
def test_braces_that_are_no_field(desk: Desk, written: str, around: str) -> None:
    """Other forms are a fault, named with its line and with the two forms that exist."""
    line = around[: around.index("{}")].count("\n") + 1
    first, second = desk.faults(around.format(written))
    assert first == f"2026-11-24-hello.md:{line}: `{written}` is no field of the reader"
    assert second == f"{FORMS} {LITERAL}"


@pytest.mark.parametrize("written", ["One {{ and", "One {{\nfirst_name }}", "One {{ first_name\n}}", "One {{ a ` b }}"])
def test_braces_that_do_not_close_on_their_line(desk: Desk, written: str) -> None:
    """A field stands on one line; half of one is a fault."""
    assert desk.faults(written)[0] == "2026-11-24-hello.md:1: `{{` is no field of the reader"


def test_a_field_that_is_not_declared(desk: Desk) -> None:
    """The fault says which one was meant, and where fields are declared."""
    assert desk.faults("Hello\n\n{{ fist_name }}") == [
        '2026-11-24-hello.md:3: no field "fist_name" is declared',
        f'did you mean "first_name"? Fields are declared under [fields] in digest.toml. {LITERAL}',
    ]


@pytest.mark.parametrize("text", ["[you]({{ first_name }})", "![x]({{ first_name }}.png)", "[y][r]\n\n[r]: {{ name }}"])
def test_a_field_is_no_beginning_of_an_address(desk: Desk, text: str) -> None:
    """A value of a reader's could lead anywhere."""
    assert desk.faults(f"Hi\n\nthere {text}") == [
        "2026-11-24-hello.md:3: a field of the reader cannot be the beginning of an address",
        "Begin the address yourself: https://example.org/{{ field }}",
    ]


def test_all_faulty_fields_come_together(desk: Desk) -> None:
    """Each with its own line, footnotes included."""
    lines = desk.faults("{{ a }}\n{{ b }}\n\n- {{ c }}[^n]\n\n[^n]: Note {{ d }}")
    assert [line.split(" ", 1)[0] for line in lines[::2]] == [f"2026-11-24-hello.md:{line}:" for line in (1, 2, 4, 6)]


@pytest.mark.parametrize("word", ["zslot6e616d65xz", "zbraces1x7b7bz", "zinsert0xz", "ZSLOT6E616D65XZ", "zslot6"])
@pytest.mark.parametrize(
    "text", ["One\n\na {} b", "One\n\n`{}`", "One\n\n<b>{}</b>", "---\nnumber: 1\nsubject: {}\n---\nText"]
)
def test_our_own_words_are_refused(desk: Desk, word: str, text: str) -> None:
    """A word that digest would take for its own mark cannot be told from one."""
    assert desk.faults(text.format(word)) == [
        f"2026-11-24-hello.md:3: the word {word} is reserved, since digest marks fields by such words",
        "Change a letter of it.",
    ]


@pytest.mark.parametrize("spelled", ["&#122;slot6e616d65xz", "z&#x73;lot6e616d65xz", "z<!-- x\n-->slot6e616d65xz"])
def test_our_own_words_in_disguise(desk: Desk, spelled: str) -> None:
    """Neither entities nor a comment hide such a word, which Markdown would put together."""
    said = "2026-11-24-hello.md:3: the word zslot6e616d65xz is reserved"
    assert desk.faults(f"One\n\n## [{spelled}](https://a.example.org/{spelled})")[0].startswith(said)


@pytest.mark.parametrize("word", ["zslots", "zinserting", "zbraces", "pizzaslot"])
def test_words_that_resemble_ours_are_words(desk: Desk, word: str) -> None:
    """What cannot be a mark is text."""
    assert html_of(desk.introduction(word).tokens) == f"<p>{word}</p>\n"


# For any text

signs = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffe\uffff")
lines_of_code = st.lists(
    st.one_of(st.sampled_from(["{{", "}}", "{{ x }}", r"\{{", "`", "``", "~", " ", "\t", "{%", "|", "z"]), signs)
).map("".join)


@given(lines=st.lists(lines_of_code))
def test_code_blocks_are_kept_byte_for_byte(lines: list[str]) -> None:
    """Whatever stands in a block of code comes out as it went in."""
    fence = "`" * (max(map(len, lines), default=0) + 3)
    code = "".join(f"{line}\n" for line in lines)
    (token,) = parse(f"{fence}\n{code}{fence}\n", {}, "x.md")
    assert token.content == code


@given(code=lines_of_code.filter(lambda text: text.strip(" ")))
def test_code_spans_are_kept_byte_for_byte(code: str) -> None:
    """Whatever stands in a span of code comes out as it went in, but for the tabs at its ends."""
    fence = "`" * (len(code) + 1)
    tokens = parse(f"a {fence} {code} {fence} b", {}, "x.md")
    assert [token.content for token in every(tokens) if token.type == "code_inline"] == [code]


@given(text=lines_of_code)
def test_hiding_loses_nothing(text: str) -> None:
    """What was hidden can be restored."""
    assert restore(hide(text, "x.md")) == text


@given(text=st.text(signs).filter(lambda text: "{{" not in text and "\\" not in text))
def test_text_without_braces_is_left_alone(text: str) -> None:
    """Only braces are touched."""
    assert mark(text, {}, "x.md", 1) == text


@given(fallback=st.text(signs, min_size=1).filter(lambda text: not set(text) & set("\"'`\n") and "}}" not in text))
def test_any_fallback_survives(fallback: str) -> None:
    """A fallback may hold whatever is no quote: Markdown does not see it."""
    (_, inline, _) = parse(f'*a* {{{{ x or "{fallback}" }}}} b', {"x": ""}, "x.md")
    assert filled(inline.children[-1].content) == f" [x|{fallback}] b" if inline.children else False
