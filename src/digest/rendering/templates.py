"""Templates: the built-in ones, file by file overridden by the newsletter's own, in a strict and sandboxed Jinja."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import (
    BaseLoader,
    FileSystemBytecodeCache,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.filters import do_default
from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.errors import ContentError, DigestError, Place
from digest.files import read_text
from digest.model import MARKER
from digest.rendering.inserts import hold
from digest.rendering.origins import mark_template
from digest.rendering.views import FieldView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jinja2 import Environment

BUILT_IN = Path(__file__).parent.parent / "templates"
_FOLDER = "templates"
_HINT = "What a template may use is in the manual, reference/templates.md."


class Templates:
    """The templates of one newsletter."""

    def __init__(self, root: Path) -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=_Loader(root),
            autoescape=_escapes,
            undefined=StrictUndefined,
            finalize=_printable,
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=_cache(),
        )
        filters = self._environment.filters
        filters.update({name: _guarded(name, change) for name, change in filters.items()})
        filters.update({"default": _default, "d": _default, "styled": hold})

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """
        Return the template, rendered.

        Raises:
            ContentError: a fault of the template, at its line.
        """
        with _told_by_place(name):
            return self._environment.get_template(name).render(values)

    def check(self, name: str) -> None:
        """
        See to it that a template can be read.

        Raises:
            ContentError: a fault of the template, at its line.
        """
        with _told_by_place(name):
            self._environment.get_template(name)


@contextmanager
def _told_by_place(name: str) -> Iterator[None]:
    """Have what Jinja raises, and our own faults, say where in a template they come from."""
    try:
        yield
    except TemplateSyntaxError as error:
        place = Place(error.filename or name, error.lineno)
        raise ContentError(str(error.message), hint=_HINT, place=place) from error
    except TemplateNotFound as error:
        msg = f"there is no template {error.name}"
        raise ContentError(msg, hint=f"Templates stand in {_FOLDER}/.", place=_place(error, name)) from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise ContentError(str(error), hint=_HINT, place=_place(error, name)) from error
    except DigestError as error:
        error.place = error.place or _place(error, name)
        raise


def _printable(value: object) -> object:
    """Return what a template prints; Jinja would print ``None``, and the address of an object in memory."""
    if isinstance(value, (str, int, float, FieldView, StrictUndefined)):
        return value
    kind = "nothing" if value is None else type(value).__name__.removesuffix("View").lower()
    msg = f"only texts and numbers can be printed, and this is {kind}"
    raise ContentError(msg, hint=_HINT)


def _cache() -> FileSystemBytecodeCache | None:
    """
    Return where compiled templates are kept, since compiling takes a tenth of a cold build; None without a place.

    It is Jinja's own folder, which this user alone can write: what lies in a newsletter's repository is never run.
    """
    # How they are compiled is decided in this file, so another version of it looks for others.
    own = sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    try:
        return FileSystemBytecodeCache(pattern=f"digest-{own}-%s.cache")
    except (OSError, RuntimeError):
        return None


def _escapes(name: str | None) -> bool:
    """Escape for HTML everywhere but in plain text; Jinja's own choice leaves out ``.mjml``."""
    return not (name or "").endswith((".txt", ".css"))


class _Loader(BaseLoader):
    """Finds a template in the newsletter's folder, else among the built-in ones."""

    def __init__(self, root: Path) -> None:
        self._own = root / _FOLDER

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        del environment
        for folder, shown in ((self._own, f"{_FOLDER}/{template}"), (BUILT_IN, f"built-in {template}")):
            path = folder / template
            if path.is_file():
                source = _read(path, folder, shown)
                return mark_template(source, shown) if template.endswith((".mjml", ".html")) else source, shown, None
        raise TemplateNotFound(template)


def _read(path: Path, folder: Path, shown: str) -> str:
    if not path.resolve().is_relative_to(folder.resolve()):
        msg = f"{shown} lies outside {folder.name}/"
        raise ContentError(msg, hint="Copy it there.")
    return read_text(path, shown, ContentError).replace("\r\n", "\n").replace("\r", "\n")


# A field stands in the text as a marker, which most filters would destroy, and the others would change to no effect.
_KEEPING_FIELDS = frozenset({"e", "escape", "forceescape", "safe", "string", "trim", "urlencode"})


def _guarded(name: str, change: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that is refused where it would change the place of a reader's value."""
    at = 1 if hasattr(change, "jinja_pass_arg") else 0

    @wraps(change)
    def guarded(*arguments: Any, **options: Any) -> Any:
        value = arguments[at]
        if isinstance(value, FieldView) and name not in _KEEPING_FIELDS:
            raise _refusal(name)
        result = change(*arguments, **options)
        if isinstance(value, str) and MARKER.findall(value) != MARKER.findall(str(result)):
            raise _refusal(name)
        return result

    return guarded


def _refusal(name: str) -> ContentError:
    sentence = f"the filter {name} cannot change a field of the reader, whose value nobody knows yet"
    return ContentError(sentence, hint="Print fields as they are.")


def _default(value: object, fallback: Any = "", boolean: bool = False) -> object:  # noqa: FBT001, FBT002  # Jinja's signature
    return value.default(fallback) if isinstance(value, FieldView) else do_default(value, fallback, boolean)


def _place(error: BaseException, name: str) -> Place:
    """Return the innermost line of a template in the traceback, which Jinja rewrites to its templates' lines."""
    place = Place(name)
    trace = error.__traceback__
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith((f"{_FOLDER}/", "built-in ")):
            place = Place(file, trace.tb_lineno)
        trace = trace.tb_next
    return place
