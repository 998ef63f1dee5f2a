"""How a reader's standing may change: what keeps more people from unwanted mail comes before what keeps fewer."""

from __future__ import annotations

from types import MappingProxyType

from digest.model import Standing

AWAY = frozenset({Standing.LEFT, Standing.BOUNCED, Standing.COMPLAINED})
"""Those who are never written to, whatever a list says of them later."""

# A bounce tells of an address, leaving and complaining tell of a person: the person's word stays.
_NEXT = MappingProxyType(
    {
        Standing.PENDING: frozenset({Standing.ACTIVE, *AWAY}),
        Standing.ACTIVE: AWAY,
        Standing.BOUNCED: frozenset({Standing.LEFT, Standing.COMPLAINED}),
        Standing.LEFT: frozenset({Standing.COMPLAINED}),
        Standing.COMPLAINED: frozenset(),
    }
)


def may_follow(before: Standing, news: Standing) -> bool:
    """Tell whether `news` of a reader who stood as `before` changes how they stand."""
    return news in _NEXT[before]


def may_return(before: Standing) -> bool:
    """Tell whether a reader who stood as `before` is written to again when they themselves ask for it, and prove it."""
    return before in {Standing.PENDING, Standing.LEFT}
