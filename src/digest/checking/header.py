"""The header of a message as it goes over the wire: fields in their order, with the lines that each is folded into."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A header field."""

    name: str
    lines: tuple[str, ...]
    """As they are, without line ends; characters beyond ASCII are decoded as Latin-1, which keeps every byte."""

    @property
    def value(self) -> str:
        """What stands behind the colon, on one line."""
        return "".join(self.lines).partition(":")[2].strip()


def read_header(message: bytes) -> list[Field]:
    """Return the fields of a message; a line that is none is passed over."""
    head = message.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("latin-1")
    folded: list[list[str]] = []
    for line in head.split("\n"):
        if line[:1] in {" ", "\t"} and folded:
            folded[-1].append(line)
        elif ":" in line:
            folded.append([line])
    return [Field(name=lines[0].partition(":")[0].strip(), lines=tuple(lines)) for lines in folded]


def named(fields: list[Field], name: str) -> list[Field]:
    """Return the fields of a name, however it is spelled in upper and lower case."""
    return [field for field in fields if field.name.lower() == name.lower()]
