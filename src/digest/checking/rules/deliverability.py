"""Rules about what mail services and the law want."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from digest.checking.addresses import same_site
from digest.checking.clients.inboxes import GMAIL_CLIP
from digest.checking.css.colours import contrast
from digest.checking.header import named, read_header
from digest.checking.rule import Remark, rule
from digest.links import unsubscribe_url
from digest.model import Severity
from digest.wire.mime import quoted_printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.checking.page import Link, Page
    from digest.checking.proof import Proof

_ENOUGH = 0.6
"""How much of what the HTML says the text has to say as well."""
_SMALLEST = 12
_FAINTEST = 3.0
"""The contrast below which a link is as good as hidden; what is short of 4.5 is said by the rule on contrast."""
_WORD = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]|[^\W_\u2e80-\u9fff\uac00-\ud7af]+")
"""A word; or one character of a script that has no spaces between words."""
_SHOWN = 3


@rule(Severity.ERROR)
def text_part(proof: Proof) -> Iterator[Remark]:
    """
    There is a plain-text part, and it says what the HTML part says.

    Watches, screen readers and careful people read it, and filters compare the two: SpamAssassin gives up to 2.8 points
    for parts that differ (MPART_ALT_DIFF), and 2.3 for a stub such as "open this in your browser", while no text part
    at all costs 0.1 (measured 2026-11).
    """
    if proof.mime.get_body(("plain",)) is None or not proof.text.strip():
        yield Remark(sentence="the message has no plain-text part", fix="Take templates/email.txt away, or mend it.")
        return
    said, written = _words(proof.page.visible_text), _words(proof.text)
    share = (said & written).total() / said.total() if said else 1
    if share < _ENOUGH:
        yield Remark(
            sentence=f"the plain text has {share:.0%} of the words of the HTML part",
            fix="Let templates/email.txt print what templates/email.mjml prints.",
        )
        return
    hrefs = dict.fromkeys(link.href for link in proof.page.links if link.href.lower().startswith(("http:", "https:")))
    missing = [href for href in hrefs if href not in proof.text]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        count = "a link" if len(missing) == 1 else f"{len(missing)} links"
        yield Remark(
            sentence=f"the plain text lacks {count} of the HTML part: {', '.join(missing[:_SHOWN])}{more}",
            fix="Let templates/email.txt print them.",
            severity=Severity.WARNING,
        )


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))


@rule(Severity.ERROR)
def unsubscribe_link(proof: Proof) -> Iterator[Remark]:
    """
    An unsubscribe link, the reader's own, can be seen in both parts.

    Gmail and Yahoo ask bulk senders for one that is clearly visible in the message body, and so does the law (CAN-SPAM,
    CASL section 11; GDPR article 7(3): as easy to withdraw as to give). One that is tiny, faint, or behind the
    102,400 bytes after which Gmail cuts off is looked for in vain, and then the spam button is nearer.
    """
    address = unsubscribe_url(proof.settings.web_url, proof.message.reader.token)
    links = [link for link in proof.page.links if re.split("[?#]", link.href)[0] == address]
    faults = [_why_unseen(link, proof.page) for link in links]
    if not links:
        yield Remark(
            sentence="the HTML part has no unsubscribe link",
            fix='Put <a href="{{ unsubscribe_url }}">Unsubscribe</a> into templates/parts/footer.mjml.',
        )
    elif all(faults):
        yield Remark(
            sentence=f"the unsubscribe link {faults[0]}",
            fix="Show it in 12 pixels or more, and in a colour that stands out from its background.",
            element=links[0].element,
        )
    elif _is_cut_off(proof.html, address):
        yield Remark(
            sentence="the unsubscribe link stands behind the 102,400 bytes after which Gmail cuts off",
            fix="Shorten the issue, or put an unsubscribe link at its head, too.",
            element=links[0].element,
        )
    if address not in proof.text:
        yield Remark(
            sentence="the plain text has no unsubscribe address",
            fix="Put {{ unsubscribe_url }} into templates/email.txt.",
        )


def _why_unseen(link: Link, page: Page) -> str:
    """Return why a link cannot be seen, blank where it can."""
    style = page.style(link.element)
    if style.hidden:
        return "is hidden"
    if not link.name:
        return "has no words"
    if style.font_size < _SMALLEST and link.text:
        return f"has a size of {style.font_size:g} pixels"
    found = contrast(style.color, style.background)
    if link.text and not style.over_image and found < _FAINTEST:
        return f"is {style.color} on {style.background}, a contrast of {found:.1f}"
    return ""


def _is_cut_off(html: str, address: str) -> bool:
    before = html[: max(html.find(escape(address)), 0)]
    may_be = len(before.encode()) * 4 > GMAIL_CLIP  # a byte becomes three at most, and lines are broken
    return may_be and len(quoted_printable(before)) > GMAIL_CLIP


_ONE_CLICK = re.compile(r"<https://[^\s<>]+>(?:\s*,\s*<mailto:[^\s<>]+>)?|<mailto:[^\s<>]+>\s*,\s*<https://[^\s<>]+>")


@rule(Severity.ERROR)
def list_unsubscribe_header(proof: Proof) -> Iterator[Remark]:
    """
    There is one header field List-Unsubscribe, and it holds one https address in angle brackets.

    Mail programs show their own button where it is right. RFC 8058 section 3.1 wants an https address, RFC 2369
    section 2 has programs pass over a field that does not begin with an angle bracket, and RFC 2047 section 5 forbids
    encoded words in it; Python's own mail library writes them for addresses of more than 75 characters (measured
    2026-11 on 3.11 and 3.13).
    """
    fields = named(read_header(proof.raw), "List-Unsubscribe")
    fix = "Leave the field to digest."
    if len(fields) != 1:
        count = "no" if not fields else str(len(fields))
        yield Remark(sentence=f"the message has {count} header fields List-Unsubscribe, and one is wanted", fix=fix)
        return
    (field,) = fields
    if "=?" in field.value or not field.value.isascii():
        yield Remark(sentence="the header field List-Unsubscribe is encoded, so that no program can read it", fix=fix)
    elif not _ONE_CLICK.fullmatch(field.value):
        yield Remark(
            sentence="the header field List-Unsubscribe is not one https address between angle brackets",
            fix=f"{fix} Beside the https address, one mailto address may stand there, and no space within brackets.",
        )


_SIGNED = re.compile(r"(?:^|;)\s*h\s*=([^;]*)", re.IGNORECASE)


@rule(Severity.ERROR)
def list_unsubscribe_post(proof: Proof) -> Iterator[Remark]:
    """
    The header field List-Unsubscribe-Post says that one click is enough, and a signature covers it.

    Its one value is List-Unsubscribe=One-Click, and without it there is no button in Gmail and Yahoo. A DKIM signature
    has to cover it and List-Unsubscribe (RFC 8058 sections 3.1 and 4), which the usual library does not do by itself
    (dkimpy 1.1.8, measured 2026-11).
    """
    fields = read_header(proof.raw)
    values = [field.value for field in named(fields, "List-Unsubscribe-Post")]
    if values != ["List-Unsubscribe=One-Click"]:
        found = "missing" if not values else "there more than once" if len(values) > 1 else f'"{values[0]}"'
        yield Remark(
            sentence=f"the header field List-Unsubscribe-Post is {found}",
            fix="Its value is List-Unsubscribe=One-Click; leave it to digest.",
        )
    for signature in named(fields, "DKIM-Signature"):
        covered = {name.strip().lower() for listed in _SIGNED.findall(signature.value) for name in listed.split(":")}
        missing = [name for name in ("List-Unsubscribe", "List-Unsubscribe-Post") if name.lower() not in covered]
        if missing:
            yield Remark(
                sentence=f"the DKIM signature does not cover {' and '.join(missing)}",
                fix="Have the service that signs put them into its list of fields (h=).",
            )


_LIST_ID = re.compile(r"(?:[^<>]*\s)?<([A-Za-z0-9_+~!#$%&'*/=?^`{|}-]+(?:\.[A-Za-z0-9_+~!#$%&'*/=?^`{|}-]+)+)>")
_LONGEST_ID = 255


@rule(Severity.WARNING)
def list_id(proof: Proof) -> Iterator[Remark]:
    """
    The header field List-Id names the list, in every issue alike and under the sender's domain.

    Readers' filters and Gmail know a list by it (RFC 2919; support.google.com/a/answer/15263077); one that changes
    makes all of them miss.
    """
    values = [field.value for field in named(read_header(proof.raw), "List-Id")]
    match = _LIST_ID.fullmatch(values[0]) if len(values) == 1 else None
    if match is None or len(match[1]) > _LONGEST_ID:
        found = "missing" if not values else "there more than once" if len(values) > 1 else "not a name and <id.domain>"
        yield Remark(sentence=f"the header field List-Id is {found}", fix="Leave the field to digest.")
        return
    if not same_site(match[1], proof.edition.sender.domain):
        yield Remark(
            sentence=f"the List-Id {match[1]} is not under the sender's domain, {proof.edition.sender.domain}",
            fix="Let it end with that domain.",
        )
    last = next((past.edition.headers["List-Id"] for past in proof.past if "List-Id" in past.edition.headers), None)
    before = _LIST_ID.fullmatch(last.fill({})) if last else None
    if before and before[1].lower() != match[1].lower():
        yield Remark(
            sentence=f"the List-Id is {match[1]}, and was {before[1]} in the last issue",
            fix="It is made of the sender's address: tell your readers before you change that.",
            place=proof.sources.setting("newsletter", "from"),
        )


@rule(Severity.ERROR)
def postal_address(proof: Proof) -> Iterator[Remark]:
    """
    The sender's postal address can be read in both parts.

    CAN-SPAM (15 U.S.C. 7704(a)(5)) wants one in each commercial message to people in the United States, a registered
    box will do; CASL wants one in Canada, and many countries of Europe ask for an imprint. It is the `postal_address`
    of digest.toml.
    """
    lines = [line for line in proof.settings.newsletter.postal_address.splitlines() if _letters(line)]
    for part, text, template in (
        ("HTML part", proof.page.visible_text, "parts/footer.mjml"),
        ("plain text", proof.text, "email.txt"),
    ):
        shown = _letters(text)
        missing = [line.strip() for line in lines if _letters(line) not in shown]
        if missing:
            yield Remark(
                sentence=f'the {part} lacks "{", ".join(missing)}" of the postal address',
                fix=f"Put {{{{ newsletter.postal_address }}}} into templates/{template}.",
            )


def _letters(text: str) -> str:
    """Return letters and digits alone, since each part sets the address in its own way."""
    return "".join(_words_in_order(text))


def _words_in_order(text: str) -> Sequence[str]:
    return _WORD.findall(text.casefold())
