"""
Segments: readers told apart by an expression such as ``tag:pro and joined >= 2026-01-01``.

    either = both {"or" both}
    both   = one {"and" one}
    one    = "not" one | "(" either ")" | term
    term   = mark ":" value | field ("=" | "!=") value | "joined" ("=" | "!=" | "<" | "<=" | ">" | ">=") day

A value is a word, or a text in quotation marks, in which a doubled one stands for one. For marks, see `Mark`.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from unicodedata import normalize

from digest.errors import UsageError, did_you_mean
from digest.model import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import tzinfo

LONGEST = 2_000
"""Words and signs in an expression: 500 terms. In a row, each makes a query deeper by one; SQLite takes 1,000."""
DEEPEST = 10
"""How deep parentheses and ``not`` may lie in one another; the stack of SQLite's parser holds thirteen of them."""

_WORD = re.compile(r"""[^\s"'!=<>:()][^\s"!=<>:()]*""")
_TOKEN = re.compile(
    rf"""(?P<word>{_WORD.pattern})|(?P<quoted>"(?:[^"]|"")*"|'(?:[^']|'')*')|(?P<sign>[!<>]=|[!=<>:()])|(?P<unclosed>\S)"""
)
_KEYWORDS = frozenset({"and", "or", "not"})
_JOINED = "joined"
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_ADDRESS = re.compile(r"""[^\s"'=<>:()]+@[^\s"'=<>:()]+""")
_BEFORE, _SHOWN = 40, 76
"""How much of an expression is shown before a fault, and in all."""


class Mark(Enum):
    """What may stand before a colon; behind a kind of event stands the slug of an issue."""

    TAG = "tag"
    HAS = "has"
    DOMAIN = "domain"
    SOURCE = "source"
    DELIVERED = EventKind.DELIVERED.value
    OPENED = EventKind.OPENED.value
    CLICKED = EventKind.CLICKED.value


_OF_ISSUES = frozenset({Mark.DELIVERED, Mark.OPENED, Mark.CLICKED})
_MARKS = {mark.value: mark for mark in Mark}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A term such as ``tag:pro``."""

    mark: Mark
    value: str

    def __str__(self) -> str:
        return f"{self.mark.value}:{_spell(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A term such as ``first_name = Ada``, with ``=`` or ``!=``; a missing value counts as a blank one."""

    field: str
    sign: str
    value: str

    def __str__(self) -> str:
        return f"{self.field} {self.sign} {_spell(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A term such as ``joined >= 2026-01-01``, with ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``."""

    sign: str
    day: date
    begin: datetime
    end: datetime
    """The first moment after the day, as `begin` is its first; both are in UTC."""

    def __str__(self) -> str:
        return f"{_JOINED} {self.sign} {self.day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """Everyone else."""

    part: Expression

    def __str__(self) -> str:
        return f"not ({self.part})" if isinstance(self.part, Group) else f"not {self.part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Two parts or more with ``and`` or ``or`` between them; none of them is a group of the same word."""

    word: str
    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        enclosed = Group if self.word == "and" else ()
        return f" {self.word} ".join(f"({part})" if isinstance(part, enclosed) else str(part) for part in self.parts)


Expression: TypeAlias = Marked | Compared | Joined | Not | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Some of the readers. ``str()`` is its expression in a normal form, which is read as an equal segment."""

    expression: Expression

    def __str__(self) -> str:
        return str(self.expression)

    @property
    def tags(self) -> frozenset[str]:
        """The tags that it names."""
        return frozenset(term.value for term in _marked(self.expression) if term.mark is Mark.TAG)

    @property
    def issues(self) -> frozenset[str]:
        """The issues that it names, by their slugs or the beginnings of these."""
        return frozenset(term.value for term in _marked(self.expression) if term.mark in _OF_ISSUES)


def parse_segment(text: str, *, fields: Collection[str], timezone: tzinfo) -> Segment:
    """
    Read an expression over the declared `fields`; its days begin and end in `timezone`.

    Raises:
        UsageError: it is none. The hint shows where, and nobody's address.
    """
    normal = normalize("NFC", text)  # as the list keeps its texts
    invisible = _INVISIBLE.search(normal)
    if invisible:
        msg = f"the segment holds an invisible sign (U+{ord(invisible[0]):04X}) at position {invisible.start() + 1}"
        raise UsageError(msg, hint="Take it out.")
    return Segment(expression=_Parser(normal, fields, timezone).expression())


def resolve_issues(segment: Segment, slugs: Collection[str]) -> Segment:
    """
    Return the segment with whole slugs in place of their beginnings.

    Raises:
        UsageError: a word is the beginning of none of the `slugs`, or of several.
    """
    return Segment(expression=_resolve(segment.expression, slugs))


def _resolve(expression: Expression, slugs: Collection[str]) -> Expression:
    match expression:
        case Group():
            return replace(expression, parts=tuple(_resolve(part, slugs) for part in expression.parts))
        case Not():
            return Not(part=_resolve(expression.part, slugs))
        case Marked() if expression.mark in _OF_ISSUES:
            return replace(expression, value=_whole_slug(expression.value, slugs))
        case _:
            return expression


def _whole_slug(word: str, slugs: Collection[str]) -> str:
    found = [word] if word in slugs else sorted(slug for slug in slugs if slug.startswith(word))
    if not found:
        msg = f'no issue that was sent is called "{word}", and none begins so'
        raise UsageError(msg, hint=did_you_mean(word, slugs))
    if len(found) > 1:
        msg = f'"{word}" is the beginning of {len(found)} issues that were sent'
        raise UsageError(msg, hint=f"Write more of one: {', '.join(found)}")
    return found[0]


def _marked(expression: Expression) -> Iterator[Marked]:
    match expression:
        case Group():
            for part in expression.parts:
                yield from _marked(part)
        case Not():
            yield from _marked(expression.part)
        case Marked():
            yield expression


def _parts(expression: Expression, word: str) -> tuple[Expression, ...]:
    return expression.parts if isinstance(expression, Group) and expression.word == word else (expression,)


def _spell(value: str) -> str:
    plain = _WORD.fullmatch(value) and value.lower() not in _KEYWORDS
    return value if plain else '"{}"'.format(value.replace('"', '""'))


class _Token(NamedTuple):
    kind: str
    """One of: word, quoted, sign (which keywords are, too), unclosed, end."""
    text: str
    start: int
    end: int


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        kind, word = str(match.lastgroup), match[0]
        if kind == "word" and word.lower() in _KEYWORDS:
            kind, word = "sign", word.lower()
        elif kind == "quoted":
            word = word[1:-1].replace(word[0] * 2, word[0]).strip()  # as the list keeps its texts
        yield _Token(kind, word, *match.span())
    yield _Token("end", "", len(text), len(text))


class _Parser:
    """Reads one expression, with a method for each line of the grammar."""

    def __init__(self, text: str, fields: Collection[str], timezone: tzinfo) -> None:
        self._tokens = deque(_tokens(text))
        self._fields = {"email", "name", *fields}
        self._timezone = timezone
        self._shown = _ADDRESS.sub(lambda match: "…" * len(match[0]), re.sub(r"\s", " ", text))

    def expression(self) -> Expression:
        if len(self._tokens) > LONGEST:
            msg = f"the segment has more than {LONGEST:,} words and signs"
            raise UsageError(msg, hint="Give these readers a tag, and write that.")
        for token in self._tokens:
            if token.kind == "unclosed":
                raise self._fault(token, "this quotation mark is never closed", "Put the same one behind the value.")
        expression = self._either(0)
        rest = self._tokens[0]
        if rest.kind != "end":
            hint = 'Join terms with and, or; quote a value with spaces or signs: tag:"night owls"'
            raise self._fault(rest, f'"{self._seen(rest)}" cannot follow here', hint)
        return expression

    def _either(self, depth: int) -> Expression:
        return self._chain("or", self._both, depth)

    def _both(self, depth: int) -> Expression:
        return self._chain("and", self._one, depth)

    def _chain(self, word: str, read: Callable[[int], Expression], depth: int) -> Expression:
        parts = [read(depth)]
        while self._take(word):
            parts.append(read(depth))
        flat = [inner for part in parts for inner in _parts(part, word)]
        return parts[0] if len(parts) == 1 else Group(word=word, parts=tuple(flat))

    def _one(self, depth: int) -> Expression:
        token = self._tokens[0]
        if depth > DEEPEST:
            raise self._fault(token, f"this is nested more than {DEEPEST} deep", "Take some parentheses out.")
        if self._take("not"):
            return Not(part=self._one(depth + 1))
        if not self._take("("):
            return self._term()
        inside = self._either(depth + 1)
        if not self._take(")"):
            raise self._fault(token, "this parenthesis is never closed", "Put a ) where it ends.")
        return inside

    def _term(self) -> Marked | Compared | Joined:
        name = self._tokens[0]
        if name.kind != "word":
            raise self._fault(name, "a term is missing here", "Terms are written like this: tag:pro, not tag:pro")
        self._tokens.popleft()
        if self._take(":"):
            return self._marked(name)
        sign = self._take("=", "!=", "<", "<=", ">", ">=")
        if not sign:
            hint = "A tag is written tag:pro, the value of a field first_name = Ada"
            raise self._fault(name, f'"{self._seen(name)}" says nothing alone', hint)
        return self._joined(sign) if name.text.lower() == _JOINED else self._compared(name, sign)

    def _marked(self, name: _Token) -> Marked:
        word = name.text.lower()
        if word not in _MARKS:
            comparable = word in {_JOINED, *self._fields}
            hint = f"Compare it: {word} = …" if comparable else did_you_mean(word, _MARKS)
            raise self._fault(name, f'there is no term "{self._seen(name)}:"', hint)
        value, mark = self._value(), _MARKS[word]
        if not value.text:
            raise self._fault(value, "a value is missing here", "Those without a value for a field: not has:first_name")
        if mark is Mark.DOMAIN and "@" in value.text:
            raise self._fault(value, "a domain has no @", "Write what stands behind it: domain:example.org")
        return Marked(mark=mark, value=self._field(value) if mark is Mark.HAS else value.text)

    def _joined(self, sign: _Token) -> Joined:
        value = self._value()
        try:
            day = date.fromisoformat(value.text)
            nights = [datetime.combine(day + timedelta(days=days), time(), self._timezone) for days in (0, 1)]
            begin, end = (night.astimezone(UTC) for night in nights)
        except (ValueError, OverflowError) as fault:
            raise self._fault(value, f'"{self._seen(value)}" is no day', "Write it as 2026-01-31.") from fault
        return Joined(sign=sign.text, day=day, begin=begin, end=end)

    def _compared(self, name: _Token, sign: _Token) -> Compared:
        field = self._field(name)
        if sign.text not in {"=", "!="}:
            raise self._fault(sign, f"no field can be compared with {sign.text}", "Only joined can. Use = or !=")
        return Compared(field=field, sign=sign.text, value=self._value().text)

    def _field(self, token: _Token) -> str:
        word = token.text.lower()
        if word not in self._fields:
            more = f"Write {word}:…" if word in _MARKS else "Fields are declared under [fields] in digest.toml."
            hint = did_you_mean(word, {_JOINED, *self._fields}, then=more)
            raise self._fault(token, f'there is no field "{self._seen(token)}"', hint)
        return word

    def _value(self) -> _Token:
        token = self._tokens[0]
        if token.kind not in {"word", "quoted"}:
            raise self._fault(token, "a value is missing here", "One such as and, or, not stands in quotation marks.")
        return self._tokens.popleft()

    def _take(self, *signs: str) -> _Token | None:
        """Go past the next token if it is one of these signs."""
        token = self._tokens[0]
        return self._tokens.popleft() if token.kind == "sign" and token.text in signs else None

    def _seen(self, token: _Token) -> str:
        return self._shown[token.start : token.end].strip("\"'")

    def _fault(self, token: _Token, sentence: str, hint: str) -> UsageError:
        """Return an error whose hint shows the expression, or what is near the token in it, with a caret below."""
        begin = max(0, token.start - _BEFORE)
        shown = self._shown[begin : begin + _SHOWN]
        caret = "^" * max(1, min(token.end, begin + _SHOWN) - token.start)
        return UsageError(sentence, hint=f"{hint}\n    {shown}\n    {' ' * (token.start - begin)}{caret}")
