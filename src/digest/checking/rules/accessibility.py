"""Rules about what screen readers say of an issue, and what stands there while images are off."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from digest.checking.addresses import shortened
from digest.checking.css.style import is_link
from digest.checking.page import name_of, said
from digest.checking.rule import Remark, few, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from digest.checking.css.style import Style
    from digest.checking.page import Page
    from digest.checking.proof import Proof

_MOST = 5
"""How many like remarks are made."""
_TAG = re.compile(r"(?!und\b|mul\b|zxx\b)[a-z]{2,3}(-[a-z0-9]{1,8})*", re.IGNORECASE)


@rule(Severity.ERROR)
def html_lang_dir(proof: Proof) -> Iterator[Remark]:
    """
    The HTML says its language and its direction, on the whole and once more inside.

    A screen reader reads English with a German voice where the language is not said (WCAG 2.2, 3.1.1). Webmail takes
    the text out of `<html>` and `<body>`, so an element around all of it has to say both again. Of 376,348 emails that
    were looked at, 96 % lacked the language and 97 % the direction (Email Markup Consortium, 2026).
    """
    root, wanted = proof.page.root, proof.settings.newsletter.language
    for element, where in ((root, "<html>"), (_wrapper(proof.page), "the element around the text")):
        language, direction = _fault_of_language(element, wanted), _fault_of_direction(element)
        if language or direction:
            yield Remark(
                sentence=f"{where} {' and '.join(filter(None, (language, direction)))}",
                fix=f'Write lang="{wanted}" and dir on <html> and on an element around the text; in MJML, on <mjml>.',
                element=element,
                severity=None if language and element is root else Severity.WARNING,
            )


def _fault_of_language(element: HtmlElement, wanted: str) -> str:
    language = element.get("lang", "")
    if not _TAG.fullmatch(language):
        return f'has lang="{language}", which is no language' if language else "has no lang"
    return "" if _primary(language) == _primary(wanted) else f'has lang="{language}", but the newsletter "{wanted}"'


def _fault_of_direction(element: HtmlElement) -> str:
    return "" if element.get("dir", "").lower() in {"ltr", "rtl", "auto"} else "has no dir"


def _wrapper(page: Page) -> HtmlElement:
    """Return the outermost element in the body that says its language, or else the one that holds the text."""
    body = next(page.elements("body"), page.root)
    while len(shown := [child for child in _children(body) if not page.style(child).hidden or len(child)]) == 1:
        body = shown[0]
        if body.get("lang") is not None:
            break
    return body


def _children(element: HtmlElement) -> list[HtmlElement]:
    return [child for child in element if isinstance(child.tag, str)]


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


_MOST_TIMES = 3.5


@rule(Severity.WARNING)
def html_title(proof: Proof) -> Iterator[Remark]:
    """
    The HTML has a title, about as long as the subject.

    Screen readers say it first, and browsers show it where an issue is read on the web (WCAG 2.2, 2.4.2). SpamAssassin
    gives up to 2.2 points to a title that is more than 3.5 times as long as the subject (HTML_TITLE_SUBJ_DIFF; 1.1
    points measured, 2026-11).
    """
    titles = [*proof.page.root.iterfind("head/title")]
    title, subject = (said(titles[0]) if titles else ""), proof.message.subject
    if not title:
        sentence = "the title is empty" if titles else "there is no title"
        yield Remark(
            sentence=f"{sentence} in the HTML",
            fix="Put the issue's title into <mj-title>, or <title>.",
            element=titles[0] if titles else proof.page.root,
        )
    elif subject and len(title) > _MOST_TIMES * len(subject):
        yield Remark(
            sentence=f'the title "{shortened(title)}" is more than 3.5 times as long as the subject "{subject}"',
            fix="Let both say the same: a shorter title, or a subject that says more.",
            needle=title,
        )


_SILENT = frozenset({"none", "presentation"})
_DRAWN = re.compile(r"<v:image\b(?![^>]*\salt=)[^>]*>", re.IGNORECASE)


@rule(Severity.ERROR)
def img_alt_missing(proof: Proof) -> Iterator[Remark]:
    """
    Every image has an alternative text, be it an empty one.

    It is what is heard, and what is seen while images are off, as they are by default in much office mail (WCAG 2.2,
    1.1.1). Without the attribute a screen reader reads the image's address; `alt=""` says that there is nothing to
    tell, as with a line or an ornament. 48 % of 376,348 emails had such an image (Email Markup Consortium, 2026).
    """
    fix = 'Say in alt what a reader would miss, or write alt="" if that is nothing.'
    lacking = [image for image in proof.page.elements("img", "area", "input") if _lacks_alt(image)]
    for image, count in _at_places(proof, lacking):
        source = image.get("src") or image.get("href") or ""
        more = f", and {count - 1} more like it" if count > 1 else ""
        sentence = f"the image {_file(source)} has no alternative text{more}"
        yield Remark(sentence=sentence, fix=fix, element=image, needle=_file(source))
    drawn = Counter(tag for comment in proof.page.comments for tag in _DRAWN.findall(comment))
    for tag in islice(drawn, _MOST):
        yield Remark(sentence="an image for Outlook, <v:image>, has no alternative text", fix=fix, needle=tag)


def _lacks_alt(image: HtmlElement) -> bool:
    if image.tag == "input" and image.get("type", "").lower() != "image":
        return False
    if image.tag == "area" and image.get("href") is None:
        return False
    return image.get("alt") is None and image.get("role", "") not in _SILENT


def _at_places(proof: Proof, elements: Iterable[HtmlElement]) -> Iterator[tuple[HtmlElement, int]]:
    """Yield the first element of each place in the sources, a handful at most, with how many came of that place."""
    alike: dict[object, list[HtmlElement]] = {}
    for element in elements:
        alike.setdefault(proof.page.place(element) or element, []).append(element)
    return ((first, 1 + len(others)) for first, *others in islice(alike.values(), _MOST))


def _file(source: str) -> str:
    """Return the last part of an address, which is what an editor knows an image by."""
    return source.rstrip("/").rpartition("/")[2].removeprefix("cid:")[:80] or "without an address"


_FILE_NAME = re.compile(
    r"\S+\.(?:png|jpe?g|gif|webp|svg|avif|heic|bmp|tiff?)|(?:img|dscn?|pxl|screenshot)[_-]?\d[\w-]*", re.IGNORECASE
)
_NO_WORDS = frozenset(
    {"image", "img", "photo", "picture", "pic", "graphic", "alt", "alt text", "untitled", "screenshot"}
)
_NO_WORDS |= {"bild", "foto", "grafik", "imagen", "immagine", "imagem", "afbeelding", "obraz"}
_ANNOUNCED = re.compile(
    r"(?:an? |the )?(?:image|picture|photo(?:graph)?|graphic) (?:of|showing)\b|"
    r"(?:ein )?(?:bild|foto) (?:von|des|der)\b|"
    r"(?:une )?(?:image|photo) (?:de|du|des|d')|(?:una )?(?:imagen|foto) de\b|(?:een )?(?:afbeelding|foto) van\b",
    re.IGNORECASE,
)
_LONGEST = 250


@rule(Severity.WARNING)
def img_alt_quality(proof: Proof) -> Iterator[Remark]:
    """
    An alternative text says in a sentence or two what there is to see, and can be seen.

    A screen reader says by itself that it is an image, so "image of" is said twice, and the name of a file tells
    nothing. Mail programs show the text in the image's box, in the font of the element: what does not fit is cut off,
    and where the font has no size, as between the columns of MJML, nothing stands there while images are off. More than
    250 characters are a paragraph, which belongs below the image, where everybody can read it.
    """
    for image, _ in _at_places(proof, (image for image in proof.page.images if _blame(proof.page, image))):
        alt = image.get("alt") or ""
        sentence, fix = _blame(proof.page, image) or ("", "")
        yield Remark(sentence=sentence, fix=fix, element=image, needle=alt)


def _blame(page: Page, image: HtmlElement) -> tuple[str, str] | None:
    alt = " ".join((image.get("alt") or "").split())
    return (_blame_words(alt) or _blame_look(page.style(image), alt)) if alt else None


def _blame_words(alt: str) -> tuple[str, str] | None:
    if _FILE_NAME.fullmatch(alt):
        return f'the alternative text "{shortened(alt)}" is the name of a file', "Say what there is to see."
    if alt.lower().strip(" .:") in _NO_WORDS:
        return (
            f'the alternative text "{alt}" tells nothing',
            'Say what there is to see, or write alt="" for an ornament.',
        )
    if found := _ANNOUNCED.match(alt):
        return (
            f'the alternative text begins with "{found[0]}", which is said anyway',
            "Begin with what there is to see.",
        )
    if len(alt) > _LONGEST:
        sentence = f'the alternative text "{shortened(alt)}" has {len(alt)} characters, more than {_LONGEST}'
        return sentence, "Say the gist there, and the rest in the text below the image."
    return None


def _blame_look(style: Style, alt: str) -> tuple[str, str] | None:
    if not style.concealed and style.font_size <= 1:
        sentence = f'the alternative text "{shortened(alt)}" cannot be seen while images are off: its font has no size'
        return sentence, "Give the image a font-size."
    return None


_UNSAID = re.compile(r"[\s\u00ad\u034f\u200b-\u200f\u2060\ufeff]+")


@rule(Severity.ERROR)
def link_no_name(proof: Proof) -> Iterator[Remark]:
    """
    Every link and every button says something.

    A screen reader has nothing to say of a link without words but its address, letter by letter (WCAG 2.2, 2.4.4). The
    usual case is an image with an empty alternative text that leads somewhere.
    """
    nameless = (
        element
        for element in proof.page.elements("a", "button")
        if (is_link(element) or element.tag == "button")
        and not proof.page.style(element).concealed
        and element.get("aria-hidden") != "true"
        and not _UNSAID.sub("", name_of(element))
    )
    for element, _ in _at_places(proof, nameless):
        href = (element.get("href") or "").strip()
        picture = next(element.iter("img"), None)
        fix = (
            "Say in the image's alternative text where it leads."
            if picture is not None
            else "Give it words, or drop it."
        )
        sentence = f"the link to {href or 'nowhere'} says nothing" if element.tag == "a" else "a button says nothing"
        yield Remark(sentence=sentence, fix=fix, element=element, needle=href)


@rule(Severity.ERROR)
def table_role(proof: Proof) -> Iterator[Remark]:
    """
    A table that lays out the page says so by its role, and one of data has head cells.

    Screen readers announce rows and columns of each table without `role="presentation"`, and an email has dozens; in
    one that has the role, they pass over the heads of data. 84 % of 376,348 emails had such tables (Email Markup
    Consortium, 2026). Tables in Markdown are right by themselves.
    """
    tables = [(table, _fault_of_table(table)) for table in proof.page.elements("table")]
    for table, count in _at_places(proof, (table for table, fault in tables if fault)):
        more = f"; {count - 1} more like it" if count > 1 else ""
        sentence, fix = _fault_of_table(table) or ("", "")
        yield Remark(sentence=sentence + more, fix=fix, element=table)


def _fault_of_table(table: HtmlElement) -> tuple[str, str] | None:
    is_data = next(_own(table, "th", "caption"), None) is not None
    role = table.get("role", "").strip().lower()
    words = f'"{shortened(said(table))}"' if said(table) else "without words"
    if is_data and role in _SILENT:
        return f'the table {words} has role="{role}", but also head cells', "Drop the role from a table of data."
    if not is_data and role not in {*_SILENT, "table", "grid"} and table.get("aria-hidden") != "true":
        fix = 'Write role="presentation" on a table for layout; with data, make its head cells <th scope="col">.'
        return f"the table {words} has neither a role nor head cells", fix
    return None


def _own(table: HtmlElement, *tags: str) -> Iterator[HtmlElement]:
    """Yield the elements of a table that are not those of a table inside it."""
    return (element for element in table.iter(*tags) if next(element.iterancestors("table")) is table)


_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@rule(Severity.WARNING)
def heading_order(proof: Proof) -> Iterator[Remark]:
    """
    The headings begin with one of the first level, there is no other of it, and none skips a level or is empty.

    With a screen reader one leaps from heading to heading, as the eye does (WCAG 2.2, 1.3.1). The built-in templates
    make the issue's title the first; stories and sections stand on the second level, so go on with `###` in them.
    """
    headings = [*_headings(proof.page)]
    if not headings:
        fix = "Make the issue's title a heading: <h1> in the template."
        yield Remark(sentence="there is no heading in the HTML", fix=fix, element=proof.page.root)
    yield from few(_stumbles(headings))


def _headings(page: Page) -> Iterator[tuple[int, HtmlElement]]:
    for element in page.elements():
        level = str(element.tag)[1:] if element.tag in _HEADINGS else ""
        if element.get("role") == "heading":
            level = element.get("aria-level", "2")
        if level.isdigit() and element.get("role", "heading") == "heading" and not page.style(element).concealed:
            yield int(level), element


def _stumbles(headings: Iterable[tuple[int, HtmlElement]]) -> Iterator[Remark]:
    before = first = 0
    for level, element in headings:
        title = name_of(element)
        words = f'"{shortened(title)}"'
        if not title:
            yield Remark(sentence=f"a heading of level {level} is empty", fix="Drop it.", element=element)
        elif not first and level != 1:
            fix = "Let the issue's title be an <h1> before it."
            yield Remark(
                sentence=f"the first heading, {words}, is of level {level}", fix=fix, element=element, needle=title
            )
        elif first and level == 1:
            fix = "Make it a heading of level 2, ## in Markdown."
            sentence = f"{words} is a second heading of level 1, beside the issue's title"
            yield Remark(sentence=sentence, fix=fix, element=element, needle=title)
        elif level > before + 1:
            fix = f"Make it a heading of level {before + 1}, {'#' * (before + 1)} in Markdown."
            sentence = f"the heading {words} of level {level} follows one of level {before}"
            yield Remark(sentence=sentence, fix=fix, element=element, needle=title)
        first, before = first or level, level
