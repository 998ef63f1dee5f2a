"""`digest doctor`: key, sender and domain, asked of a service and of a name server on loopback."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from name_server import Zone, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from click.testing import Result
    from conftest import Counted, Run

KEY = "re_a_key_made_up_for_tests"
# The public half of a key of 2048 bits, made for this test.
RSA = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0bEHDpmq/9TTHRObeTKMI8Mclg/60hfqIqA4AQMqVsIkJmyw873Wm4"
    "923UxKmbv9hYFq+bZOXvnsw7xPhP3/frPFf0oG28wkHi1Kmue+KF6DdFjHyHBJ3z225XyQuqojMJWCDF6NX3vA1uyqYixhBgn2"
    "NKnnvtnJ7fXPXLlFYQ1tmhOkXpj9dQ1LNgvDMiv2EjLWwv+ga1oH8h4QyJyGa0H9L2dIDyoCi2qEc4I2f4k7b/LlFoYKQgD7BG"
    "yTTW9zTPOYeTNMmksHMiVL4Tcrdrb8FtVL0wMD0Vp7S7s1o1asGyk9Ts18W/o2s2o23Cy8ns39f84gKRcfAPnXs5KlpQIDAQAB"
)
RECORDS: dict[tuple[str, str], Sequence[str]] = {
    ("letters.test", "MX"): ["10 mail.letters.test."],
    ("mail.letters.test", "A"): ["192.0.2.25"],
    ("letters.test", "TXT"): ['"v=spf1 include:mail.test -all"'],
    ("mail.test", "TXT"): ['"v=spf1 ip4:192.0.2.0/24 -all"'],
    ("_dmarc.letters.test", "TXT"): ['"v=DMARC1; p=quarantine; rua=mailto:dmarc@letters.test"'],
    ("resend._domainkey.letters.test", "CNAME"): ["key.mail.test."],
    ("key.mail.test", "TXT"): [f'"v=DKIM1; k=rsa; p={RSA[:200]}" "{RSA[200:]}"'],
}
VERIFIED = {"data": [{"id": "d1", "name": "letters.test", "status": "verified"}]}


@contextmanager
def answering(status: int, body: object) -> Iterator[str]:
    """Be a service that gives the same answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True, kw_only=True)
class Practice:
    """A newsletter that a doctor is asked about."""

    letter: Path
    run: Run

    def set_up(
        self, provider: str, *, domain_of_sender: str = "letters.test", reply_to: str = "", **options: str
    ) -> None:
        """Write the settings."""
        text = (self.letter / "digest.toml").read_text("utf-8").partition("[provider]")[0]
        lines = "".join(f'{name} = "{value}"\n' for name, value in {"name": provider, **options}.items())
        text = "\n".join(line for line in text.splitlines() if not line.startswith(("from =", "reply_to =")))
        sender = f'from = "Letters <editor@{domain_of_sender}>"\n{reply_to and f"reply_to = {json.dumps(reply_to)}"}'
        text = text.replace("[newsletter]", f"[newsletter]\n{sender}")
        (self.letter / "digest.toml").write_text(f"{text}\n[provider]\n{lines}", encoding="utf-8")

    def ask(self, zone: Zone, *options: str) -> Result:
        """Ask it, with a name server of this zone."""
        with serving(zone) as address:
            return self.run("doctor", "--dns-server", address, *options)

    def resend(self, zone: Zone, *options: str, status: int = 200, body: object = VERIFIED) -> Result:
        """Ask it about Resend, which gives this answer."""
        with answering(status, body) as url:
            self.set_up("resend", api_url=url)
            return self.ask(zone, *options)


@pytest.fixture
def practice(letter: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Practice:
    """Return the newsletter of `letter`."""
    monkeypatch.setenv("RESEND_API_KEY", KEY)
    return Practice(letter=letter, run=run)


def without(*names: tuple[str, str]) -> Zone:
    """Return the good zone without some records."""
    return Zone(records={name: rows for name, rows in RECORDS.items() if name not in names})


def changed(changes: Mapping[tuple[str, str], Sequence[str]]) -> Zone:
    """Return the good zone with some records changed."""
    return Zone(records={**RECORDS, **changes})


def grades(result: Result) -> list[tuple[str, str]]:
    """Return what was found, by what it is about."""
    return [(found["about"], found["grade"]) for found in json.loads(result.stdout)["findings"]]


GOOD = [(about, "good") for about in ("service", "service", "MX", "SPF", "DMARC", "DKIM", "alignment")]


def test_all_is_good(practice: Practice) -> None:
    """Where nothing is to be mended, each thing is called good, and it ends with 0."""
    result = practice.resend(Zone(records=RECORDS))
    assert result.exit_code == 0
    assert "  good     Answers go to mail.letters.test.\n" in result.stdout
    assert "  good     There is a DKIM key at resend._domainkey.letters.test, of 2048 bits.\n" in result.stdout
    assert result.stdout.endswith("\ngood 7\n")
    assert KEY not in result.output


def test_ledger_on_a_branch(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a branch keeps the ledger, it is asked whether it can be pushed to, and nothing is pushed."""
    monkeypatch.setenv("DIGEST_LEDGER_URL", "git:origin/digest-ledger")
    remote = practice.letter.with_name("remote.git")
    for arguments in (("init", "--bare", remote), ("init", practice.letter)):
        subprocess.run(["git", *arguments, "--quiet", "--template="], check=True)
    subprocess.run(["git", "remote", "add", "origin", remote], cwd=practice.letter, check=True)
    result = practice.resend(Zone(records=RECORDS), "--json")
    assert grades(result) == [*GOOD, ("ledger", "good")]
    assert not [*(remote / "refs" / "heads").iterdir()]
    subprocess.run(["git", "config", "remote.origin.receivepack", "false"], cwd=practice.letter, check=True)
    refused = practice.resend(Zone(records=RECORDS))
    assert refused.exit_code == 5
    assert "takes nothing from here" in " ".join(refused.stdout.split())
    remote.rename(remote.with_name("elsewhere"))
    assert ("ledger", "bad") in grades(practice.resend(Zone(records=RECORDS), "--json"))


def test_json(practice: Practice) -> None:
    """A script gets the same as an object."""
    result = practice.resend(Zone(records=RECORDS), "--json")
    facts = json.loads(result.stdout)
    assert (facts["provider"], facts["domain"]) == ("resend", "letters.test")
    assert grades(result) == GOOD
    assert {*facts["findings"][0]} == {"about", "grade", "sentence", "hint"}


def test_key_that_the_service_refuses(practice: Practice) -> None:
    """A wrong key is bad in the service's words, the DNS is looked at all the same, and it ends with 5."""
    answer = {"statusCode": 401, "name": "invalid_api_key", "message": f"API key {KEY} is invalid"}
    result = practice.resend(Zone(records=RECORDS), status=401, body=answer)
    assert result.exit_code == 5
    assert "  bad      Resend says 401 Unauthorized" in result.stdout
    assert "good     Answers go to" in result.stdout
    assert "one thing keeps mail from its readers" in result.stderr
    assert KEY not in result.output


@pytest.mark.parametrize("key", ["re_made_up\nfor_tests", "re_m\xe4de_up_for_tests"])
def test_key_that_no_request_can_carry(practice: Practice, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """A key with a line break or a letter beyond ASCII is told by its variable, and not shown."""
    monkeypatch.setenv("RESEND_API_KEY", key)
    result = practice.resend(Zone(records=RECORDS))
    assert result.exit_code == 3
    assert "RESEND_API_KEY holds a line break or a letter beyond ASCII, so it is not the API key" in result.stderr
    assert key[-6:] not in result.output


def test_address_that_no_request_can_go_to(practice: Practice) -> None:
    """An `api_url` that is none is a fault of the settings, and told as such."""
    practice.set_up("resend", api_url="http://[::1")
    result = practice.ask(Zone(records=RECORDS), "--json")
    assert result.exit_code == 3
    assert "api_url under [provider] is no address" in result.stderr


@pytest.mark.parametrize("status", [429, 500, 502])
def test_service_in_trouble(practice: Practice, status: int) -> None:
    """Where a service cannot answer now, nobody is told to mend the key."""
    result = practice.resend(Zone(records=RECORDS), status=status, body={"message": "not now"})
    assert result.exit_code == 5
    assert f"  bad      127.0.0.1 says {status} " in result.stdout
    assert "That is not about your key. Ask again later: digest doctor" in result.stdout


def test_report_fits_a_terminal(practice: Practice, counted: Counted) -> None:
    """A line has 80 signs at most, and what is to be copied, a record or a command, stays whole."""
    lines = practice.resend(without(("_dmarc.letters.test", "TXT"))).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert '           "v=DMARC1; p=none; rua=mailto:dmarc@letters.test"' in lines
    practice.set_up("counting")
    assert counted.accepted() == {}
    assert "           digest doctor --selector NAME" in practice.ask(Zone(records=RECORDS)).stdout.splitlines()


def test_service_out_of_reach(practice: Practice) -> None:
    """Where nobody answers, that is said."""
    practice.set_up("resend", api_url="http://127.0.0.1:1")
    result = practice.ask(Zone(records=RECORDS))
    assert result.exit_code == 5
    assert "  bad      127.0.0.1 cannot be reached: " in result.stdout


def test_answer_that_cannot_be_read(practice: Practice) -> None:
    """A service that answers nonsense has said nothing good."""
    result = practice.resend(Zone(records=RECORDS), "--json", body=["?"])
    assert result.exit_code == 5
    assert ("service", "bad") in grades(result)
    assert "127.0.0.1 answers what cannot be read" in result.stdout


def test_secret_that_is_missing(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the key, nobody is asked: it is the settings that are to be mended."""
    monkeypatch.delenv("RESEND_API_KEY")
    practice.set_up("resend")
    result = practice.ask(Zone(records=RECORDS))
    assert result.exit_code == 3
    assert "RESEND_API_KEY is not set" in result.stderr


def test_the_outbox_reaches_nobody(run: Run) -> None:
    """The provider of a first look is told for what it is, and needs no network."""
    result = run("doctor", "--json")
    assert result.exit_code == 0
    assert grades(result) == [("service", "advice")]
    assert "reaches nobody" in result.stdout


def test_provider_that_cannot_be_asked(practice: Practice, counted: Counted) -> None:
    """What a provider cannot tell, and a selector that nobody knows, are called unknown, and never good."""
    practice.set_up("counting")
    assert counted.accepted() == {}
    result = practice.ask(Zone(records=RECORDS), "--json")
    assert result.exit_code == 0
    assert grades(result)[0] == ("service", "unknown")
    assert grades(result)[-1] == ("DKIM", "unknown")
    assert grades(practice.ask(Zone(records=RECORDS), "--json", "--selector", "resend"))[-2:] == GOOD[-2:]


@pytest.mark.parametrize(
    ("zone", "about", "grade", "words"),
    [
        (changed({("letters.test", "MX"): ["0 ."]}), "MX", "bad", "takes no mail"),
        (without(("letters.test", "MX")), "MX", "bad", "has no mail server"),
        (without(("mail.letters.test", "A")), "MX", "bad", "mail.letters.test, which has no address"),
        (
            Zone(records={**without(("letters.test", "MX")).records, ("letters.test", "AAAA"): ["2001:db8::1"]}),
            "MX",
            "advice",
            "the machine of that name",
        ),
        (without(("letters.test", "TXT")), "SPF", "advice", "no SPF record"),
        (without(("mail.test", "TXT")), "SPF", "advice", "mail.test, which it includes"),
        (without(("_dmarc.letters.test", "TXT")), "DMARC", "bad", "no DMARC record"),
        (without(("key.mail.test", "TXT")), "DKIM", "bad", "leads to key.mail.test, where there is nothing"),
        (without(("resend._domainkey.letters.test", "CNAME")), "DKIM", "bad", "no DKIM key at resend._domainkey"),
        (Zone(records=RECORDS, failing=frozenset({"letters.test"})), "DNS", "unknown", "nothing is known"),
        (Zone(records=RECORDS, failing=frozenset({"_dmarc.letters.test"})), "DMARC", "unknown", "have no answer"),
        (Zone(records={}), "DNS", "bad", "there is no domain letters.test"),
    ],
)
def test_domain_with_a_fault(practice: Practice, zone: Zone, about: str, grade: str, words: str) -> None:
    """Each fault of the domain is told by itself, with what to do; what could not be found out is called unknown."""
    result = practice.resend(zone, "--json")
    found = [found for found in json.loads(result.stdout)["findings"] if found["about"] == about]
    assert found[0]["grade"] == grade
    assert words in found[0]["sentence"]
    assert found[0]["hint"]
    assert about == "DNS" or {about for about, grade in grades(result) if grade != "good"} == {about}
    assert result.exit_code == (5 if grade == "bad" else 0)


def test_answers_go_where_reply_to_says(practice: Practice) -> None:
    """A domain that takes no mail is none the worse for it where answers go elsewhere."""
    with answering(200, VERIFIED) as url:
        practice.set_up("resend", api_url=url, reply_to="editor@answers.test")
        zone = changed({("letters.test", "MX"): ["0 ."], ("answers.test", "MX"): ["5 in.answers.test."]})
        zone = Zone(records={**zone.records, ("in.answers.test", "AAAA"): ["2001:db8::25"]})
        result = practice.ask(zone, "--json")
    assert grades(result) == GOOD
    assert "answers go to in.answers.test" in result.stdout


@pytest.mark.parametrize(
    ("domain", "policy", "grade"),
    [
        ("mg.letters.test", "v=DMARC1; p=none", "good"),
        ("mg.letters.test", "v=DMARC1; p=none; adkim=s", "bad"),
        ("other.test", "v=DMARC1; p=none", "bad"),
    ],
)
def test_signature_of_another_domain(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, domain: str, policy: str, grade: str
) -> None:
    """A signature counts where its domain and that of From belong together, unless they must be the same."""
    monkeypatch.setenv("MAILGUN_API_KEY", "a-key-made-up-for-tests")
    practice.set_up("mailgun", domain=domain, api_url="http://127.0.0.1:1")
    zone = changed({("_dmarc.letters.test", "TXT"): [f'"{policy}"'], (domain, "MX"): ["5 mx.test."]})
    assert ("alignment", grade) in grades(practice.ask(zone, "--json"))


def test_key_of_the_domain_above(practice: Practice) -> None:
    """A service that signs for a subdomain with the domain above it signs well."""
    with answering(200, VERIFIED) as url:
        practice.set_up("resend", api_url=url, domain_of_sender="news.letters.test")
        result = practice.ask(changed({("news.letters.test", "MX"): ["10 mail.letters.test."]}), "--json")
    assert grades(result)[-2:] == GOOD[-2:]
    assert "what letters.test signs counts for news.letters.test" in result.stdout
    assert "quarantine, by the record of letters.test" in result.stdout


def test_key_that_was_left_over(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the usual keys of a service, one that is good is enough; what else is there is advice, and no wildcard."""
    monkeypatch.setenv("BREVO_API_KEY", "xkeysib-made-up-for-tests")
    practice.set_up("brevo", api_url="http://127.0.0.1:1")
    zone = {
        ("brevo1._domainkey.letters.test", "CNAME"): ["key.mail.test."],
        ("brevo2._domainkey.letters.test", "TXT"): ['"v=spf1 -all"'],
        ("mail._domainkey.letters.test", "TXT"): ['"v=DKIM1; p="'],
    }
    result = practice.ask(changed(zone), "--json")
    assert grades(result)[-3:] == [("DKIM", "good"), ("DKIM", "advice"), ("alignment", "good")]
    assert "mail._domainkey.letters.test was withdrawn" in result.stdout


def test_key_of_our_own(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """With SMTP, the key that signs is compared with the one that is published, and SPF is that of the return path."""
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    published = b64encode(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    monkeypatch.setenv("DKIM_PRIVATE_KEY", pem.replace("\n", "\\n"))
    practice.set_up("smtp", host="127.0.0.1", security="none", return_path="bounces@returns.test")
    zone = {("returns.test", "TXT"): ['"v=spf1 a -all"']}
    own = {**zone, ("digest._domainkey.letters.test", "TXT"): [f'"p={published[:200]}" "{published[200:]}"']}
    other = {**zone, ("digest._domainkey.letters.test", "CNAME"): ["key.mail.test."]}
    good, bad = (practice.ask(changed(records), "--json") for records in (own, other))
    assert grades(good)[1:] == GOOD[2:]
    assert "returns.test has one SPF record" in good.stdout
    assert ("DKIM", "bad") in grades(bad)
    assert "is not the other half of the one that signs" in bad.stdout
    assert pem[40:80] not in good.output + bad.output


@pytest.mark.parametrize("address", ["dns.example.org", "127.0.0.1:x"])
def test_address_of_a_name_server_that_is_none(run: Run, address: str) -> None:
    """A name server is named by its address alone."""
    result = run("doctor", "--dns-server", address)
    assert result.exit_code == 2
    assert "IP address" in result.stderr
