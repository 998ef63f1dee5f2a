"""The expressions that tell readers apart: what they mean, how they are spelled, and what is said of wrong ones."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unicodedata import normalize
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import UsageError
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
    resolve_issues,
)

MANUAL = (Path(__file__).parent.parent / "docs" / "reference" / "segments.md").read_text(encoding="utf-8")
FIELDS = ("first_name", "city")
BERLIN = ZoneInfo("Europe/Berlin")
PRO, OWLS = Marked(mark=Mark.TAG, value="pro"), Marked(mark=Mark.TAG, value="night owls")
ADA = Compared(field="first_name", sign="=", value="Ada")
SLUGS = ("2026-11-10-tea", "2026-11-24-rail", "2026-11-24-rail-2", "2026-12-01")


def parse(text: str, timezone: ZoneInfo = BERLIN) -> Segment:
    """Read an expression of the newsletter of these tests."""
    return parse_segment(text, fields=FIELDS, timezone=timezone)


def group(word: str, *parts: Expression) -> Group:
    """Put parts together, as `and` or `or` does."""
    return Group(word=word, parts=parts)


def _normal(text: str) -> str:
    return normalize("NFC", text).strip()


texts = (
    st.sampled_from(["pro", "Pro", "not", "a b", "O'Brien", 'say "so"', "50 %", ":s0", "' or 1=1 --", "\\", "é", "ß"])
    | st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=8)
).map(_normal)
"""Values as the list may hold them, among them such as mean something to a shell, a parser or a database."""
days = st.dates(date(2026, 10, 24), date(2026, 10, 27))  # on the 25th, clocks go back in Berlin


def _joined(sign: str, day: date) -> Expression:
    return parse(f"joined {sign} {day}").expression


def _grouped(word: str, parts: list[Expression]) -> Expression:
    flat = [
        inner for part in parts for inner in (part.parts if isinstance(part, Group) and part.word == word else [part])
    ]
    return Group(word=word, parts=tuple(flat))


terms: st.SearchStrategy[Expression] = (
    st.builds(Marked, mark=st.sampled_from([mark for mark in Mark if mark is not Mark.HAS]), value=texts.filter(bool))
    | st.builds(Marked, mark=st.just(Mark.HAS), value=st.sampled_from(["name", "email", *FIELDS]))
    | st.builds(
        Compared, field=st.sampled_from(["name", "email", *FIELDS]), sign=st.sampled_from(["=", "!="]), value=texts
    )
    | st.builds(_joined, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), days)
)
"""Single terms of every kind."""
expressions = st.recursive(
    terms.filter(lambda term: not (isinstance(term, Marked) and term.mark is Mark.DOMAIN and "@" in term.value)),
    lambda parts: (
        st.builds(lambda part: Not(part=part), parts)
        | st.builds(_grouped, st.sampled_from(["and", "or"]), st.lists(parts, min_size=2, max_size=3))
    ),
    max_leaves=8,
)
"""Everything that a segment can be."""


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("tag:pro", PRO),
        ("  TAG : pro ", PRO),
        ('tag:"night owls"', OWLS),
        ("tag:'night owls'", OWLS),
        ('tag:" night owls "', OWLS),
        ("tag:Pro", Marked(mark=Mark.TAG, value="Pro")),
        ('tag:"it\'s"', Marked(mark=Mark.TAG, value="it's")),
        ("tag:'it''s'", Marked(mark=Mark.TAG, value="it's")),
        ('tag:"say ""so"""', Marked(mark=Mark.TAG, value='say "so"')),
        ("tag:it's", Marked(mark=Mark.TAG, value="it's")),
        ('tag:"and"', Marked(mark=Mark.TAG, value="and")),
        ("tag:Zu\u0308rich", Marked(mark=Mark.TAG, value="Zürich")),
        ("has:First_Name", Marked(mark=Mark.HAS, value="first_name")),
        ("has:email", Marked(mark=Mark.HAS, value="email")),
        ("domain:Example.org", Marked(mark=Mark.DOMAIN, value="Example.org")),
        ('source:"list.csv"', Marked(mark=Mark.SOURCE, value="list.csv")),
        ("opened:2026-11-10", Marked(mark=Mark.OPENED, value="2026-11-10")),
        ("clicked:rail", Marked(mark=Mark.CLICKED, value="rail")),
        ("delivered:rail", Marked(mark=Mark.DELIVERED, value="rail")),
        ("first_name = Ada", ADA),
        ("first_name=Ada", ADA),
        ("city!='Neu Ulm'", Compared(field="city", sign="!=", value="Neu Ulm")),
        ('name = ""', Compared(field="name", sign="=", value="")),
        ("email = Ada@example.org", Compared(field="email", sign="=", value="Ada@example.org")),
        ("not tag:pro", Not(part=PRO)),
        ("not not tag:pro", Not(part=Not(part=PRO))),
        ("tag:pro and first_name = Ada or tag:'night owls'", group("or", group("and", PRO, ADA), OWLS)),
        ("tag:pro and (first_name = Ada or tag:'night owls')", group("and", PRO, group("or", ADA, OWLS))),
        ("tag:pro OR not first_name = Ada And tag:pro", group("or", PRO, group("and", Not(part=ADA), PRO))),
        ("not (tag:pro or first_name = Ada)", Not(part=group("or", PRO, ADA))),
        ("(tag:pro and (first_name = Ada and tag:pro))", group("and", PRO, ADA, PRO)),
        ("((tag:pro))\n", PRO),
        ("not(tag:pro)or(tag:pro)", group("or", Not(part=PRO), PRO)),
    ],
)
def test_expressions(text: str, expression: Expression) -> None:
    """Each spelling means one thing: not binds before and, and before or; only values are heeded in their case."""
    assert parse(text).expression == expression


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("TAG:pro And Joined>=2026-01-01", "tag:pro and joined >= 2026-01-01"),
        ("tag:'night owls'or tag:\"pro\"", 'tag:"night owls" or tag:pro'),
        ("((tag:a and tag:b) or tag:c) and not(tag:d)", "(tag:a and tag:b or tag:c) and not tag:d"),
        ("not (tag:a and (tag:b and tag:c))", "not (tag:a and tag:b and tag:c)"),
        ("name = '' and city = \"OR\"", 'name = "" and city = "OR"'),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    """A segment is shown with as few parentheses and quotation marks as it can do with."""
    assert str(parse(text)) == normal


@given(expressions)
def test_normal_form_is_read_as_the_same(expression: Expression) -> None:
    """What is shown of a segment, or stored, is read as that segment again."""
    segment = Segment(expression=expression)
    assert parse(str(segment)) == segment


@given(st.text() | st.lists(st.sampled_from([*"()!=<>:'\"", " ", "not", "and", "tag", "joined", "x", "2026-01-01"])))
def test_any_text_is_read_or_refused(words: str | list[str]) -> None:
    """Nothing that can be typed brings the parser down, and what it takes it can spell."""
    try:
        segment = parse(" ".join(words))
    except UsageError:
        return
    assert parse(str(segment)) == segment


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2026-01-01", datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 1, 1, 23, tzinfo=UTC)),
        ("2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        ("2026-10-25", datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)),
    ],
)
def test_day_is_one_of_the_newsletters_time_zone(text: str, begin: datetime, end: datetime) -> None:
    """A day is as long as the clocks of its place make it."""
    assert parse(f"joined = {text}").expression == Joined(sign="=", day=date.fromisoformat(text), begin=begin, end=end)


@given(
    st.datetimes(datetime(2009, 1, 1), datetime(2019, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis adds it
    st.integers(-1, 1),
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_day_holds_its_moments(moment: datetime, later: int, place: str) -> None:
    """A moment is within a day just when the calendar of the place says so, and be it that midnight came twice."""
    timezone = ZoneInfo(place)
    there = moment.astimezone(timezone).date()
    expression = parse(f"joined = {there + timedelta(days=later)}", timezone).expression
    assert isinstance(expression, Joined)
    assert (expression.begin <= moment < expression.end) == (later == 0)


TERMS = "Terms are written like this: tag:pro, not tag:pro"
MEANING = "A tag is written tag:pro, the value of a field first_name = Ada"
JOIN = 'Join terms with and, or; quote a value with spaces or signs: tag:"night owls"'
QUOTE = "One such as and, or, not stands in quotation marks."
CLOSE = "Put the same one behind the value."
DAY = "Write it as 2026-01-31."
DECLARE = "Fields are declared under [fields] in digest.toml."
KNOWN = "known: city, email, first_name, joined, name."


@pytest.mark.parametrize(
    ("text", "pointed", "sentence", "hint"),
    [
        ("", "", "a term is missing here", TERMS),
        ("tag:pro and", "", "a term is missing here", TERMS),
        ("tag:pro and or tag:x", "or", "a term is missing here", TERMS),
        ("!tag:pro", "!", "a term is missing here", TERMS),
        ("'tag':pro", "'tag'", "a term is missing here", TERMS),
        ("(tag:pro", "(", "this parenthesis is never closed", "Put a ) where it ends."),
        ("tag:pro)", ")", '")" cannot follow here', JOIN),
        ("tag:night owls", "owls", '"owls" cannot follow here', JOIN),
        ("pro", "pro", '"pro" says nothing alone', MEANING),
        ("tag:pro\nand\tx", "x", '"x" says nothing alone', MEANING),
        ("tag:pro and " * 30 + "x" + " and tag:pro" * 30, "x", '"x" says nothing alone', MEANING),
        ("tagg:pro", "tagg", 'there is no term "tagg:"', 'did you mean "tag"?'),
        ("x:pro", "x", 'there is no term "x:"', "known: clicked, delivered, domain, has, opened, source, tag"),
        ("city:Ulm", "city", 'there is no term "city:"', "Compare it: city = …"),
        ("joined:2026-01-01", "joined", 'there is no term "joined:"', "Compare it: joined = …"),
        ("tag:", "", "a value is missing here", QUOTE),
        ("tag:and tag:x", "and", "a value is missing here", QUOTE),
        ("name = )", ")", "a value is missing here", QUOTE),
        ("tag:''", "''", "a value is missing here", "Those without a value for a field: not has:first_name"),
        ("frist_name = Ada", "frist_name", 'there is no field "frist_name"', f'did you mean "first_name"? {DECLARE}'),
        ("has:x", "x", 'there is no field "x"', f"{KNOWN} {DECLARE}"),
        ("joind > 2026-01-01", "joind", 'there is no field "joind"', f'did you mean "joined"? {DECLARE}'),
        ("tag = pro", "tag", 'there is no field "tag"', f"{KNOWN} Write tag:…"),
        ("city < Ulm", "<", "no field can be compared with <", "Only joined can. Use = or !="),
        ("joined > yesterday", "yesterday", '"yesterday" is no day', DAY),
        ("joined > '2026-02-30'", "'2026-02-30'", '"2026-02-30" is no day', DAY),
        ("joined > 9999-12-31", "9999-12-31", '"9999-12-31" is no day', DAY),
        ("joined > 0001-01-01", "0001-01-01", '"0001-01-01" is no day', DAY),
        ("city = 'Ulm", "'", "this quotation mark is never closed", CLOSE),
        ('tag:a"b', '"', "this quotation mark is never closed", CLOSE),
        ("domain:@a.org", "@a.org", "a domain has no @", "Write what stands behind it: domain:example.org"),
    ],
)
def test_faults(text: str, pointed: str, sentence: str, hint: str) -> None:
    """What cannot be read is named, with the way out, and with a caret below it where the expression is shown."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    way_out, shown, caret = caught.value.hint.split("\n")
    assert (caught.value.sentence, way_out) == (sentence, hint)
    assert len(shown) <= 80
    start = caret.index("^")
    assert shown[start : len(caret)] == pointed
    assert set(caret[start:]) == {"^"}


@pytest.mark.parametrize(
    "text", ["ada@example.org", "email = 'ada@example.org' and x", "has:ada@example.org", "joined > ada@example.org"]
)
def test_faults_show_no_address(text: str) -> None:
    """An address in an expression does not get into an error, and so not into a log."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert "ada" not in "\n".join(caught.value.lines())
    assert "…" * len("ada@example.org") in caught.value.hint


@pytest.mark.parametrize(
    ("text", "sign"), [("tag:a\0b", "U+0000"), ("tag:'\x1b[0m'", "U+001B"), ("tag:\udcff", "U+DCFF")]
)
def test_signs_that_nobody_sees_are_refused(text: str, sign: str) -> None:
    """What no database takes, or a terminal would obey, is named by its number."""
    with pytest.raises(UsageError, match=r"an invisible sign .* at position [56]$") as caught:
        parse(text)
    assert sign in caught.value.sentence


@pytest.mark.parametrize("opening", ["(", "not ", "not ("])
def test_nesting_has_an_end(opening: str) -> None:
    """Parentheses and negations that nobody could follow, and no database either, are refused."""
    depth = DEEPEST // len(opening.split())
    for levels in (depth, depth + 1, 10_000):
        text = opening * levels + "tag:pro" + ")" * (opening.count("(") * levels)
        if levels == depth:
            assert parse(text).tags == {"pro"}
        else:
            with pytest.raises(UsageError, match=r"deep|words and signs"):
                parse(text)


def test_length_has_an_end() -> None:
    """As many terms as a database takes can be joined, and the next is refused with the way out."""
    most = " or ".join(["tag:pro"] * (LONGEST // 4))
    assert parse(most).tags == {"pro"}
    with pytest.raises(UsageError, match=r"more than 2,000 words and signs") as caught:
        parse(f"{most} or tag:pro")
    assert caught.value.hint == "Give these readers a tag, and write that."


def test_segment_names_what_it_refers_to() -> None:
    """Tags and issues can be looked up before a segment is used, wherever in it they stand."""
    segment = parse("tag:a and not (tag:b or opened:x and (clicked:'y' or delivered:z)) or source:q and city = tag")
    assert segment.tags == {"a", "b"}
    assert segment.issues == {"x", "y", "z"}


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("opened:2026-11-10", "opened:2026-11-10-tea"),
        (
            "not (clicked:2026-12 or delivered:2026-11-24-rail-2)",
            "not (clicked:2026-12-01 or delivered:2026-11-24-rail-2)",
        ),
        ("tag:2026-12 and opened:2026-11-24-rail", "tag:2026-12 and opened:2026-11-24-rail"),
    ],
)
def test_issues_are_known_by_their_beginnings(text: str, resolved: str) -> None:
    """The beginning of one slug stands for it; a whole slug stands for itself, though another begins with it."""
    assert str(resolve_issues(parse(text), SLUGS)) == resolved


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        (
            "opened:2026-11-24",
            '"2026-11-24" is the beginning of 2 issues that were sent',
            "Write more of one: 2026-11-24-rail, 2026-11-24-rail-2",
        ),
        (
            "not opened:2026-11-10-tee",
            'no issue that was sent is called "2026-11-10-tee", and none begins so',
            'did you mean "2026-11-10-tea"?',
        ),
        (
            "tag:x or clicked:q",
            'no issue that was sent is called "q", and none begins so',
            f"known: {', '.join(SLUGS)}",
        ),
    ],
)
def test_unknown_issues(text: str, sentence: str, hint: str) -> None:
    """A word that stands for no issue, or for several, is answered with what exists."""
    with pytest.raises(UsageError) as caught:
        resolve_issues(parse(text), SLUGS)
    assert (caught.value.sentence, caught.value.hint) == (sentence, hint)


def test_no_issue_was_ever_sent() -> None:
    """Before the first issue, none can be asked for."""
    with pytest.raises(UsageError, match="no issue that was sent") as caught:
        resolve_issues(parse("opened:x"), ())
    assert caught.value.hint == "there are none"


@given(expressions)
def test_resolving_changes_nothing_whole(expression: Expression) -> None:
    """A segment that names whole slugs stays as it is."""
    segment = Segment(expression=expression)
    assert resolve_issues(segment, segment.issues) == segment


def test_manual_shows_every_term() -> None:
    """The table has each kind of term, spelled in normal form."""
    shown = re.findall(r"^\| `([^`]*)` \|", MANUAL, flags=re.MULTILINE)
    assert [str(parse(text)) for text in shown] == shown
    found = [parse(text).expression for text in shown]
    assert {term.mark for term in found if isinstance(term, Marked)} == set(Mark)
    assert {type(term) for term in found} == {Marked, Compared, Joined}


def test_examples_of_the_manual_are_right() -> None:
    """Every expression of the manual is one, and those that it calls the same are."""
    blocks = dict(re.findall(r"^## (.*)\n(?:(?!## ).*\n)*?```text\n((?:.+\n)*)```$", MANUAL, flags=re.MULTILINE))
    left, right = blocks["Joining terms"].splitlines()
    assert parse(left) == parse(right)
    _, one, two, _ = blocks["Values"].splitlines()
    assert parse(one) == parse(two)
    for block in re.findall(r"```text\n(.*?)```", MANUAL, flags=re.DOTALL):
        assert all(map(parse, block.splitlines()))
    for block in re.findall(r"```toml\n(.*?)```", MANUAL, flags=re.DOTALL):
        assert all(map(parse, tomllib.loads(block)["segments"].values()))
