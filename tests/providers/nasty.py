"""Editions and readers that hold what services take for their own language, and whatever else breaks requests."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from stand_ins import NOW

from digest.model import Address, Batch, Edition, InlineImage, Pattern, Readers, Slot, Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SIGNS = (
    "{{ user.name }}",
    "{{name}}",
    "{{{ raw }}}",
    "{% if x %}",
    "{# note #}",
    "{{> part}}",
    "{{var:x}}",
    "{{v0}} {{ v1 }} {{c0}}",
    "%recipient.x%",
    "%recipient.v0% %recipient.c0%",
    "%recipient_email%",
    "%unsubscribe_url%",
    "%tag_unsubscribe_url%",
    "%25 100 % %%",
    "[[data:x]]",
    "[[var:x]]",
    "[%x%]",
    "<%x%>",
    "<% body %>",
    "-name- -v0- -c0-",
    "$[x]$ ${x} $(x) $v0",
    "*|FNAME|*",
    "|FNAME| #x# :x:",
    "=?utf-8?q?x?=",
    "\\ \\n \\u0041 \\\\{{",
    "&amp; &#123;&#123;x}} &lcub;",
    "zslot z v0 c0",
)
"""Whatever some service might act upon."""

ENDS = ("{", "{{", "{{{", "}", "}}", "}}}", "%", "[[", "]]", "-", "$[", "]$", "*|", "|*", "<%", "%>", "[%", "%]", "\\")
"""What opens or closes something somewhere; beside a slot, it must not become a part of it."""

_NAME, _CITY, _TOKEN = (
    slot.marker for slot in (Slot(name="name", fallback="{{ you }} %x%"), Slot(name="city"), Slot(name="token"))
)
_HARD = "\x01\x0b\x1f\x7f\x85\u2028\u2029\ufeff\u200b 😀 👩‍👩‍👧 Жąß \\ \" ' & \t."
_LONG = "lo" * 3000 + " " + "ng " * 500


def edition(prose: str, text: str, subject: str, *, images: tuple[InlineImage, ...] = ()) -> Edition:
    """
    Return an edition that has `prose` as a paragraph, in code, in an attribute and in an address.

    All three are marked: they may hold `Slot.marker`.
    """
    quoted = re.sub('["<>]', "", prose)
    page = (
        f'<!doctype html>\n<html><head><title>x</title><style>p{{margin:0 50%}}</style></head><body bgcolor="#fff">\n'
        f'<p>{prose}</p>\n<pre><code class="{{{{ x }}}}">{prose}</code></pre>\n<img alt="{quoted}" src="cid:cover">\n'
        f'<a href="https://example.org/a?{quoted}&amp;to={_TOKEN}">%7B%7B</a>\n.\n..\n{_LONG}</body></html>\n'
    )
    return Edition(
        slug="{{ their }} languages, 100 %",
        sender=Address(email="editor@example.org", name='Past "the" Plateau, {{ x }} & Zürich'),
        reply_to=Address(email="answers@example.org", name="Answers"),
        subject=Pattern.of_text(f"On {subject} today"),
        html=Pattern.of_html(page),
        text=Pattern.of_text(f"{text}\nhttps://example.org/u/{_TOKEN}\n"),
        headers={
            "List-Id": Pattern.of_text("Past the Plateau <editor.example.org>"),
            "List-Unsubscribe": Pattern.of_text(f"<https://example.org/u/{_TOKEN}?a=%7B%7Bx%7D%7D&b=-c->"),
            "List-Unsubscribe-Post": Pattern.of_text("List-Unsubscribe=One-Click"),
        },
        images=images,
    )


def _beside(ends: Iterable[str]) -> str:
    return " ".join(f"{end}{_NAME}{end}{_CITY} {end}" for end in ends)


def _prose(text: str) -> str:
    """Return a text for HTML that keeps its signs and opens no tag."""
    return re.sub("<(?=[a-zA-Z/!z])", "&lt;", text)


EDITIONS = {
    "an ordinary one": edition(f"Hello {_NAME}", f"Hello {_NAME} in {_CITY}", f"snow for {_NAME}"),
    "one without slots": edition("Hello", "Hello", "snow"),
    **{
        f"others' languages, {number}": edition(
            _prose(" ".join(signs)), f"{_NAME}\n{'  '.join(signs)}", f"{' '.join(signs[:5])} by {_NAME}"
        )
        for number, signs in enumerate((SIGNS[:9], SIGNS[9:18], SIGNS[18:]))
    },
    **{
        f"signs beside slots, {number}": edition(_prose(_beside(ends)), _beside(ends), f"{ends[0]}{_NAME}{ends[-1]}")
        for number, ends in enumerate((ENDS[:6], ENDS[6:12], ENDS[12:]))
    },
    "one that is hard to write": edition(f"{_HARD}{_NAME}", f"{_HARD}\r\n{_CITY}\n\n{_LONG}", "😀 Жąß \\ \" ' &"),
    "one full of fields": edition(f"{_NAME}{_CITY}" * 8, f"{_CITY}{_NAME}" * 40, f"{_CITY}{_NAME}{_CITY}"),
}
"""Editions that every provider must carry byte for byte."""


def subscriber(number: int, name: str, city: str) -> Subscriber:
    """Return a reader with a token that nobody else has."""
    email, token = f"reader{number}@example.org", f"token-{number:04}-Ab3dEfGh1jKlMn0pQr"
    return Subscriber(id=number, email=email, name=name, fields={"city": city}, token=token)


READERS = (
    subscriber(1, "Ada Lovelace", "London"),
    subscriber(2, "", "{{v1}}{{{v0}}}{{ c0 }}"),
    subscriber(3, 'O\'Neil "the {{ v0 }}" <b>&amp;</b>', "%recipient.v1%%recipient.c0% %recipient_email%"),
    subscriber(4, "李\u2028Ming\r\nBcc: x@example.test", "-v0--c0- [[var:v0]] [[data:x]] <%v0%> $[v0]$"),
    subscriber(5, "a, b; c\\", "two\r\nlines\nand\tmore \\ \\u007b\x01\x7f\u2029"),
    subscriber(17, "{% raw %} *|NAME|* =?utf-8?q?x?=", Slot(name="token").marker),
    subscriber(2**40, "😀 Жąß}", "}}{{"),
)
"""Readers whose values hold the same."""

COVER = InlineImage(
    cid="cover", filename="cover.png", media_type="image/png", content=b"\x89PNG\r\n" + bytes(range(256))
)


def batch(of: Edition, readers: Sequence[Subscriber] = READERS, number: int = 1) -> Batch:
    """Return a batch of `readers`."""
    key = f"{of.fingerprint[:16]}-{number}-1"
    return Batch(edition=of, number=number, key=key, readers=Readers.of(readers), at=NOW)


def batches(of: Edition, most: int, readers: Sequence[Subscriber] = READERS) -> list[Batch]:
    """Return batches of so many readers at most."""
    starts = range(0, len(readers), most)
    return [batch(of, readers[start : start + most], number) for number, start in enumerate(starts, 1)]


_written = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_on_a_line = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=8)


def _marked(written: st.SearchStrategy[str], most: int = 12) -> st.SearchStrategy[str]:
    pieces = st.one_of(st.sampled_from([*SIGNS, *ENDS]), st.sampled_from([_NAME, _CITY, _TOKEN]), written)
    return st.lists(pieces, max_size=most).map("".join)


any_edition = st.builds(
    edition,
    prose=_marked(_written.map(html.escape)).map(_prose),
    text=_marked(_written),
    subject=_marked(_on_a_line, 4),
)
"""Editions of any words, signs and slots."""

_value = st.lists(st.one_of(st.sampled_from([*SIGNS, *ENDS]), _written), max_size=4).map("".join)
any_readers = st.lists(st.tuples(_value, _value), min_size=1, max_size=4).map(
    lambda values: tuple(subscriber(number, name, city) for number, (name, city) in enumerate(values, 1))
)
"""Readers of any names and cities."""
