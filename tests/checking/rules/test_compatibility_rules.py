"""What mail programs make of HTML and CSS: what is blamed, and what is let pass."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mjml import mjml2html
from proof_stage import Block, stage

from digest.checking.clients.support import load_support
from digest.checking.examination import examine
from digest.checking.rules import RULES
from digest.config import load_settings
from digest.model import Severity
from digest.publishing.newsroom import Newsroom
from digest.publishing.proofing import make_proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.checking.proof import Proof
    from digest.checking.rule import Remark

PROJECT = Path(__file__).parent.parent.parent.parent
RULES_OF_THIS_GROUP = [rule for rule in RULES.values() if rule.group == "compatibility"]

INTERACTIVE = """
<mjml lang="en"><mj-head><mj-attributes><mj-all font-family="Georgia" /></mj-attributes></mj-head><mj-body>
  <mj-section><mj-column>
    <mj-accordion><mj-accordion-element>
      <mj-accordion-title>When?</mj-accordion-title><mj-accordion-text>At five.</mj-accordion-text>
    </mj-accordion-element></mj-accordion>
    <mj-carousel>
      <mj-carousel-image src="https://images.example.net/1.png" alt="a lamp" />
      <mj-carousel-image src="https://images.example.net/2.png" alt="another" />
    </mj-carousel>
    <mj-navbar hamburger="hamburger"><mj-navbar-link href="https://lamps.example.net">Lamps</mj-navbar-link></mj-navbar>
    <mj-social><mj-social-element name="github" href="https://lamps.example.net">Lamps</mj-social-element></mj-social>
    <mj-button href="https://lamps.example.net">Lamps</mj-button>
  </mj-column></mj-section>
  <mj-section background-url="https://images.example.net/bg.png" background-color="#222222">
    <mj-column><mj-text color="#ffffff">Lamps</mj-text></mj-column>
  </mj-section>
</mj-body></mjml>
"""


def remarks(rule: str, folder: Path, **blocks: str) -> list[Remark]:
    """Return what a rule has to say of an issue that is made of these blocks."""
    return list(RULES[rule].find(stage([Block(kind=kind, text=text) for kind, text in blocks.items()], folder)))


def head(html: str) -> str:
    """Return a page with this in its head."""
    return f'<!doctype html><html lang="en"><head><title>x</title>{html}</head><body><p>x</p></body></html>'


def samples() -> Iterator[Proof]:
    """Yield the proofs of our sample issues."""
    newsroom = Newsroom(settings=load_settings(PROJECT, {}))
    for path in newsroom.paths():
        yield make_proof(newsroom, newsroom.read(path), now=datetime(2026, 11, 24, tzinfo=UTC))


# What is let pass


@pytest.mark.parametrize("client", load_support().clients)
def test_our_templates_read_well_in_every_mail_program(client: str, tmp_path: Path) -> None:
    """Whatever all readers use, nothing in the built-in look is blamed: what gets lost is polish."""
    settings = f"[check.clients]\n{client} = 100\n\n[check]\nmax_unsupported = 0\n"
    proof = stage([Block(kind="toml", text=settings)], tmp_path)
    assert [remark.sentence for rule in RULES_OF_THIS_GROUP for remark in rule.find(proof)] == []


def test_the_samples_are_clean() -> None:
    """The sample issues have nothing to be blamed."""
    assert not [remark.sentence for proof in samples() for rule in RULES_OF_THIS_GROUP for remark in rule.find(proof)]


def test_what_mjml_makes_of_its_interactive_tags_is_not_blamed(tmp_path: Path) -> None:
    """Accordion, carousel and menu have fallbacks of their own; their hidden fields are no forms."""
    html = str(mjml2html(INTERACTIVE))
    proof = stage([Block(kind="html", text=html)], tmp_path)
    assert not [remark.sentence for rule in RULES_OF_THIS_GROUP for remark in rule.find(proof)]


# compat-unsupported


def test_a_feature_is_told_once(tmp_path: Path) -> None:
    """A hundred uses of one property are one remark, at the first of them."""
    html = '<p style="transform: rotate(2deg)">x</p>' * 100
    (remark,) = remarks("compat-unsupported", tmp_path, html=html)
    assert remark.sentence.startswith('"transform" is ignored by Gmail in a browser, ')


def test_many_features_are_no_flood(tmp_path: Path) -> None:
    """Of twelve, eight are told by themselves and the others together."""
    properties = "transform writing-mode aspect-ratio inset-inline mask-image margin-block margin-inline padding-block "
    properties += "padding-inline border-block border-inline max-inline-size min-inline-size block-size inline-size"
    style = "; ".join(f"{name}: 1px" for name in properties.split())
    found = remarks("compat-unsupported", tmp_path, html=f'<p style="{style}">x</p>')
    assert len(found) == 9
    assert "more features are ignored by many: " in found[-1].sentence


def test_the_audience_decides(tmp_path: Path) -> None:
    """What only Outlook ignores is blamed where most readers use it, and not where nobody does."""
    html = '<p style="float: left; writing-mode: vertical-rl">x</p>'
    offices = "[check.clients]\noutlook-windows = 90\ngmail-web = 10\n"
    phones = "[check.clients]\napple-mail-ios = 90\nsamsung-email = 10\n"
    assert len(remarks("compat-unsupported", tmp_path / "offices", html=html, toml=offices)) == 2
    assert not remarks("compat-unsupported", tmp_path / "phones", html=html, toml=phones)


def test_the_bound_can_be_set(tmp_path: Path) -> None:
    """max_unsupported says from how many readers on."""
    html = '<p style="transform: rotate(2deg)">x</p>'
    assert not remarks("compat-unsupported", tmp_path, html=html, toml="[check]\nmax_unsupported = 100\n")


def test_what_outlook_passes_over_is_no_loss_to_it(tmp_path: Path) -> None:
    """Between conditions that keep it from Outlook, a property may be one that Outlook does not know."""
    html = '<div><!--[if !mso]><!--><p style="float: left">x</p><!--<![endif]--></div>'
    offices = "[check.clients]\noutlook-windows = 100\n"
    assert not remarks("compat-unsupported", tmp_path, html=html, toml=offices)


# compat-layout-css


@pytest.mark.parametrize(
    ("style", "severity"),
    [
        ("position: absolute; top: 0", Severity.ERROR),
        ("color: var(--ink)", Severity.ERROR),
        ("display: grid; gap: 8px", Severity.WARNING),
        ("font-size: 1.2rem", Severity.WARNING),
    ],
)
def test_layout_weighs_as_much_as_the_readers_it_fails(style: str, severity: Severity, tmp_path: Path) -> None:
    """What Gmail ignores is an error; what Outlook alone does is a warning while few use it; and it is told once."""
    (remark,) = remarks("compat-layout-css", tmp_path, html=f'<p style="{style}">x</p>')
    assert remark.severity is severity


def test_layout_in_a_stylesheet_counts_but_not_in_a_query(tmp_path: Path) -> None:
    """What stands in a media query is for those who understand it."""
    css = "<style>@media (min-width: 9px) {{ p {{ display: grid }} }} {0}</style>"
    assert not remarks("compat-layout-css", tmp_path / "query", html=head(css.format("")))
    assert remarks("compat-layout-css", tmp_path / "plain", html=head(css.format("p { position: relative }")))


# compat-active-content


@pytest.mark.parametrize(
    ("html", "tag"),
    [
        ("<script>alert(1)</script>", "script"),
        ('<form action="https://lamps.example.net"><input name="x"></form>', "form"),
        ('<video src="https://films.example.net/x.mp4"></video>', "video"),
        ('<audio src="https://films.example.net/x.mp3" controls></audio>', "audio"),
        ('<object data="https://films.example.net/x.swf"></object>', "object"),
        ('<amp-img src="https://films.example.net/x.png"></amp-img>', "amp-img"),
    ],
)
def test_active_content_is_an_error(html: str, tag: str, tmp_path: Path) -> None:
    """What runs, plays or asks does not work in mail."""
    assert f"<{tag}> does not work in mail" in [
        r.sentence for r in remarks("compat-active-content", tmp_path, html=html)
    ]


@pytest.mark.parametrize(
    "html",
    [
        '<script type="application/ld+json">{"@context": "https://schema.org"}</script>',
        '<video src="https://films.example.net/x.mp4"><img src="https://films.example.net/x.png" alt="a lamp"></video>',
        '<audio src="https://films.example.net/x.mp3">Listen: <a href="https://films.example.net">x</a></audio>',
        '<input type="checkbox" style="display: none">',
        "<p>Write &lt;script&gt; in HTML.</p>",
    ],
)
def test_what_harms_nobody_is_let_pass(html: str, tmp_path: Path) -> None:
    """Data for machines, film with something in its place, and hidden fields are no active content."""
    assert not remarks("compat-active-content", tmp_path, html=html)


def test_handlers_of_events_are_a_warning(tmp_path: Path) -> None:
    """They are taken out, and nothing breaks."""
    (remark,) = remarks("compat-active-content", tmp_path, html='<p onclick="x()">x</p>' * 9)
    assert remark.severity is Severity.WARNING


# css-fragile-for-gmail


@pytest.mark.parametrize(
    ("css", "words"),
    [
        ("p { color: red } } a { color: blue }", "braces"),
        ("p { color: red", "braces"),
        ("p { color red; }", "cannot be read (line 1"),
        ("@media screen { @media (min-width: 9px) { p { color: red } } }", "holds another @media"),
        (".x, [data-ogsc] .x { color: red }", "may lose both"),
    ],
)
def test_fragile_stylesheets_are_found(css: str, words: str, tmp_path: Path) -> None:
    """What Gmail or Outlook stumble over is told, once."""
    (remark,) = remarks("css-fragile-for-gmail", tmp_path, html=head(f"<style>{css}</style>"))
    assert words in remark.sentence


@pytest.mark.parametrize(
    "css",
    [
        "/* { */ p { color: red }",
        'p::before { content: "}" }',
        ".x { color: red } [data-ogsc] .x, [data-ogsb] .x { color: blue }",
        ".x { background: url(https://images.example.net/x.png) #222222 }",
        "@media screen and (min-width: 9px) { p { color: red } }",
        "[class~=x], .x { color: red }",
        "",
    ],
)
def test_sound_stylesheets_are_let_pass(css: str, tmp_path: Path) -> None:
    """Comments, texts, rules of their own and pictures are nothing to stumble over."""
    assert not remarks("css-fragile-for-gmail", tmp_path, html=head(f"<style>{css}</style>"))


# external-font-or-css


def test_fonts_are_told_once(tmp_path: Path) -> None:
    """A font that is declared twice is one remark, an import another."""
    face = "@font-face { font-family: Wick; src: url(https://fonts.example.net/wick.woff2) }"
    css = f"<style>@import url(https://fonts.example.net/a.css); {face} {face}</style>"
    assert len(remarks("external-font-or-css", tmp_path, html=head(css))) == 2


def test_other_links_of_the_head_are_let_pass(tmp_path: Path) -> None:
    """An icon or a canonical address is no stylesheet."""
    assert not remarks(
        "external-font-or-css", tmp_path, html=head('<link rel="canonical" href="https://lamps.example.net">')
    )


# outlook-safety


def test_a_picture_behind_a_text_wants_a_colour(tmp_path: Path) -> None:
    """Outlook shows the colour where others show the picture; an old attribute will do."""
    cell = '<table><tr><td {0} style="{1}">x</td></tr></table>'
    picture = "background-image: url(https://images.example.net/x.png)"
    (remark,) = remarks("outlook-safety", tmp_path / "bare", html=cell.format("", picture))
    assert remark.severity is Severity.WARNING
    for number, (attributes, style) in enumerate(
        [('bgcolor="#222222"', picture), ("", f"{picture}; background-color: #222")]
    ):
        assert not remarks("outlook-safety", tmp_path / str(number), html=cell.format(attributes, style))


def test_a_rule_of_a_stylesheet_is_sought_in_the_templates(tmp_path: Path) -> None:
    """An issue that quotes the same CSS is not blamed for it."""
    css = Block(kind="mjml parts/style.css", text="p { color: #222222 }\n.x { position: absolute }\n")
    proof = stage([css, Block(kind="markdown", text="`position: absolute` is what we avoid.\n")], tmp_path)
    places = [str(finding.place) for finding in examine(proof) if finding.rule == "compat-layout-css"]
    assert places == ["templates/parts/style.css:2:6"]


def test_one_broken_template_is_no_flood(tmp_path: Path) -> None:
    """A condition that is lost a hundred times is told a few times."""
    assert len(remarks("outlook-safety", tmp_path, html="<p>x</p><!--[if mso]>" * 100)) == 3
