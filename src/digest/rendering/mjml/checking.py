"""
The check that MRML does not do: it prints unknown tags, wrong nesting and bad values into the email without a word.

What it refuses in its turn, it refuses without a line. So everything that it would refuse is found here first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from digest.errors import ContentError, Place, did_you_mean
from digest.rendering.mjml.source import Comment, Stray, Tag, Text
from digest.rendering.mjml.tags import IGNORED, Content, rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.rendering.mjml.source import Source, Token
    from digest.rendering.mjml.tags import Kind, Rule

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}

# MRML calls itself for each level and dies without an exception at some 10,000 of them (mjml-python 1.4.2, 2026-11).
_DEEPEST = 200
_EXCERPT = 60
_WHOLE = "A template is one <mjml> … </mjml>."
# Controls, surrogates and noncharacters: XML and HTML cannot hold them, not even as numbers.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

_SPECIAL = {
    "mj-include": ("<mj-include> knows no variables and no lines", 'Write {% include "parts/story.mjml" %} instead.'),
    "mj-html-attributes": ("<mj-html-attributes> cannot be compiled here", "Write the attributes where they belong."),
    "script": ("no mail program runs a <script>", "Leave it out."),
}
_HINTS_FOR_IGNORED = {
    ("mj-style", "inline"): "Leave it out: the rules stay in the head. What must be inline is written in style=.",
    ("mj-text", "background-color"): "Write container-background-color.",
}


def find_faults(source: Source, tokens: Iterable[Token]) -> list[ContentError]:
    """Return everything that would be lost, garbled or refused, each once."""
    check = _Check(source=source)
    check.characters()
    for token in tokens:
        if not check.visit(token):
            break
    else:
        check.end()
    return list(check.faults.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A tag that is not yet closed."""

    tag: Tag
    rule: Rule | None
    """None for HTML and for what MJML does not know."""
    content: Content


@dataclass(slots=True, kw_only=True)
class _Check:
    """A walk through the tokens that knows which tags are open."""

    source: Source
    open: list[_Open] = field(default_factory=list)
    parts: set[str] = field(default_factory=set)
    """Which of the tags that a document has once were met."""
    faults: dict[tuple[Place, str], ContentError] = field(default_factory=dict)
    """By place and sentence, since a loop renders one fault many times."""

    def fault(self, position: int, sentence: str, hint: str) -> None:
        place = self.source.place(position)
        self.faults.setdefault((place, sentence), ContentError(sentence, hint=hint, place=place))

    def characters(self) -> None:
        if found := _CONTROL.search(self.source.text):
            sentence = f"there is a character (U+{ord(found[0]):04X}) that no email can hold"
            self.fault(found.start(), sentence, "Delete it; it is invisible, and often copied along from elsewhere.")

    def visit(self, token: Token) -> bool:
        """Return whether what follows can still be understood."""
        match token:
            case Tag(closing=True):
                self.close(token)
            case Tag():
                return self.begin(token)
            case Text():
                self.text(token)
            case Comment():
                self.comment(token)
            case Stray():
                return self.stray(token)
        return True

    def begin(self, tag: Tag) -> bool:
        rule = rules().get(tag.name)
        self.tag(tag, rule)
        self.attributes(tag)
        if tag.empty or tag.name.lower() in _VOID:
            return True
        content = rule.content if rule else Content.HTML
        self.open.append(_Open(tag=tag, rule=rule, content=content))
        if len(self.open) > _DEEPEST:
            self.fault(tag.start, f"tags are nested more than {_DEEPEST} deep", "Look for a macro that calls itself.")
            return False
        return True

    def tag(self, tag: Tag, rule: Rule | None) -> None:
        lower = tag.name.lower()
        around = self.open[-1] if self.open else None
        if around and not around.rule and around.tag.name.lower().startswith("mj"):
            return  # of an unknown tag nobody can say what it holds
        if lower != tag.name and (lower in _VOID or lower.startswith("mj")):
            self.fault(tag.start, f"{tag} is not written in lower case", f"Write <{lower}>.")
        elif tag.name in _SPECIAL:
            self.fault(tag.start, *_SPECIAL[tag.name])
        elif not rule and tag.name.startswith("mj"):
            self.fault(tag.start, f"{tag} is no tag of MJML", did_you_mean(tag.name, rules()))
        elif not around:
            self.outermost(tag)
        elif around.content is Content.TEXT:
            self.fault(tag.start, f"{tag} cannot stand in {around.tag}", f"{around.tag} holds text alone.")
        elif around.content is Content.HTML:
            self.within_html(tag, rule, around)
        elif around.rule:
            self.within_tags(tag, rule, around.tag, around.rule)

    def outermost(self, tag: Tag) -> None:
        if tag.name == "mjml":
            self.once(tag)
        else:
            self.fault(tag.start, f"{tag} stands outside <mjml>", _WHOLE)

    def within_html(self, tag: Tag, rule: Rule | None, around: _Open) -> None:
        if rule:
            self.fault(tag.start, f"{tag} cannot stand in {around.tag}", _where(tag.name))

    def within_tags(self, tag: Tag, rule: Rule | None, around: Tag, around_rule: Rule) -> None:
        if not rule:
            hint = "HTML stands in <mj-text>, <mj-table> or <mj-raw>."
            self.fault(tag.start, f"{tag} cannot stand in {around}", hint)
        elif tag.name not in around_rule.children:
            self.fault(tag.start, f"{tag} cannot stand in {around}", _where(tag.name))
        elif around.name == "mjml":
            self.once(tag)

    def once(self, tag: Tag) -> None:
        if tag.name in self.parts:
            self.fault(tag.start, f"there is more than one {tag}", "Keep one of them.")
        self.parts.add(tag.name)

    def attributes(self, tag: Tag) -> None:
        if tag.unreadable:
            sentence = f"the attributes of {tag} cannot be read at {tag.unreadable[:_EXCERPT]}"
            self.fault(tag.start, sentence, 'Write attributes as name="value".')
        seen: set[str] = set()
        for attribute in tag.attributes:
            if attribute.name in seen:
                sentence = f"{tag} has {attribute.name} twice"
                self.fault(tag.position(attribute), sentence, "Keep one of them.")
            seen.add(attribute.name)
            if found := _judge(tag.name, attribute.name, attribute.value, quoted=attribute.quoted):
                self.fault(tag.position(attribute), *found)

    def close(self, tag: Tag) -> None:
        if self.open and self.open[-1].tag.name == tag.name:
            self.open.pop()
        elif any(entry.tag.name == tag.name for entry in self.open):
            self.close_late(tag)
        else:
            self.fault(tag.start, f"{tag} closes nothing", "Delete it, or open the tag before.")

    def close_late(self, tag: Tag) -> None:
        innermost = self.open.pop()
        here, there = self.source.place(tag.start), self.source.place(innermost.tag.start)
        origin = f"line {there.line}" if here.path == there.path else str(there)
        self.fault(tag.start, f"{tag}, but {innermost.tag} from {origin} is still open", _closing(innermost.tag))
        while innermost.tag.name != tag.name:
            innermost = self.open.pop()

    def text(self, text: Text) -> None:
        words = text.text.strip()
        if not words or (self.open and (self.open[-1].content is not Content.TAGS)):
            return
        position = text.start + text.text.index(words[0])
        if not self.open:
            self.fault(position, "text stands outside <mjml>", _WHOLE)
            return
        sentence = f"text stands in {self.open[-1].tag}, among its tags"
        excerpt = words.partition("\n")[0][:_EXCERPT]
        self.fault(position, sentence, f"Put it into <mj-text>, <mj-table> or <mj-raw>: {excerpt}")

    def comment(self, comment: Comment) -> None:
        around = self.open[-1] if self.open else None
        if "--" in comment.text or comment.text.endswith("-"):
            self.fault(comment.start, "a comment holds --", "Write another dash, or {# … #}, which may hold anything.")
        elif around and around.content is Content.TEXT:
            sentence = f"a comment cannot stand in {around.tag}"
            self.fault(comment.start, sentence, "Write {# … #}, or /* … */ in a style.")
        elif comment.conditional and (not around or around.content is Content.TAGS):
            sentence = "a conditional comment stands among MJML's tags"
            self.fault(comment.start, sentence, "Put it into <mj-raw>.")

    def stray(self, stray: Stray) -> bool:
        if stray.text.startswith("<!--"):
            self.fault(stray.start, "a comment is never closed", "Close it with -->.")
            return False
        if stray.text.startswith("<![CDATA["):
            self.fault(stray.start, "CDATA cannot stand in MJML", "Write &lt; for < and &amp; for &.")
        elif stray.text.startswith(("<!", "<?")):
            hint = "Leave it out: the compiler writes the document's head."
            self.fault(stray.start, f"{stray.text} cannot stand in MJML", hint)
        elif re.match(r"</?[a-zA-Z]", stray.text):
            hint = "A quote or the closing > is missing, or a value holds <, which is written &lt;."
            self.fault(stray.start, f"the tag {stray.text} does not end", hint)
            return False
        else:
            self.fault(stray.start, f"a bare < stands in the text: {stray.text}", "Write &lt;.")
        return True

    def end(self) -> None:
        if self.open:
            tag = self.open[-1].tag
            self.fault(tag.start, f"{tag} is never closed", _closing(tag))
        elif not self.source.text.strip():
            self.fault(0, "the template is empty", _WHOLE)
        elif "mjml" not in self.parts and not self.faults:
            self.fault(0, "there is no <mjml>", _WHOLE)
        elif "mjml" in self.parts and "mj-body" not in self.parts:
            root = self.source.text.index("<mjml")
            self.fault(root, "<mjml> has no <mj-body>", "Write <mj-body> … </mj-body> in it.")


@lru_cache(maxsize=4096)  # stories are written alike: most of their attributes repeat
def _judge(tag: str, name: str, value: str | None, *, quoted: bool) -> tuple[str, str] | None:
    """Return what is wrong with an attribute and what to do about it."""
    rule = rules().get(tag)
    if not quoted:
        return f"{name} on <{tag}> has no quotes", f'Write {name}="{value}".'
    if rule and name not in rule.attributes:
        return f"<{tag}> has no attribute {name}", did_you_mean(name, rule.attributes)
    if rule and value is None:
        return f"{name} on <{tag}> has no value", f'Write {name}="…".'
    return _judge_value(tag, name, value, rule.attributes[name]) if rule and value is not None else None


def _judge_value(tag: str, name: str, value: str, kinds: tuple[Kind, ...]) -> tuple[str, str] | None:
    if name in IGNORED.get(tag, ()):
        hint = _HINTS_FOR_IGNORED.get((tag, name), "Leave it out, or reach the same another way.")
        return f"{name} on <{tag}> would have no effect", hint
    if any(kind.fits(value) for kind in kinds):
        return None
    return f'{name}="{value[:_EXCERPT]}" on <{tag}> is not valid', kinds[0].way_out(value)


def _where(name: str) -> str:
    """Say where a tag may stand."""
    parents = sorted(parent for parent, rule in rules().items() if name in rule.children and parent != "mj-attributes")
    return f"It stands in {', '.join(f'<{parent}>' for parent in parents)}." if parents else "It is the outermost tag."


def _closing(tag: Tag) -> str:
    return f"Write </{tag.name}>."
