"""Rules about what screen readers say in place of an image or a link, and what stands there while images are off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.checking.addresses import shortened
from digest.checking.css.style import is_link
from digest.checking.page import around, name_of
from digest.checking.rule import Remark, few, like_it, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from digest.checking.css.style import Style
    from digest.checking.page import Page
    from digest.checking.proof import Proof

_SILENT = frozenset({"none", "presentation"})
_DRAWN = re.compile(r"<v:image\b(?![^>]*\salt=)[^>]*>", re.IGNORECASE)


@rule(Severity.ERROR)
def img_alt_missing(proof: Proof) -> Iterator[Remark]:
    """
    Every image has an alternative text, be it an empty one; so has what says that it is an image (`role="img"`).

    It is what is heard, and what is seen while images are off, as they are by default in much office mail (WCAG 2.2,
    1.1.1). Without the attribute a screen reader reads the image's address; `alt=""` says that there is nothing to
    tell, as with a line or an ornament. 48 % of 376,348 emails had such an image (Email Markup Consortium, 2026).
    """
    yield from few(_without_alt(proof))
    drawn = dict.fromkeys(tag for comment in proof.page.comments for tag in _DRAWN.findall(comment))
    sentence = "an image for Outlook, <v:image>, has no alternative text"
    yield from few(Remark(sentence=sentence, fix=_GIVE_ALT, needle=tag) for tag in drawn)
    yield from few(
        _unlabelled(element) for element in proof.page.root.iterfind(".//*[@role='img']") if _lacks_label(element)
    )


_GIVE_ALT = 'Say in alt what a reader would miss, or write alt="" if that is nothing.'


def _without_alt(proof: Proof) -> Iterator[Remark]:
    lacking = (image for image in proof.page.elements("img", "area", "input") if _lacks_alt(image))
    for image, count in proof.page.by_place(lacking):
        file = _file(image.get("src") or image.get("href") or "")
        sentence = f"the image {file} has no alternative text{like_it(count)}"
        yield Remark(sentence=sentence, fix=_GIVE_ALT, element=image, needle=file)


def _unlabelled(element: HtmlElement) -> Remark:
    fix = "Say in aria-label what there is to see, or drop the role."
    return Remark(
        sentence=f'<{element.tag!s} role="img"> has no alternative text',
        fix=fix,
        element=element,
        severity=Severity.WARNING,
    )


_LABELS = ("aria-label", "aria-labelledby", "title")


def _lacks_label(element: HtmlElement) -> bool:
    if element.tag in {"img", "area", "input"} or any(one.get("aria-hidden") == "true" for one in around(element)):
        return False
    return not any((element.get(label) or "").strip() for label in _LABELS) and element.find("title") is None


def _lacks_alt(image: HtmlElement) -> bool:
    if image.tag == "input" and image.get("type", "").lower() != "image":
        return False
    if image.tag == "area" and image.get("href") is None:
        return False
    alt = image.get("alt")
    return (alt is None or alt.isspace()) and image.get("role", "") not in _SILENT


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
    faults = {image: fault for image in proof.page.images if (fault := _fault_of_alt(proof.page, image))}
    yield from few(
        Remark(sentence=faults[image][0], fix=faults[image][1], element=image, needle=image.get("alt") or "")
        for image, _ in proof.page.by_place(faults)
    )


def _fault_of_alt(page: Page, image: HtmlElement) -> tuple[str, str] | None:
    """Return what is wrong with an alternative text, and what to do."""
    alt = " ".join((image.get("alt") or "").split())
    return (_fault_of_words(alt) or _fault_of_look(page.style(image), alt)) if alt else None


def _fault_of_words(alt: str) -> tuple[str, str] | None:
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


def _fault_of_look(style: Style, alt: str) -> tuple[str, str] | None:
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
    usual case is an image with an empty alternative text that leads somewhere. What is hidden from screen readers
    (`aria-hidden`) is still reached by the Tab key, and then is silent, unless it has `tabindex="-1"`.
    """
    shown = [
        element
        for element in proof.page.elements("a", "button")
        if (is_link(element) or element.tag == "button") and not proof.page.style(element).concealed
    ]
    unheard = [element for element in shown if any(one.get("aria-hidden") == "true" for one in around(element))]
    nameless = (one for one in shown if one not in unheard and not _UNSAID.sub("", name_of(one)))
    yield from few(_nameless(element) for element, _ in proof.page.by_place(nameless))
    stumbled_on = (element for element in unheard if element.get("tabindex") != "-1")
    yield from few(_stumbled_on(element) for element, _ in proof.page.by_place(stumbled_on))


def _stumbled_on(element: HtmlElement) -> Remark:
    href = (element.get("href") or "").strip()
    what = "a button" if element.tag == "button" else f"the link to {href or 'nowhere'}"
    return Remark(
        sentence=f"{what} is hidden from screen readers, and yet the Tab key leads to it",
        fix='Write tabindex="-1" beside aria-hidden, or drop that.',
        element=element,
        needle=href,
        severity=Severity.WARNING,
    )


def _nameless(element: HtmlElement) -> Remark:
    href = (element.get("href") or "").strip()
    holds_image = next(element.iter("img"), None) is not None
    fix = "Say in the image's alternative text where it leads." if holds_image else "Give it words, or drop it."
    sentence = "a button says nothing" if element.tag == "button" else f"the link to {href or 'nowhere'} says nothing"
    return Remark(sentence=sentence, fix=fix, element=element, needle=href)
