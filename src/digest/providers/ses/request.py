"""
What Amazon SES is asked: a template, and an entry for each reader.

Its template language is that of Handlebars, where a backslash before braces takes their meaning away; of that, a
template that comes with a request may use simple substitutions. It fills in values as they are, and escapes nothing:
https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-advanced.html, read on 2026-11-23.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from digest.errors import ContentError
from digest.model import Address, Pattern, Spelling, merge
from digest.wire.answers import RejectedError
from digest.wire.columns import Columns, ascii_mailbox, further_headers, issue_tag, mailbox
from digest.wire.json_layout import Each, Json, JsonLayout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.model import Batch, Edition, InlineImage
    from digest.providers.options import Switches
    from digest.wire.bodies import Body

_SPELLING = Spelling(variable="{{{{{}}}}}".format, special=re.compile(r"[{}\\]+"))
_LONGEST_DATA = 262_144
_MOST_HEADERS, _LONGEST_HEADER = 15, 996
# Whether header fields are taken for templates is not documented, so nothing in them may look like one.
_UNFIT = re.compile(r"[^ -~]|\{\{")
_SWITCH = {True: "ENABLED", False: "DISABLED"}


def body_of(batch: Batch, configuration_set: str | None, switches: Switches) -> Body:
    """
    Return the JSON that sends a batch.

    Raises:
        ContentError: a header field cannot be carried.
        RejectedError: one cannot for a single reader, or their values are too long.
    """
    layout = _layout(batch.edition, configuration_set, switches)
    _refuse_unfit_readers(batch)
    return layout.fill(Columns(batch, {"@to": [*_mailboxes(batch)], "@data": _data(batch)}))


@lru_cache(maxsize=2)
def _layout(edition: Edition, configuration_set: str | None, switches: Switches) -> JsonLayout:
    tracking = {"OpenTrackingEnabled": _SWITCH[switches.opens], "ClickTrackingEnabled": _SWITCH[switches.clicks]}
    message: dict[str, Json] = {
        "FromEmailAddress": _mailbox(edition.sender, "From"),
        "ConfigurationOverrides": {"Tracking": tracking},
        "DefaultContent": {"Template": _template(edition)},
        "BulkEmailEntries": Each(_entry(edition)),
    }
    if edition.reply_to:
        message["ReplyToAddresses"] = [_mailbox(edition.reply_to, "Reply-To")]
    if configuration_set:
        message["ConfigurationSetName"] = configuration_set
    return JsonLayout.of(message)


def _template(edition: Edition) -> Json:
    merged = merge(edition, _SPELLING)
    template: dict[str, Json] = {
        "TemplateContent": {"Subject": merged.subject, "Html": merged.html, "Text": merged.text},
        "TemplateData": "{}",
        "Headers": [{"Name": name, "Value": pattern} for name, pattern in _headers(edition) if not pattern.slots],
    }
    if edition.images:
        template["Attachments"] = [*map(_attachment, edition.images)]
    return template


def _entry(edition: Edition) -> Json:
    """Return a reader's entry; whether tags and values of the template are added to its own is not documented."""
    tags: dict[str, Json] = {
        "issue": issue_tag(edition),
        "batch": Pattern.of_field("@batch"),
        "correlation_id": Pattern.of_field("@correlation_id"),
    }
    return {
        "Destination": {"ToAddresses": [Pattern.of_field("@to")]},
        "ReplacementTags": [{"Name": name, "Value": value} for name, value in tags.items()],
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": Pattern.of_field("@data")}},
        "ReplacementHeaders": [
            {"Name": name, "Value": pattern} for name, pattern in _headers(edition) if pattern.slots
        ],
    }


def _headers(edition: Edition) -> list[tuple[str, Pattern]]:
    headers = [*further_headers(edition).items()]
    if len(headers) > _MOST_HEADERS:
        msg = f"the message has {len(headers)} header fields of its own, and Amazon SES takes {_MOST_HEADERS}"
        raise ContentError(msg, hint="Leave some of them out.")
    for name, pattern in headers:
        _refuse_unfit(name, "".join(pattern.texts), ContentError)
    return headers


def _attachment(image: InlineImage) -> Json:
    return {
        "RawContent": b64encode(image.content).decode(),
        "ContentDisposition": "INLINE",
        "ContentId": image.cid,
        "ContentType": image.media_type,
        "ContentTransferEncoding": "BASE64",
        "FileName": image.filename,
    }


def _mailboxes(batch: Batch) -> Iterator[str]:
    columns = Columns(batch)
    for name, email in zip(columns["@display_name"], columns["@address"], strict=True):
        yield _mailbox(Address(email=email, name=name), "To")


def _mailbox(address: Address, header: str) -> str:
    """Return an address as SES takes it: in ASCII, with encoded words in the name, as in a header field."""
    plain = mailbox(address)
    return plain if plain.isascii() and "=?" not in plain else ascii_mailbox(address, header)


def _data(batch: Batch) -> list[str]:
    """Return each reader's values as JSON, with the constants."""
    columns = merge(batch.edition, _SPELLING).columns(batch.readers)
    rows = zip(*columns.values(), strict=True) if columns else [()] * len(batch.readers)
    data = [msgspec.json.encode(dict(zip(columns, row, strict=True))).decode() for row in rows]
    if max(map(len, data)) > _LONGEST_DATA:
        msg = f"the values of a reader are longer than the {_LONGEST_DATA:,} characters that Amazon SES takes"
        raise RejectedError(msg)
    return data


def _refuse_unfit_readers(batch: Batch) -> None:
    own = {name: pattern for name, pattern in batch.edition.headers.items() if pattern.slots}
    for reader in batch.readers:
        for name, pattern in own.items():
            _refuse_unfit(name, pattern.fill(reader.values), RejectedError)


def _refuse_unfit(name: str, value: str, fault: type[ContentError | RejectedError]) -> None:
    if _UNFIT.search(value):
        msg = f"the header field {name} holds braces, or letters beyond ASCII, which Amazon SES does not take there"
        raise fault(msg, hint="Write it without them.")
    if len(name) + len(value) > _LONGEST_HEADER:
        msg = f"the header field {name} is longer than the {_LONGEST_HEADER} characters that Amazon SES takes"
        raise fault(msg, hint="Shorten it.")
