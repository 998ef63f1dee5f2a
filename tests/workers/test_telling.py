"""What a worker logs: for machines a JSON object a line, and no reader's address for anybody."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from digest.workers.telling import JsonLines, Lines


def record_of(*, raised: bool) -> logging.LogRecord:
    """Return a record of a sentence, or of one that says what was raised."""
    exc_info = None
    if raised:
        try:
            dict[str, str]()["ann@example.org"]
        except KeyError:
            exc_info = sys.exc_info()
    return logging.makeLogRecord(
        {"name": "digest.worker", "levelname": "INFO", "msg": "%d batches", "args": (3,), "exc_info": exc_info}
        | {"mailing": "first-snow"}
    )


def test_machines_get_an_object_a_line() -> None:
    """The moment, the sentence and what it is about can be told apart."""
    line = json.loads(JsonLines().format(record_of(raised=False)))
    assert line.pop("at").endswith("+00:00")
    assert line == {"level": "info", "logger": "digest.worker", "message": "3 batches", "mailing": "first-snow"}


@pytest.mark.parametrize("formatter", [Lines(), JsonLines()], ids=["people", "machines"])
def test_what_was_raised_is_told_without_its_words(formatter: logging.Formatter) -> None:
    """Its kind and place are there, its words are not."""
    line = formatter.format(record_of(raised=True))
    assert "KeyError in record_of" in line
    assert "@" not in line
