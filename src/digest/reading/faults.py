"""The faults of a file, gathered so that its editor hears of all of them at once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from digest.errors import CombinedError, DigestError, raise_all

if TYPE_CHECKING:
    from collections.abc import Iterator


class Faults:
    """
    A context that lets its body go on after a fault within `noted`, and raises all of them at its end.

    Raises:
        ContentError: the only fault, be it noted or not.
        CombinedError: all of them, in the order of files and lines.
    """

    def __init__(self) -> None:
        self._faults: list[DigestError] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keep a fault of the body for later."""
        try:
            yield
        except CombinedError as error:
            self._faults += error.faults
        except DigestError as fault:
            self._faults.append(fault)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if error and not (self._faults and isinstance(error, DigestError)):
            return
        with self.noted():
            if error:
                raise error
        raise_all(sorted(self._faults, key=_place))


def _place(fault: DigestError) -> tuple[str, int]:
    return (fault.place.path, fault.place.line) if fault.place else ("", 0)
