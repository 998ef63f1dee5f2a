"""Templates: the built-in ones, file by file overridden by the newsletter's own, in a strict and sandboxed Jinja."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import BaseLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.errors import ContentError, DigestError, Place
from digest.rendering.mjml import mark_origin
from digest.rendering.views import FieldView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import Environment

    from digest.rendering.inserts import Inserts

BUILT_IN = Path(__file__).parent.parent / "templates"
_FOLDER = "templates"


class _Loader(BaseLoader):
    """Finds a template in the newsletter's folder, else among the built-in ones."""

    def __init__(self, root: Path) -> None:
        self._own = root / _FOLDER

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        del environment
        for folder, shown in ((self._own, f"{_FOLDER}/{template}"), (BUILT_IN, f"built-in {template}")):
            path = folder / template
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                return _prepare(path, template, shown), shown, lambda: True
        raise TemplateNotFound(template)


def _prepare(path: Path, template: str, shown: str) -> str:
    try:
        source = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = "this is not UTF-8 text"
        raise ContentError(msg, hint="Save the file as UTF-8 in your editor.", place=Place(shown)) from error
    return mark_origin(source, shown) if template.endswith(".mjml") else source


class Templates:
    """The templates of one newsletter."""

    def __init__(self, root: Path) -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=_Loader(root),
            autoescape=_escapes,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )
        self._environment.filters["default"] = _default

    def render(self, name: str, values: Mapping[str, object], inserts: Inserts | None = None) -> str:
        """
        Return the template, rendered.

        Raises:
            ContentError: a fault of the template, at its line.
        """
        environment = self._environment.overlay()
        environment.filters = {**self._environment.filters, "styled": inserts.hold} if inserts else environment.filters
        try:
            return environment.get_template(name).render(values)
        except TemplateSyntaxError as error:
            place = Place(error.filename or name, error.lineno)
            raise ContentError(str(error.message), hint="The template is not Jinja.", place=place) from error
        except TemplateNotFound as error:
            msg = f"there is no template {error.name}"
            raise ContentError(msg, hint=f"Templates stand in {_FOLDER}/.", place=_place(error, name)) from error
        except (TemplateError, TypeError, ArithmeticError, LookupError) as error:
            raise ContentError(str(error), hint=_HINT, place=_place(error, name)) from error
        except DigestError as error:
            error.place = error.place or _place(error, name)
            raise


_HINT = "What a template may use is in the manual, reference/templates.md."


def _escapes(name: str | None) -> bool:
    """Escape for HTML everywhere but in plain text; Jinja's own choice leaves out ``.mjml``."""
    return not (name or "").endswith((".txt", ".css"))


def _default(value: object, fallback: object = "", boolean: bool = False) -> object:  # noqa: FBT001, FBT002  # Jinja's signature
    if isinstance(value, FieldView):
        return value.default(fallback)
    return fallback if isinstance(value, StrictUndefined) or (boolean and not value) else value


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
