"""Editions in the merge language of a service: what it makes of them is what each reader would get by themselves."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from digest.model import Address, Batch, Edition, Pattern, Readers, Slot, Spelling, Subscriber

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


def batch(what: Edition, *names: str) -> Batch:
    """Return a batch for readers of these names, who all live in Ulm."""
    return Batch(edition=what, number=1, key="key", readers=Readers.of(readers(*names)), at=NOW)


def readers(*names: str) -> list[Subscriber]:
    """Return readers of these names."""
    return [
        Subscriber(id=number, email=f"{number}@example.org", name=name, fields={"city": "Ulm"}, token=f"token-{number}")
        for number, name in enumerate(names, start=1)
    ]


def test_slots_become_variables() -> None:
    """Each slot has a variable, and the same slot the same one, wherever it stands; the columns have their values."""
    name = Slot(name="name", fallback="you")
    merge = batch(
        edition(subject=f"Snow, {name.marker}", text=f"Hello {name.marker}", Greeting=name.marker), "Ann", ""
    ).merged(BRACES)
    assert (merge.subject, merge.text, merge.headers) == ("Snow, {{v0}}", "Hello {{v0}}", {"Greeting": "{{v0}}"})
    assert merge.slots == {"v0": name}
    assert merge.columns(Readers.of(readers("Ann", ""))) == {"v0": ["Ann", "you"]}


def test_value_is_made_safe_for_where_it_stands() -> None:
    """One field in three places has three variables, each escaped as its place needs it."""
    marker = Slot(name="name").marker
    what = edition(text=marker, html=f'<a href="https://example.org/{marker}">{marker}</a>')
    columns = batch(what, "A&B C").merged(BRACES).columns(Readers.of(readers("A&B C")))
    assert sorted(*zip(*columns.values(), strict=True)) == ["A%26B%20C", "A&B C", "A&amp;B C"]


def test_language_of_the_service_is_text() -> None:
    """What looks like it arrives as it was written, by variables that are the same for everyone."""
    merge = batch(edition(text="Write {{ name }} for a name"), "Ann", "Bob").merged(BRACES)
    assert merge.text == "Write {{c0}} name {{c1}} for a name"
    assert merge.constants == {"c0": "{{", "c1": "}}"}
    assert merge.columns(Readers.of(readers("Ann", "Bob"))) == {"c0": ["{{", "{{"], "c1": ["}}", "}}"]}


def test_without_slots() -> None:
    """An edition that is the same for everyone has no columns."""
    merge = batch(edition(text="Hello"), "Ann").merged(BRACES)
    assert merge.text == "Hello"
    assert merge.columns(Readers.of(readers("Ann"))) == {}


def test_asked_for_again() -> None:
    """The same edition in the same language is spelled once, for however many batches; in another one anew."""
    what = edition(text="100 %")
    assert batch(what, "Ann").merged(PERCENT) is batch(what, "Bob").merged(PERCENT)
    assert batch(what, "Ann").merged(BRACES).text == "100 %"


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
    merged_batch = batch(edition(subject=subject, text=text, html=html, Greeting=subject), *names)
    merge = merged_batch.merged(PERCENT)
    columns = merge.columns(merged_batch.readers)
    for place, message in enumerate(merged_batch.messages()):
        values = {name: column[place] for name, column in columns.items()}
        assert _served(merge.subject, values) == message.subject
        assert _served(merge.text, values) == message.text
        assert _served(merge.html, values) == message.html
        assert {name: _served(value, values) for name, value in merge.headers.items()} == message.headers
