"""Rules about whether readers want it, and can end it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.checking.header import named, read_header
from digest.checking.rule import Remark, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.checking.proof import Proof


@rule(Severity.WARNING)
def consent_record(proof: Proof) -> Iterator[Remark]:
    """
    Of every reader it is known when, how or to what they agreed.

    Whoever writes to people must be able to show that they wished it (GDPR article 7(1); under Canada's CASL the burden
    of proof is the sender's), and Gmail, Yahoo and Apple ask senders to write to those alone who signed up. A list that
    was imported without a word on consent is not forbidden by that, so this is a warning: whoever may only write to
    people with a record sets `consent-record = "error"` under `[check.rules]`.
    """
    survey = proof.survey
    if survey and survey.without_consent.count:
        yield Remark(
            sentence=f"nobody knows when or how {survey.without_consent.told(survey.readers)} agreed",
            fix='Import their list once more with how they agreed: digest subscribers import FILE --consent "…". '
            f"Who they are: digest subscribers show {survey.without_consent.first[0]}",
        )


_ADDRESS = re.compile(r"<\s*(https?:[^>]*)>", re.IGNORECASE)
_PARTS = re.compile(r"[/?#&;=]")


@rule(Severity.ERROR)
def unsubscribe_token(proof: Proof) -> Iterator[Remark]:
    """
    Every reader leaves by a token of their own that nobody can guess.

    RFC 8058 section 3.1 wants an address that tells reader and list, and is hard to forge. With one that is the same
    for all, nobody is taken off the list; with an address or a number in it, anyone can take off anyone. Our tokens
    name list and reader, have a signature of 128 bits, and never expire: CASL wants a way out that works for 60 days,
    CAN-SPAM for 30.
    """
    for field in named(read_header(proof.raw), "List-Unsubscribe"):
        address = _ADDRESS.search(field.value)
        if address and proof.message.reader.token not in _PARTS.split(address[1]):
            yield Remark(
                sentence="the address in the header field List-Unsubscribe does not hold the reader's token",
                fix="Leave the field to digest, which fills in the token of each reader.",
            )
    survey = proof.survey
    if survey and survey.without_token.count:
        yield Remark(
            sentence=f"{survey.without_token.told(survey.readers)} have no unguessable token of their own",
            fix="Somebody changed the database from outside: restore a backup. Who they are: "
            f"digest subscribers show {survey.without_token.first[0]}",
        )
