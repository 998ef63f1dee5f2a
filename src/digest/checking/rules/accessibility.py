"""Rules about what screen readers go by: language, title, tables and headings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.checking.addresses import shortened
from digest.checking.page import name_of, text_of
from digest.checking.rule import Remark, few, like_it, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from digest.checking.page import Page
    from digest.checking.proof import Proof

_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", re.IGNORECASE)
_NO_ONE_LANGUAGE = frozenset({"und", "mul", "zxx"})


@rule(Severity.ERROR)
def html_lang_dir(proof: Proof) -> Iterator[Remark]:
    """
    The HTML says its language and its direction, on `<html>` and again on an element around the text.

    A screen reader reads English with a German voice where the language is not said (WCAG 2.2, 3.1.1). Webmail takes
    the text out of `<html>` and `<body>`, so an element around all of it has to say both again. Of 376,348 emails that
    were looked at, 96 % lacked the language and 97 % the direction (Email Markup Consortium, 2026).
    """
    root, wanted = proof.page.root, proof.settings.newsletter.language
    wrapper = _wrapper(proof.page)
    for element, where in ((root, "<html>"), (wrapper, "the element around the text")):
        language, direction = _fault_of_language(element, wanted), _fault_of_direction(element)
        if language or direction:
            yield Remark(
                sentence=f"{where} {' and '.join(filter(None, (language, direction)))}",
                fix=f'Write lang="{wanted}" and dir on <html> and on an element around the text; in MJML, on <mjml>.',
                element=element,
                severity=None if language and element is root else Severity.WARNING,
            )
    within = (element for element in root.iterfind(".//*[@lang]") if element is not wrapper)
    yield from few(_no_language(element) for element in within if not _TAG.fullmatch(element.get("lang") or "und"))


def _no_language(element: HtmlElement) -> Remark:
    sentence = f'<{element.tag!s}> has lang="{element.get("lang")}", which is no language'
    return Remark(
        sentence=sentence, fix='Write its tag, such as lang="fr".', element=element, severity=Severity.WARNING
    )


def _fault_of_language(element: HtmlElement, wanted: str) -> str:
    language = element.get("lang", "")
    if not _TAG.fullmatch(language) or _primary(language) in _NO_ONE_LANGUAGE:
        return f'has lang="{language}", which is no language' if language else "has no lang"
    return "" if _primary(language) == _primary(wanted) else f'has lang="{language}", but the newsletter "{wanted}"'


def _fault_of_direction(element: HtmlElement) -> str:
    direction = element.get("dir", "")
    if direction.lower() in {"ltr", "rtl", "auto"}:
        return ""
    return f'has dir="{direction}", which is no direction' if direction else "has no dir"


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
    title, subject = (text_of(titles[0]) if titles else ""), proof.message.subject
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


@rule(Severity.ERROR)
def table_role(proof: Proof) -> Iterator[Remark]:
    """
    A table that lays out the page says so by its role, and one of data has header cells.

    Screen readers announce the rows and columns of each table without `role="presentation"`, and an email has dozens;
    in a table of data that has the role, they do not tell which column a cell belongs to. 84 % of 376,348 emails had
    layout tables without it (Email Markup Consortium, 2026). Tables in Markdown are right by themselves.
    """
    faults = {table: fault for table in proof.page.elements("table") if (fault := _fault_of_table(table))}
    yield from few(
        Remark(sentence=faults[table][0] + like_it(count), fix=faults[table][1], element=table)
        for table, count in proof.page.by_place(faults)
    )


def _fault_of_table(table: HtmlElement) -> tuple[str, str] | None:
    """Return what is wrong with the role of a table, and what to do."""
    is_data = next(_own(table, "th", "caption"), None) is not None
    role = table.get("role", "").strip().lower()
    words = f'"{shortened(text_of(table))}"' if text_of(table) else "without words"
    if is_data and role in _SILENT:
        return f'the table {words} has role="{role}", but also header cells', "Drop the role from a table of data."
    if not is_data and role not in {*_SILENT, "table", "grid"} and table.get("aria-hidden") != "true":
        fix = 'Write role="presentation" on a table for layout; with data, make its header cells <th scope="col">.'
        return f"the table {words} has neither a role nor header cells", fix
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
