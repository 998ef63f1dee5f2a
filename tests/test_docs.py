"""The manual under test: what it says of commands, options, exit codes and variables is what the program does."""

from __future__ import annotations

import ast
import json
import re
import shlex
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from digest import errors
from digest.checking.rules import RULES
from digest.cli import digest
from digest.cli.providers import HEADINGS, cells
from digest.config import VARIABLES
from digest.providers.finding import GROUP
from digest.providers.matrix import entry_of
from digest.web.application import ROUTES
from digest.web.counting import REGISTRY
from digest.wording import read_built_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Run

DOCS = Path(__file__).parent.parent / "docs"
SOURCE = Path(errors.__file__).parent
PAGE = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
PAGES = [*sorted(DOCS.parent.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
MANUAL = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
SLUG = "2026-11-24-hello"


def contexts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Return the program and all its commands, in the order of its help."""
    context = click.Context(command, info_name=name, parent=parent)
    yield context
    if isinstance(command, click.Group):
        for below, subcommand in command.commands.items():
            yield from contexts(subcommand, below, context)


CONTEXTS = {context.command_path: context for context in contexts(digest, "digest")}


def section(path: str) -> str:
    """Return what the manual says of a command."""
    heading = "# Commands" if path == "digest" else f"## `{path}`"
    _, found, rest = f"\n{PAGE}".partition(f"\n{heading}\n")
    assert found, f"docs/reference/commands.md has no heading: {heading}"
    return rest.partition("\n## ")[0]


def blocks(text: str, kind: str) -> list[str]:
    """Return the code blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", CONTEXTS)
def test_manual_tells_each_command(path: str) -> None:
    """Each command has its section, with its usage, its options in the words of its help, and no others."""
    context, text = CONTEXTS[path], section(path)
    options = [param for param in context.command.params if isinstance(param, click.Option)]
    records = [record for option in options if (record := option.get_help_record(context))]
    expected = ["| `{}` | {} |".format(names.replace("|", "\\|"), words) for names, words in records]
    assert [line for line in text.splitlines() if line.startswith("| `-")] == expected
    if not isinstance(context.command, click.Group):
        pieces = context.command.collect_usage_pieces(context)
        assert blocks(text, "")[0] == " ".join([path, *(pieces if options else pieces[1:])]) + "\n"


def test_manual_tells_no_other_commands() -> None:
    """A command that is gone is gone from the manual."""
    assert set(re.findall(r"^## `(digest [^`]*)`$", PAGE, flags=re.MULTILINE)) == CONTEXTS.keys() - {"digest"}


def test_overview_of_the_commands() -> None:
    """The table at the head says of each command what the help says, in its order."""
    rows = [
        f"| [`digest {name}`](#digest-{name}) | {command.get_short_help_str(limit=100)} |"
        for name, command in digest.commands.items()
    ]
    assert "\n".join(rows) in PAGE


@pytest.mark.parametrize("path", CONTEXTS)
def test_help_shows_an_example(path: str) -> None:
    """Each help ends with an example, and the manual shows the same ones."""
    text = CONTEXTS[path].command.help or ""
    assert "Example" in text
    shown = [line.strip() for line in text.partition("Example")[2].splitlines()[1:] if line.strip()]
    assert any("digest" in example for example in shown)
    for example in shown:
        if not isinstance(CONTEXTS[path].command, click.Group):
            assert example in section(path)


@pytest.mark.parametrize("line", [line for block in blocks(MANUAL, "sh") for line in block.splitlines()])
def test_commands_of_the_manual_are_right(letter: Path, line: str) -> None:
    """Every command that stands in a shell block of the manual is one, with arguments that it takes."""
    (letter / "readers.csv").touch()
    for part in re.split(r"&&|\|", line):
        words = shlex.split(part, comments=True)
        if words[:1] == ["digest"]:
            _parse(digest, words[1:])


def _parse(command: click.Command, arguments: list[str]) -> None:
    if isinstance(command, click.Group):
        name, *rest = arguments
        _parse(command.commands[name], rest)
    else:
        command.make_context(command.name, arguments)


def test_manual_tells_each_exit_code() -> None:
    """The table has the code of every class of errors, of success, and of an interruption."""
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, flags=re.MULTILINE)}
    classes = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Exception)]
    raised = {thing.exit_code for thing in classes if issubclass(thing, errors.DigestError)}
    assert codes == {0, *raised, 130}


def _asked_for(tree: ast.Module) -> Iterator[str]:
    """Find the names, as they stand in a module, that its statements ask of the environment."""
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for statement in ast.walk(tree):
        parts = [*ast.walk(statement)] if isinstance(statement, ast.stmt) and not hasattr(statement, "body") else []
        if any("environ" in (getattr(part, "id", ""), getattr(part, "attr", "")) for part in parts):
            named = (constants.get(part.id) for part in parts if isinstance(part, ast.Name))
            said = (part.value for part in parts if isinstance(part, ast.Constant))
            yield from (word for word in (*named, *said) if isinstance(word, str) and re.fullmatch("[A-Z_]{2,}", word))


def test_manual_tells_each_variable() -> None:
    """Every environment variable that is read is explained among the settings; a provider's are on its page."""
    paths = [path for path in SOURCE.rglob("*.py") if "providers" not in path.parts]
    read = {name for path in paths for name in _asked_for(ast.parse(path.read_text("utf-8")))} - {
        "LC_ALL",
        "PATH",
    }  # which are set for others
    assert {"DIGEST_EDITOR", "DIGEST_SECRET", "DISPLAY", "NO_COLOR"} <= read
    page = (DOCS / "reference" / "settings.md").read_text("utf-8").partition("\n## Environment variables\n")[2]
    assert [name for name in sorted({*read, *VARIABLES}) if f"`{name}`" not in page] == []


SERVING = (DOCS / "how-to" / "serve-the-public-side.md").read_text("utf-8")


@pytest.mark.parametrize("beginning", sorted({route.path.split("/")[1] for route in ROUTES}))
def test_manual_tells_each_address(beginning: str) -> None:
    """Whatever `digest serve` answers stands in the table of its addresses."""
    told = {address for row in re.findall(r"^\| (`/.*?) \|", SERVING, re.MULTILINE) for address in row.split(", ")}
    assert {f"`/{beginning}`", f"`/{beginning}/…`"} & told


def test_manual_tells_each_metric() -> None:
    """The table of metrics has each one under the name that Prometheus shows, and no others."""
    ours = {metric.name + "_total" * (metric.type == "counter") for metric in REGISTRY.collect()}
    assert {*re.findall(r"^\| `(digest_\w+)` \|", SERVING, re.MULTILINE)} == ours


def test_manual_tells_each_section_of_the_words() -> None:
    """Whoever wants to say something otherwise is told under which section to look."""
    sections = {key.partition(".")[0] for key in read_built_in("en")}
    assert [section for section in sorted(sections) if f"`[{section}]`" not in SERVING] == []


COMMENT = re.compile(r"(?:<!--|\{#|#) digest: allow ([\w, -]+?) because .+")


def test_comments_of_the_manual_name_rules() -> None:
    """What the manual lets pass by a comment is a rule."""
    named = {name for names in COMMENT.findall(MANUAL) for name in names.split(", ")}
    assert named
    assert named <= RULES.keys()


HELD = (DOCS / "how-to" / "check-before-you-send.md").read_text("utf-8")


@pytest.mark.parametrize("issue", blocks(HELD, "markdown"))
def test_comments_of_the_manual_let_pass(run: Run, letter: Path, issue: str) -> None:
    """With the manual's comments nothing is found, and without them each rule that they name is."""
    front = "" if issue.startswith("---") else f"---\nsubject: A lamp\npreheader: {'It is lit at five. ' * 3}\n---\n"
    path = letter / "issues" / f"{SLUG}.md"
    path.write_text(front + issue, encoding="utf-8")
    assert "Nothing to mend." in run("check").stdout
    bare = re.sub(r"^# digest.*\n|<!-- digest.*?-->", "", issue, flags=re.MULTILINE)
    path.write_text(front + bare, encoding="utf-8")
    printed = json.loads(run("check", "--format", "json").stdout)
    found = {finding["rule"] for finding in printed["issues"][0]["findings"]}
    assert found == {name for names in COMMENT.findall(issue) for name in names.split(", ")}


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("digest build", [("build",)]),
        ("digest send", [("send", SLUG, "--to", "editor@example.org"), ("send", "--yes"), ("send", "--dry-run")]),
        ("digest status", [("status", SLUG, "--recipients")]),
        ("digest subscribers import", [("subscribers", "import", "list.csv")]),
        ("digest subscribers list", [("subscribers", "list")]),
        ("digest subscribers count", [("subscribers", "count")]),
        ("digest subscribers show", [("subscribers", "show", "noor@example.org")]),
        ("digest providers", [("providers",), ("providers", "outbox")]),
        ("digest doctor", [("doctor",)]),
    ],
)
def test_json_of_the_manual(run: Run, path: str, arguments: list[tuple[str, ...]], tmp_path: Path) -> None:
    """The JSON that the manual shows has the keys that the program prints, in their order."""
    (tmp_path / "letter" / "list.csv").write_text("email\nnonsense\n", encoding="utf-8")
    run("subscribers", "add", "noor@example.org", "--tag", "friends", "--field", "first_name=Noor")
    run("subscribers", "remove", "noor@example.org")
    with (tmp_path / "letter" / "digest.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[segments]\npros = "tag:pro"\n')
    dry = [json.loads(run(*command, "--json").stdout) for command in arguments if "--dry-run" in command]
    if path in {"digest status", "digest subscribers show"}:
        run("send", "--yes")
    wet = [json.loads(run(*command, "--json").stdout) for command in arguments if "--dry-run" not in command]
    for shown, printed in zip(blocks(section(path), "json"), [*wet, *dry], strict=True):
        assert _keys(json.loads(shown)) == _keys(printed)


def test_json_of_what_is_found(run: Run, letter: Path) -> None:
    """The JSON of `digest check` in the manual has the keys that are printed, in their order; so has a finding's."""
    with (letter / "issues" / f"{SLUG}.md").open("a", encoding="utf-8") as issue:
        issue.write("\n[Our lamps](http://blog.example.org/lamps)\n")
    printed = run("check", "--format", "json").stdout
    (shown,) = blocks(section("digest check"), "json")
    assert _keys(json.loads(shown)) == _keys(json.loads(printed))


def _anchor(heading: str) -> str:
    """Return the anchor that git hosts give a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _keys(value: object) -> object:
    match value:
        case dict():
            return {key: None if key in {"excluded", "fields"} else _keys(part) for key, part in value.items()}
        case [first, *_]:
            return [_keys(first)] if isinstance(first, dict) else None
    return None


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_of_the_manual_lead_somewhere(path: Path) -> None:
    """Every relative link leads to a file that is there, and to a heading of it; those of examples need not."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)", text):
        file = path.parent / target if target else path
        assert file.exists(), f"{path.name} links to {target}, which is not there"
        if anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), flags=re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}


OURS = sorted(entry.name for entry in entry_points(group=GROUP) if entry.value.startswith("digest."))


def _provider_page(name: str) -> str:
    return (DOCS / "providers" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OURS)
def test_manual_tells_each_provider(name: str) -> None:
    """Each provider has a page of its name, with its options and its variables, in their order."""
    entry, page = entry_of(name), _provider_page(name)
    assert re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE) == [option.name for option in entry.options]
    variables = re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)
    assert [variable for variable in variables if variable in entry.secrets] == list(entry.secrets)


SECTIONS = ("Setting it up", "Unsubscribing", "The webhook", "Limits, and what happens at them")


@pytest.mark.parametrize("name", OURS)
def test_pages_of_providers_are_alike(name: str) -> None:
    """The same things stand under the same headings on each page, in one order."""
    headings = re.findall(r"^## (.*)$", _provider_page(name), re.MULTILINE)
    assert [heading for heading in headings if heading in SECTIONS] == [one for one in SECTIONS if one in headings]
    assert name == "outbox" or {"Setting it up", "Unsubscribing"} <= {*headings}
    assert not [heading for heading in headings[:-1] if "not document" in heading]


def test_manual_compares_the_providers() -> None:
    """The matrix of the manual is the one that `digest providers` shows, each name a link to its page."""
    page = (DOCS / "providers" / "README.md").read_text(encoding="utf-8")
    rows = [(f"[{name}]({name}.md)", *rest) for name, *rest in (cells(entry_of(name)) for name in OURS)]
    table = [f"| {' | '.join(row)} |" for row in (HEADINGS, *rows)]
    assert [line for line in page.splitlines() if line.startswith(("| provider |", "| ["))] == table


def test_manual_explains_the_comparison() -> None:
    """Each column of the matrix is explained below it."""
    page = (DOCS / "providers" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^- \*\*(.*?)\*\*:", page, re.MULTILINE) == list(HEADINGS[1:])
