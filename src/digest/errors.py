"""
Every failure that a user can meet, as a class with a sentence, a hint and an exit code.

    DigestError                  1
    ├── UsageError               2   the command line asks for what cannot be
    ├── SettingsError            3   digest.toml, with every fault of the file at once
    ├── ContentError             4   the issue or a template, at path:line
    │   └── UnknownFieldError        a field of the reader that nobody declared
    ├── ProviderError            5   refused as a whole, or out of reach; nothing was sent
    ├── SourceError              5   a page or a feed of others that cannot be had
    └── IncompleteError          6   some readers are queued or in doubt; run it again

The domain raises them and knows nothing of the terminal; ``digest.cli.main`` alone catches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where in a file something stands, the way editors and compilers write it: ``path:line`` or ``path:line:column``.

    Lines and columns count from 1; 0 means the file, or the line, as a whole.
    """

    path: str
    line: int = 0
    column: int = 0

    @classmethod
    def of(cls, file: Path, root: Path, line: int = 0) -> Self:
        """Return the place in a file that is named from the folder `root` on, where it lies in it."""
        return cls(file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file), line)

    def __str__(self) -> str:
        return ":".join([self.path, *map(str, filter(None, (self.line, self.column)))])


class DigestError(Exception):
    """Root of all expected failures. ``str()`` is the sentence, without place and hint."""

    exit_code: ClassVar[int] = 1

    def __init__(self, sentence: str, *, hint: str = "", place: Place | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.place = place

    def lines(self) -> list[str]:
        """Return what a person is shown: the sentence behind its place, then the way out."""
        first = f"{self.place}: {self.sentence}" if self.place else self.sentence
        return [in_one_line(first), *([f"  {self.hint}"] if self.hint else [])]


class UsageError(DigestError):
    """The command line asks for something that does not exist or cannot be."""

    exit_code = 2


class SettingsError(DigestError):
    """Faults in ``digest.toml`` or the environment."""

    exit_code = 3


class ContentError(DigestError):
    """A fault in an issue or a template, which its editor can mend."""

    exit_code = 4
    rule: ClassVar[str] = "source"
    """The name under which ``digest check`` lists it."""


class UnknownFieldError(ContentError):
    """A field of the reader that is not declared in ``digest.toml``."""

    rule = "undefined-variable"


class ProviderError(DigestError):
    """The provider refused as a whole, cannot carry the issue, or cannot be reached."""

    exit_code = 5


class SourceError(DigestError):
    """A page or a feed of others cannot be had, or is none."""

    exit_code = 5


class IncompleteError(DigestError):
    """A send stopped with readers queued or in doubt; running it again goes on from there."""

    exit_code = 6


class CombinedError(DigestError):
    """Faults of one kind that were found together, so that they can be mended together."""

    def __init__(self, faults: Sequence[DigestError]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
        self.exit_code = faults[0].exit_code  # type: ignore[misc]  # an instance takes its faults' code

    def lines(self) -> list[str]:
        """Return the lines of all faults, in the order in which they were found."""
        return [line for fault in self.faults for line in fault.lines()]


def in_one_line(text: str) -> str:
    """
    Return a text without line breaks.

    What it quotes, such as the name of a file, else begins a line as if it were ours; and code hosts obey lines that
    begin with ``::``, also those of a pull request by anyone.
    """
    return " ".join(text.splitlines())


def raise_all(faults: Sequence[DigestError]) -> None:
    """Raise nothing, the one fault, or all of them as `CombinedError`."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise CombinedError(faults)


def did_you_mean(word: str, known: Iterable[str], *, then: str = "") -> str:
    """Return ``did you mean "subject"?`` for a near miss, else the list of what exists; then the sentence `then`."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"? {then}'.rstrip()
    if not names:
        return then or "there are none"
    known_names = f"known: {', '.join(names)}"
    return f"{known_names}. {then}" if then else known_names
