"""
The HTML of an email as a mail program shows it: by day or by night, colours inverted, images off.

Tags and stylesheets are changed where they have to be, and every other byte stays: what is looked at is what is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from digest.checking.css.colours import BLACK, WHITE, Colour
from digest.preview.inversion import darken, lighten, mirror

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Look(Enum):
    """How a mail program treats the colours of an email."""

    LIGHT = "light"
    """As they are coded, by day."""
    DARK = "dark"
    """As they are coded, by night: Apple Mail, Thunderbird, and Outlook on telephones and on the web."""
    INVERTED = "inverted"
    """All of them inverted: Gmail on iOS, and Outlook for Windows."""
    PARTIAL = "partial"
    """Light backgrounds darkened and dark texts lightened: Gmail on Android, and Outlook.com with unknown mail."""


def as_shown(html: str, look: Look, *, images: bool = True, addresses: Mapping[str, str] | None = None) -> str:
    """
    Return the HTML part of a message as a browser has to get it, to show it as a mail program does.

    Args:
        html: the part, filled for a reader.
        look: what becomes of its colours, whatever the browser prefers.
        images: whether they are shown; else their alternative texts are, in boxes in their places.
        addresses: where pictures are found instead, by the addresses that the message has for them, such as ``cid:…``.
    """
    viewer = _Viewer(look=look, images=images, addresses=addresses or {})
    return _with_styles(_PIECE.sub(viewer.show, html), viewer.styles())


_PIECE = re.compile(
    r"<!--.*?-->"
    r"|<(?P<raw>script|title|textarea|noscript)\b.*?</(?P=raw)\s*>"
    r"|(?P<opening><style\b[^>]*>)(?P<css>.*?)(?=</style\s*>|\Z)"
    r"|<(?P<tag>[a-zA-Z][\w:-]*)(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"""(\s+)([^\s=>"'/]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s>"']+)""")
_HEAD = re.compile(r"<head\b[^>]*>|\A\s*(?:<!doctype[^>]*>)?", re.IGNORECASE)

_PREFERENCE = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_TRUE, _FALSE = "(min-width:0)", "(max-width:0)"
_SCHEMES = re.compile(r"(?<![\w-])(color-scheme\s*:\s*)([^;{}]+)", re.IGNORECASE)

_ATOM = r"\"[^\"]*\"|'[^']*'|url\([^)]*\)"
_URL = re.compile(r"url\([^)]*\)", re.IGNORECASE)
_DECLARATION = re.compile(
    rf"(?P<name>(?<![\w-])[a-z][a-z-]*)(?P<colon>\s*:\s*)(?P<value>(?:{_ATOM}|[^;{{}}\"'])*)(?=[;}}]|\Z)", re.IGNORECASE
)
# A gradient is a picture, which inversion leaves alone (hteumeuleu.com, 2021-02).
_COLOUR = re.compile(
    rf"{_ATOM}|[\w-]*gradient\((?:[^()]|\([^()]*\))*\)"
    r"|(?P<colour>#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\([^()]*\)|(?<![\w#-])[a-z]{3,}(?![\w(-]))",
    re.IGNORECASE,
)
_TEXTS = frozenset({"color", "-webkit-text-fill-color", "text-decoration", "text-decoration-color", "text", "link"})
_SURFACES = ("background", "bgcolor", "border", "outline")
_PICTURES = frozenset({"src", "srcset", "background", "poster"})
_LINKS = frozenset({"a", "area"})
_LEADS_AWAY = re.compile(r"""\shref\s*=\s*["']?(?![#"'])""", re.IGNORECASE)
_OPENS_ELSEWHERE = ' target="_blank" rel="noopener noreferrer"'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Viewer:
    look: Look
    images: bool
    addresses: Mapping[str, str]
    _known: dict[tuple[str, bool], str] = field(default_factory=dict)
    """Colours as they were written, whether of a text, and what becomes of them."""
    _styles: dict[str, str] = field(default_factory=dict)
    """What becomes of the styles of tags, of which an email has many alike."""

    def show(self, piece: re.Match[str]) -> str:
        """Return a tag, a stylesheet or a comment as it is to be shown."""
        if piece["opening"]:
            return self._tag("style", piece["opening"]) + self._css(piece["css"])
        return self._tag(piece["tag"].lower(), piece[0]) if piece["tag"] else piece[0]

    def _tag(self, tag: str, text: str) -> str:
        shown = _ATTRIBUTE.sub(lambda attribute: self._attribute(tag, attribute), text)
        if tag == "meta" and "color-scheme" in text.lower():
            return re.sub(r"\blight\b.*\bdark\b|\bdark\b.*\blight\b", self._scheme, shown, flags=re.IGNORECASE)
        if tag in _LINKS and _LEADS_AWAY.search(text):
            return f"{shown[: len(tag) + 1]}{_OPENS_ELSEWHERE}{shown[len(tag) + 1 :]}"
        return shown

    def _attribute(self, tag: str, attribute: re.Match[str]) -> str:
        space, name, equals, quoted = attribute.groups()
        lowered, quote = name.lower(), quoted[0] if quoted[0] in "\"'" else ""
        value = quoted[1:-1] if quote else quoted
        if tag in _LINKS and lowered in {"target", "rel"}:
            return ""
        if lowered in _PICTURES:
            if not self.images:
                return ""
            value = self._readdress(value)
        elif lowered == "style":
            value = self._style(value)
        elif lowered == "media":
            value = self._media(value)
        elif lowered in {"bgcolor", "color", "text", "link"}:
            value = self._recolour(lowered, value)
        return f"{space}{name}{equals}{quote}{value}{quote}"

    def _style(self, style: str) -> str:
        if style not in self._styles:
            self._styles[style] = self._css(style)
        return self._styles[style]

    def _css(self, css: str) -> str:
        css = _SCHEMES.sub(lambda match: match[1] + self._choose(match[2]), self._media(css))
        css = self._readdress(css) if self.images else _URL.sub("none", css)
        if self.look in _INVERSIONS:
            css = _DECLARATION.sub(
                lambda one: one["name"] + one["colon"] + self._recolour(one["name"], one["value"]), css
            )
        return css

    def _media(self, query: str) -> str:
        return _PREFERENCE.sub(lambda match: _TRUE if match[1].lower() == self._scheme() else _FALSE, query)

    def _scheme(self, _match: re.Match[str] | None = None) -> str:
        """Return what the mail program says of its colours: one that inverts them claims to be light."""
        return "dark" if self.look is Look.DARK else "light"

    def _choose(self, schemes: str) -> str:
        return self._scheme() if {"light", "dark"} <= {*schemes.lower().split()} else schemes

    def _readdress(self, text: str) -> str:
        for address, place in self.addresses.items():
            text = text.replace(address, place)
        return text

    def _recolour(self, name: str, value: str) -> str:
        is_text = name.lower() in _TEXTS
        if self.look not in _INVERSIONS or not (is_text or name.lower().startswith(_SURFACES)):
            return value
        return _COLOUR.sub(lambda match: self._invert(match[0], is_text) if match["colour"] else match[0], value)

    def _invert(self, written: str, is_text: bool) -> str:  # noqa: FBT001  # half of the key, and private
        key = written, is_text
        if key not in self._known:
            colour = Colour.parse(written)
            text, surface = _INVERSIONS[self.look]
            self._known[key] = _spell((text if is_text else surface)(colour)) if colour and colour.alpha else written
        return self._known[key]

    def styles(self) -> str:
        """Return what the mail program itself says of the page, which yields to whatever the email says."""
        rules = []
        if self.look in _INVERSIONS:
            text, surface = _INVERSIONS[self.look]
            canvas, ink, link = surface(WHITE), text(BLACK), text(_LINK)
            rules.append(f":where(html){{background:{canvas};color:{ink}}}:where(a:link){{color:{link}}}")
        if not self.images:
            rules.append("img{outline:1px solid #8c8c8c!important;outline-offset:-1px}")
        return f"<style>{''.join(rules)}</style>" if rules else ""


_LINK = Colour(0, 0, 238 / 255)
_INVERSIONS: Mapping[Look, tuple[Callable[[Colour], Colour], Callable[[Colour], Colour]]] = {
    Look.INVERTED: (mirror, mirror),
    Look.PARTIAL: (lighten, darken),
}
"""What becomes of the colours of texts, and of those behind them."""


def _spell(colour: Colour) -> str:
    if colour.alpha == 1:
        return str(colour)
    red, green, blue = (round(channel * 255) for channel in colour[:3])
    return f"rgba({red},{green},{blue},{colour.alpha:g})"


def _with_styles(html: str, styles: str) -> str:
    """Put styles before all others."""
    if not styles:
        return html
    match = next((match for match in _HEAD.finditer(html) if match[0].lower().startswith("<head")), _HEAD.match(html))
    at = match.end() if match else 0
    return html[:at] + styles + html[at:]
