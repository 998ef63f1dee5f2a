"""Lists of tags, ``v=DMARC1; p=none``, as DKIM and DMARC write them: RFC 6376 section 3.2."""

from __future__ import annotations


def read_tags(record: str) -> dict[str, str]:
    """
    Return the values of a record by their tags, in the record's order.

    Raises:
        ValueError: something in it is no ``tag=value``, or a tag comes twice.
    """
    tags: dict[str, str] = {}
    for part in record.split(";"):
        name, equals, value = part.strip().partition("=")
        name = name.strip()
        if not name and not equals:  # behind the last semicolon
            continue
        if not equals or not name.isidentifier():
            msg = f'"{part.strip()}" is no tag with a value'
            raise ValueError(msg)
        if name in tags:
            msg = f'the tag "{name}" comes twice'
            raise ValueError(msg)
        tags[name] = value.strip()
    return tags
