"""What is shown of the words of services: what is meant for people, and no address or secret."""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode
from itertools import repeat

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.wire.words import clean, said, words_of


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"statusCode": 422, "name": "validation_error", "message": "Invalid `to`"}', "Invalid `to`"),
        ('{"ErrorCode": 300, "Message": "Zero recipients"}', "Zero recipients"),
        ('{"errors": [{"message": "Bad", "field": "from", "help": null}, {"message": "Worse"}]}', "Bad; Worse"),
        ('{"errors": ["one", "two", "one"]}', "one; two"),
        ('{"errors": {"from.email": ["must be verified. #MS42207"]}}', "must be verified. #MS42207"),
        ('{"code": "unauthorized", "message": "Key not found"}', "Key not found"),
        ('{"errors": [{"description": "Exceeded", "code": "2102"}]}', "Exceeded"),
        ('{"detail": [{"loc": ["body"], "msg": "field required", "type": "missing"}]}', "field required"),
        ('{"detail": "Invalid token."}', "Invalid token."),
        ('{"Messages": [{"Status": "error", "Errors": [{"ErrorMessage": "no sender"}]}]}', "no sender"),
        ('{"message": null, "error": "nothing here"}', "nothing here"),
        ('"just text"', "just text"),
        ("Forbidden", "Forbidden"),
        ('{"unknown": {"shape": 1}}', '{"unknown": {"shape": 1}}'),
        ("[]", "[]"),
        ("<html><body>502</body></html>", ""),
        ("  <!doctype html><p>x", ""),
        ("", ""),
        (" ", ""),
    ],
)
def test_words_for_people_are_found(body: str, words: str) -> None:
    """Services explain themselves in many shapes; what is meant for people is shown, and pages of gateways are not."""
    assert words_of(httpx.Response(400, content=body.encode())) == words


@pytest.mark.parametrize("body", [b'{"message": "\xff"}', b"[" * 100_000, b'{"errors":' * 100_000, b"\xff\xfe\x00"])
def test_whatever_cannot_be_read_is_shown_as_it_is(body: bytes) -> None:
    """No body breaks the sentence that tells of it."""
    shown = words_of(httpx.Response(400, content=body))
    assert shown.isprintable()
    assert len(shown) <= 200


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (httpx.Response(403, json={"message": "no"}), "403 Forbidden: no"),
        (httpx.Response(420, text="exceed"), "420: exceed"),
        (httpx.Response(502, html="<h1>x</h1>"), "502 Bad Gateway"),
        (httpx.Response(403, text="Forbidden", headers={"Content-Type": "text/html"}), "403 Forbidden: Forbidden"),
    ],
)
def test_an_answer_is_said_with_its_status(response: httpx.Response, sentence: str) -> None:
    """The status leads, in a number and a phrase where it has one."""
    assert said(response) == sentence


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("550 <ann@example.org>: no such user", "550 <…>: no such user"),
        ("mailto:ann+snow@example.org, ben@example.org.", "mailto:…, …"),
        ('{"email":"ann@example.org","code":300}', '{"email":"…","code":300}'),
        ('{"error":"\\"ann@example.org\\" is inactive"}', '{"error":"\\"…" is inactive"}'),
        ('"ann smith"@example.org is unknown', "… is unknown"),
        ("o'brien@example.org is unknown", "… is unknown"),
        ("дмитрий@пример.test и ann＠example.org", "… и …"),
        ("GET /a%40b.test and /a%2540b.test", "GET … and …"),
        ("a\\u0040example.org and a&#64;example.org", "… and …;example.org"),
        ("rea\u200bder@example.org", "…"),
        ("Bearer re_Ab12Cd34Ef56Gh78Ij90", "Bearer …"),
        ("key a1b2c3d4-0000-4000-8000-a1b2c3d4e5f6 is unknown", "key … is unknown"),
        ("see https://service.test/unsubscribe?token=abcdefghijkl", "see https:…"),
        ("see https://service.test/docs/errors", "see https://service.test/docs/errors"),
        ("invalid_idempotent_request: daily_quota_exceeded", "invalid_idempotent_request: daily_quota_exceeded"),
        ("MailFromDomainNotVerifiedException", "MailFromDomainNotVerifiedException"),
        ("DAILY_QUOTA_EXCEEDED till 2026-11-24T09:00:00Z", "DAILY_QUOTA_EXCEEDED till 2026-11-24T09:00:00Z"),
        ("two\r\nlines\tand\u2028a\x1b[31mcolour\x00", "two lines and a[31mcolour"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_words_are_cleaned(words: str, shown: str) -> None:
    """Addresses and tokens go, in any spelling; names of faults stay; it is one line."""
    assert clean(words) == shown


def test_tokens_of_readers_are_not_shown() -> None:
    """What leads to a reader's unsubscribe page is not taken for a word, by any chance worth the name."""
    chance = random.Random(3)  # noqa: S311  # they need not be unguessable here
    tokens = [urlsafe_b64encode(chance.randbytes(16)).decode().rstrip("=") for _ in range(10_000)]
    assert [token for token in tokens if clean(token) != "…"] == []


def test_words_are_cut() -> None:
    """Long words end in an ellipsis, and an address where they are cut goes first."""
    assert clean(" ".join(repeat("sorry", 100))).endswith(" sorry s…")
    assert clean(f"{'so ' * 65}ann@example.org is unknown") == f"{'so ' * 65}… is…"


@given(st.text(), st.emails(), st.text())
def test_no_address_is_shown(before: str, email: str, after: str) -> None:
    """Whatever stands around an address, it is gone; and what is shown is one printable line of 200 at most."""
    shown = clean(f"{before} {email} {after}")
    assert "@" not in shown
    assert email not in shown
    assert len(shown) <= 200
    assert shown.isprintable()


@pytest.mark.parametrize("words", ["a" * 200_000, '"' * 200_000, "a@" * 100_000, "Aa" * 100_000, "a." * 100_000])
def test_long_words_are_cleaned_at_once(words: str) -> None:
    """A service cannot keep us busy with what it says."""
    assert clean(words) in {"…", ""} or len(clean(words)) == 200
