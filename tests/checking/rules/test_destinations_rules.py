"""Rules about what links give away, and what stands at their end: cases beyond their examples in the manual."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from hashlib import md5
from typing import TYPE_CHECKING

import pytest
from proof_stage import Block, find, stage

from digest.checking.proof import Answer
from digest.checking.rules import RULES
from digest.model import Severity

if TYPE_CHECKING:
    from pathlib import Path

READER = "reader@example.org"
"""Whom an issue is shown for, where there are no readers."""


def _link(url: str) -> str:
    return f'<a href="{url}">the map</a>'


@pytest.mark.parametrize(
    "form",
    [
        READER,
        READER.upper(),
        "reader%40example.org",
        b64encode(READER.encode()).decode(),
        md5(READER.encode(), usedforsecurity=False).hexdigest(),
        md5(READER.encode(), usedforsecurity=False).hexdigest().upper(),
    ],
)
def test_the_readers_address_in_any_form(form: str, tmp_path: Path) -> None:
    """Plain, escaped, in base64 or hashed: it is found, and not repeated."""
    (remark,) = find("link-personal-data", tmp_path, html=_link(f"https://poll.example.net/?who={form}"))
    assert remark.severity is None
    assert "reader@" not in remark.sentence


@pytest.mark.parametrize("field", ["email", "name", "first_name"])
def test_fields_in_addresses(field: str, tmp_path: Path) -> None:
    """A field that tells who somebody is stands in no address, whoever it is filled for; it is told once."""
    vote = f'https://poll.example.org/{{{{ {field} or "x" }}}}'
    markdown = f"[Yes]({vote}/yes), or [no]({vote}/no)"
    (remark,) = find("link-personal-data", tmp_path, markdown=markdown)
    assert field in remark.sentence


def test_fields_elsewhere(tmp_path: Path) -> None:
    """The same field in text, or in a letter that the reader writes, gives nothing away; nor does what tells nobody."""
    markdown = (
        "Hello {{ first_name or 'you' }}, see https://blog.example.org/ and "
        "[answer](mailto:editor@example.org?subject={{ first_name or 'me' }}) or "
        "[join](https://circle.example.org/?from={{ company or 'home' }})"
    )
    assert not find("link-personal-data", tmp_path, markdown=markdown, toml='[fields]\nfirst_name = ""\ncompany = ""\n')


@pytest.mark.parametrize(
    "url",
    [
        "https://ada:secret@example.org/",
        "https://list.example.org/?of=ada%40lamps.com",
        "https://a.example.org/ada@lamps.com",
        "https://a.example.org/?id=1&Access_Token=ada",
        "https://store.example.org/map.pdf?X-Amz-Signature=ada",
    ],
)
def test_somebody_in_an_address(url: str, tmp_path: Path) -> None:
    """Another one's address, a password or a key may be meant, so it is a warning; neither is repeated."""
    (remark,) = find("link-personal-data", tmp_path, html=_link(url))
    assert remark.severity is Severity.WARNING
    assert "ada" not in remark.sentence


@pytest.mark.parametrize(
    "url",
    [
        "https://medium.com/@ada/nine-lamps",
        "https://social.example.org/@ada@lamps.com",
        "https://cdn.example.org/logo@2x.png",
        "https://cdn.example.org/npm/lamp@1.2.3/lamp.js",
        "https://maps.example.org/@52.52,13.40,15z",
        "https://example.org/?topic=access_token&password=",
        "https://calendar.google.com/?src=abc@group.calendar.google.com",
        "https://list.example.org/?to=editor@lamplighter.example.org",
        "mailto:ada@lamps.com",
        "https://lamplighter.example.org/unsubscribe/example",
    ],
)
def test_nobody_in_an_address(url: str, tmp_path: Path) -> None:
    """Handles, versions, places, our own mailbox and our own links are no personal data."""
    assert not find("link-personal-data", tmp_path, html=_link(url))


def test_a_readers_token_is_not_blamed(tmp_path: Path) -> None:
    """The links by which a reader leaves are opaque, as they should be."""
    assert not find("link-personal-data", tmp_path)


@pytest.mark.parametrize(
    ("answer", "said", "severity"),
    [
        (Answer(status=404), "answers 404 Not Found", None),
        (Answer(status=500), "answers 500 Internal Server Error", None),
        (Answer(trouble="its name is not known"), "does not answer: its name is not known", None),
        (Answer(status=403), "answers 403 Forbidden to a program", Severity.NOTE),
        (Answer(status=999), "answers 999 to a program", Severity.NOTE),
        (Answer(status=200, location="https://blog.example.org/new"), "has moved for good", Severity.NOTE),
        (Answer(status=599), "answers 599", None),
    ],
)
def test_what_answers_mean(answer: Answer, said: str, severity: Severity | None, tmp_path: Path) -> None:
    """What is gone or silent is an error; a door that is shut to programs, and a new address, are notes."""
    url = "https://blog.example.org/map"
    proof = stage([Block(kind="markdown", text=f"[the map]({url})")], tmp_path)
    (remark,) = RULES["link-dead"].find(replace(proof, answers={url: answer}))
    assert said in remark.sentence
    assert remark.severity is severity
    assert remark.needle == url


def test_answers_that_are_good_or_were_never_asked_for(tmp_path: Path) -> None:
    """Nothing is said of what answers well, has moved for a while, or was not asked."""
    links = "[a](https://blog.example.org/a) [b](https://blog.example.org/b)"
    assert not find("link-dead", tmp_path, markdown=links, answers="https://blog.example.org/a 200\n")


@pytest.mark.parametrize(
    "url",
    [
        "https://blog.example.org/nine-lamps",
        "http://www.blog.example.org/nine-lamps/",
        "https://BLOG.example.org/nine-lamps?utm_source=letter&utm_medium=mail#top",
    ],
)
def test_a_story_that_was_told_before(url: str, tmp_path: Path) -> None:
    """It is known again in another spelling, and the issue that had it is named."""
    sent = "Also see [the lamps](https://blog.example.org/nine-lamps)."
    (remark,) = find("link-repeated", tmp_path, markdown=f"## [Nine lamps]({url})\n\nA teaser.", sent=sent)
    assert remark.sentence == 'the story "Nine lamps" leads where 2026-11-17-before led already'
    assert remark.place
    assert remark.place.line == 6


@pytest.mark.parametrize(
    "text",
    [
        "## [Lamps](https://blog.example.org/?id=2)\n\nAnother page of one script.",
        "See [the first](https://blog.example.org/?id=1) once more, in passing.",
    ],
)
def test_what_is_no_story_told_before(text: str, tmp_path: Path) -> None:
    """Another page, or a link in passing, is not pointed out."""
    sent = "## [Lamps](https://blog.example.org/?id=1)\n\nA teaser."
    assert not find("link-repeated", tmp_path, markdown=text, sent=sent)
