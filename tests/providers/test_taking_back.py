"""What services are asked for what they have for later to be taken back, and what is made of their answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import nasty
import pytest
from nasty import EDITIONS, READERS
from registered import Registered, names, read
from stand_ins import NOW

from digest.errors import ProviderError
from digest.providers import Reserves, TakesBack
from digest.wire.answers import UnclearError

if TYPE_CHECKING:
    from digest.model import Edition
    from digest.providers import Provider

PROVIDERS = {name: Registered.of(name).provider() for name in names()}
GENEROUS = {name: provider for name, provider in PROVIDERS.items() if isinstance(provider, TakesBack)}
RECALL = "0123456789abcdef0123456789abcdef"
LATER = replace(EDITIONS["an ordinary one"], deliver_at=NOW + timedelta(hours=48), recall=RECALL)
CANCELLED = httpx.Response(200, json=[{"batch_id": RECALL, "status": "cancel"}])


@dataclass(kw_only=True)
class Service:
    """Answers in turn, and keeps what it was asked."""

    answers: list[httpx.Response | Exception]
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def fetch(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.asked.append(f"{request.method} {request.url.raw_path.decode()}")
        self.bodies.append(request.read())
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def body_of(provider: Provider, edition: Edition) -> dict[str, object]:
    """Return the body of a request with the edition."""
    body: dict[str, object] = json.loads(read(provider.build_request(nasty.batch(edition, READERS[:1]))).content)
    return body


def test_who_gives_back() -> None:
    """Three document that they do, and only who is told a time can have anything to give back."""
    assert set(GENEROUS) == {"brevo", "sendgrid", "sparkpost"}
    assert all(PROVIDERS[name].limits.horizon for name in GENEROUS)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("sendgrid", "batch_id", RECALL),
        ("brevo", "batchId", str(UUID(hex=RECALL, version=4))),
        ("sparkpost", "campaign_id", "first-snow-0123456789abcdef"),
    ],
)
def test_each_request_bears_the_name(name: str, key: str, value: str) -> None:
    """What is to be taken back bears it; what is delivered at once does not, although the text is the same."""
    edition = replace(LATER, slug="first-snow")
    assert body_of(PROVIDERS[name], edition)[key] == value
    assert body_of(PROVIDERS[name], replace(edition, recall="")).get(key) in {None, "first-snow"}


@pytest.mark.parametrize(
    ("name", "line", "answer"),
    [
        (
            "sendgrid",
            "POST /v3/user/scheduled_sends",
            httpx.Response(201, json={"batch_id": RECALL, "status": "cancel"}),
        ),
        ("brevo", f"DELETE /v3/smtp/email/{UUID(hex=RECALL, version=4)}", httpx.Response(204)),
        ("sparkpost", "DELETE /api/v1/transmissions?campaign_id=first-snow-0123456789abcdef", httpx.Response(204)),
    ],
)
def test_taken_back(name: str, line: str, answer: httpx.Response) -> None:
    """It is one request for all of an issue, and its answer says that it was done."""
    service = Service(answers=[answer])
    GENEROUS[name].take_back(replace(LATER, slug="first-snow"), service.fetch)
    assert service.asked == [line]
    if name == "sendgrid":
        assert json.loads(service.bodies[0]) == {"batch_id": RECALL, "status": "cancel"}


_REFUSED = httpx.Response(403, json={"errors": [{"message": "access forbidden"}]})
_LOST = UnclearError("the connection was lost")
_UNKNOWN = httpx.Response(404, json={"code": "document_not_found", "message": "Record(s) for identifier not found"})


@pytest.mark.parametrize(
    ("name", "answers", "fault"),
    [
        ("sendgrid", [_REFUSED, httpx.Response(200, json=[])], ProviderError),
        ("sendgrid", [_LOST, httpx.Response(200, json=[])], UnclearError),
        ("sendgrid", [_LOST, ProviderError("nobody is there")], UnclearError),
        ("sendgrid", [httpx.Response(500), httpx.Response(500)], UnclearError),
        ("brevo", [_REFUSED], ProviderError),
        ("brevo", [_LOST], UnclearError),
        ("brevo", [_UNKNOWN], UnclearError),
        ("sparkpost", [_REFUSED], ProviderError),
        ("sparkpost", [httpx.Response(502)], UnclearError),
    ],
)
def test_not_given_back(name: str, answers: list[httpx.Response | Exception], fault: type[ProviderError]) -> None:
    """What surely was not done is told from what may have been."""
    with pytest.raises(ProviderError) as caught:
        GENEROUS[name].take_back(LATER, Service(answers=[*answers]).fetch)
    assert type(caught.value) is fault


@pytest.mark.parametrize("first", [httpx.Response(400, json={"errors": [{"message": "it is there"}]}), _LOST])
def test_sendgrid_knows_what_it_cancels(first: httpx.Response | Exception) -> None:
    """It says what it was told to cancel, before, or by a request whose answer was lost."""
    service = Service(answers=[first, CANCELLED])
    GENEROUS["sendgrid"].take_back(LATER, service.fetch)
    assert service.asked[1] == f"GET /v3/user/scheduled_sends/{RECALL}"


def test_sendgrid_gives_the_name() -> None:
    """Nothing without a name of its own can be cancelled there, so it is asked for one beforehand."""
    sendgrid = PROVIDERS["sendgrid"]
    assert isinstance(sendgrid, Reserves)
    service = Service(answers=[httpx.Response(201, json={"batch_id": "HkJ5yLYULb7Rj8GKSx7u"})])
    assert sendgrid.reserve(service.fetch) == "HkJ5yLYULb7Rj8GKSx7u"
    assert service.asked == ["POST /v3/mail/batch"]
    with pytest.raises(ProviderError, match="access forbidden"):
        sendgrid.reserve(Service(answers=[_REFUSED]).fetch)
