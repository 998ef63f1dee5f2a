"""Which features of HTML and CSS a page uses, by the names that the table of support has for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import tinycss2

from digest.checking.css.declarations import declarations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.html import HtmlElement

    from digest.checking.page import Page

_TEXTS = re.compile(r"""url\([^)]*\)|"[^"]*"|'[^']*'""", re.IGNORECASE)
_FUNCTION = re.compile(r"(?<![\w-])[a-z][a-z-]*(?=\()")
_UNIT = re.compile(r"(?<![\w#.-])[+-]?(?:\d+\.?\d*|\.\d+)([a-z]+)")
_KEYWORD = re.compile(r"(?<![\w-])(?:initial|(?:fit|min|max)-content)(?![\w(-])")
_PSEUDO = re.compile(r"::?[a-z][a-z-]*(?:\(\))?")
_ARGUMENTS = re.compile(r"\([^()]*\)")
_QUERY = re.compile(r"\(\s*(?:-webkit-)?(?:min-|max-)?([a-z-]+)")
_RESETS = frozenset({"auto", "none", "normal", "static", "visible", "0", "0px", "inherit", "initial", "unset"})
"""Values that say what holds anyway where the property is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A feature where it is used."""

    feature: str
    """A property ``position``, a value ``display: flex``, ``calc()`` or ``rem``, a selector, an at-rule, ``<form>``."""
    element: HtmlElement
    """The element that has it, or the ``style`` that it stands in."""
    written: str
    """The declaration, selector or tag that it is part of."""
    spares_outlook: bool
    """Whether it stands between conditional comments that keep it from classic Outlook on Windows."""


def uses_of(page: Page) -> Sequence[Use]:
    """Return what a page uses, in the order of the document; what Outlook alone is shown is a comment, and no use."""
    return tuple(_uses(page))


def _uses(page: Page) -> Iterator[Use]:
    spares_outlook = False
    for node in page.root.iter():
        if isinstance(node.tag, str):
            for feature, written in _features(node):
                yield Use(feature=feature, element=node, written=written, spares_outlook=spares_outlook)
        else:
            spares_outlook = _spares_outlook(node.text or "", before=spares_outlook)


def _spares_outlook(comment: str, *, before: bool) -> bool:
    if comment.startswith("[if !mso") and comment.endswith("<!"):
        return True
    return before and comment.strip() != "<![endif]"


def _features(element: HtmlElement) -> Iterator[tuple[str, str]]:
    tag, kind = f"<{element.tag!s}", element.get("type", "").lower()
    yield f'{tag} type="{kind}">' if kind and element.tag in {"button", "input"} else f"{tag}>", tag
    for name, value in element.items():
        yield f"{name}=", f"{name}="
        if name in {"src", "background"} and value.lower().startswith("data:"):
            yield "data:", "data:"
    if element.tag == "style":
        yield from features_of_stylesheet(element.text or "")
    if element.get("style"):
        yield from features_of_style(element.get("style", ""), painted="bgcolor" in element.attrib)


@lru_cache(maxsize=512)
def features_of_style(style: str, *, painted: bool = False) -> Sequence[tuple[str, str]]:
    """
    Return the features of the declarations of a ``style`` attribute, each with its declaration.

    Args:
        style: the attribute.
        painted: whether the element has a background already, by an old attribute.
    """
    return tuple(_of_block(style, painted=painted))


def features_of_stylesheet(css: str) -> Iterator[tuple[str, str]]:
    """Yield the features of a stylesheet, each with what it is part of."""
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        prelude = tinycss2.serialize(rule.prelude).strip() if hasattr(rule, "prelude") else ""
        if rule.type == "at-rule":
            written = f"@{rule.at_keyword} {prelude}".strip()
            yield f"@{rule.lower_at_keyword}", written
            if rule.lower_at_keyword == "media":
                yield from ((f"@media ({name})", written) for name in _QUERY.findall(prelude.lower()))
        elif rule.type == "qualified-rule":
            pseudos = _PSEUDO.findall(_ARGUMENTS.sub("()", prelude.lower()))
            yield from ((name, prelude) for name in pseudos)
            yield from _of_block(rule.content)


def _of_block(content: Sequence[tinycss2.ast.Node] | str, *, painted: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the features of declarations; a value for those who understand it may follow a plainer one."""
    block = list(declarations(content))
    painted = painted or any(name == "background-color" for name, *_ in block)
    gone = any((name, value) == ("display", "none") for name, value, _ in block)
    plainer = {"background", "background-image"} if painted else set[str]()
    for name, value, is_important in block:
        written = f"{name}: {value}"
        if value.lower() not in _RESETS and not (gone and name == "visibility"):
            yield ("var()" if name.startswith("--") else name), written
        if is_important:
            yield "!important", written
        if name not in plainer:
            yield from ((feature, written) for feature in _of_value(name, value.lower()))
        plainer |= {name, "background-image"} if name == "background" else {name}


def _of_value(name: str, value: str) -> Iterator[str]:
    yield f"{name}: {value}"
    plain = _TEXTS.sub("", value)
    yield from (f"{function}()" for function in _FUNCTION.findall(plain))
    yield from _UNIT.findall(plain)
    yield from _KEYWORD.findall(plain)
    if plain != value and re.search(r"url\(\s*['\"]?data:", value):
        yield "data:"
