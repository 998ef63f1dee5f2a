"""Rules about what an issue says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from digest.checking.addresses import each_once, host_of, is_reserved, shortened
from digest.checking.rule import Remark, few, rule
from digest.model import Pattern, Severity, Story
from digest.reading.markdown import every

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lxml.html import HtmlElement

    from digest.checking.proof import Proof
    from digest.errors import Place
    from digest.model import Issue

_WORDS = ("alt", "title", "aria-label")
"""Attributes that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passage:
    """A text that readers get to see, and where it stands."""

    text: str
    element: HtmlElement | None = None
    place: Place | None = None


def _passages(proof: Proof) -> Iterator[_Passage]:
    """Yield what the message says to people, but for code: subject, preheader, sender, and the words of the page."""
    preheader = Pattern.of_text(proof.issue.preheader).fill(proof.message.reader.values)
    yield _Passage(text=proof.message.subject, place=proof.subject_place)
    yield _Passage(text=preheader, place=proof.sources.key("preheader"))
    yield _Passage(text=proof.edition.sender.name, place=proof.sources.setting("newsletter", "from"))
    for element, text in proof.page.runs():
        if element not in proof.page.code:
            yield _Passage(text=text, element=element)
    for element in proof.page.elements():
        yield from (_Passage(text=element.get(name, ""), element=element) for name in _WORDS if element.get(name))


def _matches(
    pattern: re.Pattern[str], proof: Proof, *, of_text_part: bool = True
) -> Iterator[tuple[re.Match[str], Place | None]]:
    """
    Yield what is found in the words of a message with its place, once for each place where it was written.

    What is a reader's value is none of the issue's; of the text part, only what the page does not say counts.
    """
    values = [value for value in proof.message.reader.values.values() if value]
    words = [image.get("alt") or "" for image in proof.page.images]  # in brackets, where there is but text
    in_page = _flat(" ".join([proof.page.root.text_content(), *(f"[{said}]" for said in words)]))
    text_part = _Passage(text=proof.text)
    seen: set[tuple[str, Place | None]] = set()
    for passage in [*_passages(proof), *([text_part] if of_text_part else [])]:
        near = proof.page.place(passage.element) if passage.element is not None else passage.place
        matches = {match[0]: match for match in pattern.finditer(_flat(passage.text))}
        for found, match in matches.items():
            if any(found in value for value in values) or (passage is text_part and found in in_page):
                continue
            place = proof.sources.locate(found, near)
            if (found, place) not in seen:
                seen.add((found, place))
                yield match, place


def _flat(text: str) -> str:
    return " ".join(text.split())


_MARK = "(?:TODO|FIXME|TBD|XXX|TKTK)"
_THING = "(?:name|company|link|url|date|title|text|image|headline|logo|address|number|quote)"
_ABOUT_IT = r"(?!\s+(?i:lists?|items?|comments?|apps?|entr(?:y|ies)|notes?|files?)\b)"
_FILLER = re.compile(
    r"(?P<sure>(?i:lorem ipsum dolor|dolor sit amet)"
    rf"|(?i:\[ ?(?:insert|(?:add|enter|put|your) (?:\w+ )?{_THING})\b[^\]]{{0,60}}\])"
    r"|(?i:\[ ?(?:first|last|full|your)?[ _-]?name ?\])"
    rf"|(?<![\w-]){_MARK}(?:\(\w*\))?:(?!\w)"
    rf"|[\[(<]{_MARK}\b[^\])>]{{0,80}}[\])>]"
    rf"|^{_MARK}\W*$"
    r"|<{7} \w)"
    r"|(?i:lorem ipsum)"
    r"|(?i:\byour (?:name|company|logo|text|ad) (?:goes )?here\b)"
    rf"|(?<![\w\"'“‘«„-]){_MARK}(?![\w\"'”’»“-]){_ABOUT_IT}"
)
# As of 2026-11.
_PICTURE_SERVICES = frozenset(
    {
        "dummyimage.com",
        "fakeimg.pl",
        "loremflickr.com",
        "picsum.photos",
        "placebear.com",
        "placehold.co",
        "placehold.it",
        "placeholder.com",
        "placekitten.com",
        "via.placeholder.com",
    }
)


_UNDONE = re.compile(
    r"\s*(?:(?P<sure>[\[(](?:test|draft|wip|entwurf)[\])])|(?:draft|wip|entwurf):|copy of\b"
    r"|(?:untitled|test|subject(?: line)?(?: goes)?(?: here)?)\W*\Z)",
    re.IGNORECASE,
)
"""How subjects begin that were not meant to be read."""


@rule(Severity.ERROR)
def placeholder_text(proof: Proof) -> Iterator[Remark]:
    """
    Nothing is left that was to be replaced: no filler text, no `TODO:`, no placeholder image, no example address.

    Where it may be meant, since an issue can be about such things, it is a warning: `TODO` amid a sentence, the
    bare words of the Latin filler, a subject such as "Test" or "Copy of …", and an example address that is its own
    text. In code it is never looked for.
    """
    undone = _UNDONE.match(proof.message.subject)
    if undone:
        yield Remark(
            sentence=f'the subject begins with "{undone[0].strip()}", as drafts do',
            fix="Write what readers are to see.",
            place=proof.subject_place,
            severity=None if undone["sure"] else Severity.WARNING,
        )
    for match, place in _matches(_FILLER, proof):
        severity = None if match["sure"] else Severity.WARNING
        sentence = f'"{shortened(match[0])}" looks as if it was to be replaced'
        yield Remark(sentence=sentence, fix="Replace it, or delete it.", place=place, severity=severity)
    home_is_real = not is_reserved(host_of(proof.settings.newsletter.url))
    for reference in each_once(proof.references):
        if not reference.leads_on and reference.host in _PICTURE_SERVICES:
            sentence, severity = f"the image of {reference.host} is a placeholder", None
        elif home_is_real and _is_example(reference.host):
            sentence = f"{reference.called} leads to {reference.host}, which stands for examples"
            severity = Severity.WARNING if reference.is_shown_as_it_is else None
        else:
            continue
        yield Remark(
            sentence=sentence,
            fix="Write the address that is meant.",
            element=reference.element,
            needle=reference.url,
            severity=severity,
        )


def _is_example(host: str) -> bool:
    return is_reserved(host) and "example" in host.split(".")[-2:]


_FOREIGN = (
    r"\{\{[^{}]{0,80}\}\}+|\{%[^%]{0,80}%\}|\{#[^#]{0,80}#\}|\$\{[^{}]{0,80}\}|\{\$\w[^{}]{0,80}\}|<%[^%]{0,80}%>"
    r"|\*\|[^|]{1,60}\|\*|\|[A-Z][A-Z0-9_:]{3,}\||%%[=\w@(][^%]{0,80}%%|%recipient[.\w]*%"
    r"|(?<![\w%])%[A-Z][A-Z_]{2,}%(?!\w)"
    r"|\[\[[A-Za-z][\w .:|/#-]{0,60}\]\]|\[%[^%]{0,80}%\]|\[object Object\]"
    r"|:contentReference\[oaicite:\d+\](?:\{index=\d+\})?|【\d+[†:][^】]{0,40}】"
)
"""
Fields and commands as Jinja, Liquid, Mailchimp, Mailgun, Salesforce, Smarty, ERB, wikis and scripts write them, and the
marks that ChatGPT leaves for its sources.
"""


@rule(Severity.ERROR)
def unresolved_token(proof: Proof) -> Iterator[Remark]:
    r"""
    No field or command of a template language is left as it was written.

    Each mail service has its own spelling, and what one of them fills in arrives untouched through another. What is
    meant to be read stands in code, where nothing is looked for; `\{{` is text by its backslash.
    """
    written = _written(proof.issue)
    pattern = re.compile("|".join([_FOREIGN, *_other_spellings(proof.settings.fields)]))
    for match, place in _matches(pattern, proof):
        if not (match[0].startswith("{{") and match[0] in written):
            yield Remark(sentence=f"{match[0]} was never filled in", fix=_SPELLING, place=place)
    for reference in each_once(proof.references):
        left = pattern.search(unquote(reference.url))
        if left:
            sentence = f"{left[0]} in an address was never filled in"
            yield Remark(sentence=sentence, fix=_SPELLING, element=reference.element, needle=left[0])


_SPELLING = 'A field is written {{ name or "fallback" }}; what is meant as text stands in `code`.'


_NAME = r"\[[^\[\]]{1,60}"
_MARKDOWN = re.compile(
    rf"(?:{_NAME})?\]\((?:https?:|www\.|mailto:|file:|[/#.]|$)|{_NAME}\] \($|\([^()]{{1,60}}\)\[(?:https?:|$)"
    rf"|{_NAME}\]\[[A-Za-z][\w .-]*\]|\[\^[\w-]+\]"
    r"|(?<!\S)\*\*[\w\"'“‘«]\S{0,30}|(?<!\S)\*\* [^*]{1,80} \*\*|(?<!\S)~~\w\S{0,30}|^#{2,6} ?\w+|```"
)
"""Links, notes, emphasis and headings that are not closed, or have a space too many or too few."""


@rule(Severity.WARNING)
def stray_markdown(proof: Proof) -> Iterator[Remark]:
    """
    No mark of Markdown is left to be read.

    A bracket that is not closed, a space before an address, a note that does not exist or the missing space of a
    heading make text of what was meant as more, and no tool calls that a fault. In a line that begins with raw HTML, a
    comment included, Markdown means nothing (CommonMark 0.31.2, 4.6).
    """
    yield from few(
        Remark(
            sentence=f'"{shortened(match[0])}" is shown as it stands',
            fix="Complete it, or put it in `code` where it is meant to be read.",
            place=place,
        )
        for match, place in _matches(_MARKDOWN, proof, of_text_part=False)
    )


def _other_spellings(fields: Collection[str]) -> Iterator[str]:
    """Yield patterns of our own fields as they are written elsewhere: {first_name}, %first_name%, [first_name]."""
    for name in (*fields, "name", "email"):
        yield rf"(?<!\w)(?:\{{ ?{name} ?\}}|%{name}%)(?!\w)"
    yield from (rf"\[{name}\]" for name in fields if "_" in name)


def _written(issue: Issue) -> str:
    """Return what an issue says in its prose, where braces that are no field have got past the reader on purpose."""
    prose = [issue.introduction]
    for part in issue.parts:
        prose += [part.heading, *([part.teaser, part.rest] if isinstance(part, Story) else [part.body])]
    said = [token.content for each in prose for token in every(each.tokens) if token.type != "inline"]
    return _flat(" ".join([issue.subject, issue.title, issue.preheader, *(part.title for part in issue.parts), *said]))


@cache
def _vague_names() -> dict[str, frozenset[str]]:
    text = Path(__file__).with_name("vague_names.json").read_text(encoding="utf-8")
    return {language: frozenset(names) for language, names in json.loads(text)["names"].items()}


_SAME_LANGUAGE = {"no": "nb", "nn": "nb"}
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


@rule(Severity.WARNING)
def generic_link_text(proof: Proof) -> Iterator[Remark]:
    """
    A link's name says where it leads.

    Screen readers list the links of a message without what stands around them (WCAG 2.2, 2.4.4), and Gmail wants
    readers to know what they get before they follow one (support.google.com/mail/answer/81126, 2026-06). A label that
    only screen readers read (`aria-label`) counts. The words are those of the newsletter's language, and English.
    """
    language = proof.settings.newsletter.language.lower().partition("-")[0]
    known = _vague_names()
    vague = known["en"] | known.get(_SAME_LANGUAGE.get(language, language), frozenset())
    yield from few(
        Remark(
            sentence=f'the link "{link.name}" does not say where it leads',
            fix=f"Name what is found at {host_of(link.href)}, such as its title.",
            element=link.element,
            needle=link.name,
        )
        for link in proof.page.links
        if link.name and _core(link.name) in vague | {""}
        if host_of(link.href) and not proof.page.style(link.element).hidden
    )


def _core(name: str) -> str:
    """Return a name in small letters, without the marks and arrows around it."""
    return _EDGES.sub("", _flat(name).casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


_LARGE = 200
"""In pixels; what is narrower is a logo or an icon."""
_FEW_WORDS, _NO_WORDS = 400, 100
"""In bytes."""


@rule(Severity.ERROR)
def image_only_body(proof: Proof) -> Iterator[Remark]:
    """
    What there is to say stands in words, not in images.

    Many mail programs show no images until they are asked, and screen readers and searches read none. Words of the
    templates do not count. Below 400 bytes it is a warning, below 100 an error. SpamAssassin 4.0.1 gives up to 2.8
    points for images in less than 3,200 bytes (HTML_IMAGE_ONLY_24), but counts the tags, too.
    """
    large = [image for image in proof.page.images if _is_large(image)]
    size = len(" ".join(_flat(text) for element, text in proof.page.runs() if _is_own(element, proof)).encode())
    if large and size < _FEW_WORDS:
        yield Remark(
            sentence=f"there are {size} bytes of words beside {len(large)} large image{'s' if len(large) > 1 else ''}",
            fix="Write in words what the image says.",
            element=large[0],
            severity=None if size < _NO_WORDS else Severity.WARNING,
        )


def _is_large(image: HtmlElement) -> bool:
    width = (image.get("width") or "").removesuffix("px")
    return not width.isdecimal() or int(width) >= _LARGE


def _is_own(element: HtmlElement, proof: Proof) -> bool:
    """Say whether words belong to the issue, and not to a template."""
    place = proof.page.place(element)
    return place is None or place.path.endswith(".md")
