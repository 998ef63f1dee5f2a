"""What `digest doctor` does: it asks the service and the DNS whether a send would arrive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import httpx

from digest.branch import NO_RIGHT, Repository
from digest.domains import Grade, Observation, examination
from digest.domains.signing import Signing
from digest.errors import DigestError, ProviderError
from digest.providers import Examines
from digest.providers.outbox import Outbox
from digest.publishing.choosing import service_of
from digest.wire.answers import UnclearError
from digest.wire.introducing import open_client
from digest.wire.words import clean, said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from digest.config import Settings
    from digest.domains.lookup import Ask
    from digest.providers import Finding, OwnsList, Provider

_TIMEOUT = httpx.Timeout(30)
_VARIABLES = "What they are called: digest providers NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found."""

    provider: str
    domain: str
    """The sender's."""
    observations: Sequence[Observation]

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        return {
            "provider": self.provider,
            "domain": self.domain,
            "findings": [
                {"about": seen.about, "grade": seen.grade.value, "sentence": seen.sentence, "hint": seen.hint}
                for seen in self.observations
            ],
        }

    def raise_if_bad(self) -> None:
        """
        Say that mail would not arrive.

        Raises:
            ProviderError: something keeps it from its readers.
        """
        bad = sum(seen.grade is Grade.BAD for seen in self.observations)
        if bad:
            msg = "one thing keeps mail from its readers" if bad == 1 else f"{bad} things keep mail from its readers"
            raise ProviderError(msg, hint="Mend what is called bad above, then ask again: digest doctor")


def examine(settings: Settings, ask: Ask, *, now: datetime, selector: str = "") -> Report:
    """
    Ask the service and the DNS whether key, sender and domain are good.

    Args:
        settings: of the newsletter.
        ask: asks the DNS.
        now: the moment, for requests that are signed.
        selector: the name of the DKIM key, where a person knows it.

    Raises:
        SettingsError: the provider's settings are wrong, or a secret is missing.
    """
    provider = service_of(settings)
    sender = settings.newsletter.from_
    domain = sender.domain.lower()
    ledger = [_ask_remote(settings, settings.ledger.url)] if settings.ledger.url else []
    if isinstance(provider, Outbox):
        return Report(provider=provider.name, domain=domain, observations=[_reaches_nobody(), *ledger])
    answers = (settings.newsletter.reply_to or sender).domain.lower()
    options, environ = settings.provider.options, settings.environ
    signing = Signing.by(provider.name, domain, options=options, environ=environ, selector=selector)
    observations = [
        *_ask_service(provider, settings, now),
        *examination.examine(domain, answers, signing, ask),
        *ledger,
    ]
    return Report(provider=provider.name, domain=domain, observations=observations)


def _reaches_nobody() -> Observation:
    sentence = "the outbox writes messages into a folder and reaches nobody"
    hint = "To reach readers, name a service under [provider] in digest.toml. Which there are: digest providers"
    return _of_service(Grade.ADVICE, sentence, hint)


def _ask_remote(settings: Settings, url: str) -> Observation:
    """Look whether the ledger's branch can be read and pushed to from here."""
    try:
        repository = Repository.find(settings.root, url)
        pushed = repository.rehearse()
    except DigestError as fault:
        return Observation(about="ledger", grade=Grade.BAD, sentence=fault.sentence, hint=fault.hint)
    if pushed.accepted:
        sentence = f"{repository.name} can be read and pushed to from here"
        return Observation(about="ledger", grade=Grade.GOOD, sentence=sentence)
    sentence = f"{repository.name} takes nothing from here: {pushed.words}"
    return Observation(about="ledger", grade=Grade.BAD, sentence=sentence, hint=NO_RIGHT)


def _ask_service(provider: Provider | OwnsList, settings: Settings, now: datetime) -> list[Observation]:
    if not isinstance(provider, Examines):
        sentence = f"{provider.name} cannot be asked whether the key is good, other than by sending"
        return [_of_service(Grade.UNKNOWN, sentence, "Send one message to yourself.")]
    transport = getattr(provider, "transport", None)
    with open_client(transport=transport, timeout=_TIMEOUT) as client:
        try:
            found = provider.examine(settings.newsletter.from_, now=now, fetch=partial(_fetch, client))
        except (httpx.LocalProtocolError, httpx.InvalidURL, UnicodeError):  # whose words could be the key
            sentence = f"the key of {provider.name}, or its api_url, holds signs that no request can carry"
            return [_of_service(Grade.BAD, sentence, f"Look for line breaks and letters beyond ASCII. {_VARIABLES}")]
        except httpx.HTTPError as error:
            sentence = f"{provider.destination} cannot be reached: {clean(str(error))}"
            return [_of_service(Grade.BAD, sentence, "Is this machine online? And is api_url right, where it is set?")]
        except UnclearError:  # its words are about sending
            sentence = f"{provider.destination} answers what cannot be read"
            return [_of_service(Grade.BAD, sentence, "Is api_url right, where it is set?")]
        except ProviderError as error:
            return [_of_service(Grade.BAD, error.sentence, error.hint)]
    return [_from_finding(finding) for finding in found]


def _fetch(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    """
    Ask a service, whose troubles say nothing of the key.

    Raises:
        ProviderError: it is in trouble, or was asked too often.
    """
    response = client.send(request)
    if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        msg = f"{request.url.host} says {said(response)}"
        raise ProviderError(msg, hint="That is not about your key. Ask again later: digest doctor")
    return response


def _from_finding(finding: Finding) -> Observation:
    if finding.good:
        return _of_service(Grade.GOOD, finding.sentence)
    return _of_service(Grade.BAD, finding.sentence, finding.hint)


def _of_service(grade: Grade, sentence: str, hint: str = "") -> Observation:
    return Observation(about="service", grade=grade, sentence=sentence, hint=hint)
