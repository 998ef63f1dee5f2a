"""Rules about what mail programs make of HTML and CSS."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING

import tinycss2

from digest.checking.clients.conditionals import faults, outlook_tables
from digest.checking.clients.graceful import GRACEFUL
from digest.checking.clients.support import Loss, Readership, readership
from digest.checking.css.colours import Colour
from digest.checking.rule import Remark, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml.html import HtmlElement

    from digest.checking.clients.usage import Use
    from digest.checking.proof import Proof
    from digest.errors import Place

_MOST = 8
"""How many like remarks are made before the rest is counted."""
_FEW = 3
"""How many are made where the rest is likely to come of the same mistake."""

_LAYOUT = frozenset(
    {"position", "display: flex", "display: inline-flex", "display: grid", "display: inline-grid", "var()", "rem"}
)
_PARTS_OF_LAYOUT = frozenset(
    {"left", "right", "top", "bottom", "inset", "z-index"}
    | {"flex-direction", "flex-wrap", "justify-content", "align-items", "gap", "column-gap", "row-gap"}
    | {"grid-template", "grid-template-areas", "grid-template-columns", "grid-template-rows"}
)
"""What makes no sense without a layout of that kind, and is not named beside it."""
_ACTIVE = frozenset(
    {"script", "iframe", "frame", "frameset", "object", "embed", "applet", "audio", "video"}
    | {"form", "input", "select", "textarea", "button"}
)
_FETCHED = frozenset({"@font-face", "@import"})
_SAID_ELSEWHERE = _LAYOUT | _PARTS_OF_LAYOUT | _FETCHED | {"data:", "video/mp4"}
_OUTLOOK = frozenset({"outlook-windows"})


@rule(Severity.WARNING)
def compat_unsupported(proof: Proof) -> Iterator[Remark]:
    """
    Nothing is used that more than a tenth of the readers would miss.

    What each mail program ignores is known from caniemail.com (data of 2026-05); how many of your readers use it, you
    say under `[check.clients]`, and where you are silent a usual audience stands in. `max_unsupported` sets the tenth.
    Only what is ignored counts, not what is understood in part; what Outlook alone is shown counts not at all; nor
    does what costs no more than polish where it is ignored, such as round corners, shadows, and media queries.
    """
    audience = readership(proof.settings.check.clients)
    lost = sorted(_lost(proof, audience), key=lambda item: -item[1].share)
    for use, loss in lost[:_MOST]:
        yield Remark(
            sentence=f"{_shown(use)} is ignored by {loss}",
            fix="Write it so that it reads well without, or take it out.",
            element=use.element,
            needle=use.written,
            place=_in_templates(proof, use),
        )
    if lost[_MOST:]:
        yield Remark(
            sentence=f"{len(lost) - _MOST} more features are ignored by many: "
            + ", ".join(use.feature for use, _ in lost[_MOST:]),
            fix="Write it so that it reads well without, or take it out.",
        )


def _lost(proof: Proof, audience: Readership) -> Iterator[tuple[Use, Loss]]:
    for use in _first_uses(proof).values():
        loss = _loss(use, audience)
        tag = use.feature.strip("<>").partition(" ")[0]
        if loss.share > proof.settings.check.max_unsupported and tag not in _ACTIVE:
            yield use, loss


def _loss(use: Use, audience: Readership) -> Loss:
    return audience.loss(use.feature, _OUTLOOK if use.spares_outlook else frozenset())


def _in_templates(proof: Proof, use: Use) -> Place | None:
    """Return where a template says what stands in a stylesheet, so that it is not sought in the issue's own words."""
    if use.element.tag != "style" or proof.page.place(use.element):
        return None
    return next(filter(None, (text.find(use.written) for text in proof.sources.templates)), None)


def _first_uses(proof: Proof) -> Mapping[str, Use]:
    """Return each feature that would be missed, where it is first used; one that Outlook is shown comes first."""
    found: dict[str, Use] = {}
    for use in sorted(proof.uses, key=lambda use: use.spares_outlook):
        if use.feature not in GRACEFUL and use.feature not in _SAID_ELSEWHERE:
            found.setdefault(use.feature, use)
    return found


def _shown(use: Use) -> str:
    return f'the attribute "{use.feature[:-1]}"' if use.feature.endswith("=") else f'"{use.feature}"'


@rule(Severity.ERROR)
def compat_layout_css(proof: Proof) -> Iterator[Remark]:
    """
    Boxes are laid out by tables and MJML, not by `position`, flex, grid, or custom properties.

    Gmail ignores `position` and `var()`, classic Outlook on Windows these and flex, grid and `rem` (caniemail.com,
    2026-05). What relies on them falls apart, or lies on top of other things. A property that has a plainer value
    before it is not blamed, nor is what stands in a media query. It is a warning where fewer of your readers are
    concerned than `max_unsupported` says, as it is for `rem`, which costs a size and no more.
    """
    audience = readership(proof.settings.check.clients)
    said = set()
    for use in proof.uses:
        if use.feature in _LAYOUT and use.feature not in said:
            said.add(use.feature)
            loss = _loss(use, audience)
            is_grave = use.feature != "rem" and loss.share > proof.settings.check.max_unsupported
            if loss.clients:
                yield Remark(
                    sentence=f'the layout needs "{use.written}", which is ignored by {loss}',
                    fix="Give sizes in px."
                    if use.feature == "rem"
                    else "Use sections and columns of MJML, or a table.",
                    element=use.element,
                    needle=use.written,
                    place=_in_templates(proof, use),
                    severity=Severity.ERROR if is_grave else Severity.WARNING,
                )


@rule(Severity.ERROR)
def compat_active_content(proof: Proof) -> Iterator[Remark]:
    """
    A message has no scripts, frames, forms, or sound and film without something in their place.

    Scripts and frames are taken out by every mail program, and a message that has some looks like an attack. Forms
    are not sent by Outlook, and taken out by others; film plays in Apple Mail and few more (caniemail.com, 2026-05).
    AMP needs a registration with Google and Yahoo. `video` with an image in it passes, and so do data for machines
    (`application/ld+json`) and fields that are not shown, by which MJML opens and shuts a menu.
    """
    found: dict[str, HtmlElement] = {}
    for element in proof.page.elements():
        if _is_active(element) and not (element.tag == "input" and proof.page.style(element).concealed):
            found.setdefault(str(element.tag), element)
    for tag, element in found.items():
        yield Remark(
            sentence=f"<{tag}> does not work in mail",
            fix="Show a picture of it that links to a page where it works.",
            element=element,
            needle=f"<{tag}",
        )
    for element in islice(_with_handlers(proof), 1):
        yield Remark(
            sentence=f"<{element.tag!s}> is to run a script when something happens, which mail programs take out",
            fix="Take out its on... attributes.",
            element=element,
            severity=Severity.WARNING,
        )


def _is_active(element: HtmlElement) -> bool:
    tag = str(element.tag)
    if tag == "script":
        return "json" not in element.get("type", "").lower()
    if tag in {"audio", "video"}:
        return not (element.text_content().strip() or element.find(".//img") is not None)
    if tag == "html":
        return "amp4email" in element.keys() or "⚡4email" in element.keys()  # noqa: SIM118  # lxml's elements have no `in`
    return tag in _ACTIVE or tag.startswith("amp-")


def _with_handlers(proof: Proof) -> Iterator[HtmlElement]:
    return (
        element
        for element in proof.page.elements()
        if any(name.lower().startswith("on") for name in element.keys())  # noqa: SIM118
    )


_COMMENT_OR_TEXT = re.compile(r"""/\*.*?\*/|"[^"\n]*"|'[^'\n]*'""", re.DOTALL)
_ATTRIBUTE_SELECTOR = re.compile(r"\[(?!class\s*~=)")


@rule(Severity.ERROR)
def css_fragile_for_gmail(proof: Proof) -> Iterator[Remark]:
    """
    Stylesheets are written so that Gmail keeps them.

    Gmail drops a whole `style` element when it stumbles over a fault in it, and ignores those that stand in the body
    (caniemail.com on `style`, 2026-05). Of attributes, it knows only `class` in selectors, so what is written for
    others, such as `[data-ogsc]` for Outlook's dark mode, is best kept in rules of its own. Outlook.com and Outlook's
    apps take out media queries that stand in others (caniemail.com on `@media`), which is a warning. That Gmail drops
    stylesheets with a `url()` was true in July 2023 alone.
    """
    for element in proof.page.elements("style"):
        css = element.text or ""
        if any(ancestor.tag == "body" for ancestor in element.iterancestors()) and css.strip():
            yield Remark(
                sentence="a <style> stands in the body, where Gmail ignores it",
                fix="Move it into the head (mj-style), or onto the tags.",
                element=element,
                needle="<style",
            )
        for sentence, fix, severity in islice(_fragile(css), _FEW):
            yield Remark(sentence=sentence, fix=fix, element=element, severity=severity)


def _fragile(css: str) -> Iterator[tuple[str, str, Severity]]:
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    own = "Write it correctly, or move it into a <style> of its own."
    for trouble in islice(_troubles(css, rules), 1):
        yield f"a stylesheet cannot be read ({trouble}), so Gmail may drop all of it", own, Severity.ERROR
    for node in rules:
        prelude = tinycss2.serialize(node.prelude).strip() if hasattr(node, "prelude") else ""
        if node.type == "at-rule" and node.lower_at_keyword == "media" and _has_query(node):
            sentence = f'"@media {prelude}" holds another @media, which Outlook.com and Outlook\'s apps take out'
            yield sentence, "Join the two with and.", Severity.WARNING
        elif node.type == "qualified-rule" and _mixes_selectors(prelude):
            sentence = f'"{prelude}" joins selectors that Gmail knows with one that it does not, and may lose both'
            yield sentence, "Make two rules of it.", Severity.WARNING


def _troubles(css: str, rules: list[tinycss2.ast.Node]) -> Iterator[str]:
    code = _COMMENT_OR_TEXT.sub("", css)
    if code.count("{") != code.count("}"):
        yield f"{code.count('{')} braces open and {code.count('}')} close"
    for node in rules:
        if node.type == "error":
            yield f"line {node.source_line}: {node.message}"
        elif node.type == "qualified-rule":
            for inner in tinycss2.parse_blocks_contents(node.content):
                if inner.type == "error":
                    yield f"line {inner.source_line}: {inner.message}"


def _has_query(media: tinycss2.ast.AtRule) -> bool:
    inside = tinycss2.parse_rule_list(media.content or [], skip_comments=True, skip_whitespace=True)
    return any(node.type == "at-rule" and node.lower_at_keyword == "media" for node in inside)


def _mixes_selectors(prelude: str) -> bool:
    known = [_ATTRIBUTE_SELECTOR.search(selector) is None for selector in prelude.split(",")]
    return any(known) and not all(known)


@rule(Severity.WARNING)
def external_font_or_css(proof: Proof) -> Iterator[Remark]:
    """
    A message fetches no fonts and no stylesheets.

    Gmail, Yahoo and most Outlooks ignore them (caniemail.com on `@font-face`, `@import` and `link`, 2026-05), and each
    opening tells their host who reads when and where. MJML's own default, Ubuntu, brings a link to Google's fonts with
    it, unless `font-family` is set for all. Fonts that readers have on their devices do as well.
    """
    for element in proof.page.elements("link"):
        if "stylesheet" in element.get("rel", "").lower():
            address = element.get("href", "")
            yield _fetched(f'a stylesheet is fetched from "{address}"', element, address)
    said = set()
    for use in proof.uses:
        if use.feature in _FETCHED and use.written not in said:
            said.add(use.written)
            yield _fetched(f'"{use.written}" fetches a font or a stylesheet', use.element, use.written)


def _fetched(sentence: str, element: HtmlElement, needle: str) -> Remark:
    return Remark(
        sentence=sentence,
        fix="Name fonts that devices have ([theme] font, font-family on mj-all), and write styles into the template.",
        element=element,
        needle=needle,
    )


@rule(Severity.ERROR)
def outlook_safety(proof: Proof) -> Iterator[Remark]:
    """
    What is written for Outlook alone is whole: its conditions, and the tables in them.

    Classic Outlook on Windows lays pages out with Word, which Microsoft keeps alive until 2029 at least, so templates
    tell it things of its own between `<!--[if mso]>` and `<![endif]-->`. One end that is lost hides all that follows.
    Outlook shows no background image either: without a background colour in its place, light text stands on white,
    which is a warning.
    """
    for fault in islice(chain(faults(proof.html), outlook_tables(proof.html)), _FEW):
        yield Remark(
            sentence=fault.sentence,
            fix="Look at the conditional comments of mj-raw and of your own HTML.",
            needle=fault.written,
        )
    for element in islice(_bare_pictures(proof), 1):
        yield Remark(
            sentence=f"<{element.tag!s}> has a background image, which Outlook does not show, and no background colour",
            fix="Give it a background-color that its text can be read on.",
            element=element,
            severity=Severity.WARNING,
        )


def _bare_pictures(proof: Proof) -> Iterator[HtmlElement]:
    for element in proof.page.elements():
        declared = proof.page.style(element).declared
        colour = Colour.parse(declared.get("background-color", ""))
        if "url(" in declared.get("background-image", "") and not (colour and colour.alpha):
            yield element
