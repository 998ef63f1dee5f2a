"""Editions in the merge language of a service: what it makes of them is what each reader would get by themselves."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Address, Batch, Edition, Pattern, Readers, Slot, Spelling, Subscriber, merge

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
BRACES = Spelling(variable=lambda name: f"{{{{{name}}}}}", special=re.compile(r"[{}]+"))
PERCENT = Spelling(variable=lambda name: f"%{name}%", special=re.compile("%"))
GUARDED = Spelling(variable=lambda name: f"-{name}-", special=re.compile(r"(?!)"), guarded=True)
FIELDS = ("name", "email", "city")


def edition(*, subject: str = "", html: str = "", text: str = "", **headers: str) -> Edition:
    """Return an edition that says this."""
    return Edition(
        slug="first-snow",
        sender=Address(email="editor@example.org"),
        reply_to=None,
        subject=Pattern.of_text(subject),
        html=Pattern.of_html(html),
        text=Pattern.of_text(text),
        headers={name: Pattern.of_text(value) for name, value in headers.items()},
    )


def readers(*names: str) -> Readers:
    """Return readers of these names, who all live in Ulm."""
    return Readers.of(
        [
            Subscriber(id=number, email=f"{number}@example.org", name=name, fields={"city": "Ulm"}, token=f"t{number}")
            for number, name in enumerate(names, start=1)
        ]
    )


def test_slots_become_variables() -> None:
    """A slot has the same variable wherever it is escaped alike, and its value is on one line."""
    name = Slot(name="name", fallback="you")
    what = edition(subject=f"Snow, {name.marker}", text=f"Hello {name.marker}", Greeting=name.marker)
    made = merge(what, BRACES)
    assert (made.subject, made.text, made.headers) == ("Snow, {{v0}}", "Hello {{v0}}", {"Greeting": "{{v0}}"})
    assert made.slots == {"v0": name}
    assert made.columns(readers("Ann\nLee", "")) == {"v0": ["Ann Lee", "you"]}


def test_value_is_made_safe_for_where_it_stands() -> None:
    """One field in three places has three variables, each escaped as its place needs it."""
    marker = Slot(name="name").marker
    what = edition(text=marker, html=f'<a href="https://example.org/{marker}">{marker}</a>')
    columns = merge(what, BRACES).columns(readers("A&B C"))
    assert sorted(value for (value,) in columns.values()) == ["A%26B%20C", "A&B C", "A&amp;B C"]


def test_language_of_the_service_is_text() -> None:
    """What looks like it arrives as it was written, by variables that are the same for everyone."""
    made = merge(edition(text="Write {{ name }} for a name"), BRACES)
    assert made.text == "Write {{c0}} name {{c1}} for a name"
    assert made.constants == {"c0": "{{", "c1": "}}"}
    assert made.columns(readers("Ann", "Bob")) == {"c0": ["{{", "{{"], "c1": ["}}", "}}"]}


def test_sign_beside_a_slot() -> None:
    """A sign that would become a part of the language beside a variable becomes a variable, too."""
    made = merge(edition(text=f"{{{Slot(name='name').marker}}}}}"), BRACES)
    assert made.text == "{{c0}}{{v0}}{{c1}}"
    assert made.constants == {"c0": "{", "c1": "}}"}


def test_guarded_names() -> None:
    """No reader can guess the names of guarded variables: they are others for each edition, of letters and digits."""
    name = Slot(name="name").marker
    made, other = (merge(edition(text=f"{name}, {word}"), GUARDED) for word in ("snow", "rain"))
    (variable,) = made.slots
    assert made.text == f"-{variable}-, snow"
    assert re.fullmatch("d[0-9a-f]{8}v0", variable)
    assert made.slots.keys().isdisjoint(other.slots)


def test_guarded_constants() -> None:
    """What stands for the language's own signs is guarded, too."""
    made = merge(edition(text="100 %"), Spelling(variable=PERCENT.variable, special=PERCENT.special, guarded=True))
    ((constant, value),) = made.constants.items()
    assert (made.text, value) == (f"100 %{constant}%", "%")
    assert re.fullmatch("d[0-9a-f]{8}c0", constant)


def test_without_slots() -> None:
    """An edition that is the same for everyone has no columns."""
    made = merge(edition(text="Hello"), BRACES)
    assert made.text == "Hello"
    assert made.columns(readers("Ann")) == {}


def test_asked_for_again() -> None:
    """The same edition in the same language is spelled once, for however many batches; in another one anew."""
    assert merge(edition(text="100 %"), PERCENT) is merge(edition(text="100 %"), PERCENT)
    assert merge(edition(text="100 %"), PERCENT).text == "100 %c0%"
    assert merge(edition(text="100 %"), BRACES).text == "100 %"


SIGNS = ["%", "%v0%", "{", "}", "{{v0}}", "}}}", "-v0-", "--", "c0", "a ", "100", "é"]
SLOTS = st.builds(Slot, name=st.sampled_from(FIELDS), fallback=st.none() | st.sampled_from(["you", "{{v0}}", "<b>"]))
TEXTS = st.lists(SLOTS.map(lambda slot: slot.marker) | st.sampled_from(SIGNS)).map("".join)
NAMES = st.text(st.sampled_from(["%", "{", "}", "-", "v", "0", "<", "&", '"', "ß", " "]), max_size=8)


def put_in_between(opening: str, closing: str, text: str, values: dict[str, str]) -> str:
    """Do what most services do: put in the values, once, from left to right."""
    return re.sub(rf"{opening}(\w+){closing}", lambda match: values[match[1]], text)


def replace_again_and_again(text: str, values: dict[str, str]) -> str:
    """Do what some services do: replace names wherever they stand, in values too."""
    for _ in range(4):
        for name, value in values.items():
            text = text.replace(f"-{name}-", value)
    return text


LANGUAGES = [
    (PERCENT, partial(put_in_between, "%", "%")),
    (BRACES, partial(put_in_between, r"\{\{", r"\}\}")),
    (GUARDED, replace_again_and_again),
]


EDITIONS = st.builds(
    lambda line, text, html: edition(subject=line, text=text, html=f"<p>{html}</p>", Greeting=line), TEXTS, TEXTS, TEXTS
)


@pytest.mark.parametrize(("spelling", "served"), LANGUAGES, ids=["percent", "braces", "guarded"])
@given(edition=EDITIONS, names=st.lists(NAMES, min_size=1))
def test_service_makes_the_same_of_it(
    spelling: Spelling, served: Callable[[str, dict[str, str]], str], edition: Edition, names: list[str]
) -> None:
    """Whatever stands in an edition and in values, merged by the service it is what it is filled by us."""
    batch = Batch(edition=edition, number=1, key="key", readers=readers(*names), at=NOW)
    made = merge(batch.edition, spelling)
    columns = made.columns(batch.readers)
    for place, message in enumerate(batch.messages()):
        values = {name: column[place] for name, column in columns.items()}
        assert served(made.subject, values) == message.subject
        assert served(made.text, values) == message.text
        assert served(made.html, values) == message.html
        assert {name: served(value, values) for name, value in made.headers.items()} == message.headers
