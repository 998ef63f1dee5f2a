"""Prose to HTML that mail programs show: semantic tags, whose looks come from the stylesheet ``content.css``."""

from __future__ import annotations

from functools import cache, partial
from html import escape
from typing import TYPE_CHECKING

from markdown_it.common.utils import unescapeAll
from markdown_it.renderer import RendererHTML
from markdown_it.utils import OptionsDict

from digest.errors import Place
from digest.rendering.highlighting import highlight
from digest.rendering.origins import mark, mark_html

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from markdown_it.token import Token
    from markdown_it.utils import EnvType

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

_RAW = frozenset({"html_block", "html_inline"})


class HtmlWriter:
    """Writes the HTML of one issue's prose; footnotes are numbered in the order in which they are written."""

    def __init__(self, *, images: Images, image_width: int, code_style: str) -> None:
        """`image_width` says how wide an image may be, in pixels."""
        self._shown = cache(lambda path: Place.of(path, images.root).path)
        self._renderer = _Renderer(images, image_width, code_style)

    def write(self, prose: Prose) -> str:
        """
        Return the HTML of `prose`, with the markers of its slots and the marks of its origins.

        Raises:
            ContentError: an image that cannot be shown.
            SettingsError: a style of code that Pygments does not have.
        """
        shown = self._shown(prose.path) if prose.path else ""
        return self._renderer.render(prose.tokens, _OPTIONS, {"path": prose.path, "shown": shown})


class _Renderer(RendererHTML):
    """markdown-it's renderer, with a method for each token that mail wants otherwise."""

    def __init__(self, images: Images, image_width: int, code_style: str) -> None:
        super().__init__()
        for name, html in _FIXED.items():
            self.rules[name] = partial(_fixed, html)  # type: ignore[assignment]  # any callable serves
        self._images = images
        self._image_width = image_width
        self._code_style = code_style
        self._notes: dict[tuple[Path | None, int], int] = {}

    def render(self, tokens: Sequence[Token], options: OptionsDict, env: EnvType) -> str:
        return "".join([self._marked(tokens, at, options, env) for at in range(len(tokens))])

    def _marked(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        """Return the HTML of a token, with a mark before its tag, or before each one where an editor wrote them."""
        token = tokens[at]
        if token.type == "inline":
            return self.render(token.children or (), options, env)
        html = self.rules.get(token.type, self.renderToken)(tokens, at, options, env)
        if token.nesting < 0 or "<" not in html:
            return html
        line = _line_of(token)
        if token.type in _RAW:
            return mark_html(html, env["shown"], line)
        return html.replace("<", f"{mark(env['shown'], line)}<", 1) if line else html

    def paragraph_open(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        if _is_button(tokens, at):
            return _BOX.format("button")
        if _is_figure(tokens, at):
            return '<p class="figure">'
        return f"{self.renderToken(tokens, at, options, env)}{self._label(tokens[at - 1], env)}"

    def _label(self, before: Token, env: EnvType) -> str:
        """Return what stands at the head of the first paragraph of a task or a footnote."""
        if before.type == "footnote_open":
            return f'<span class="note-number">{self._number(before, env)}</span>&nbsp; '
        if "checked" in before.meta:
            return "☑&nbsp; " if before.meta["checked"] else "☐&nbsp; "
        return ""

    def paragraph_close(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        return _BOX_END if _is_button(tokens, at - 2) else self.renderToken(tokens, at, options, env)

    def image(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[at]
        alt = self.renderInlineAsText(token.children, options, env)
        image = self._images.resolve(str(token.attrs["src"]), alt, env["path"], token.meta["line"])
        title = f' title="{escape(str(token.attrs["title"]))}"' if "title" in token.attrs else ""
        size = f' width="{image.fit(self._image_width)}"' if image.width else ""
        return f'<img src="{escape(image.url)}" alt="{escape(alt)}"{title}{size}>'

    def fence(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        language = unescapeAll(tokens[at].info).split(maxsplit=1)
        return self._code(tokens[at].content, language[0] if language else "")

    def code_block(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return self._code(tokens[at].content, "")

    def _code(self, code: str, language: str) -> str:
        html = highlight(code, language, self._code_style).removesuffix("\n")
        return f"{_BOX.format('code')}<pre><code>{html}</code></pre>{_BOX_END}"

    def list_item_open(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return f"<li{self.renderAttrs(tokens[at])}>"  # without markdown-it's checkbox, which is a form's

    def th_open(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return f'<th scope="col"{self.renderAttrs(tokens[at])}>'

    def footnote_ref(self, tokens: Sequence[Token], at: int, _options: OptionsDict, env: EnvType) -> str:
        return f'<sup class="note">{self._number(tokens[at], env)}</sup>'

    def _number(self, token: Token, env: EnvType) -> int:
        return self._notes.setdefault((env["path"], token.meta["id"]), len(self._notes) + 1)


def _line_of(token: Token) -> int:
    """Return the line that a token begins in, 0 where it is not known."""
    return token.map[0] + 1 if token.map else int(token.meta.get("line", 0))


def _fixed(html: str, *_: object) -> str:
    return html


def _is_figure(tokens: Sequence[Token], at: int) -> bool:
    """Say whether the paragraph that begins at `at` holds one image and nothing else."""
    return _types_in(tokens, at) == ["image"]


def _is_button(tokens: Sequence[Token], at: int) -> bool:
    """Say whether the paragraph that begins at `at` holds one bold link and nothing else."""
    types = _types_in(tokens, at)
    ends = (types[:2], types[-2:]) == (["strong_open", "link_open"], ["link_close", "strong_close"])
    return ends and types.count("link_open") == 1


def _types_in(paragraph: Sequence[Token], at: int) -> list[str]:
    """Return the types of what a paragraph holds, nothing for the text of a tight list."""
    if paragraph[at].hidden:
        return []
    return [child.type for child in paragraph[at + 1].children or () if child.type != "text" or child.content.strip()]
