"""What a worker logs: for people at a terminal, and as a JSON object a line for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from traceback import extract_tb
from typing import Any

_FACTS = ("mailing", "batch", "batches", "readers", "taken_off")
"""What a line may tell beside its sentence."""


class Lines(logging.Formatter):
    """A sentence a line; what was raised is told by its kind and place, since its words may hold an address."""

    def formatException(self, ei: Any) -> str:  # noqa: N802  # as logging has it
        """Return where something was raised, the innermost last."""
        kind, _, trace = ei
        return f"{kind.__name__} in " + " > ".join(f"{frame.name}:{frame.lineno}" for frame in extract_tb(trace))


class JsonLines(Lines):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line."""
        facts = {name: value for name in _FACTS if (value := getattr(record, name, None)) is not None}
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **facts,
            **({"raised": self.formatException(record.exc_info)} if record.exc_info else {}),
        }
        return json.dumps(line, ensure_ascii=False)


def begin_to_log() -> None:
    """Log to standard error what a worker does, and of its libraries what went wrong."""
    handler = logging.StreamHandler(sys.stderr)
    people = Lines("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(people if sys.stderr.isatty() else JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("digest").setLevel(logging.INFO)
    logging.getLogger("procrastinate.periodic").setLevel(logging.ERROR)  # it warns of each worker that is not first
