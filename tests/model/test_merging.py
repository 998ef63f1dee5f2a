"""Editions in the merge language of a service: what it makes of them is what each reader would get by themselves."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from digest.model import Address, Batch, Edition, Pattern, Readers, Slot, Spelling, Subscriber, merge

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
BRACES = Spelling(variable=lambda name: f"{{{{{name}}}}}", special=re.compile(r"\{\{|\}\}"))
PERCENT = Spelling(variable=lambda name: f"%{name}%", special=re.compile("%"))
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
    """Each slot has a variable, and the same slot the same one, wherever it stands; the columns have their values."""
    name = Slot(name="name", fallback="you")
    what = edition(subject=f"Snow, {name.marker}", text=f"Hello {name.marker}", Greeting=name.marker)
    made = merge(what, BRACES)
    assert (made.subject, made.text, made.headers) == ("Snow, {{v0}}", "Hello {{v0}}", {"Greeting": "{{v0}}"})
    assert made.slots == {"v0": name}
    assert made.columns(readers("Ann", "")) == {"v0": ["Ann", "you"]}


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


SLOTS = st.builds(Slot, name=st.sampled_from(FIELDS), fallback=st.none() | st.sampled_from(["you", "%v0%", "<b>"]))
PIECES = st.lists(SLOTS.map(lambda slot: slot.marker) | st.sampled_from(["%", "%v0%", "c0", "a ", "100", "é"]))
TEXTS = PIECES.map("".join)
NAMES = st.text(st.sampled_from(["%", "v", "0", "<", "&", '"', "ß", " "]), max_size=5)


def _served(text: str, values: dict[str, str]) -> str:
    """Do what a service does: put in the values, once, from left to right."""
    return re.sub(r"%(\w+)%", lambda match: values[match[1]], text)


@given(subject=TEXTS, text=TEXTS, html=TEXTS.map(lambda inner: f"<p>{inner}</p>"), names=st.lists(NAMES, min_size=1))
def test_service_makes_the_same_of_it(subject: str, text: str, html: str, names: list[str]) -> None:
    """Whatever stands in an edition and in values, merged by the service it is what it is filled by us."""
    batch = Batch(
        edition=edition(subject=subject, text=text, html=html, Greeting=subject),
        number=1,
        key="key",
        readers=readers(*names),
        at=NOW,
    )
    made = merge(batch.edition, PERCENT)
    columns = made.columns(batch.readers)
    for place, message in enumerate(batch.messages()):
        values = {name: column[place] for name, column in columns.items()}
        assert _served(made.subject, values) == message.subject
        assert _served(made.text, values) == message.text
        assert _served(made.html, values) == message.html
        assert {name: _served(value, values) for name, value in made.headers.items()} == message.headers
