"""What of the rules' findings counts, and how much."""

from __future__ import annotations

from pathlib import Path
from types import GeneratorType
from typing import TYPE_CHECKING

import pytest
from proof_stage import Block, stage

from digest.checking.examination import NAMES, examine
from digest.checking.places.comments import comments_of_issue
from digest.checking.places.sources import Text
from digest.checking.rules import RULES
from digest.errors import SettingsError
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.model import Finding

LINK = "[our old page](http://archive.lamplighter.example.org/)"
BECAUSE = "because the archive has no certificate"
ALLOWED = f"<!-- digest: allow link-insecure {BECAUSE} -->"
ABOUT_COMMENTS = {"unknown-rule", "unused-allowance"}


def findings(folder: Path, markdown: str, **more: str) -> list[Finding]:
    """Return what is found in an issue, or in a template or settings beside it."""
    kinds: Mapping[str, str] = {"footer": "mjml parts/footer.mjml", "section": "mjml parts/section.mjml"}
    blocks = [Block(kind=kinds.get(kind, kind), text=text) for kind, text in {"markdown": markdown, **more}.items()]
    return list(examine(stage(blocks, folder)))


def insecure(found: list[Finding]) -> list[int]:
    """Return the lines of the insecure links."""
    return [finding.place.line for finding in found if finding.rule == "link-insecure" and finding.place]


def said(found: list[Finding]) -> list[str]:
    """Return what is said of comments: severity, line, rule and sentence."""
    return [
        f"{finding.severity.value} {finding.place.line if finding.place else 0}: {finding.sentence}"
        for finding in found
        if finding.rule in ABOUT_COMMENTS
    ]


BODY = 6
"""The line in which an issue begins, below what the stage puts before it."""


@pytest.mark.parametrize(
    ("markdown", "lines"),
    [
        (f"See {LINK}.", [0]),
        (f"See {LINK}. {ALLOWED}", []),
        (f"Long ago.\nSee {LINK}. {ALLOWED}\nMore.", []),
        (f"See {LINK}.\n\nMore. {ALLOWED}", [0]),
        (f"{ALLOWED}\n\nLong ago.\nSee\n{LINK}.", []),
        (f"{ALLOWED}\nLong ago, see {LINK}.", []),
        (f"{ALLOWED}\n\nLong ago.\n\nSee {LINK}.", [4]),
        (f"{ALLOWED}\n\n- one\n\n- see {LINK}", []),
        (f"- one\n\n  {ALLOWED}\n\n  see {LINK}\n- two", []),
        (f"> {ALLOWED}\n>\n> see {LINK}", []),
        (f"{ALLOWED}\n\n| a |\n|---|\n| {LINK} |", []),
        (f"{ALLOWED}\n\n<div>\n\n{LINK}\n\n</div>", [4]),
        (f'{ALLOWED}\n<div>\n<a href="http://archive.lamplighter.example.org/">our old page</a>\n</div>', []),
        (f"<!--\ndigest: allow link-insecure\n{BECAUSE}\n-->\nSee {LINK}.", []),
        (f"<!-- DIGEST: allow link-insecure {BECAUSE}-->\nSee {LINK}.", []),
        (f"<!-- digest: allow img-alt-quality, link-insecure {BECAUSE} -->\nSee {LINK}.", []),
        (f"<!-- digest: allow img-alt-quality because so -->\n{ALLOWED}\nSee {LINK}.", []),
        (f"<!-- not for digest -->\nSee {LINK}.", [1]),
        (f"`{ALLOWED}` See {LINK}.", [0]),
        (f"```html\n{ALLOWED}\n```\n\nSee {LINK}.", [4]),
        (f"    {ALLOWED}\n\nSee {LINK}.", [2]),
    ],
)
def test_a_comment_lets_pass_what_it_stands_by(tmp_path: Path, markdown: str, lines: list[int]) -> None:
    """It is about its own line, or about the line or block that comes next; in code it is no comment."""
    assert insecure(findings(tmp_path, markdown)) == [BODY + line for line in lines]


def test_a_comment_lets_pass_one_rule_alone(tmp_path: Path) -> None:
    """What other rules find in the same line is still said."""
    link = "[here](http://archive.lamplighter.example.org/)"
    found = {finding.rule for finding in findings(tmp_path, f"{ALLOWED}\nAll about the lamps stands {link}.")}
    assert "link-insecure" not in found
    assert "generic-link-text" in found


def test_a_comment_never_leaves(tmp_path: Path) -> None:
    """Neither part of the message has it."""
    proof = stage([Block(kind="markdown", text=f"See {LINK}. {ALLOWED}\n\n{ALLOWED}\n\nMore.")], tmp_path)
    assert "digest:" not in proof.html + proof.text
    assert b"certificate" not in proof.raw


def test_the_front_matter_has_comments_of_its_own(tmp_path: Path) -> None:
    """They are YAML's, and about the key that they stand behind or before."""
    front = "---\n{}\npreheader: What a night watchman counted, and what the town forgot\n---\nText.\n"
    allow = "# digest: allow subject-shouting because the town hall writes so"
    subject = "subject: LAMPS OUTLIVE THEIR STREETS"
    plain, behind, before = (
        findings(tmp_path / name, front.format(text))
        for name, text in {"plain": subject, "behind": f"{subject} {allow}", "before": f"{allow}\n{subject}"}.items()
    )
    assert "subject-shouting" in {finding.rule for finding in plain}
    assert not {"subject-shouting", *ABOUT_COMMENTS} & {finding.rule for finding in (*behind, *before)}


FOOTER = """\
<mj-section>
  <mj-column>
    {{# digest: allow link-insecure because the printer has no certificate #}}
    <mj-text>{{% filter styled %}}<p>{{{{ newsletter.postal_address }}}}
      <a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a></p>
      {}{{% endfilter %}}</mj-text>
  </mj-column>
</mj-section>
"""
IN_SECTION = "<mj-section><mj-column><mj-text>\n{}\n<p>x</p></mj-text></mj-column></mj-section>\n"
PRINTER = '<a href="http://printer.example.org/">Printed in Linz</a>'


@pytest.mark.parametrize(
    ("after", "lines"),
    [
        (PRINTER, [6]),
        (f"{{# digest: allow link-insecure because of the printer #}}{PRINTER}", []),
        (f"{{#- digest: allow link-insecure because of the printer -#}}\n\n      {PRINTER}", []),
        (
            '{# digest: allow link-insecure because of it #}\n<a\n  href="http://printer.example.org/"\n>Linz</a>',
            [],
        ),
    ],
)
def test_a_comment_in_a_template_is_about_a_line_or_a_tag(tmp_path: Path, after: str, lines: list[int]) -> None:
    """Jinja's comments say the same there, and are about the tag that begins in the next line."""
    found = findings(tmp_path, "Text.", footer=FOOTER.format(after))
    assert insecure(found) == lines


def test_a_comment_that_lets_nothing_pass_is_noted(tmp_path: Path) -> None:
    """In the issue, and in those templates that the issue is made of."""
    template = IN_SECTION.format("{# digest: allow img-alt-quality because so #}")
    found = findings(tmp_path, f"{ALLOWED}\n\nText.\n", section=template)
    assert said(found) == [f"note {BODY}: this comment lets link-insecure pass, which finds nothing here"]
    used = findings(tmp_path / "used", "Text.\n\n## Lamps\n\nMore.\n", section=template)
    assert said(used) == ["note 2: this comment lets img-alt-quality pass, which finds nothing here"]


def test_a_comment_about_what_was_not_asked_is_not_noted(tmp_path: Path) -> None:
    """Dead links are only found where links are asked, and a rule that is off finds nothing anywhere."""
    comments = f"<!-- digest: allow link-dead because it comes back -->\n{ALLOWED}\nText.\n"
    assert not said(findings(tmp_path, comments, toml='[check.rules]\nlink-insecure = "off"\n'))


@pytest.mark.parametrize(
    ("comment", "sentence", "fix"),
    [
        ("allow link-insecur because so", 'there is no rule "link-insecur"', 'Did you mean "link-insecure"?'),
        ("allow xyzzy because so", 'there is no rule "xyzzy"', "The manual lists them in reference/rules.md."),
        (
            "allow link-insecure",
            "this comment lets something pass without a reason",
            "Write <!-- digest: allow link-insecure because REASON -->",
        ),
        (
            "allow link-insecure because",
            "this comment cannot be obeyed",
            "Write <!-- digest: allow RULE because REASON -->",
        ),
        ("ignore x", "this comment cannot be obeyed", "Write <!-- digest: allow RULE because REASON -->"),
        ("", "this comment cannot be obeyed", "Write <!-- digest: allow RULE because REASON -->"),
        ("allow", "this comment cannot be obeyed", "Write <!-- digest: allow RULE because REASON -->"),
    ],
)
def test_a_comment_that_cannot_be_obeyed_is_an_error(tmp_path: Path, comment: str, sentence: str, fix: str) -> None:
    """At its line and column, with the way out."""
    found = [
        finding
        for finding in findings(tmp_path, f"Text.\n\nMore. <!-- digest: {comment} -->\n")
        if finding.rule == "unknown-rule"
    ]
    assert [(finding.severity, finding.sentence, finding.fix) for finding in found] == [(Severity.ERROR, sentence, fix)]
    assert str(found[0].place) == f"issues/2026-11-24-lamps.md:{BODY + 2}:7"


def test_a_comment_of_html_in_a_template_is_an_error(tmp_path: Path) -> None:
    """It would leave with the mail."""
    template = IN_SECTION.format("<!-- digest: allow link-insecure because so -->")
    (found,) = (f for f in findings(tmp_path, "Text.", section=template) if f.rule == "unknown-rule")
    assert (str(found.place), found.fix) == (
        "templates/parts/section.mjml:2:1",
        "Write {# digest: allow RULE because REASON #}",
    )


@pytest.mark.parametrize("weight", ["note", "warning", "error"])
def test_the_settings_say_how_much_a_rule_weighs(tmp_path: Path, weight: str) -> None:
    """Whatever the rule itself says."""
    found = findings(tmp_path, f"See {LINK}.", toml=f'[check.rules]\nlink-insecure = "{weight}"\n')
    assert {f.severity.value for f in found if f.rule == "link-insecure"} == {weight}


def test_the_settings_turn_rules_off(tmp_path: Path) -> None:
    """What is found in comments included."""
    settings = '[check.rules]\nlink-insecure = "off"\nunused-allowance = "off"\n'
    found = findings(tmp_path, f"See {LINK}. <!-- digest: allow img-alt-quality because so -->", toml=settings)
    assert not {"link-insecure", "unused-allowance"} & {finding.rule for finding in found}


def test_every_rule_can_be_turned_off(tmp_path: Path) -> None:
    """Those, too, whose names sound like a secret's."""
    off = "".join(f'{name} = "off"\n' for name in RULES)
    assert not findings(tmp_path, f"See {LINK}.", toml=f"[check.rules]\n{off}")


def test_a_grade_for_no_rule_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    """At its line, with a suggestion."""
    with pytest.raises(SettingsError) as caught:
        findings(tmp_path, "Text.", toml='[check.rules]\nlink-insecure = "off"\nlink-insecur = "off"\n')
    assert (str(caught.value), caught.value.hint) == (
        'there is no rule "link-insecur"',
        'did you mean "link-insecure"?',
    )
    assert caught.value.place
    lines = (tmp_path / "digest.toml").read_text("utf-8").split("\n")
    assert caught.value.place.path == "digest.toml"
    assert lines[caught.value.place.line - 1].startswith("link-insecur ")


def test_names_are_those_of_the_rules_and_of_what_is_found_in_comments() -> None:
    """No rule is called like one of the latter."""
    assert NAMES - RULES.keys() == ABOUT_COMMENTS


def test_what_stands_in_two_places_of_the_mail_is_told_once(tmp_path: Path) -> None:
    """A story's link is in the table of contents, too; it is written, and mended, once."""
    markdown = "---\nsubject: Lamps\ncontents: true\n---\n\n## [Here](https://lamps.example.org/)\n\nLit at five.\n"
    vague = [finding for finding in findings(tmp_path, markdown) if finding.rule == "generic-link-text"]
    assert len(vague) == 1


def test_findings_come_as_they_are_found(tmp_path: Path) -> None:
    """Rule by rule, so that a page can show the first ones before the last rule was asked."""
    proof = stage([Block(kind="markdown", text=f"See {LINK}.")], tmp_path)
    found = examine(proof)
    assert isinstance(found, GeneratorType)
    assert next(found).rule in RULES


SAMPLES = sorted((Path(__file__).parents[2] / "issues").rglob("*.md"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_prose_of_the_samples_is_no_comment(path: Path) -> None:
    """Though it writes of comments, of digest, and of what it lets pass."""
    assert not [*comments_of_issue(Text(path=path.name, content=path.read_text(encoding="utf-8")))]
