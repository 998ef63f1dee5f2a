"""Segments as SQL: conditions on the rows of ``subscribers`` in which all that a user wrote is a value with a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.segments import Compared, Group, Joined, Mark, Marked, Not
from digest.store.database import Dialect, to_stamp
from digest.store.erasing import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.segments import Expression, Segment

# What is null is neither true nor false, and `not` does not change that: so none of these conditions is ever null.
_HEARD = """exists (select 1 from news
where news.subscriber_id = subscribers.id and news.kind = {kind}
and news.mailing_id = (select mailings.id from mailings where mailings.slug = {slug}))"""
_DOMAIN = "substr(subscribers.key, length(subscribers.key) - length({end}) + 1) = {end}"
_SOURCE = "subscribers.source = {source}"
_JOINED = {
    "=": "(subscribers.added_at >= {begin} and subscribers.added_at < {end})",
    "!=": "(subscribers.added_at < {begin} or subscribers.added_at >= {end})",
    "<": "subscribers.added_at < {begin}",
    "<=": "subscribers.added_at < {end}",
    ">": "subscribers.added_at >= {end}",
    ">=": "subscribers.added_at >= {begin}",
}
_COMPARED = {"=": "{left} = {right}", "!=": "{left} <> {right}"}

_TAG = {
    Dialect.SQLITE: "exists (select 1 from json_each(subscribers.tags) where json_each.value = {tag})",
    Dialect.POSTGRESQL: "cast(subscribers.tags as jsonb) @> to_jsonb(cast({tag} as text))",
}
_FIELD = {
    Dialect.SQLITE: """coalesce(json_extract(subscribers.fields, '$."' || {field} || '"'), '')""",
    Dialect.POSTGRESQL: "coalesce(cast(subscribers.fields as json) ->> {field}, '')",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Stands behind ``where`` or ``and`` in a query of ``subscribers``, and is true or false, never null."""

    sql: str
    values: Mapping[str, str]
    """By their names in the query: ``:s0``, ``:s1``, ..."""


def compile_segment(segment: Segment, *, dialect: Dialect) -> Condition:
    """Return the condition for a segment whose issues are named by their whole slugs."""
    compiler = _Compiler(dialect)
    return Condition(sql=f"({compiler.compile(segment.expression)})", values=compiler.values)


class _Compiler:
    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.values: dict[str, str] = {}

    def compile(self, expression: Expression) -> str:
        match expression:
            case Group(word="or"):
                return " or ".join(map(self.compile, expression.parts))
            case Group():
                return " and ".join(map(self._compile_conjunct, expression.parts))
            case Not():
                return f"not ({self.compile(expression.part)})"
            case Joined():
                begin, end = to_stamp(expression.begin), to_stamp(expression.end)
                return self._fill(_JOINED[expression.sign], begin=begin, end=end)
            case Compared():
                return self._compare(expression.field, expression.sign, expression.value)
            case Marked():
                return self._compile_mark(expression.mark, expression.value)

    def _compile_conjunct(self, part: Expression) -> str:
        """Leave out parentheses that nobody needs, since SQLite's parser keeps account of each."""
        return f"({self.compile(part)})" if isinstance(part, Group) else self.compile(part)

    def _compile_mark(self, mark: Mark, value: str) -> str:
        match mark:
            case Mark.TAG:
                return self._fill(_TAG[self._dialect], tag=value)
            case Mark.HAS:
                return self._compare(value, "!=", "")
            case Mark.DOMAIN:
                return self._fill(_DOMAIN, end=key_of(f"@{value}"))
            case Mark.SOURCE:
                return self._fill(_SOURCE, source=value)
            case Mark.DELIVERED | Mark.OPENED | Mark.CLICKED:
                return self._fill(_HEARD, kind=mark.value, slug=value)

    def _compare(self, field: str, sign: str, value: str) -> str:
        match field:
            case "email":  # `key` is the address without regard to case
                left, value = "subscribers.key", key_of(value)
            case "name":
                left = "subscribers.name"
            case _:
                left = self._fill(_FIELD[self._dialect], field=field)
        return _COMPARED[sign].format(left=left, right=self._fill("{value}", value=value))

    def _fill(self, template: str, **values: str) -> str:
        """Put names in the places of a template, and keep the values of those that it has."""
        names = {}
        for place, value in values.items():
            if f"{{{place}}}" in template:
                name = f"s{len(self.values)}"
                self.values[name] = value
                names[place] = f":{name}"
        return template.format(**names)
