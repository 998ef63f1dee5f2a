"""Prose to HTML that mail programs show: semantic tags, whose looks come from the stylesheet ``content.css``."""

# ruff: noqa: D102  # methods are named after the tokens that they write

from __future__ import annotations

import re
from functools import cache, partial
from html import escape, unescape
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
_RAW = frozenset({"html_block", "html_inline"})
_RAW_IMAGE = re.compile(
    r"""(?xsi)
    (?P<before><img\b(?:[^<>"']|"[^"]*"|'[^']*')*?)
    \ssrc\s*=\s*(?:(?P<quote>["'])(?P<src>.*?)(?P=quote)|(?P<bare>[^\s"'<>]+))
    (?P<after>(?:[^<>"']|"[^"]*"|'[^']*')*>)
    """
)
_SIZED = re.compile(r"\swidth\s*=", re.IGNORECASE)
_NO_FILE = re.compile(r"[a-z][a-z0-9+.-]*:|[/#]|$", re.IGNORECASE)
"""What addresses begin with that are no paths from the issue on."""


class HtmlWriter:
    """Writes the HTML of one issue's prose; footnotes are numbered in the order in which they are written."""

    def __init__(self, renderer: Renderer) -> None:
        self._shown = cache(lambda path: Place.of(path, renderer.images.root).path)
        self._renderer = renderer

    def write(self, prose: Prose) -> str:
        """
        Return the HTML of `prose`, with the markers of its slots and the marks of its origins.

        Raises:
            ContentError: an image that cannot be shown.
            SettingsError: a style of code that Pygments does not have.
        """
        shown = self._shown(prose.path) if prose.path else ""
        return self._renderer.render(prose.tokens, _OPTIONS, {"path": prose.path, "shown": shown})


class Renderer(RendererHTML):
    """markdown-it's renderer, with a method for each token that mail wants otherwise."""

    # A box is a table, since Outlook for Windows pads nothing else; its role says that it holds no data.
    box = '<table role="presentation" cellpadding="0" cellspacing="0" border="0" class="{0}"><tr><td class="{0}-cell">'
    box_end = "</td></tr></table>\n"
    table = '<table class="data" cellpadding="0" cellspacing="0" border="0">\n'
    table_end = "</table>\n"
    code = "<pre><code>"

    def __init__(self, *, images: Images, image_width: int, code_style: str) -> None:
        """`image_width` says how wide an image may be, in pixels."""
        super().__init__()
        for name, html in self._fixed().items():
            self.rules[name] = partial(_fixed, html)  # type: ignore[assignment]  # any callable serves
        self.images = images
        self._image_width = image_width
        self._code_style = code_style
        self._notes: dict[tuple[Path | None, int], int] = {}

    def _fixed(self) -> dict[str, str]:
        """Return what is the same for each token of a kind."""
        return {
            "alert_open": self.box.format("alert"),
            "alert_title_open": '<p class="alert-title">',
            "alert_close": self.box_end,
            "table_open": self.table,
            "table_close": self.table_end,
            "footnote_block_open": '<div class="notes">\n',
            "footnote_block_close": "</div>\n",
            "footnote_anchor": "",
            "footnote_open": "",
            "footnote_close": "",
        }

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
            return self.box.format("button")
        if _is_figure(tokens, at):
            return '<p class="figure">'
        return f"{self.renderToken(tokens, at, options, env)}{self._label(tokens[at - 1], env)}"

    def _label(self, before: Token, env: EnvType) -> str:
        """Return what stands at the head of the first paragraph of a task or a footnote."""
        if before.type == "footnote_open":
            return self.note_head(self._number(before, env))
        if "checked" in before.meta:
            return "☑&nbsp; " if before.meta["checked"] else "☐&nbsp; "
        return ""

    def paragraph_close(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        return self.box_end if _is_button(tokens, at - 2) else self.renderToken(tokens, at, options, env)

    def image(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[at]
        alt = self.renderInlineAsText(token.children, options, env)
        image = self.images.resolve(str(token.attrs["src"]), alt, env["path"], token.meta["line"])
        title = f' title="{escape(str(token.attrs["title"]))}"' if "title" in token.attrs else ""
        size = image.attributes(self._image_width)
        return f'<img src="{escape(image.url)}" alt="{escape(alt)}"{title}{size}>'

    def html_block(self, tokens: Sequence[Token], at: int, _options: OptionsDict, env: EnvType) -> str:
        """Return raw HTML, in which images are resolved that lie beside the issue."""
        line = _line_of(tokens[at])

        def resolve(tag: re.Match[str]) -> str:
            path, above = unescape(tag["src"] or tag["bare"] or ""), tag.string.count("\n", 0, tag.start())
            if not _is_file(path):
                return tag[0]
            image = self.images.resolve(path, "", env["path"], line + above)
            size = "" if _SIZED.search(tag[0]) else image.attributes(self._image_width)
            return f'{tag["before"]} src="{escape(image.url)}"{size}{tag["after"]}'

        return _RAW_IMAGE.sub(resolve, tokens[at].content)

    def html_inline(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        return self.html_block(tokens, at, options, env)

    def fence(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        language = unescapeAll(tokens[at].info).split(maxsplit=1)
        return self._code(tokens[at].content, language[0] if language else "")

    def code_block(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return self._code(tokens[at].content, "")

    def _code(self, code: str, language: str) -> str:
        html = highlight(code, language, self._code_style).removesuffix("\n")
        return f"{self.box.format('code')}{self.code}{html}</code></pre>{self.box_end}"

    def list_item_open(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return f"<li{self.renderAttrs(tokens[at])}>"  # without markdown-it's checkbox, which is a form's

    def th_open(self, tokens: Sequence[Token], at: int, *_: object) -> str:
        return f'<th scope="col"{self.renderAttrs(tokens[at])}>'

    def footnote_ref(self, tokens: Sequence[Token], at: int, _options: OptionsDict, env: EnvType) -> str:
        return self.note_call(self._number(tokens[at], env))

    def note_call(self, number: int) -> str:
        """Return what calls a note. It is no link: Gmail's and Samsung's apps follow none within a message."""
        return f'<sup class="note">{number}</sup>'  # caniemail.com, 2026-05

    def note_head(self, number: int) -> str:
        """Return what stands at the head of a note."""
        return f'<span class="note-number">{number}</span>&nbsp; '

    def _number(self, token: Token, env: EnvType) -> int:
        return self._notes.setdefault((env["path"], token.meta["id"]), len(self._notes) + 1)


def _is_file(address: str) -> bool:
    return not _NO_FILE.match(address)


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
