"""Rules about what an issue says: cases beyond their examples in the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from proof_stage import find

from digest.model import Severity

if TYPE_CHECKING:
    from pathlib import Path

REAL = (
    '[newsletter]\nname = "The Lamplighter"\nfrom = "editor@lamplighter.de"\nurl = "https://lamplighter.de"\n'
    'language = "{language}"\npostal_address = "3 Wick Lane"\n'
)
"""The newsletter, at a domain that somebody can have."""
OURS = REAL.replace("lamplighter.de", "lamplighter.example.org")


@pytest.mark.parametrize(
    "text",
    [
        "Lorem ipsum dolor sit amet, as they say.",
        "TODO: count the lamps",
        "TODO(ada): count the lamps",
        "There are [TODO count them] lamps.",
        "TBD",
        "## TBD\n\nNine lamps.",
        "Dear [Name], the lamps are lit.",
        "Dear [your first name], the lamps are lit.",
        "Dear [insert town here], the lamps are lit.",
        "![XXX: a picture](https://cdn.example.org/a.png)",
        "![Nine lamps](https://picsum.photos/600/300)",
        "<<<<<<< HEAD\nFive lamps.",
    ],
)
def test_what_is_surely_left_over(text: str, tmp_path: Path) -> None:
    """Filler, marks of work to be done, brackets that wait for a name, and stand-in pictures are errors."""
    (remark,) = find("placeholder-text", tmp_path, markdown=text)
    assert remark.severity is None


@pytest.mark.parametrize(
    "text",
    ["The first words are lorem ipsum.", "We meet at XXX in the hall.", "The price is TBD for now.", "Your logo here!"],
)
def test_what_may_be_left_over(text: str, tmp_path: Path) -> None:
    """What can be meant, amid a sentence, is a warning."""
    (remark,) = find("placeholder-text", tmp_path, markdown=text)
    assert remark.severity is Severity.WARNING


@pytest.mark.parametrize(
    "text",
    [
        "TODO lists, and how I gave them up.",
        "Eine TODO-Liste, und todo.txt.",
        'Write "TODO" and it stays.',
        "Run `grep TODO` and count.",
        "```\nTODO: lorem ipsum dolor\n```",
        "What the todo said, and XXXL shirts.",
        "[1] says more, [sic], and your name is here.",
        "Look at [our blog](https://blog.example.org/).",
    ],
)
def test_what_is_meant(text: str, tmp_path: Path) -> None:
    """An issue may be about such words, quote them, or show them in code."""
    assert not find("placeholder-text", tmp_path, markdown=text)


def test_left_over_in_the_subject(tmp_path: Path) -> None:
    """The subject is told at its line in the front matter."""
    (remark,) = find(
        "placeholder-text", tmp_path, markdown='---\nsubject: "TODO: a subject"\npreheader: Lamps\n---\nText'
    )
    assert str(remark.place) == "issues/2026-11-24-lamps.md:2:11"


@pytest.mark.parametrize(
    ("subject", "severity"),
    [
        ("[TEST] Nine lamps", None),
        ("(Draft) Nine lamps", None),
        ("Draft: nine lamps", Severity.WARNING),
        ("Copy of Nine lamps", Severity.WARNING),
        ("Untitled", Severity.WARNING),
        ("test!", Severity.WARNING),
        ("Subject line goes here", Severity.WARNING),
    ],
)
def test_subjects_of_drafts(subject: str, severity: Severity | None, tmp_path: Path) -> None:
    """What stands before the subject of a draft is an error; where the words may be meant, it is a warning."""
    (remark,) = find("placeholder-text", tmp_path, markdown=f'---\nsubject: "{subject}"\n---\nNine lamps.\n')
    assert remark.severity is severity
    assert remark.place
    assert remark.place.line == 2


@pytest.mark.parametrize("subject", ["Test your lamps", "A copy of the moon", "The draft of 1871", "Contested ground"])
def test_subjects_that_only_sound_like_drafts(subject: str, tmp_path: Path) -> None:
    """The words of drafts stand in many a good subject."""
    assert not find("placeholder-text", tmp_path, markdown=f"---\nsubject: {subject}\n---\nNine lamps.\n")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("See [the map] (https://maps.example.org).", "[the map] ("),
        ("See [the map](https://maps.example.org", "[the map]("),
        ("See [the map](file:///home/ada/map.pdf).", "[the map](file:"),
        ("See (the map)[https://maps.example.org].", "(the map)[https:"),
        ("See [the map][lamps].", "[the map][lamps]"),
        ("There are nine.[^9]", "[^9]"),
        ("That is **important.", "**important."),
        ("That is ** important ** today.", "** important **"),
        ("Not ~~five lamps.", "~~five"),
        ("##Lamps\n\nNine of them.", "##Lamps"),
        ("<b>Now</b> see\n\n<div>\nSee [the map](https://maps.example.org).\n</div>", "[the map](https:"),
    ],
)
def test_markdown_that_readers_see(text: str, left: str, tmp_path: Path) -> None:
    """What is not complete, has a space too many, or stands in raw HTML is shown as it was written."""
    (remark,) = find("stray-markdown", tmp_path, markdown=text)
    assert f'{left}" is shown' in remark.sentence
    assert remark.place
    assert remark.place.line >= 5


@pytest.mark.parametrize(
    "text",
    [
        "See [the map](https://maps.example.org) and [this][1].\n\n[1]: https://maps.example.org/this",
        "In code, `[x](https://y)` and `**kwargs` are fine.",
        "```\n[x](https://y) ## **x\n```",
        "2 ** 8 is 256, and 5* is the best. ** Prices without tax.",
        "As was shown [1][2], and in [3] (page 4).",
        "Issue #12 of ##, C# and f(x)[0].",
        "- [x] done\n- [ ] not yet",
        "**Bold**, ~~gone~~ and a note.[^1]\n\n[^1]: Here.",
    ],
)
def test_what_is_no_stray_markdown(text: str, tmp_path: Path) -> None:
    """Code, complete marks, and the brackets, stars and hashes of ordinary prose are fine."""
    assert not find("stray-markdown", tmp_path, markdown=text)


def test_each_place_is_told(tmp_path: Path) -> None:
    """The same words in two paragraphs are two remarks; a heading that the page repeats is one."""
    text = "Lamps of XXX.\n\n## [Nine: XXX](https://blog.example.org/a)\n\nMore of XXX here.\n"
    places = [str(remark.place) for remark in find("placeholder-text", tmp_path, markdown=text)]
    assert sorted(places) == [f"issues/2026-11-24-lamps.md:{place}" for place in ("10:9", "6:10", "8:11")]


def test_left_over_in_the_text_part_alone(tmp_path: Path) -> None:
    """What only the text part says is found there; what the page says, too, is told once."""
    assert len(find("placeholder-text", tmp_path, text="The lamps.\n\nTODO: the rest\n")) == 1
    assert len(find("placeholder-text", tmp_path / "both", markdown="TODO: the rest\n")) == 1


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("[the map](https://example.com/map)", None),
        ("[the map](https://www.example.org)", None),
        ("[the map](https://lamps.example/)", None),
        ("Say https://api.example.com/v1 and wait.", Severity.WARNING),
    ],
)
def test_example_addresses_in_a_real_newsletter(text: str, severity: Severity | None, tmp_path: Path) -> None:
    """They lead nowhere; where they are shown as addresses, they may be meant."""
    (remark,) = find("placeholder-text", tmp_path, toml=REAL.format(language="en"), markdown=text)
    assert remark.severity is severity


def test_hosts_that_only_sound_like_examples(tmp_path: Path) -> None:
    """Names that others have registered are none."""
    text = "[a](https://example.com.au/) [b](https://myexample.org/) [c](https://example.de/)"
    assert not find("placeholder-text", tmp_path, toml=REAL.format(language="en"), markdown=text)


@pytest.mark.parametrize(
    "text",
    [
        "Good evening *|FNAME|*!",
        "Good evening %recipient.first_name%!",
        "Good evening %%FirstName%%!",
        "Good evening ${user.name}!",
        "Good evening <%= name %>!",
        "Good evening {$name}!",
        "Good evening %FIRSTNAME%!",
        "Good evening {first_name}!",
        "Good evening [first_name]!",
        "Good evening {name}!",
        "{% include 'lamps.html' %}",
        "See [[Nine lamps]].",
        "There are nine :contentReference[oaicite:3]{index=3}.",
        "There are nine【4†map.pdf】.",
        "[The map](https://blog.example.org/?u=*|EMAIL|*)",
        "[The map](https://blog.example.org/%recipient.email%)",
        "![A lamp, *|FNAME|*](https://cdn.example.org/a.png)",
        "---\nsubject: 'For *|FNAME|*'\n---\nNine lamps",
    ],
)
def test_spellings_of_other_services(text: str, tmp_path: Path) -> None:
    """In text, words of images, addresses and subject, what others would fill in is found, once."""
    (remark,) = find("unresolved-token", tmp_path, markdown=text)
    assert "was never filled in" in remark.sentence


@pytest.mark.parametrize(
    "text",
    [
        "One subject said \\{{ first_name }}.",
        "Write `{{ first_name }}`, `*|FNAME|*` or `{% raw %}`.",
        "<kbd>%FIRSTNAME%</kbd> was left.",
        "```\n${name} [[x]] %%A%%\n```",
        "100% of 5%, and 50%–60%; {a, b}; [[1, 2], [3]]; |x| < 2; $5 {sic} a | b | c",
        "[The map](https://blog.example.org/a%20b?x=%25c%25)",
        "Good evening {{ first_name or 'reader' }}!",
    ],
)
def test_braces_that_are_meant(text: str, tmp_path: Path) -> None:
    """Code, escaped braces, and what only looks like a field are let be, in both parts."""
    assert not find("unresolved-token", tmp_path, markdown=text)


def test_fields_in_a_template_of_ones_own(tmp_path: Path) -> None:
    """Braces that a template leaves as they are reach readers; nobody wrote them into the issue."""
    assert find("unresolved-token", tmp_path, html="<p>Good evening {{ first_name }}!</p>")
    assert find("unresolved-token", tmp_path / "text", text="Good evening {{ first_name }}!\n")


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "Click here!"),
        ("en-GB", "Read more »"),
        ("de", "hier"),
        ("de-AT", "**Weiterlesen** →"),
        ("fr", "Lire l’article"),
        ("es", "haz clic aquí"),
        ("it", "Leggi di più…"),
        ("pt-BR", "Saiba mais"),
        ("nl", "Lees verder"),
        ("pl", "Czytaj dalej"),
        ("sv", "Läs mer"),
        ("no", "Les mer"),
        ("ja", "こちら"),
        ("de", "click here"),
        ("en", "→"),
    ],
)
def test_names_that_say_nothing(language: str, name: str, tmp_path: Path) -> None:
    """In the newsletter's language, or in English, with marks and arrows around them."""
    settings = OURS.format(language=language)
    assert find("generic-link-text", tmp_path, toml=settings, markdown=f"[{name}](https://blog.example.org/a)")


@pytest.mark.parametrize("name", ["hier", "Read more about lamps", "The link", "Here be dragons", "C++", "[1]"])
def test_names_that_say_something(name: str, tmp_path: Path) -> None:
    """Words of other languages, and longer names, pass."""
    assert not find("generic-link-text", tmp_path, markdown=f"[{name}](https://blog.example.org/a)")


def test_a_label_names_a_link(tmp_path: Path) -> None:
    """What a screen reader is told counts, as the built-in "read more" has it."""
    html = '<a href="https://blog.example.org/a" aria-label="Read more: nine lamps">Read more</a>'
    assert not find("generic-link-text", tmp_path, html=html)
    assert not find(
        "generic-link-text", tmp_path / "b", markdown="## [Nine lamps](https://blog.example.org/a)\n\nA teaser."
    )


def test_many_vague_names_are_no_flood(tmp_path: Path) -> None:
    """Five are told, and how many more there are."""
    links = " ".join(f"[here](https://blog.example.org/{number})" for number in range(12))
    *_, last = found = find("generic-link-text", tmp_path, markdown=links)
    assert len(found) == 5
    assert last.sentence.endswith("(and 7 more)")


def test_pictures_beside_few_words(tmp_path: Path) -> None:
    """A caption of a sentence makes it a warning; the words of the template do not count."""
    picture = "![Nine lamps](https://cdn.example.org/a.png)"
    (remark,) = find("image-only-body", tmp_path, markdown=f"{picture}\n\n{'Nine lamps on a table. ' * 8}")
    assert remark.severity is Severity.WARNING
    (remark,) = find("image-only-body", tmp_path / "bare", markdown=picture)
    assert remark.severity is None


def test_few_words_beside_a_logo(tmp_path: Path) -> None:
    """A short letter is fine, and so is one with a small picture."""
    assert not find("image-only-body", tmp_path, markdown="We have moved.")
    html = '<img src="https://cdn.example.org/logo.png" width="120" alt="Logo"><p>We have moved.</p>'
    assert not find("image-only-body", tmp_path / "logo", html=html)


@pytest.mark.parametrize(
    ("html", "remarks"),
    [
        ("", 0),
        ("<p>" * 900 + "{{" * 5000, 0),
        ("<a href='http://['>http://[</a>", 0),
        ("[TODO" * 4000, 1),
        ("%%=" * 5000, 1),
        ("<p>Good evening *|FNAME|*</p>" * 500, 1),
    ],
)
def test_strange_pages(html: str, remarks: int, tmp_path: Path) -> None:
    """Whatever a template makes, the rules come to an end, and say the same thing once."""
    names = ("placeholder-text", "unresolved-token", "generic-link-text", "image-only-body")
    found = [remark for name in names for remark in find(name, tmp_path / name, html=html)]
    assert len(found) == remarks
