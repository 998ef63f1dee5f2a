"""The outbox, which is a folder: it takes in what a mail server would, and answers with a line for each message."""

from __future__ import annotations

from stand_ins import StandIn

from digest.errors import ProviderError
from digest.model import State
from digest.wire.answers import UnclearError
from services.smtp import accept, answer, deliver

_NO_SERVICE = "a folder has no keys, no quotas and no gateways"
_TAKEN = ["250 first-snow/reader1.eml", "250 first-snow/reader2.eml", "250 first-snow/reader3.eml"]
SENT, QUEUED, REFUSED = State.SENT, State.QUEUED, State.REFUSED

STAND_IN = StandIn(
    environ={},
    deliver=deliver,
    accept=accept,
    canonical_lines=True,
    answers={
        "all accepted": answer(*_TAKEN, outcome=[SENT, SENT, SENT]),
        "one refused": answer(
            _TAKEN[0],
            "554 the message has no recipient",
            _TAKEN[2],
            outcome=[SENT, REFUSED, SENT],
            words="no recipient",
        ),
        "whole refused": answer(
            *["452 the outbox cannot be written: No space left on device"] * 3,
            outcome=ProviderError,
            words="No space left on device",
        ),
        "key refused": _NO_SERVICE,
        "sender not verified": _NO_SERVICE,
        "too large": _NO_SERVICE,
        "too fast": _NO_SERVICE,
        "too fast, with seconds": _NO_SERVICE,
        "too fast, with a date": _NO_SERVICE,
        "quota used up": _NO_SERVICE,
        "server error": answer("the folder is gone", outcome=UnclearError),
        "gateway page": _NO_SERVICE,
        "empty": answer("", outcome=UnclearError),
        "cut short": answer(_TAKEN[0], "25", outcome=UnclearError),
        "fewer ids": answer(*_TAKEN[:2], outcome=UnclearError),
        "redirect": _NO_SERVICE,
        "one that cannot be written": answer(
            _TAKEN[0], "452 the outbox cannot be written: Is a directory", _TAKEN[2], outcome=[SENT, QUEUED, SENT]
        ),
    },
)
