"""Small MJML documents around what a test is about."""

from __future__ import annotations

from digest.errors import CombinedError, ContentError
from digest.rendering.mjml import compile_mjml
from digest.rendering.mjml.tags import rules


def in_column(inner: str, head: str = "") -> str:
    """Return a document whose line 2 is `inner`, in a column."""
    return (
        f"<mjml><mj-head>{head}</mj-head><mj-body><mj-section><mj-column>\n"
        f"{inner}\n"
        "</mj-column></mj-section></mj-body></mjml>"
    )


def in_body(inner: str) -> str:
    """Return a document whose line 2 is `inner`, in the body."""
    return f"<mjml><mj-body>\n{inner}\n</mj-body></mjml>"


def in_head(inner: str) -> str:
    """Return a document whose line 2 is `inner`, in the head."""
    return f"<mjml><mj-head>\n{inner}\n</mj-head><mj-body></mj-body></mjml>"


def faults_of(source: str) -> list[str]:
    """Return the faults of a document as ``line: sentence``."""
    try:
        compile_mjml(source)
    except CombinedError as error:
        faults = error.faults
    except ContentError as error:
        faults = (error,)
    else:
        return []
    assert all(fault.hint for fault in faults)
    return [f"{fault.place.line if fault.place else None}: {fault}" for fault in faults]


def around(name: str) -> str:
    """Return a document with an @ for what the tag `name` holds."""
    if name in {"mj-body", "mj-head"}:
        return "<mjml><mj-head></mj-head><mj-body></mj-body></mjml>".replace(f"</{name}>", f"@</{name}>")
    parents = sorted(parent for parent, rule in rules().items() if name in rule.children)
    parent = min(parents, key="mj-attributes".__eq__)
    named = f'{name} name="x"' if name == "mj-class" else name
    return around(parent).replace("@", f"<{named}>@</{name}>")
