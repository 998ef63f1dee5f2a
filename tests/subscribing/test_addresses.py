"""Addresses: which are taken, in which form, and which look alike."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.errors import ContentError
from digest.model import Consent
from digest.subscribing.addresses import _PLAIN, _SPECIAL_ENDINGS, Lookalikes, normal_email, wanted_email
from digest.subscribing.newcomers import make_newcomer
from digest.wire.header_fields import wire_address

ATOM = st.text("aZ09_+-.", min_size=1, max_size=8)
LABEL = st.text("az09-", min_size=1, max_size=8)
ADDRESSES = st.builds("{}@{}".format, ATOM, st.lists(LABEL, min_size=1, max_size=3).map(".".join))
ENDINGS = st.sampled_from(["test", "local", "example", "invalid", "onion", "org", "com", "arpa", "localhost", "xn--a"])


def _as_the_library_says(email: str) -> str | None:
    try:
        return validate_email(
            email, check_deliverability=False, test_environment=True, allow_smtputf8=False, allow_quoted_local=True
        ).normalized
    except EmailNotValidError:
        return None


@settings(max_examples=500)
@given(st.one_of(ADDRESSES, st.emails(), st.builds("{}.{}".format, ADDRESSES, ENDINGS), st.text("a@.-_+", max_size=12)))
@example(f"{'a' * 64}@{'b' * 59}.com")
@example(f"{'a' * 64}@{'b' * 60}.com")
@example(f"{'a' * 65}@example.org")
@example("a@xn--bcher-kva.example.org")
@example("a@b--c.org")
@example("ann@example.test")
def test_short_cut_for_plain_addresses(email: str) -> None:
    """What is taken without asking email-validator is exactly what it would have returned unchanged."""
    match = _PLAIN.fullmatch(email)
    if match and match[1] not in _SPECIAL_ENDINGS:
        assert _as_the_library_says(email) == email


def _taken(email: str) -> tuple[str, str]:
    try:
        return make_newcomer({"email": email}, fields=(), consent=Consent(source="test")).email, ""
    except ValueError as error:
        return "", str(error)


@settings(max_examples=200)
@given(st.one_of(ADDRESSES, st.emails(), st.text(max_size=20)))
def test_addresses_have_one_form(email: str) -> None:
    """An address that is taken is taken again as it is; one that is not is refused without being repeated."""
    taken, refusal = _taken(email)
    if taken:
        assert _taken(taken) == (taken, "")
    else:
        assert len(email.strip()) < 3 or email.strip() not in refusal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann.Fictional@EXAMPLE.org", "Ann.Fictional@example.org"),
        ("ann@BÜCHER.example.org", "ann@bücher.example.org"),
        ("ann@xn--bcher-kva.example.org", "ann@bücher.example.org"),
        ('"ann"@example.org', "ann@example.org"),
        ("o'dell+news@example.org", "o'dell+news@example.org"),
    ],
)
def test_normal_form(text: str, expected: str) -> None:
    """The part before the @ keeps its case; needless quotes go, and a domain stands in its own script."""
    assert normal_email(text) == expected
    assert wire_address(expected, "To").isascii()


@pytest.mark.parametrize("text", ['"ann smith"@example.org', '"a@b"@example.org', '"ann."@example.org'])
def test_quotes_that_are_needed(text: str) -> None:
    """They are refused at once, since no header field could hold them when the issue is to be sent."""
    with pytest.raises(ValueError, match="needs quotes"):
        normal_email(text)
    with pytest.raises(ContentError):
        wire_address(text, "To")


@settings(max_examples=100)
@given(st.one_of(ADDRESSES, st.emails()))
def test_whatever_is_taken_can_be_written_to(email: str) -> None:
    """Every address on a list has a form that mail servers know."""
    taken, _ = _taken(email)
    assert not taken or wire_address(taken, "To").isascii()


def test_lookalikes_of_a_long_list() -> None:
    """They are found across a list, in the order of the later one, each with the first that it looks like."""
    lookalikes = Lookalikes()
    for line in range(2, 30_002):
        lookalikes.note(line, f"reader{line % 10_000}{'+x' * (line // 10_000)}@example.org")
    assert len(lookalikes.pairs) == 20_000
    assert lookalikes.pairs[:2] == [(2, 10_002), (3, 10_003)]
    assert lookalikes.pairs[-1] == (10_001, 30_001)


def test_looking_for_a_reader() -> None:
    """Whoever asks for an address in another spelling means the one on the list; what is none is nobody's."""
    assert wanted_email(" Ann@xn--bcher-kva.example.org ") == "Ann@bücher.example.org"
    assert wanted_email(" nonsense ") == "nonsense"
