"""The addresses that leave in an issue, and the names that they are made of."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.links import (
    LONGEST_SLUG,
    archive_url,
    asset_url,
    preferences_url,
    slugify,
    story_url,
    unsubscribe_url,
)
from digest.model import MARKER, Context, Pattern, Slot

if TYPE_CHECKING:
    from collections.abc import Callable

NEWS = "https://news.example.org/train"


def test_an_issue_and_its_stories_have_addresses() -> None:
    """A story's page lies below its issue's."""
    assert archive_url(NEWS, "night-train") == f"{NEWS}/night-train/"
    assert story_url(NEWS, "night-train", "sleepers") == f"{NEWS}/night-train/sleepers/"


def test_a_reader_has_addresses() -> None:
    """The token alone says whose they are."""
    assert unsubscribe_url(NEWS, "T0k-en_x") == f"{NEWS}/unsubscribe/T0k-en_x"
    assert preferences_url(NEWS, "T0k-en_x") == f"{NEWS}/preferences/T0k-en_x"


@pytest.mark.parametrize("address_of", [unsubscribe_url, preferences_url])
def test_the_token_may_be_left_open(address_of: Callable[[str, str], str]) -> None:
    """A slot in place of the token is still a slot, and is filled as a part of an address."""
    marker = Slot(name="token").marker
    address = address_of(NEWS, marker)
    assert MARKER.search(address)
    pattern = Pattern.of_text(address)
    assert [slot.context for slot in pattern.slots] == [Context.URL]
    assert pattern.fill({"token": "abc"}) == address_of(NEWS, "abc")


def test_images_keep_their_names() -> None:
    """Whatever a file is called, its address holds that name, percent-encoded; its content counts beside the path."""
    address = asset_url("https://cdn.example.org", "night-train", "Zug & Küche?.png", "5ca1ab1e")
    assert address == "https://cdn.example.org/night-train/Zug%20%26%20K%C3%BCche%3F.png?v=5ca1ab1e"


@given(slug=st.text(min_size=1), story=st.text(min_size=1))
def test_addresses_are_ascii_and_say_what_they_were_made_of(slug: str, story: str) -> None:
    """Slashes and question marks of a name stay inside its own part of the path."""
    address = story_url(NEWS, slug, story)
    assert address.isascii()
    assert [unquote(part) for part in urlsplit(address).path.split("/")] == ["", "train", slug, story, ""]


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Past the senior plateau", "past-the-senior-plateau"),
        ("  What's new -- in 2026?  ", "whats-new-in-2026"),
        ("Don\N{RIGHT SINGLE QUOTATION MARK}t close tickets\N{EM DASH}end problems", "dont-close-tickets-end-problems"),
        ("Crème brûlée", "creme-brulee"),
        ("Straße nach Łódź, Ærø", "strasse-nach-lodz-aero"),
        ("C++ & C#", "c-c"),
        ("snake_case.py", "snake-case-py"),
        ("\N{LATIN SMALL LIGATURE FI}ne", "fine"),
        ("高原の先へ", "高原の先へ"),
        ("Часть 2: Плато", "часть-2-плато"),
        ("한국어 뉴스", "한국어-뉴스"),
        ("हिन्दी समाचार", "हिन्दी-समाचार"),
        ("Python で書く", "python"),
        ("2026", "2026"),
    ],
)
def test_a_title_becomes_a_name(text: str, slug: str) -> None:
    """Latin letters lose their marks; a text in another script keeps its own letters."""
    assert slugify(text) == slug


@pytest.mark.parametrize("text", ["", "🎉", "—", "!?"])
def test_a_title_without_letters_has_a_name_too(text: str) -> None:
    """Its hash stands in: short, and the same each time."""
    assert re.fullmatch("[0-9a-f]{8}", slugify(text))
    assert slugify(text) == slugify(text)


def test_two_titles_without_letters_have_two_names() -> None:
    """The hash tells them apart."""
    assert slugify("🎉") != slugify("🎂")


def test_a_long_name_ends_with_a_whole_word() -> None:
    """It is cut at a hyphen where there is one."""
    assert slugify("plateau " * 20) == "-".join(["plateau"] * 10)
    assert slugify("x" * 200) == "x" * LONGEST_SLUG


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_becomes_a_name(text: str) -> None:
    """A name is never empty or long, holds only letters, digits and hyphens, and is its own name."""
    slug = slugify(text)
    assert 0 < len(slug) <= LONGEST_SLUG
    assert all(unicodedata.category(letter)[0] in "LMN" or letter == "-" for letter in slug)
    assert not slug.startswith("-")
    assert not slug.endswith("-")
    assert slugify(slug) == slug
