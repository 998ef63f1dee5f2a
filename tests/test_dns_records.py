"""SPF, DMARC and DKIM records, read as receivers read them."""

from __future__ import annotations

from base64 import b64encode
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from digest.domains import Grade, dkim, dmarc, spf
from digest.domains.lookup import Found
from digest.domains.tags import read_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.domains import Observation
    from digest.domains.lookup import Ask

GOOD, ADVICE, BAD = Grade.GOOD, Grade.ADVICE, Grade.BAD


def knowing(texts: Mapping[str, str | tuple[str, ...]]) -> Ask:
    """Return a DNS of these TXT records, where every name but those with void in them has an address and an MX."""

    def ask(name: str, kind: str) -> Found:
        found = texts.get(name, ()) if kind == "TXT" else () if "void" in name else (f"{kind} of {name}",)
        return Found(values=(found,) if isinstance(found, str) else found, name=name, exists=bool(found))

    return ask


def spf_of(
    record: str | tuple[str, ...], others: Mapping[str, str] = MappingProxyType({}), *, needed: bool = True
) -> list[Observation]:
    """Judge the record of example.org, with those of others, whose names end in .test."""
    further = {f"{name}.test": text for name, text in others.items()}
    return spf.judge("example.org", knowing({"example.org": record, **further}), needed=needed)


def grades(found: list[Observation]) -> list[Grade]:
    """Return how each stands."""
    return [seen.grade for seen in found]


@pytest.mark.parametrize(
    ("record", "lookups"),
    [
        ("v=spf1 -all", 0),
        ("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all", 0),
        ("v=SPF1 A MX:mail.example.org/24//64 -ALL", 2),
        ("v=spf1 include:one.test -all", 3),
        ("v=spf1 redirect=one.test", 3),
        ("v=spf1 exists:%{i}.list.test include:%{d}.list.test -all", 2),
        ("v=spf1 -all include:gone.test", 0),
        ("v=spf1  a:%{d}.test/24//64   mx/0  -all ", 2),
        ("v=spf1 a:void.test mx:void.test -all", 2),
        ("v=spf1 ?include:all.test -all", 1),
        ("v=spf1 exp=why.test future=x -all", 0),
    ],
)
def test_spf_lookups_are_counted_as_receivers_count_them(record: str, lookups: int) -> None:
    """Each include, a, mx, ptr, exists and redirect is one, with those of the records that it leads to."""
    others = {"one": "v=spf1 a include:two.test -all", "two": "v=spf1 ip4:192.0.2.1 -all", "all": "v=spf1 +all"}
    found = spf_of(record, others)
    assert grades(found) == [GOOD]
    assert f"takes {lookups} of 10" in found[0].sentence


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (("v=spf1 -all", "v=spf1 a -all"), "2 SPF records"),
        ("v=spf1 ipv4:192.0.2.1 -all", '"ipv4:192.0.2.1", which means nothing'),
        ("v=spf1 ip4:192.0.2.256 -all", '"ip4:192.0.2.256", which means nothing'),
        ("v=spf1 ip6:192.0.2.1 -all", "means nothing"),
        ("v=spf1 include: -all", "means nothing"),
        ("v=spf1 include:gone.test -all", "gone.test, which it includes, has no SPF record"),
        ("v=spf1 include:loop.test -all", "loop.test includes itself"),
        ("v=spf1 a a a a a a a a a a a -all", "11 names, and they stop after 10"),
        ("v=spf1 +all", "every machine of the world"),
        ("v=spf1 a all", "every machine of the world"),
        ("v=spf1 include:all.test -all", "every machine of the world"),
        ("v=spf1 -all ipv4:192.0.2.1", "means nothing"),
        ("v=spf1 ip4:192.0.2.0/255.255.255.0 -all", "means nothing"),
        ("v=spf1 ip4:192.0.2.0/33 -all", "means nothing"),
        ("v=spf1 a/24/64 -all", "means nothing"),
        ("v=spf1 ip6:fe80::1%eth0 -all", "means nothing"),
        ("v=spf1 exists:%(i).test -all", "means nothing"),
        ("v=spf1 include:50%.test -all", "means nothing"),
        ("v=spf1 a\tmx -all", "means nothing"),
        ("v=spf1 include:b\xfccher.test -all", "means nothing"),
        ("v=spf1 redirect=", "means nothing"),
        ("v=spf1 redirect=one.test redirect=all.test", "has 2 redirects"),
        ("v=spf1 redirect=back.test", "example.org includes itself"),
        ("v=spf1 a:void.test a:void.test mx:void2.test -all", "asks for void.test and void2.test, where nothing"),
    ],
)
def test_spf_that_receivers_cannot_use(record: str, words: str) -> None:
    """What makes receivers give up, or lets everyone in, is bad, and said."""
    others = {"loop": "v=spf1 include:loop.test -all", "back": "v=spf1 redirect=example.org", "all": "v=spf1 +all"}
    found = spf_of(record, others)
    assert grades(found)[-1] is BAD
    assert words in found[-1].sentence
    assert found[-1].hint


def test_spf_with_too_many_mail_servers() -> None:
    """A name with more than ten mail servers makes receivers give up."""

    def ask(name: str, kind: str) -> Found:
        values = {"TXT": ("v=spf1 mx -all",), "MX": tuple(f"mx{number}.test" for number in range(11))}
        return Found(values=values[kind], name=name)

    (found,) = spf.judge("example.org", ask, needed=True)
    assert "names the 11 mail servers of example.org, more than 10" in found.sentence
    assert found.grade is BAD


def test_spf_that_branches_without_end_is_left_early() -> None:
    """Records that include ever more records are not all followed."""
    asked = 0

    def ask(name: str, kind: str) -> Found:
        nonlocal asked
        asked += 1
        assert kind == "TXT"
        return Found(values=(f"v=spf1 {' '.join(f'include:{one}.{name}' for one in range(9))} -all",), name=name)

    found = spf.judge("example.org", ask, needed=True)
    assert "and they stop after 10" in found[0].sentence
    assert asked < 60


def test_spf_that_could_be_better() -> None:
    """A record without an end, and one with ptr, are no fault, and could be better."""
    assert grades(spf_of("v=spf1 ptr ?all")) == [GOOD, ADVICE, ADVICE]
    assert grades(spf_of("v=spf1 a")) == [GOOD, ADVICE]


def test_spf_is_needed_where_the_envelope_is_ours() -> None:
    """Without a record, mail of a service still passes, by the service's own envelope; mail by SMTP does not."""
    assert grades(spf_of("v=spf12 not one", needed=False)) == [ADVICE]
    assert grades(spf_of((), needed=True)) == [BAD]


def test_spf_of_another_domain_than_that_of_the_envelope_does_no_harm() -> None:
    """Where the envelope is a service's, receivers do not look up the sender's record: its faults are advice."""
    for record in (("v=spf1 -all", "v=spf1 a -all"), "v=spf1 nonsense", "v=spf1 +all", f"v=spf1 {'a ' * 11}-all"):
        assert BAD in grades(spf_of(record, needed=True))
        assert {*grades(spf_of(record, needed=False))} <= {GOOD, ADVICE}


def judged(domain: str, records: Mapping[str, str | tuple[str, ...]]) -> list[Observation]:
    """Judge what DMARC records say of a domain."""
    ask = knowing(records)
    return dmarc.judge(dmarc.walk(domain, ask), ask)


@pytest.mark.parametrize(
    ("records", "grade", "words"),
    [
        ({"_dmarc.news.example.org": "v=DMARC1; p=reject; rua=mailto:d@example.org"}, GOOD, "the DMARC policy reject"),
        ({"_dmarc.example.org": "v=DMARC1;p=none; sp=quarantine"}, GOOD, "quarantine, by the record of example.org"),
        ({"_dmarc.org": "v=DMARC1; p=reject; psd=y"}, GOOD, "reject, by the record of org"),
        ({}, BAD, "has no DMARC record"),
        ({"_dmarc.news.example.org": "v=DMARC2; p=none"}, BAD, "has no DMARC record"),
        ({"_dmarc.news.example.org": ("v=DMARC1; p=none", "v=DMARC1; p=reject")}, BAD, "2 DMARC records"),
        ({"_dmarc.news.example.org": "v=DMARC1; p=no"}, BAD, "no policy that receivers know"),
        ({"_dmarc.news.example.org": "v=DMARC1; q=none; p-q=none"}, BAD, '"p-q=none" is no tag'),
        ({"_dmarc.news.example.org": "v=DMARC1; p=none; p=none"}, BAD, 'the tag "p" comes twice'),
        ({"_dmarc.news.example.org": "v=DMARC1; p=none; sp=no"}, BAD, "no policy that receivers know"),
        ({"_dmarc.news.example.org": "v=DMARC1; P=none"}, BAD, "no policy that receivers know"),
        ({"_dmarc.news.example.org": "v=DMARC1 p=none"}, BAD, "has no DMARC record"),
        ({"_dmarc.news.example.org": "v=dmarc1; p=none"}, BAD, "has no DMARC record"),
        ({"_dmarc.news.example.org": ("v=spf1 -all", "v=DMARC1;; P = x ;p = NONE ;")}, GOOD, "the DMARC policy none"),
        ({"_dmarc.example.org": "v=DMARC1; p=none; np=reject"}, GOOD, "the DMARC policy none, by the record"),
    ],
)
def test_dmarc_policy(records: dict[str, str | tuple[str, ...]], grade: Grade, words: str) -> None:
    """The record of the domain holds, else that of its organization, else that of the suffix."""
    found = judged("news.example.org", records)
    assert grades(found)[0] is grade
    assert words in found[0].sentence


def test_dmarc_without_reports_could_be_better() -> None:
    """A policy whose reports go nowhere is good, with an advice."""
    assert grades(judged("example.org", {"_dmarc.example.org": "v=DMARC1; p=none"})) == [GOOD, ADVICE]


def test_dmarc_reports_to_another_domain() -> None:
    """Who gets reports about others has to say so, and each who does not is named; those of one house need not."""
    rua = "mailto:d@in.example.org!10m, mailto:a@willing.test, mailto:b@silent.test,https://a.test/d"
    records = {
        "_dmarc.example.org": f"v=DMARC1; p=none; rua={rua}",
        "example.org._report._dmarc.willing.test": "v=DMARC1;",
    }
    found = judged("news.example.org", records)
    assert grades(found) == [GOOD, ADVICE]
    assert "sends reports to silent.test, which has not said that it takes them" in found[1].sentence
    assert "example.org._report._dmarc.silent.test" in found[1].hint


def test_dmarc_with_something_that_receivers_pass_over() -> None:
    """What is no tag is named, and the policy beside it holds."""
    found = judged("example.org", {"_dmarc.example.org": "v=DMARC1; p=reject; rua=mailto:d@example.org; quarantine"})
    assert grades(found) == [ADVICE, GOOD]
    assert 'holds "quarantine", which is no tag' in found[0].sentence
    assert grades(judged("example.org", {"_dmarc.example.org": "v=DMARC1; p none"}))[:2] == [ADVICE, BAD]


def test_dmarc_passes_over_a_broken_record_below_a_good_one() -> None:
    """Where the domain's own record counts for nothing, the organization's holds, and the broken one is named."""
    records = {
        "_dmarc.news.example.org": "v=DMARC1; p=none; p=reject",
        "_dmarc.example.org": "v=DMARC1; p=reject; rua=mailto:d@example.org",
    }
    assert grades(judged("news.example.org", records)) == [ADVICE, GOOD]


@pytest.mark.parametrize(
    ("records", "organization"),
    [
        ({}, "a.mail.example.com"),
        ({"mail.example.com": "", "example.com": ""}, "example.com"),
        ({"mail.example.com": "; psd=n", "example.com": ""}, "mail.example.com"),
        ({"com": "; psd=y"}, "example.com"),
        ({"example.com": "; psd=y"}, "mail.example.com"),
        ({"a.mail.example.com": "; psd=y"}, "a.mail.example.com"),
    ],
)
def test_dmarc_organization_is_found_by_walking_up(records: dict[str, str], organization: str) -> None:
    """The examples of RFC 9989, section 4.10.2."""
    ask = knowing({f"_dmarc.{name}": f"v=DMARC1; p=none{further}" for name, further in records.items()})
    assert dmarc.walk("a.mail.example.com", ask).organization == organization


def test_dmarc_walk_asks_eight_times_at_most() -> None:
    """A name of twelve labels is looked up itself, then from its seventh label on: the example of RFC 9989."""
    asked: list[str] = []

    def ask(name: str, kind: str) -> Found:
        asked.append(f"{name} {kind}")
        return Found(name=name, exists=False)

    dmarc.walk("a.b.c.d.e.f.g.h.i.j.mail.example.com", ask)
    assert len(asked) == 8
    assert asked[:2] == ["_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com TXT", "_dmarc.g.h.i.j.mail.example.com TXT"]
    assert asked[-1] == "_dmarc.com TXT"


def rsa_key(bits: int) -> rsa.RSAPublicKey:
    """Make a key."""
    return rsa.generate_private_key(65537, bits).public_key()  # shorter ones are what is tested


def published(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, form: PublicFormat) -> str:
    """Return a key as a record has it."""
    return b64encode(key.public_bytes(Encoding.DER, form)).decode()


KEY = rsa_key(2048)
RECORD = published(KEY, PublicFormat.SubjectPublicKeyInfo)


def dkim_of(record: str | tuple[str, ...], modulus: int = 0) -> Observation:
    """Judge a key record."""
    return dkim.judge("example.org", "s1", knowing({"s1._domainkey.example.org": record}), modulus=modulus)


@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
def test_dkim_key_is_read_in_both_forms(form: PublicFormat) -> None:
    """An RSA key is recognised in either encoding, and compared with the one that signs."""
    record = f"v=DKIM1; k=rsa; p={published(KEY, form)}"
    assert dkim_of(record, KEY.public_numbers().n).grade is GOOD
    assert "2048 bits" in dkim_of(record).sentence
    assert "not the other half" in dkim_of(record, rsa_key(1024).public_numbers().n).sentence


@pytest.mark.parametrize(
    ("record", "grade", "words"),
    [
        (f"k=rsa; p={RECORD[:80]} {RECORD[80:]}", GOOD, "2048 bits"),
        (f"v=DKIM1; t=s:y; p={RECORD}", ADVICE, "tried out"),
        (f"p={published(rsa_key(1024), PublicFormat.PKCS1)}", ADVICE, "1024 bits"),
        ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", ADVICE, "Ed25519"),
        (("v=spf1 -all", f"p={RECORD}"), GOOD, "2048 bits"),
        (f"v=DKIM1; h=sha1 : sha256; s=email; n=a note; p={RECORD};", GOOD, "2048 bits"),
        (f"v=DKIM1; h=sha1; p={RECORD}", BAD, "forbids signatures with SHA-256"),
        (f"v=DKIM1; s=tlsrpt; p={RECORD}", BAD, "it is not for mail"),
        (f"v=DKIM1\\; p={RECORD}", BAD, "does not begin with v=DKIM1"),
        ("v=DKIM1; k=ed25519; p=AAAA", BAD, "no Ed25519 key"),
        ("v=spf1 -all", BAD, "there is no DKIM key at"),
        ((), BAD, "there is no DKIM key at s1._domainkey.example.org"),
        ((f"p={RECORD}", f"p={RECORD}"), BAD, "2 keys"),
        ("v=DKIM1; p=", BAD, "withdrawn"),
        ("v=DKIM1; k=rsa", BAD, "it has no key"),
        (f"k=rsa; v=DKIM1; p={RECORD}", BAD, "does not begin with v=DKIM1"),
        (f"v=DKIM2; p={RECORD}", BAD, "does not begin with v=DKIM1"),
        ("v=DKIM1; k=dsa; p=AAAA", BAD, "of the kind dsa"),
        ("v=DKIM1; p=not Base64!", BAD, "no Base64"),
        ("v=DKIM1; p=AAAA", BAD, "no RSA key"),
        (f"v=DKIM1; p={RECORD[:200]}", BAD, "cut short"),
        ("v=DKIM1; p=MA==", BAD, "cut short"),
    ],
    ids=count(),  # the keys are others in each process
)
def test_dkim_key_record(record: str | tuple[str, ...], grade: Grade, words: str) -> None:
    """Each fault of a key record is told from the others, and none of them raises."""
    found = dkim_of(record)
    assert (found.grade, bool(found.hint)) == (grade, grade is not GOOD)
    assert words in found.sentence


def test_dkim_key_of_another_kind_of_curve() -> None:
    """A key that is no RSA key where one is declared is bad."""
    record = published(ec.generate_private_key(ec.SECP256R1()).public_key(), PublicFormat.SubjectPublicKeyInfo)
    assert dkim_of(f"v=DKIM1; p={record}").grade is BAD


def test_dkim_key_that_is_too_short() -> None:
    """Keys below 1024 bits are refused by receivers."""
    modulus = (1 << 511) + 1
    number = modulus.to_bytes(65, "big")
    body = bytes([2, len(number)]) + number + bytes([2, 3, 1, 0, 1])
    found = dkim_of(f"p={b64encode(bytes([0x30, len(body)]) + body).decode()}")
    assert "512 bits" in found.sentence
    assert found.grade is BAD


def test_tags_are_read_with_spaces_and_a_last_semicolon() -> None:
    """White space around tags and values counts for nothing."""
    assert read_tags(" v = DMARC1 ;p= none; ") == {"v": "DMARC1", "p": "none"}
