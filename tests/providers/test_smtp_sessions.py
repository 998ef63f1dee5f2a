"""SMTP where the server has its ways: what it says, and when it hangs up, decides about each message, and rightly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from mail_servers import HANG_UP, PASSWORD, Last, Script

from digest.errors import ProviderError
from digest.model import Address, Batch, Edition, InlineImage, Pattern, Readers, State, Subscriber
from digest.providers.smtp import Relay, Smtp
from digest.providers.smtp.session import Security, Server
from digest.sending.posting import Answer, Attempt, post
from digest.wire.answers import Fate

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
EDITION = Edition(
    slug="first-snow",
    sender=Address(email="editor@example.org"),
    reply_to=None,
    subject=Pattern.of_text("First snow"),
    html=Pattern.of_html("<p>Hello</p>"),
    text=Pattern.of_text("Hello"),
    headers={},
)
SENT, QUEUED, REFUSED, IN_DOUBT = State.SENT, State.QUEUED, State.REFUSED, State.IN_DOUBT
PIPELINING = ("PIPELINING", "8BITMIME")


def batch(edition: Edition = EDITION, count: int = 3) -> Batch:
    """Return a batch for so many readers."""
    readers = [
        Subscriber(id=number, email=f"r{number}@example.test", token=f"{number:08}") for number in range(1, count + 1)
    ]
    return Batch(edition=edition, number=1, key="key-1", readers=Readers.of(readers), at=NOW)


def talk(script: Script, sent: Batch | None = None, **facts: object) -> Answer:
    """Open a server, send a batch as the engine does, and return what came of it."""
    with script.open():
        return talk_to(script.port, sent or batch(), **facts)


def talk_to(port: int, sent: Batch, **facts: object) -> Answer:
    """Send a batch to the server of this port; `facts` are of it."""
    usual = {"host": "127.0.0.1", "port": port, "security": Security.NONE, "trusted": None, "command_time": 5}
    server = Server(**{**usual, **facts})  # type: ignore[arg-type]  # whoever names a fact gives what is wanted
    provider = Smtp(transport=Relay(server=server))
    with httpx.Client(transport=provider.transport) as client:
        return post(Attempt(batch=sent), provider, client, lambda: NOW)


def states(answer: Answer) -> list[State]:
    """Return what became of each reader, of whom something must be known."""
    assert answer.receipts, answer.cause
    return [receipt.state for receipt in answer.receipts]


def reasons(answer: Answer) -> list[str]:
    """Return what is said of each reader."""
    return [receipt.reason for receipt in answer.receipts]


def test_commands_go_together_where_they_may() -> None:
    """With PIPELINING, three commands are one packet; without, each waits for the answer to the one before."""
    envelope = b"MAIL FROM:<editor@example.org>\r\nRCPT TO:<r1@example.test>\r\nDATA\r\n"
    together, alone = Script(extensions=PIPELINING), Script()
    for script in (together, alone):
        assert states(talk(script)) == [SENT] * 3
        assert script.heard == ["greeting", "EHLO", *["MAIL", "RCPT", "DATA", "."] * 3, "QUIT"]
        assert len(script.taken) == 3
    assert together.packets[1] == envelope
    assert alone.packets[1:4] == envelope.splitlines(keepends=True)


@pytest.mark.parametrize("extensions", [(), PIPELINING])
@pytest.mark.parametrize(
    "refusal", [{"RCPT": "550 5.1.1 <r2@example.test> no"}, {"DATA": "554 5.6.0 no"}, {".": "554 no"}]
)
def test_one_refused(extensions: tuple[str, ...], refusal: dict[str, str]) -> None:
    """Whoever is refused, at whatever point, is refused alone, and the connection goes on."""
    ((verb, words),) = refusal.items()
    script = Script(extensions=extensions, says={(verb, 2): words})
    answer = talk(script)
    assert states(answer) == [SENT, REFUSED, SENT]
    assert reasons(answer)[1] == words.replace("r2@example.test", "…")
    assert script.heard.count("greeting") == 1


def test_data_asked_for_nobody_ends_with_a_dot() -> None:
    """A server that wants the message though it refused its reader gets none of its lines."""
    script = Script(extensions=PIPELINING, says={("RCPT", 2): "550 no", (".", 2): "554 no valid recipients"})
    assert states(talk(script)) == [SENT, REFUSED, SENT]
    assert b".\r\n" in script.packets
    assert script.heard.count("greeting") == 1
    assert "RSET" not in script.heard


def test_a_refused_reader_is_forgotten() -> None:
    """After a refusal the server is told to forget what it has of the message."""
    script = Script(says={("RCPT", 2): "450 4.2.1 later"})
    assert states(talk(script)) == [SENT, QUEUED, SENT]
    assert script.heard[6:9] == ["MAIL", "RCPT", "RSET"]


def test_hanging_up_after_a_refusal_changes_nothing_of_it() -> None:
    """A server that hangs up when it gets DATA for nobody has refused all the same."""
    script = Script(extensions=PIPELINING, says={("RCPT", 2): "550 no", ("DATA", 2): HANG_UP})
    answer = talk(script)
    assert states(answer) == [SENT, REFUSED, SENT]
    assert reasons(answer)[1] == "550 no"
    assert script.heard.count("greeting") == 2


# Connections that break.


@pytest.mark.parametrize("extensions", [(), PIPELINING])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("told", [HANG_UP, Last("421 4.7.0 enough for one connection"), "what?", "299 out of turn"])
def test_broken_before_the_message(extensions: tuple[str, ...], verb: str, told: str) -> None:
    """What broke before the message had left goes over a new connection at once; nobody gets it twice."""
    script = Script(extensions=extensions, says={(verb, 2): told})
    answer = talk(script)
    if told.startswith("299") and verb != "DATA":  # as good as 250
        assert script.heard.count("greeting") == 1
    else:
        assert script.heard.count("greeting") == 2
    assert states(answer) == [SENT] * 3
    assert len(script.taken) == 3


def test_a_new_connection_that_breaks_is_not_tried_again() -> None:
    """Where even a new connection breaks before the message, the reader waits, and the others are tried."""
    script = Script(says={("RCPT", 1): HANG_UP})
    answer = talk(script)
    assert states(answer) == [QUEUED, SENT, SENT]
    assert "broke before the message was whole" in reasons(answer)[0]
    assert len(script.taken) == 2


def test_a_connection_that_was_closed_meanwhile() -> None:
    """A server that closes connections that are idle loses nobody: what follows goes over a new one."""
    script = Script(always={".": Last("250 2.0.0 taken, and good bye")})
    assert states(talk(script)) == [SENT] * 3
    assert script.heard.count("greeting") == 3


def test_a_connection_that_was_idle_for_long() -> None:
    """A connection that may have been forgotten on the way is not used again."""
    script = Script()
    assert states(talk(script, idle_time=0)) == [SENT] * 3
    assert script.heard.count("greeting") == 3


def test_cut_in_the_middle_of_a_message() -> None:
    """A server that did not get the end of a message has surely not taken it."""
    image = InlineImage(cid="cover", filename="cover.png", media_type="image/png", content=bytes(12_000_000))
    script = Script(says={("content", 1): HANG_UP})
    answer = talk(script, batch(replace(EDITION, images=(image,)), count=1))
    assert answer.fate is Fate.NOT_TAKEN
    assert "broke before the message was whole" in answer.reason
    assert not script.taken


def test_cut_after_a_message_and_before_its_answer() -> None:
    """Whether the server took it nobody knows, so it is not sent again; the next goes over a new connection."""
    script = Script(says={(".", 2): HANG_UP})
    answer = talk(script)
    assert states(answer) == [SENT, IN_DOUBT, SENT]
    assert reasons(answer)[1].startswith("no answer came to the message: Connection unexpectedly closed")
    assert script.heard.count("greeting") == 2


@pytest.mark.parametrize("told", ["what?", "354 go on", "150 wait", "999 no"])
def test_answers_that_mean_nothing(told: str) -> None:
    """An answer to a message that nobody can read leaves it in doubt."""
    script = Script(says={(".", 2): told})
    assert states(talk(script)) == [SENT, IN_DOUBT, SENT]
    assert script.heard.count("greeting") == 2


def test_a_server_that_closes_down_has_not_taken_it() -> None:
    """421 to a message says that it was not taken."""
    script = Script(says={(".", 2): Last("421 4.3.2 shutting down")})
    assert states(talk(script)) == [SENT] * 3
    assert len(script.taken) == 3


def test_leave_is_taken_without_an_answer() -> None:
    """A server that does not say good bye has taken what it has taken."""
    assert states(talk(Script(says={("QUIT", 1): HANG_UP}))) == [SENT] * 3


def test_a_slow_server_is_waited_for() -> None:
    """A server may take its time with a message; whoever does not answer in time leaves it in doubt."""
    assert states(talk(Script(slow=0.2))) == [SENT] * 3
    assert states(talk(Script(slow=0.3), verdict_time=0.1)) == [IN_DOUBT] * 3


def test_words_of_several_lines() -> None:
    """However many lines an answer has, and whatever ends them, it is one line for its reader."""
    script = Script(says={("RCPT", 2): "550-5.1.1 no\x0b\x85such\r\n550 5.1.1 \u2028user"})
    assert reasons(talk(script)) == ["", "550 5.1.1 no such 5.1.1 user", ""]


# Servers that take nothing.


def test_nobody_there() -> None:
    """Where nobody listens, nothing has left."""
    script = Script()
    with script.open():
        pass
    answer = talk_to(script.port, batch())
    assert answer.fate is Fate.NOT_TAKEN
    assert "Connection refused" in answer.reason


@pytest.mark.parametrize(
    "says",
    [
        {("greeting", 1): Last("421 4.3.2 too many connections")},
        {("greeting", 1): HANG_UP},
        {("EHLO", 1): HANG_UP},
        {("AUTH", 1): "454 4.7.0 temporary failure"},
    ],
)
def test_servers_that_are_busy(says: dict[tuple[str, int], str]) -> None:
    """Who is not let in now has lost nothing, and comes back later."""
    script = Script(says=says, extensions=("AUTH PLAIN",))
    answer = talk(script, user="editor", password=PASSWORD)
    assert answer.fate is Fate.NOT_TAKEN
    assert answer.reason
    assert "MAIL" not in script.heard


@pytest.mark.parametrize(
    ("script", "user", "sentence"),
    [
        (Script(says={("greeting", 1): Last("554 5.7.1 not you")}), "", "will not talk to us: 554 5.7.1 not you"),
        (Script(extensions=("8BITMIME",)), "editor", "takes no user name and password on port"),
        (Script(extensions=("AUTH XOAUTH2",)), "editor", "cannot be logged in to"),
        (Script(extensions=("SIZE 500",)), "", "bytes, and the server 127.0.0.1 takes no more than 500"),
        (Script(says={("MAIL", 1): "550 5.7.1 not yours"}), "", "refuses the sender: 550 5.7.1 not yours"),
        (
            Script(says={("MAIL", 1): "550 not yours"}, extensions=PIPELINING, always={"RCPT": "503", "DATA": "503"}),
            "",
            "refuses the sender: 550 not yours",
        ),
        (Script(always={"RCPT": "554 5.7.1 relay access denied"}), "", "refuses everyone: 554 5.7.1 relay access"),
        (Script(always={"RCPT": "530 authentication required"}), "", "refuses everyone: 530 authentication"),
    ],
)
def test_servers_that_refuse_us(script: Script, user: str, sentence: str) -> None:
    """What is no fault of any reader's ends the run, and refuses nobody for good."""
    answer = talk(script, user=user, password=PASSWORD)
    assert answer.fate is Fate.REFUSED
    assert sentence in answer.reason
    assert isinstance(answer.cause, ProviderError)
    assert answer.cause.hint
    assert not script.taken


def test_a_sender_who_is_refused_in_the_middle() -> None:
    """Those before it are sent; those after it wait, as nothing is wrong with them."""
    script = Script(says={("MAIL", 2): "550 5.7.1 your limit for today is reached"})
    answer = talk(script)
    assert states(answer) == [SENT, QUEUED, QUEUED]
    assert reasons(answer)[2].startswith("421 not tried any more, as the server 127.0.0.1 refuses the sender: 550")
    assert script.heard.count("MAIL") == 2


def test_a_server_that_goes_away_in_the_middle() -> None:
    """Once it lets nobody in any more, the rest of the batch waits, and it is not asked for each of them."""
    script = Script(says={(".", 1): Last("250 taken"), ("greeting", 2): Last("421 closing down")})
    assert states(talk(script)) == [SENT, QUEUED, QUEUED]
    assert script.heard.count("greeting") == 2


def test_a_sender_who_is_put_off() -> None:
    """Where everyone is to wait, the engine waits for all."""
    answer = talk(Script(always={"MAIL": "450 4.7.1 too much mail from you"}))
    assert answer.fate is Fate.NOT_TAKEN
    assert answer.reason == "450 4.7.1 too much mail from you"
