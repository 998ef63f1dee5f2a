"""
Services that carry messages to readers, and what each of them has to say; `digest.providers.finding` finds one.

A provider translates and the engine talks: a provider turns a batch into a request and an answer into receipts, and
does no input or output. One that does not speak HTTP brings its own transport. What not every service can do stands
in protocols of its own, so that whoever cannot do it has nothing to write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    import httpx

    from digest.model import Address, Batch, Edition, Event, Receipt
    from digest.wire import Fetch
    from digest.wire.suppressions import Suppression


class Ids(Enum):
    """What a service gives a name of its own to when it accepts a request."""

    MESSAGE = "each message"
    REQUEST = "the request"
    NONE = "nothing"


class OneClick(Enum):
    """Whose ``List-Unsubscribe`` and ``List-Unsubscribe-Post`` reach the reader."""

    OURS = "ours"
    THEIRS = "theirs"
    UNDOCUMENTED = "undocumented"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a service can carry, and what it can do."""

    messages: int
    """Readers a request at most."""
    delivers: bool = True
    """Whether what it accepts leaves for its readers."""
    bytes: int | None = None
    """Bytes that a request's body has at most. None: it names no number."""
    inline_images: bool
    key_lifetime: timedelta | None = None
    """How long the same key with the same bytes, posted again, is the same request. None: it heeds no keys."""
    concurrency: int = 1
    """Requests side by side at most."""
    pace: float | None = None
    """Requests a second at most. None: it names no number."""
    log_delay: timedelta | None = None
    """How long after a request the service's log surely tells of it. None: it cannot be asked."""
    ids: Ids = Ids.NONE
    one_click: OneClick = OneClick.OURS
    horizon: timedelta | None = None
    """How far ahead it can be told when to deliver. None: it delivers at once."""
    sandbox: bool = False
    """Whether it can be asked to check everything and deliver nothing."""
    signature: str = ""
    """How the calls of its webhooks prove where they come from, in a few words; blank where it has none."""
    caveats: tuple[str, ...] = ()
    """What of a newsletter does not reach the reader as it is, in sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a newsletter has arranged with a service; `digest.providers.options` reads it."""

    root: Path
    """The newsletter's folder."""
    api_url: str | None = None
    """Where the service is reached, without a slash at its end, when that is not its usual address."""
    options: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """The keys of ``[provider]`` that only the service knows."""
    environ: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The environment, where secrets are."""
    track_opens: bool = False
    track_clicks: bool = False
    sandbox: bool = False
    """Whether it is to check everything and deliver nothing; never asked of one whose limits have no sandbox."""


class Provider(Protocol):
    """Puts a batch in a service's words and its answer in ours. Its entry point names its class."""

    @property
    def name(self) -> str:
        """The name by which ``digest.toml`` calls it."""

    @property
    def limits(self) -> Limits:
        """What it can carry; more is never asked of it. On the class, it is what holds without further settings."""

    @property
    def destination(self) -> str:
        """Where its messages go, for people to look at: a folder, a host."""

    @property
    def transport(self) -> httpx.BaseTransport | None:
        """What its requests travel by; None means HTTP over the network."""

    def build_request(self, batch: Batch) -> httpx.Request:
        """
        Return the request that sends `batch`, the same bytes whenever it is built again.

        Raises:
            ProviderError: it cannot carry something that is in the edition.
        """

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader, in the batch's order; QUEUED for all means that nothing was accepted yet.

        Raises:
            UnclearError: the answer cannot be read; the batch may have been accepted.
            RejectedError: surely nothing was accepted, for something in this batch.
            ProviderError: surely nothing was accepted, and to ask again would not help.
        """


@runtime_checkable
class KeepsLog(Protocol):
    """A provider whose service can be asked what became of a batch."""

    def consult_log(self, batch: Batch, fetch: Fetch) -> Sequence[Receipt]:
        """
        Return a receipt for each reader, in the batch's order; QUEUED means that the log surely knows nothing of them.

        Raises:
            ProviderError: the service does not answer as it should, so nothing is known.
        """


@runtime_checkable
class TakesBack(Protocol):
    """A provider whose service can be told not to deliver what it was handed over ahead."""

    @property
    def notice(self) -> timedelta:
        """How long before its time it must be told."""

    def take_back(self, edition: Edition, fetch: Fetch) -> None:
        """
        Have nothing delivered any more that was handed over with the `recall` of an edition.

        Raises:
            UnclearError: nobody knows whether it is delivered.
            ProviderError: it is.
        """


@runtime_checkable
class Reserves(Protocol):
    """One that takes back, and whose service gives the name for it; of others, 32 hexadecimal digits are the name."""

    def reserve(self, fetch: Fetch) -> str:
        """
        Return the name, which is then the `recall` of an edition.

        Raises:
            ProviderError: it gives none.
        """


@runtime_checkable
class CallsBack(Protocol):
    """A provider whose service tells by webhooks what becomes of messages."""

    def read_webhook(self, headers: httpx.Headers, body: bytes, *, now: datetime, fetch: Fetch) -> Sequence[Event]:
        """
        Return the events that a call tells of; none for a test call.

        Args:
            headers: the call's header fields.
            body: the call's body, to the byte.
            now: the moment of the call.
            fetch: for what a service must be asked before it can be believed, such as its certificate.

        Raises:
            SettingsError: the secret is missing that would prove it; whatever the call says.
            ForgedError: it is not the service's, or too old.
            ProviderError: it cannot be read.
        """


@runtime_checkable
class KeepsSuppressions(Protocol):
    """A provider whose service keeps lists of those to whom it no longer writes, and shows them."""

    def suppressions(
        self, fetch: Fetch, *, sender: Address, since: datetime | None, clock: Callable[[], datetime]
    ) -> Iterator[Suppression]:
        """
        Yield who stands on its lists, page by page, as they may be long; soft bounces are none of them.

        Args:
            fetch: asks the service.
            sender: whose domain it is about, where each domain has lists of its own.
            since: what is older may be left out; None for all.
            clock: tells the present moment, for requests that are signed.

        Raises:
            ProviderError: the service does not show them as it should.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an examination found."""

    good: bool
    sentence: str
    hint: str = ""
    """What to do about it, where it is not good."""


@runtime_checkable
class Examines(Protocol):
    """A provider whose service can be asked, without sending, whether key and sender are good."""

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Return what the service says of our key and of the domain of `sender`. Network faults are the caller's."""


class Progress(Enum):
    """How far a service is with an issue that was handed over."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    STOPPED = "stopped"
    """Paused or cancelled over there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """An issue as a service holds it that owns its list."""

    id: str
    progress: Progress
    url: str = ""
    """Where a person can look at it; blank where that is not known."""


@runtime_checkable
class OwnsList(Protocol):
    """
    A service that owns its list, and takes an issue whole. It is no `Provider`, as it writes to readers of its own.

    It has a name, limits and a destination all the same. What its methods ask of the service raises `ProviderError`
    where it surely changed nothing over there, and `UnclearError` where it may have.
    """

    name: ClassVar[str]
    limits: ClassVar[Limits]

    @property
    def destination(self) -> str:
        """Where the list is, for people to look at."""

    def check(self, edition: Edition) -> None:
        """
        See to it that the service can carry an edition; nothing is asked of it.

        Raises:
            ContentError: something in the edition cannot be put in its words.
        """

    def find(self, edition: Edition, fetch: Fetch, *, known: Collection[str] = ()) -> Sequence[Campaign]:
        """
        Return what the service has of the issue already, whatever its text, oldest first.

        Args:
            edition: the issue.
            fetch: asks the service.
            known: id and address of what it was handed over as before; what people renamed is found by them.
        """

    def draft(self, edition: Edition, fetch: Fetch, *, attempt: int) -> Campaign:
        """
        Hand an issue over as a draft; nobody gets it yet.

        Args:
            edition: the issue.
            fetch: asks the service.
            attempt: where the service heeds keys, the same attempt is the same draft.
        """

    def publish(self, campaign: Campaign, edition: Edition, fetch: Fetch) -> Campaign:
        """Bring a draft up to date, and have it sent, at once or at the edition's `deliver_at`."""

    def discard(self, campaign: Campaign, fetch: Fetch) -> None:
        """Take back a draft."""


@runtime_checkable
class Retracts(Protocol):
    """A service that owns its list, and makes an issue that it has scheduled a draft again."""

    def retract(self, campaign: Campaign, fetch: Fetch) -> Campaign:
        """Have a scheduled one not sent, and return the draft."""


class ProviderClass(Protocol):
    """What an entry point names: a class that makes a provider of its settings."""

    name: ClassVar[str]
    limits: ClassVar[Limits]

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: an option is unknown or wrong, or a secret is missing.
        """
