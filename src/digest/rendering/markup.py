"""Prose to HTML that mail programs show: semantic tags, whose looks come from the stylesheet ``content.css``."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from markdown_it.common.utils import unescapeAll
from markdown_it.renderer import RendererHTML
from markdown_it.utils import OptionsDict

from digest.rendering.highlighting import highlight

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from markdown_it.token import Token

    from digest.model import Prose
    from digest.rendering.images import Images

_OPTIONS = OptionsDict(
    {
        "maxNesting": 100,
        "html": True,
        "linkify": False,
        "typographer": False,
        "quotes": "",
        "xhtmlOut": False,
        "breaks": False,
        "langPrefix": "",
        "highlight": None,
    },
)
# A box is a table, since Outlook for Windows pads nothing else; its role says that it holds no data.
_BOX = '<table role="presentation" cellpadding="0" cellspacing="0" border="0" class="{0}"><tr><td class="{0}-cell">'
_BOX_END = "</td></tr></table>\n"
_FIXED = {
    "alert_open": _BOX.format("alert"),
    "alert_title_open": '<p class="alert-title">',
    "alert_close": _BOX_END,
    "table_open": '<table class="data" cellpadding="0" cellspacing="0" border="0">\n',
    "footnote_block_open": '<div class="notes">\n',
    "footnote_block_close": "</div>\n",
    "footnote_anchor": "",  # Gmail's and Samsung's apps follow no link within a message (caniemail.com, 2026-05)
    "footnote_open": "",
    "footnote_close": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """Writes the HTML of one issue's prose; footnotes are numbered in the order in which they are written."""

    images: Images
    image_width: int
    """How wide an image may be, in pixels."""
    code_style: str
    notes: dict[tuple[Path | None, int], int] = field(default_factory=dict)

    def write(self, prose: Prose) -> str:
        """
        Return the HTML of `prose`, with the markers of its slots.

        Raises:
            ContentError: an image that cannot be shown.
            SettingsError: a style of code that Pygments does not have.
        """
        return str(_Renderer(self, prose.path).render(prose.tokens, _OPTIONS, {}))

    def write_line(self, prose: Prose) -> str:
        """Return the HTML of inline prose, such as a heading's."""
        return str(_Renderer(self, prose.path).renderInline(prose.tokens, _OPTIONS, {}))


class _Renderer(RendererHTML):
    """markdown-it's renderer, with a method for each token that mail wants otherwise."""

    def __init__(self, markup: Markup, path: Path | None) -> None:
        super().__init__()
        for name, html in _FIXED.items():
            self.rules[name] = partial(_fixed, html)  # type: ignore[assignment]  # any callable serves
        self._markup = markup
        self._path = path

    def paragraph_open(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        if _is_button(tokens[at + 1]):
            return _BOX.format("button")
        if _is_figure(tokens[at + 1]) and not tokens[at].hidden:
            return '<p class="figure">'
        return f"{self.renderToken(tokens, at, _OPTIONS, {})}{self._label(tokens[at - 1])}"

    def _label(self, before: Token) -> str:
        """Return what stands at the head of the first paragraph of a task or a footnote."""
        if before.type == "footnote_open":
            return f'<span class="note-number">{self._number(before)}</span>&nbsp; '
        if "checked" in before.meta:
            return "☑&nbsp; " if before.meta["checked"] else "☐&nbsp; "
        return ""

    def paragraph_close(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return _BOX_END if _is_button(tokens[at - 1]) else self.renderToken(tokens, at, _OPTIONS, {})

    def image(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        token = tokens[at]
        alt = self.renderInlineAsText(token.children, _OPTIONS, {})
        src = str(token.attrs["src"])
        image = self._markup.images.resolve(src, alt, self._path, token.meta["line"]) if self._path else None
        url = image.url if image else src
        width = min(image.width, self._markup.image_width) if image and image.width else None
        title = f' title="{escape(str(token.attrs["title"]))}"' if "title" in token.attrs else ""
        size = f' width="{width}"' if width else ""
        return f'<img src="{escape(url)}" alt="{escape(alt)}"{title}{size}>'

    def fence(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        language = unescapeAll(tokens[at].info).split(maxsplit=1)
        return self._code(tokens[at].content, language[0] if language else "")

    def code_block(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return self._code(tokens[at].content, "")

    def _code(self, code: str, language: str) -> str:
        html = highlight(code.rstrip("\n"), language, self._markup.code_style)
        return f"{_BOX.format('code')}<pre><code>{html}</code></pre>{_BOX_END}"

    def list_item_open(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return f"<li{self.renderAttrs(tokens[at])}>"  # without markdown-it's checkbox, which is a form's

    def th_open(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return f'<th scope="col"{self.renderAttrs(tokens[at])}>'

    def footnote_ref(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return f'<sup class="note">{self._number(tokens[at])}</sup>'

    def _number(self, token: Token) -> int:
        notes = self._markup.notes
        return notes.setdefault((self._path, token.meta["id"]), len(notes) + 1)


def _fixed(html: str, *_: object) -> str:
    return html


def _inner(token: Token) -> list[Token]:
    return [child for child in token.children or () if child.type != "text" or child.content.strip()]


def _is_figure(inline: Token) -> bool:
    return [child.type for child in _inner(inline)] == ["image"]


def _is_button(inline: Token) -> bool:
    """Say whether a paragraph holds one bold link and nothing else."""
    types = [child.type for child in _inner(inline)]
    ends = (types[:2], types[-2:]) == (["strong_open", "link_open"], ["link_close", "strong_close"])
    return ends and types.count("link_open") == 1
