"""What the file ``.env`` adds to the environment."""

from __future__ import annotations

import pytest

from digest.config.environment import read_environment
from digest.errors import CombinedError


def test_lines_are_read_as_a_shell_would() -> None:
    """Comments, quotes and ``export`` mean what they mean in a shell."""
    lines = [
        "# keys of services",
        "",
        "PLAIN=value",
        "export SPACED = several  words   # a comment",
        "SINGLE='it has # and \" inside'",
        'DOUBLE="it\'s here" # a comment',
        "ANCHOR=https://example.org/#top",
        "EMPTY=",
        'QUOTED_EMPTY=""',
        "WINDOWS=line end\r",
    ]
    assert read_environment("\n".join(lines), {}) == {
        "PLAIN": "value",
        "SPACED": "several  words",
        "SINGLE": 'it has # and " inside',
        "DOUBLE": "it's here",
        "ANCHOR": "https://example.org/#top",
        "EMPTY": "",
        "QUOTED_EMPTY": "",
        "WINDOWS": "line end",
    }


def test_the_environment_comes_first() -> None:
    """A variable that the environment has, even an empty one, is not taken from the file."""
    assert read_environment("A=file\nB=file\nC=file\n", {"A": "mine", "B": ""}) == {"A": "mine", "B": "", "C": "file"}


def test_faulty_lines_are_named_and_not_shown() -> None:
    """Each line that is no assignment is told by its number alone, for it may hold a secret."""
    with pytest.raises(CombinedError) as caught:
        read_environment("A=1\nhunter2\nB='hunter2\n2C=hunter2\n", {})
    assert [str(fault.place) for fault in caught.value.faults] == [".env:2", ".env:3", ".env:4"]
    assert caught.value.exit_code == 3
    assert "hunter2" not in "".join(caught.value.lines())
