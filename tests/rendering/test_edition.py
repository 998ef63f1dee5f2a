"""An edition: the same bytes for the same input, and a document that programs of all kinds can read."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from newsletters import READER, Document, Newsletter, html_of, make_newsletter, png, text_of

from digest.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.model import Edition

ISSUE = """\
---
subject: Past the plateau
preheader: For {{ first_name or "you" }}
---
Hello {{ first_name or "there" }}.

## [One](https://example.org/1)

![Stairs](stairs.png)

A *teaser*.

## [Two](https://example.org/2)

![More stairs](stairs.png)

```python
print("hello")
```

## Three

> Said.
"""


@pytest.fixture
def newsletter(tmp_path: Path) -> Newsletter:
    """A newsletter with a picture."""
    newsletter = make_newsletter(tmp_path)
    newsletter.write("stairs.png", png(800, 600))
    return newsletter


def test_the_same_input_gives_the_same_bytes(newsletter: Newsletter) -> None:
    """Neither the process nor the seed of its hashes changes anything."""
    newsletter.write("issue.md", ISSUE)
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from newsletters import *\n"
        f"from pathlib import Path\nroot = Path({str(newsletter.root)!r})\n"
        "newsletter = Newsletter(settings=load_settings(root, {}))\n"
        "print(newsletter.renderer.render(newsletter.read_path(root / 'issue.md')).fingerprint)\n"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert prints == {newsletter.render(ISSUE).fingerprint}


def test_a_renderer_remembers_nothing_of_an_issue(newsletter: Newsletter) -> None:
    """Footnotes, images and slots of one issue do not show in the next."""
    renderer = newsletter.renderer
    first, second = (
        newsletter.read("A[^1].\n\n[^1]: Note.\n\n![x](stairs.png)"),
        newsletter.read("B[^1].\n\n[^1]: Note."),
    )
    before = renderer.render(second).fingerprint
    assert renderer.render(first).images
    assert renderer.render(second).fingerprint == before


@pytest.mark.parametrize(
    "change",
    [
        lambda newsletter: newsletter.render(ISSUE.replace("Past the", "Over the")),
        lambda newsletter: newsletter.render(ISSUE.replace("preheader: For", "preheader: To")),
        lambda newsletter: newsletter.render(ISSUE.replace('or "there"', 'or "you"')),
        lambda newsletter: newsletter.render(ISSUE.replace("Said.", "Said so.")),
        lambda newsletter: newsletter.render(ISSUE.replace("example.org/1", "example.org/one")),
        lambda newsletter: newsletter.write("stairs.png", png(800, 600, shade=9)) and newsletter.render(ISSUE),
        lambda newsletter: newsletter.write("templates/email.txt", "Text.") and newsletter.render(ISSUE),
        lambda newsletter: newsletter.render(ISSUE, "other.md"),
        lambda newsletter: replace(newsletter.render(ISSUE), headers={}),
        lambda newsletter: replace(newsletter.render(ISSUE), reply_to=newsletter.settings.newsletter.from_),
    ],
    ids=["subject", "preheader", "fallback", "text", "link", "image", "template", "slug", "header", "reply-to"],
)
def test_whatever_a_reader_could_see_changes_the_fingerprint(
    newsletter: Newsletter, change: Callable[[Newsletter], Edition]
) -> None:
    """The fingerprint stands for all of the edition."""
    before = newsletter.render(ISSUE).fingerprint
    assert change(Newsletter(settings=newsletter.settings)).fingerprint != before


def test_a_document_says_what_it_is(newsletter: Newsletter) -> None:
    """Its language, direction, title, colour schemes and headings are there for programs that read it aloud."""
    document = html_of(newsletter.render(ISSUE))
    page = document.one("html")
    assert (page.attributes["lang"], page.attributes["dir"]) == ("en", "ltr")
    article = next(div for div in document.all("div") if div.attributes.get("role") == "article")
    assert (article.attributes["lang"], article.attributes["dir"]) == ("en", "ltr")
    assert document.one("title").text == document.one("h1").text == "Past the plateau"
    assert [heading.text for heading in document.all("h2")] == ["One", "Two", "Three"]
    schemes = {meta.attributes.get("name"): meta.attributes.get("content") for meta in document.all("meta")}
    assert schemes["color-scheme"] == schemes["supported-color-schemes"] == "light dark"


def test_each_image_has_words_and_each_layout_table_says_that_it_is_one(newsletter: Newsletter) -> None:
    """Screen readers neither spell out addresses nor announce rows of mere layout."""
    document = html_of(newsletter.render(ISSUE))
    assert [image.attributes["alt"] for image in document.all("img")] == ["Stairs", "More stairs"]
    assert {table.attributes.get("role") for table in document.all("table")} == {"presentation"}


def test_each_link_says_where_it_leads(newsletter: Newsletter) -> None:
    """The accessible name of a "read more" link begins with what is seen, and holds the story's title."""
    links = [a for a in html_of(newsletter.render(ISSUE)).all("a") if "aria-label" in a.attributes]
    assert len(links) == 2
    for link, title in zip(links, ("One", "Two"), strict=True):
        label = link.attributes["aria-label"] or ""
        assert label.startswith("Read more")
        assert title in label


def test_nothing_is_fetched_from_elsewhere(newsletter: Newsletter) -> None:
    """No font, stylesheet or image comes from a server that the editor did not name."""
    edition = newsletter.render(ISSUE)
    document = html_of(edition)
    assert not document.all("link")
    assert not document.all("script")
    assert "@import" not in edition.html.marked
    assert "fonts.googleapis.com" not in edition.html.marked
    assert all((image.attributes["src"] or "").startswith("cid:") for image in document.all("img"))


def test_the_preheader_stands_first_and_is_not_seen(newsletter: Newsletter) -> None:
    """Inboxes show it behind the subject."""
    document = html_of(newsletter.render(ISSUE))
    assert document.one("body").text.strip().startswith("For Ana")
    hidden = next(div for div in document.all("div") if "For Ana" in div.text and "display" in div.style)
    assert hidden.style["display"] == "none"


def test_readers_find_their_way_out(newsletter: Newsletter) -> None:
    """Unsubscribing and preferences lead to the reader's own pages, in HTML, in text and in the header."""
    edition = newsletter.render(ISSUE)
    links = [link.attributes["href"] for link in html_of(edition).all("a")]
    for url in ("https://plateau.example.org/unsubscribe/t0ken", "https://plateau.example.org/preferences/t0ken"):
        assert url in links
        assert url in edition.text.fill(READER)
    headers = {name: pattern.fill(READER) for name, pattern in edition.headers.items()}
    assert headers == {
        "List-Id": "Past the Plateau <editor.plateau.example.org>",
        "List-Unsubscribe": "<https://plateau.example.org/unsubscribe/t0ken>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@pytest.mark.parametrize("language", ["ar", "he", "fa-IR", "UR"])
def test_a_language_that_runs_to_the_left_is_set_so(tmp_path: Path, language: str) -> None:
    """Direction, alignment and the arrow of "read more" follow the newsletter's language."""
    newsletter = make_newsletter(tmp_path, newsletter=f'language = "{language}"')
    document = html_of(
        newsletter.render("مرحبا.\n\n## [واحد](https://example.org/1)\n\nأ\n\n## [اثنان](https://example.org/2)\n\nب\n")
    )
    page = document.one("html")
    assert (page.attributes["lang"], page.attributes["dir"]) == (language, "rtl")
    assert document.one("h1").parents[-1].style["text-align"] == "right"
    more = [link.text for link in document.all("a") if "aria-label" in link.attributes]
    assert more[-1].endswith("←")


def test_code_and_headings_where_lines_run_to_the_left(tmp_path: Path) -> None:
    """Code runs to the right all the same, and no heading is set so tight that Arabic letters come apart."""
    newsletter = make_newsletter(tmp_path, newsletter='language = "ar"')
    document = html_of(newsletter.render("مرحبا.\n\n```python\nprint(1)\n```\n"))
    assert document.one("pre").style["direction"] == "ltr"
    assert "letter-spacing" not in document.one("h1").style


def test_what_stands_around_the_content_is_worded(tmp_path: Path) -> None:
    """It speaks the newsletter's language, in HTML and in plain text, with a newsletter's own words before ours."""
    newsletter = make_newsletter(tmp_path, newsletter='language = "de"')
    newsletter.write("templates/wording.toml", '[issue]\nleave = "Abbestellen"\n')
    edition = newsletter.render(
        "---\nnumber: 4\ndate: 2026-11-24\ncontents: true\n---\nA\n\n## [B](https://example.org/1)\n\nb\n"
    )
    reason = "Sie erhalten Past the Plateau, weil es mit der Adresse ana@example.org abonniert wurde."
    html = html_of(edition)
    said = [element.text for name in ("p", "div") for element in html.all(name)]
    assert {"In dieser Ausgabe", reason} <= {*said}
    assert any("Nr.\N{NO-BREAK SPACE}4" in text and "24. November 2026" in text for text in said)
    assert "Abbestellen" in [link.text for link in html.all("a")]
    text = edition.text.fill(READER)
    assert text.startswith("Past the Plateau · Nr. 4 · 24. November 2026\n")
    assert f"{reason}\n\nIm Browser lesen: https://" in text
    assert "\nAbbestellen: https://" in text
    assert "\nWeiterlesen: https://example.org/1\n" in text


def test_an_issue_of_one_line_is_an_edition(newsletter: Newsletter) -> None:
    """Nothing but a sentence is needed."""
    edition = newsletter.render("Hello.")
    assert Document.of(edition.html.fill(READER)).all("p")[0].text == "Hello."
    assert text_of(edition) == "Issue\n\nHello."
    assert not edition.images


def test_the_sample_settings_and_a_theme_change_the_look(tmp_path: Path) -> None:
    """Colours, fonts and width come from the settings."""
    newsletter = make_newsletter(
        tmp_path,
        more='[theme]\naccent = "#aa1122"\nink = "#0a0b0c"\nheading_font = "\'My Font\', serif"\nwidth = 500\n',
    )
    edition = newsletter.render("A [link](https://example.org).")
    document = html_of(edition)
    assert document.all("a")[0].style["color"] == "#aa1122"
    assert document.one("h1").style["font-family"] == "'My Font', serif"
    assert document.one("h1").style["color"] == "#0a0b0c"
    assert "max-width:500px" in edition.html.marked
    assert load_settings(newsletter.root, {}) == newsletter.settings
