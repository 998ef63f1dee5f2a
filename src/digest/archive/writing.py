"""An issue's prose as pages show it: the HTML of the mail in boxes of today, and nothing in it that runs."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import nh3

from digest.model import MARKER, Context, Pattern, Slot
from digest.rendering.inserts import release
from digest.rendering.markup import Renderer

if TYPE_CHECKING:
    from digest.rendering.images import Images

_ATTRIBUTES = {
    "*": {"align", "aria-label", "class", "dir", "id", "lang", "role", "style", "tabindex", "title", "valign"},
    "a": {"href"},
    "blockquote": {"cite"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "font": {"color", "face", "size"},
    "img": {"alt", "decoding", "height", "loading", "sizes", "src", "srcset", "width"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "q": {"cite"},
    "table": {"bgcolor", "border", "cellpadding", "cellspacing", "width"},
    "td": {"bgcolor", "colspan", "headers", "height", "rowspan", "width"},
    "th": {"bgcolor", "colspan", "headers", "height", "rowspan", "scope", "width"},
    "time": {"datetime"},
}
_CLEANER = nh3.Cleaner(
    tags={*nh3.ALLOWED_TAGS, "font"},
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "sms", "tel"},
    link_rel=None,
)


class PageRenderer(Renderer):
    """The mail's renderer, without what Outlook wants, and with links between notes and their calls."""

    box = '<div class="{0}"><div class="{0}-cell">'
    box_end = "</div></div>\n"
    table_end = "</table></div>\n"
    code = '<pre dir="ltr" tabindex="0"><code>'  # whoever has no mouse moves what is too wide by the keyboard

    def __init__(self, *, images: Images, image_width: int, code_style: str, table_called: str) -> None:
        """`table_called` is what a table is called to those who hear it."""
        group = f'<div class="scroll" role="group" aria-label="{escape(table_called)}" tabindex="0">'
        self.table = f'{group}<table class="data">\n'
        super().__init__(images=images, image_width=image_width, code_style=code_style)
        self._called: set[int] = set()

    def note_call(self, number: int) -> str:
        """Return the link to a note; the first one is what the note leads back to."""
        name = "" if number in self._called else f' id="call-{number}"'
        self._called.add(number)
        return f'<sup class="note"><a href="#note-{number}"{name} role="doc-noteref">{number}</a></sup>'

    def note_head(self, number: int) -> str:
        """Return the number of a note, which leads back to its call."""
        return (
            f'<a class="note-number" id="note-{number}" href="#call-{number}" role="doc-backlink">{number}</a>&nbsp; '
        )


def finish(page: str, stand_in: str) -> str:
    """
    Return a page that a template made, with the issue's HTML in it, cleaned.

    Where the value of a field would stand there is its fallback, else `stand_in`, and in an address nothing.

    Raises:
        ContentError: a field stands where no value is safe.
    """
    return _for_everyone(Pattern.of_html(release(page, _CLEANER.clean)), stand_in)


def plain(text: str, stand_in: str) -> str:
    """Return a text such as a title as everyone may see it."""
    return _for_everyone(Pattern.of_text(text), stand_in)


def fields_without_fallback(text: str) -> set[str]:
    """Return the fields of the reader in what templates made for which `stand_in` will stand."""
    slots = map(Slot.from_marker, MARKER.finditer(release(text, str)))
    return {slot.name for slot in slots if slot.fallback is None}


def _for_everyone(pattern: Pattern, stand_in: str) -> str:
    return pattern.spell(lambda slot: slot.context.escape(_value(slot, stand_in)), str)


def _value(slot: Slot, stand_in: str) -> str:
    return slot.fallback or ("" if slot.context is Context.URL else stand_in)
