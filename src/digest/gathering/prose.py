"""Foreign HTML as Markdown that an editor would write, and teasers cut from it at the ends of sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import nh3
from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from markdownify import BACKSLASH, MarkdownConverter

from digest.gathering.addresses import web_address, without_tracking
from digest.gathering.clipping import Image
from digest.gathering.texts import PROSE, WITHIN_PROSE, escaped, markdown_tokens, shortened, squeezed, tidy, visible
from digest.reading.cutting import ends_within, words_in
from digest.reading.markdown import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

TEASER_WORDS = 60
_LONGEST, _ENOUGH = 100_000, 20_000
"""Characters of HTML, as it was found and cleaned, behind which nobody looks for a teaser."""
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = frozenset({"p", "ul", "ol", "blockquote", "pre"}) | _HEADINGS
_WRAPPERS = frozenset({"div", "section", "article", "main", "header", "footer", "figure", "dl", "dt", "dd"})
_INLINE = frozenset({"a", "em", "i", "strong", "b", "code", "br", "del", "s", "img", "li"})
_WRAPPER = re.compile(rf"</?(?:{'|'.join(sorted(_WRAPPERS))})>")
_BOUNDARY = "hr"
"""What stands in place of a wrapper's ends: nested a thousand times, wrappers would be too deep."""
_DROPPED = frozenset(
    {"script", "style", "table", "iframe", "object", "svg", "math", "form", "button", "select", "textarea", "audio"}
    | {"figcaption", "video", "canvas", "template", "noscript", "head", "title", "nav", "aside"}
)
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt", "width", "height", "class"}, "code": {"class"}, "pre": {"class"}}
_ESCAPED_TAG = re.compile(r"&lt;/?(?:p|br|a|div|span|em|strong|b|i|ul|ol|li|img|h\d|blockquote)\b", re.IGNORECASE)
_LANGUAGE = re.compile(r"(?:^|\s)(?:lang(?:uage)?|brush:)-?\s*([\w+#-]+)")
_NEVER_WRITTEN = frozenset({"hr", "heading_open", "table_open"})
"""What only an accident of signs makes of a text, such as emphasis of nothing on a line of its own."""
_BUTTON = re.compile(r"\*\*(\[[^\]]*\]\([^)]*\))\*\*")
# What blogging programs put below an excerpt.
_FRAME = re.compile(
    r"The post .+ (?:first )?appeared (?:first )?on .+|(?:Continue|Keep) reading\b.*"
    r"|Read (?:more|on|the (?:full|rest))\b.{0,60}|.+ was originally published (?:in|on|elsewhere)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_CUT_OFF = re.compile(r"\s*\\?\[\s*(?:…|\.\.\.|&hellip;)\s*\\?\]\s*$")
# What is left in WordPress of a gallery, or of a page builder that is gone.
_SHORTCODE = re.compile(r"\[/?(?:(?:wp_)?caption|gallery|embed|(?:vc|et_pb|fusion)_\w+)\b[^\[\]]*\]")
_TAG = re.compile(r"<(/?)(\w+)")
_TORN_TAG = re.compile(r"<[^>]*\Z")
_EMPTY = frozenset({"br", "img", _BOUNDARY})
_DEEPEST = 50
"""Elements within each other, beyond which a text is an attack."""
_PIXEL = 2
_PIXELS = re.compile(r"\s*(\d{1,6})(?:px)?\s*")
_COUNTERS = re.compile(
    r"feedburner|feedsportal|doubleclick|/pixel|stat\?event|/stats?/|/b\.gif|1x1|blank\.gif|spacer", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, a list, a quote or a block of code, in Markdown, and what it says."""

    markdown: str
    text: str
    is_heading: bool = False
    is_paragraph: bool = False


class _Converter(MarkdownConverter):
    """What we would write otherwise: no headings, no images, and as few backslashes as it takes."""

    def escape(self, text: str, parent_tags: object) -> str:
        del parent_tags
        words = tidy(text)
        before, behind = (" " if part and part[0].isspace() else "" for part in (text, text[::-1]))
        return f"{before}{escaped(words, WITHIN_PROSE)}{behind}" if words else before

    def convert_hN(self, n: int, el: Tag, text: str, parent_tags: object) -> str:  # noqa: N802  # its name over there
        del n, text, parent_tags
        words = tidy(el.get_text())
        return f"\n\n**{escaped(words)}**\n\n" if words else ""

    def convert_hr(self, el: Tag, text: str, parent_tags: object) -> str:
        del el, text, parent_tags
        return " "

    def convert_img(self, el: Tag, text: str, parent_tags: object) -> str:
        del text, parent_tags
        return escaped(tidy(str(el.get("alt") or ""))) if _is_emoji(el) else ""


def _language_of(element: Tag) -> str:
    inner = element.find("code")
    names = [
        name for one in (element, inner) if isinstance(one, Tag) for name in one.get_attribute_list("class") if name
    ]
    match = _LANGUAGE.search(" ".join(map(str, names)))
    return match[1] if match else ""


_CONVERTER = _Converter(autolinks=True, bullets="-", newline_style=BACKSLASH, code_language_callback=_language_of)


def html_of(text: str) -> str:
    """Return a plain text as HTML."""
    return "".join(f"<p>{escape(part, quote=False)}</p>" for part in text.split("\n\n") if part.strip())


def soup_of(html: str, base: str) -> BeautifulSoup:
    """Return what is harmless of foreign HTML; its addresses are whole."""
    text = _SHORTCODE.sub("", visible(html[:_LONGEST]))
    if "<" not in text and _ESCAPED_TAG.search(text):
        text = BeautifulSoup(text, "html.parser").get_text()  # it was escaped once too often
    cleaned = nh3.clean(
        text,
        tags=set(_BLOCKS | _WRAPPERS | _INLINE),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        attribute_filter=lambda _tag, name, value: _whole(value, base) if name in {"href", "src"} else value,
        link_rel=None,
    )
    flat = _WRAPPER.sub(f"<{_BOUNDARY}>", visible(cleaned))
    shallow = flat if _depth(flat) <= _DEEPEST else nh3.clean(flat, tags=set())
    return BeautifulSoup(_TORN_TAG.sub("", shallow[:_ENOUGH]), "html.parser")


def _depth(html: str) -> int:
    """Return how many elements stand within each other in cleaned HTML, where each closes that is not empty."""
    tags = (match for match in _TAG.finditer(html) if match[2] not in _EMPTY)
    return max(accumulate(-1 if match[1] else 1 for match in tags), default=0)


def _whole(value: str, base: str) -> str | None:
    if value.lower().startswith("mailto:"):
        return value if re.fullmatch(r"mailto:[\w.+-]+@[\w.-]+", value, re.IGNORECASE) else None
    return without_tracking(web_address(value, base)) or None


def blocks_of(soup: Tag) -> Iterator[Block]:
    """Return the blocks of cleaned HTML that say something, one by one."""
    inline: list[str] = []
    for child in [*soup.children, None]:
        if child is None or (isinstance(child, Tag) and child.name in {*_BLOCKS, _BOUNDARY}):
            yield from _paragraph(inline)
            inline = []
            yield from _block(child) if child else ()
        else:
            inline.append(str(child) if isinstance(child, Tag) else _as_html(child))


def _as_html(child: object) -> str:
    return child.output_ready() if isinstance(child, NavigableString) else ""


def _paragraph(inline: list[str]) -> Iterator[Block]:
    if "".join(inline).strip():
        paragraph = BeautifulSoup(f"<p>{''.join(inline)}</p>", "html.parser").p
        yield from _block(paragraph) if paragraph else ()


def _block(element: Tag) -> Iterator[Block]:
    text = tidy(_text_of(element))
    if text and not _FRAME.fullmatch(text):
        yield Block(
            markdown=_markdown_of(element, text),
            text=text,
            is_heading=element.name in _HEADINGS,
            is_paragraph=element.name == "p",
        )


def _text_of(element: Tag) -> str:
    """Return what an element says, with a space wherever one of its blocks or lines begins or ends."""
    parts = []
    for node in element.descendants:
        parts.append(" " if _parts_words(node) or _parts_words(node.previous_sibling) else "")
        if isinstance(node, NavigableString):
            parts.append(str(node))
        elif isinstance(node, Tag) and _is_emoji(node):
            parts.append(str(node.get("alt") or ""))
    return "".join(parts)


def _parts_words(node: object) -> bool:
    return isinstance(node, Tag) and node.name in {"p", "li", "ul", "ol", "br", "pre", "blockquote", _BOUNDARY}


def _markdown_of(element: Tag, text: str) -> str:
    """Return an element as Markdown; where that would not say the same, as the plain text that it is."""
    written = _CONVERTER.convert_soup(element).strip()
    written = _polished(written) if element.name == "p" else written
    written = re.sub(r"[ \t]+$", "", written, flags=re.MULTILINE)
    paragraph = PROSE.replace("{}", "")
    tokens = markdown_tokens(f"{paragraph}{written}")
    is_same = squeezed(plain_text(tokens)) == squeezed(f"{paragraph}{text}")
    return written if is_same and not any(token.type in _NEVER_WRITTEN for token in tokens) else escaped(text)


def _polished(paragraph: str) -> str:
    """Return a paragraph without double spaces and lines, and without the form that makes a button of a link."""
    lines = re.sub(r"(?:\\\n *){2,}", "\n\n", paragraph)
    spaced = lines if "`" in lines else re.sub(r" {2,}", " ", lines)
    return _BUTTON.sub(r"\1", spaced) if _BUTTON.fullmatch(spaced) else spaced


def says(markdown: str) -> str:
    """Return what Markdown says to our reader, without spaces."""
    return squeezed(plain_text(markdown_tokens(markdown)))


def teaser_of(blocks: Iterable[Block], *, most: int = TEASER_WORDS, title: str = "") -> str:
    """
    Return a beginning as Markdown: whole blocks, and of the paragraph that does not fit any more, its whole sentences.

    Args:
        blocks: the text.
        most: how many words are enough.
        title: a heading that repeats it is left out.
    """
    kept: list[Block] = []
    room = most
    for block in blocks:
        if not kept and squeezed(block.text) == squeezed(title):
            continue
        words = words_in(block.text)
        if words > room:
            cut = _cut(block, room, must=not any(not one.is_heading for one in kept))
            kept += [Block(markdown=cut, text=cut)] if cut else []
            break
        kept.append(block)
        room -= words
    while kept and kept[-1].is_heading:
        kept.pop()
    return _joined(kept)


def _joined(kept: list[Block]) -> str:
    """Put blocks together; where neighbours would make something else of each other, as plain text."""
    whole = "\n\n".join(block.markdown for block in kept)
    if says(whole) == "".join(says(block.markdown) for block in kept):
        return _CUT_OFF.sub(" …", whole).strip()
    return escaped(tidy(" ".join(block.text for block in kept)))


def _cut(block: Block, room: int, *, must: bool) -> str:
    """Cut a block behind its last sentence that fits; where that `must` be and none does, behind the last word."""
    source = block.markdown if block.is_paragraph else escaped(block.text)
    words, sentences = ends_within(source, room)
    if not words or not (block.is_paragraph or must):
        return ""
    sentence = _last_whole(source, sentences)
    if sentence or not must:
        return sentence
    plain, _ = ends_within(block.text, room)
    return f"{_last_whole(source, words) or escaped(block.text[: plain[-1]])}…"


def _last_whole(source: str, ends: Sequence[int]) -> str:
    """Return the longest of these beginnings that says what it says within the whole, so that nothing is open."""
    whole = says(source)
    beginnings = ((source[:end], says(source[:end])) for end in reversed(ends))
    return next((beginning for beginning, words in beginnings if words and whole.startswith(words)), "")


def first_image(soup: Tag) -> Image | None:
    """Return the first picture of cleaned HTML that is one: no emoji, and nothing that counts readers."""
    for element in soup.find_all("img"):
        image = image_at(str(element.get("src") or ""), alt=str(element.get("alt") or ""))
        if image and not (_is_emoji(element) or _is_tiny(element)):
            return image
    return None


def image_at(address: str, base: str = "", *, alt: str = "") -> Image | None:
    """Return the picture at an address that mail can show, None where it cannot."""
    whole = web_address(address, base)
    if urlsplit(whole).scheme != "https" or _COUNTERS.search(whole):
        return None
    return Image(url=whole, alt=shortened(tidy(alt)))


def _is_emoji(element: Tag) -> bool:
    names = " ".join(map(str, element.get_attribute_list("class")))
    return element.name == "img" and ("emoji" in names or "wp-smiley" in names)


def _is_tiny(element: Tag) -> bool:
    sizes = (pixels(element.get(name)) for name in ("width", "height"))
    return any(size is not None and size <= _PIXEL for size in sizes)


def pixels(written: object) -> int | None:
    """Return a width or height as an attribute has it, None where it says none."""
    match = _PIXELS.fullmatch(str(written))
    return int(match[1]) if match else None
