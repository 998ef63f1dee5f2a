"""What all who answer requests share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from digest.providers import OwnsList

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from starlette.requests import Request

    from digest.config import Settings
    from digest.providers import Provider
    from digest.tokens import Tokens
    from digest.web.clerk import Clerk
    from digest.web.mailer import Mailer
    from digest.web.pages import Pages
    from digest.wording import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The public side of one newsletter."""

    settings: Settings
    provider: Provider | OwnsList
    tokens: Tokens
    list_name: str
    """The store's own name, which readers' tokens hold."""
    keyed_lists: Collection[str]
    """What a list without a name of its own is called, by each of our keys."""
    wording: Wording
    pages: Pages
    clerk: Clerk
    mailer: Mailer | None
    """None where the provider writes to a list of its own alone."""
    now: Callable[[], datetime]
    patience: float = 10.0
    """Seconds in which all of a request has to be there, and on a connection that is kept, the next one."""

    @property
    def can_join(self) -> bool:
        """Whether people subscribe here: a provider that owns its list takes them in itself."""
        return not isinstance(self.provider, OwnsList)


def desk_of(request: Request) -> Desk:
    """Return the desk that a request came to."""
    return cast("Desk", request.app.state.desk)
