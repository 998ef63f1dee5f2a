"""Segments asked of databases: whom they select, and that no word of theirs becomes SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_segments import expressions, texts

from digest.segments import (
    DEEPEST,
    LONGEST,
    Compared,
    Expression,
    Group,
    Joined,
    Mark,
    Marked,
    Not,
    Segment,
    parse_segment,
)
from digest.store import open_database
from digest.store.database import Database, Dialect, to_json, to_stamp
from digest.store.schema import migrate, read_migrations
from digest.store.selecting import compile_segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postgresql import Server

BERLIN = ZoneInfo("Europe/Berlin")
FIELDS = ("first_name", "city")
SLUGS = ("2026-11-10", "rail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader as a segment sees them; `news` are kinds of events with the slugs of their issues."""

    email: str
    name: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    source: str = "list.csv"
    joined: datetime = datetime(2026, 10, 25, 12, tzinfo=UTC)
    news: tuple[tuple[str, str], ...] = ()


MIDNIGHT = datetime(2026, 10, 24, 22, tzinfo=UTC)  # in Berlin
READERS = (
    Reader(email="Ada@Example.org", name="Ada", fields=(("first_name", "Ada"),), tags=("pro", "night owls")),
    Reader(email="ben@mail.example.org", fields=(("city", "Ulm"),), tags=("Pro",), source="the fair, 2026"),
    Reader(email="cleo@notexample.org", name="O'Brien", fields=(("first_name", "ada"),), news=(("opened", "rail"),)),
    Reader(email='"d@example.org"@example.com', tags=("prolific",), joined=MIDNIGHT),
    Reader(
        email="straße@example.com",
        joined=MIDNIGHT - timedelta(microseconds=1),
        news=(("opened", "2026-11-10"), ("opened", "rail"), ("clicked", "rail"), ("delivered", "2026-11-10")),
    ),
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Return a database with our tables, in which two issues were sent."""
    url = "sqlite://"
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres_server")
        url = server.url(server.new_database())
    with open_database(url) as (database, _):
        migrate(database, read_migrations(database.dialect))
        database.change_many(
            "insert into mailings (slug, provider, segment, batch_size, state, frozen_at)"
            " values (:slug, 'outbox', '', 500, 'open', '')",
            [{"slug": slug} for slug in SLUGS],
        )
        yield database


def fill(database: Database, readers: Sequence[Reader]) -> None:
    """Let these be all readers; their ids are their places, from 0."""
    database.change("delete from news")
    database.change("delete from subscribers")
    database.change_many(
        "insert into subscribers (id, key, email, name, fields, tags, standing, token, source, added_at, changed_at)"
        " values (:id, :key, :email, :name, :fields, :tags, 'active', '', :source, :at, :at)",
        [
            {
                "id": number,
                "key": reader.email.lower(),
                "email": reader.email,
                "name": reader.name,
                "fields": to_json(dict(reader.fields)),
                "tags": to_json(reader.tags),
                "source": reader.source,
                "at": to_stamp(reader.joined),
            }
            for number, reader in enumerate(readers)
        ],
    )
    database.change_many(
        "insert into news (event, provider, subscriber_id, mailing_id, kind, at, heard_at, original, reason)"
        " values (:event, '', :reader, (select id from mailings where slug = :slug), :kind, '', '', '', '')",
        [
            {"event": f"{number} {place}", "reader": number, "kind": kind, "slug": slug}
            for number, reader in enumerate(readers)
            for place, (kind, slug) in enumerate(reader.news)
        ],
    )


def select(database: Database, segment: Segment) -> list[int]:
    """Return the readers in a segment, asked for as the store does: beside a condition of its own, twice."""
    condition = compile_segment(segment, dialect=database.dialect)
    query = f"select id from subscribers where id between :first and :last and {condition.sql} order by id"  # noqa: S608  # what is tested
    stretches = [{"first": 0, "last": 1}, {"first": 2, "last": 9}]
    return [row[0] for stretch in stretches for row in database.fetch_all(query, **stretch, **condition.values)]


def holds(expression: Expression, reader: Reader) -> bool:
    """Say, in plain Python, whether a reader is in a segment."""
    match expression:
        case Group():
            decide = all if expression.word == "and" else any
            return decide(holds(part, reader) for part in expression.parts)
        case Not():
            return not holds(expression.part, reader)
        case Joined():
            return compare(expression.sign, reader.joined.astimezone(BERLIN).date(), expression.day)
        case Compared(field="email"):
            return compare(expression.sign, reader.email.lower(), expression.value.lower())
        case Compared():
            return compare(expression.sign, value_of(reader, expression.field), expression.value)
        case Marked():
            return marked(expression.mark, expression.value, reader)


def compare(sign: str, left: object, right: object) -> bool:
    """Compare as a sign says; ``le`` and the like are asked of anything that has an order."""
    outcomes = {"=": left == right, "!=": left != right}
    if sign not in outcomes:
        outcomes |= {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}  # type: ignore[operator]
    return outcomes[sign]


def value_of(reader: Reader, field: str) -> str:
    """Return a reader's value, blank where they have none."""
    return {"email": reader.email, "name": reader.name, **dict(reader.fields)}.get(field, "")


def marked(mark: Mark, value: str, reader: Reader) -> bool:
    """Say whether a term with a colon is true of a reader."""
    match mark:
        case Mark.TAG:
            return value in reader.tags
        case Mark.HAS:
            return value_of(reader, value) != ""
        case Mark.DOMAIN:
            return reader.email.rpartition("@")[2].lower() == value.lower()
        case Mark.SOURCE:
            return reader.source == value
        case _:
            return (mark.value, value) in reader.news


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tag:pro", [0]),
        ("tag:Pro", [1]),
        ("tag:'night owls'", [0]),
        ("not tag:pro", [1, 2, 3, 4]),
        ("first_name = Ada", [0]),
        ("first_name != Ada", [1, 2, 3, 4]),
        ("not first_name = Ada", [1, 2, 3, 4]),
        ('city = ""', [0, 2, 3, 4]),
        ("has:city", [1]),
        ("not has:name", [1, 3, 4]),
        ("has:email", [0, 1, 2, 3, 4]),
        ("name = O'Brien", [2]),
        ("email = ada@EXAMPLE.ORG", [0]),
        ("email = STRAßE@example.com", [4]),
        ("email = strasse@example.com", []),
        ("email != ada@example.org", [1, 2, 3, 4]),
        ("domain:EXAMPLE.org", [0]),
        ("domain:example.com", [3, 4]),
        ("domain:org", []),
        ("domain:an.address.longer.than.most.that.are.on.the.list.example.org", []),
        ("source:'the fair, 2026'", [1]),
        ("not source:list.csv", [1]),
        ("joined = 2026-10-25", [0, 1, 2, 3]),
        ("joined != 2026-10-25", [4]),
        ("joined < 2026-10-25", [4]),
        ("joined <= 2026-10-25", [0, 1, 2, 3, 4]),
        ("joined > 2026-10-24", [0, 1, 2, 3]),
        ("joined >= 2026-10-24", [0, 1, 2, 3, 4]),
        ("opened:rail", [2, 4]),
        ("opened:2026-11-10", [4]),
        ("clicked:rail", [4]),
        ("delivered:rail", []),
        ("delivered:2026-11-10", [4]),
        ("not opened:rail", [0, 1, 3]),
        ("not clicked:2026-11-10", [0, 1, 2, 3, 4]),
        ("opened:none", []),
        ("not opened:none", [0, 1, 2, 3, 4]),
        ("tag:pro or opened:rail and not clicked:rail", [0, 2]),
        ("(tag:pro or opened:rail) and not (clicked:rail or has:first_name)", []),
        ("not (tag:pro and first_name = Ada)", [1, 2, 3, 4]),
    ],
)
def test_each_term_finds_its_readers(database: Database, text: str, found: list[int]) -> None:
    """Each kind of term, and what joins terms, selects on both databases those whom it is true of."""
    fill(database, READERS)
    assert select(database, parse_segment(text, fields=FIELDS, timezone=BERLIN)) == found


readers = st.builds(
    Reader,
    email=st.builds("{}{}@{}".format, st.sampled_from(["ada", "Ada", "ß"]), st.integers(), texts),
    name=texts,
    fields=st.dictionaries(st.sampled_from(FIELDS), texts.filter(bool)).map(lambda fields: tuple(fields.items())),
    tags=st.lists(texts.filter(bool), max_size=2, unique=True).map(tuple),
    source=texts,
    joined=st.datetimes(datetime(2026, 10, 23, 21), datetime(2026, 10, 28), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis adds it
    news=st.lists(st.tuples(st.sampled_from(["opened", "clicked", "bounced"]), st.sampled_from(SLUGS))).map(tuple),
)


@given(
    st.lists(readers, min_size=1, max_size=5, unique_by=lambda reader: reader.email.lower()),
    expressions,
    st.data(),
)
def test_databases_select_as_python_does(
    database: Database, readers: list[Reader], expression: Expression, data: st.DataObject
) -> None:
    """Of any readers, any segment selects those whom plain logic finds, with no third value between true and false."""
    expression = known(expression, data.draw(st.sampled_from(readers)), data.draw(st.sampled_from(SLUGS)))
    with database.transaction():
        fill(database, readers)
    found = select(database, Segment(expression=expression))
    assert found == [number for number, reader in enumerate(readers) if holds(expression, reader)]


def known(expression: Expression, reader: Reader, slug: str) -> Expression:
    """Return an expression of the same form that asks for an issue that was sent, and for what is true of a reader."""
    match expression:
        case Group():
            return replace(expression, parts=tuple(known(part, reader, slug) for part in expression.parts))
        case Not():
            return Not(part=known(expression.part, reader, slug))
        case Joined():
            return expression
        case _:
            return replace(expression, value=known_value(expression, reader, slug))


def known_value(term: Compared | Marked, reader: Reader, slug: str) -> str:
    """Return a value for a term with which it is true of a reader, or nearly."""
    match term:
        case Compared():
            return value_of(reader, term.field)
        case Marked(mark=Mark.DOMAIN):
            return reader.email.rpartition("@")[2].upper()
        case Marked(mark=Mark.DELIVERED | Mark.OPENED | Mark.CLICKED):
            return slug
        case Marked(mark=Mark.TAG) if reader.tags:
            return reader.tags[0]
        case _:
            return term.value


@pytest.mark.parametrize(
    "value",
    ["' or 1=1 --", "'; drop table subscribers; --", '" or ""="', ":s0", "%(s0)s", "%s", "\\'", "$1", "{value}", "*/"],
)
def test_values_that_would_be_sql(database: Database, value: str) -> None:
    """Whatever a value looks like, it is looked for and never obeyed."""
    spelled = '"{}"'.format(value.replace('"', '""'))
    fill(database, [Reader(email="a@example.org"), Reader(email="b@example.org", name=value, tags=(value,))])
    for text in (f"tag:{spelled}", f"name = {spelled}", f"not name != {spelled}"):
        assert select(database, parse_segment(text, fields=FIELDS, timezone=BERLIN)) == [1]
    for text in (f"city = {spelled}", f"source:{spelled}", f"opened:{spelled}", f"email = {spelled}"):
        assert select(database, parse_segment(text, fields=FIELDS, timezone=BERLIN)) == []


@pytest.mark.parametrize("dialect", Dialect)
@given(expressions)
def test_no_word_becomes_sql(dialect: Dialect, expression: Expression) -> None:
    """The SQL is the same whatever the values are; they stand beside it, each under one name that it uses."""
    condition = compile_segment(Segment(expression=expression), dialect=dialect)
    other = compile_segment(Segment(expression=with_other_values(expression)), dialect=dialect)
    assert condition.sql == other.sql
    assert set(re.findall(r":(\w*)", condition.sql)) == condition.values.keys()
    assert list(condition.values) == [f"s{number}" for number in range(len(condition.values))]
    assert "%" not in condition.sql


def with_other_values(expression: Expression) -> Expression:
    """Return an expression of the same form, about other readers."""
    match expression:
        case Group():
            return replace(expression, parts=tuple(map(with_other_values, expression.parts)))
        case Not():
            return Not(part=with_other_values(expression.part))
        case Joined():
            return replace(expression, begin=MIDNIGHT, end=MIDNIGHT)
        case Marked(mark=Mark.HAS):
            return expression
        case _:
            return replace(expression, value="other")


@pytest.mark.parametrize(
    "text",
    [
        " and ".join(["not tag:none"] * (LONGEST // 5)),
        " or ".join(["first_name = Ada"] * (LONGEST // 4)),
        "(tag:pro or " * (DEEPEST // 2) + "not " * (DEEPEST // 2) + "opened:rail" + ")" * (DEEPEST // 2),
        "(tag:none or not opened:none and " * (DEEPEST - 1) + "tag:pro" + ")" * (DEEPEST - 1),
    ],
)
def test_databases_take_the_longest_and_the_deepest(database: Database, text: str) -> None:
    """What the parser lets through, a database can follow."""
    fill(database, READERS)
    assert 0 in select(database, parse_segment(text, fields=FIELDS, timezone=BERLIN))
