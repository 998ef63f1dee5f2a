"""Files, read as text with their faults in words, and written so that nobody ever sees half of one."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from digest.errors import Place

if TYPE_CHECKING:
    from pathlib import Path

    from digest.errors import DigestError


def read_text(path: Path, shown: str, fault: type[DigestError]) -> str:
    """
    Return the text of a file in UTF-8, its line ends as they are.

    Raises:
        FileNotFoundError: there is none; what that means, the caller knows.
        DigestError: it cannot be read; as the class that is given as `fault`.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise
    except OSError as error:
        msg = f"this file cannot be read ({error.strerror})"
        raise fault(msg, place=Place(shown)) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        msg = "this line is not written in UTF-8"
        raise fault(msg, hint="Save the file as UTF-8.", place=Place(shown, line)) from error


def repository_of(folder: Path) -> Path:
    """Return the nearest folder, from this one upwards, that git keeps; this one where there is none."""
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody, at no moment, sees a part of it under its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Named after the file, so that what a killed run leaves behind is taken up when the file is written again.
    unfinished = path.with_name(f".{sha256(path.name.encode()).hexdigest()[:32]}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
