"""
Slots, where readers differ, and patterns, texts cut at their slots once.

A slot travels through Markdown, Jinja, MJML and HTML as a *marker*, a word of letters and digits that
none of them touches and that says all about itself, so no table has to travel beside the text.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from enum import Enum
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from digest.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

MARKER = re.compile(r"zslot([0-9a-f]+)x([0-9a-f]*)z")
_REMNANT = re.compile(r"zslot[0-9a-f]", re.IGNORECASE)


class Context(Enum):
    """Where a slot stands, which decides how a value is made safe there. Everywhere, it is put on one line."""

    TEXT = "text"
    """Plain text and header fields: as it is."""
    HTML = "html"
    """Text and attribute values of HTML."""
    URL = "url"
    """A part of an address, in HTML or in plain text."""

    @property
    def escape(self) -> Callable[[str], str]:
        """Turns a value into what can only be read as text where it stands."""
        return _ESCAPES[self]

    def escape_all(self, values: Sequence[str]) -> Sequence[str]:
        """Escape many values, in one piece where that comes to the same: a batch has a thousand."""
        joined = "".join(values)
        if not joined or (not joined.isprintable() and _BREAKS.search(joined)):
            return [*map(self.escape, values)]
        if self is Context.HTML:
            return html.escape("\n".join(values)).split("\n")
        return values if self is Context.TEXT or _URL_SAFE.fullmatch(joined) else [*map(self.escape, values)]


def one_line(value: str) -> str:
    """Return `value` with a space for each line break and control character, which could begin a header field."""
    return value if value.isprintable() else _BREAKS.sub(" ", value)  # nearly all are, and that is quick to see


def _as_html(value: str) -> str:
    return html.escape(value if value.isprintable() else one_line(value))


def _as_url_part(value: str) -> str:
    return quote(one_line(value), safe="")


_URL_SAFE = re.compile(r"[A-Za-z0-9_.~-]*")
# Every control character and line separator, each one that str.splitlines knows.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ESCAPES: dict[Context, Callable[[str], str]] = {
    Context.TEXT: one_line,
    Context.HTML: _as_html,
    Context.URL: _as_url_part,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place for one field of the reader. Without a fallback, every reader must have a value."""

    name: str
    fallback: str | None = None
    context: Context = Context.TEXT

    @property
    def marker(self) -> str:
        """The word that stands for this slot until the text is cut; see `MARKER`."""
        fallback = "" if self.fallback is None else f"00{self.fallback.encode().hex()}"
        return f"zslot{self.name.encode().hex()}x{fallback}z"

    @classmethod
    def from_marker(cls, match: re.Match[str], context: Context = Context.TEXT) -> Self:
        """Read the slot that a marker stands for."""
        name, fallback = (bytes.fromhex(part).decode() for part in match.groups())
        return cls(name=name, fallback=fallback[1:] if fallback else None, context=context)

    def value(self, values: Mapping[str, str]) -> str:
        """Return the reader's value or the fallback; a blank one counts as none."""
        return values.get(self.name) or self.fallback or ""

    def column(self, values: Sequence[str]) -> Sequence[str]:
        """Return what stands in the slot for each of many readers, given their values of the field."""
        filled = values if all(values) else [value or self.fallback or "" for value in values]
        return self.context.escape_all(filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A text cut at its slots: ``texts[0] slots[0] texts[1] … slots[n-1] texts[n]``."""

    texts: tuple[str, ...]
    slots: tuple[Slot, ...] = ()

    @classmethod
    def of_text(cls, marked: str) -> Self:
        """Cut a plain text or a header field; a slot inside an address is escaped for addresses."""
        return cls._cut(marked, lambda start: _context_in_text(marked, start))

    @classmethod
    def of_field(cls, name: str) -> Self:
        """Return the pattern that is a field of the reader and nothing else, as it is."""
        return cls(texts=("", ""), slots=(Slot(name=name),))

    @classmethod
    def of_html(cls, marked: str) -> Self:
        """
        Cut an HTML document.

        Raises:
            ContentError: a slot stands where no value is safe (a style, a comment, a tag's name).
        """
        tags = [match.span() for match in _HTML_TAG.finditer(marked)] if MARKER.search(marked) else []
        return cls._cut(marked, lambda start: _context_in_html(marked, start, tags))

    @classmethod
    def _cut(cls, marked: str, context_at: Callable[[int], Context]) -> Self:
        texts: list[str] = []
        slots: list[Slot] = []
        end = 0
        for match in MARKER.finditer(marked):
            texts.append(marked[end : match.start()])
            slots.append(Slot.from_marker(match, context_at(match.start())))
            end = match.end()
        texts.append(marked[end:])
        for text in texts:
            if _REMNANT.search(text):
                msg = "a field of the reader was changed or cut by the template"
                hint = "Print fields as they are: no filter such as upper or truncate may touch them."
                raise ContentError(msg, hint=hint)
        return cls(texts=tuple(texts), slots=tuple(slots))

    @property
    def marked(self) -> str:
        """The text again, with a marker at each slot."""
        return _alternate(self.texts, (slot.marker for slot in self.slots))

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text as the reader with these `values` gets it."""
        return _alternate(self.texts, (slot.context.escape(slot.value(values)) for slot in self.slots))

    def spell(self, slot: Callable[[Slot], str], text: Callable[[str], str]) -> str:
        """Return the text with each slot and each piece between them as these functions write it."""
        return _alternate(map(text, self.texts), map(slot, self.slots))


def _alternate(texts: Iterable[str], fillings: Iterable[str]) -> str:
    """Join a text, a filling, a text and so on, which ends with a text."""
    return "".join(chain.from_iterable(zip_longest(texts, fillings, fillvalue="")))


# Conditional comments of Outlook are comments to everyone else, and styles hold no readers' values either.
_HTML_TAG = re.compile(
    r"<!--.*?-->|<(?P<raw>style|script|title)\b.*?</(?P=raw)\s*>|<[a-zA-Z/!](?:\"[^\"]*\"|'[^']*'|[^>\"'])*>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE_BEFORE = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)|'([^']*))$""")
_URL_BEFORE = re.compile(r"(?:https?://|mailto:)[^\s<>\"]*$", re.IGNORECASE)
_LONGEST_ADDRESS = 2000
"""How far back we look for the beginning of an address: more than browsers and servers take."""
_ADDRESSES = frozenset({"href", "src", "action", "background", "cite", "poster"})


def _context_in_text(marked: str, start: int) -> Context:
    before = MARKER.sub("x", marked[max(0, start - _LONGEST_ADDRESS) : start])
    return Context.URL if _URL_BEFORE.search(before) else Context.TEXT


def _context_in_html(marked: str, start: int, tags: list[tuple[int, int]]) -> Context:
    tag = next(((begin, end) for begin, end in tags if begin < start < end), None)
    if tag is None:
        return Context.HTML
    begin, end = tag
    if marked[begin : begin + 6].lower() == "<title":
        return Context.HTML
    attribute = _ATTRIBUTE_BEFORE.search(MARKER.sub("x", marked[begin:start]))
    if attribute is None:
        msg = "a field of the reader stands inside a comment, a style or the name of a tag"
        raise ContentError(msg, hint=f"Move it into text: {marked[begin:end][:60]}")
    name, before = attribute[1].lower(), attribute[2] or attribute[3] or ""
    if name == "style":
        msg = "a field of the reader stands inside a style"
        raise ContentError(msg, hint="Values of readers may stand in text, in addresses and in attributes such as alt.")
    if name in _ADDRESSES:
        return _context_in_address(before)
    return Context.HTML


def _context_in_address(before: str) -> Context:
    if not before:
        msg = "a field of the reader cannot be a whole address"
        hint = "Begin the address yourself: https://example.org/{{ field }}"
        raise ContentError(msg, hint=hint)
    return Context.URL
