"""The package as its users get it: from a wheel, in an environment that has never seen the checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment with the wheel in it."""

    wheel: Path
    programs: Path

    def run(self, *command: str, folder: Path) -> str:
        """Run a program of this environment, blind to the variables of ours."""
        variables = {"PATH": f"{self.programs}:/usr/bin:/bin", "HOME": str(folder)}
        return _run(str(self.programs / command[0]), *command[1:], folder=folder, variables=variables)


def _run(*command: str, folder: Path, variables: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """
    Build the wheel and install it into a new environment, without the network.

    The dependencies are read where they are installed already. A folder that a ``.pth`` file names is
    searched for modules but not for further ``.pth`` files, so the editable install stays out of sight.
    """
    folder = tmp_path_factory.mktemp("wheel")
    python = sys.executable
    _run(python, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT), folder=folder)
    (wheel,) = folder.glob("*.whl")
    _run(python, "-m", "venv", "--without-pip", "venv", folder=folder)
    programs = folder / "venv" / "bin"
    pip = (python, "-m", "pip", "--python", str(programs / "python"))
    _run(*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel), folder=folder)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return Environment(wheel=wheel, programs=programs)


def test_the_wheel_holds_the_package_whole(clean: Environment) -> None:
    """Every file of the package travels in the wheel, templates and the typing mark included."""
    source = ROOT / "src"
    files = {path.relative_to(source).as_posix() for path in (source / "digest").rglob("*") if path.is_file()}
    expected = {file for file in files if "__pycache__" not in file}
    assert "digest/py.typed" in expected
    assert expected <= set(ZipFile(clean.wheel).namelist())


def test_a_newsletter_is_made_and_sent_from_the_wheel(clean: Environment, tmp_path: Path) -> None:
    """Where only the wheel is installed, a new newsletter is set up, built and sent as it stands."""
    origin = clean.run("python", "-c", "import digest; print(digest.__file__)", folder=tmp_path)
    assert Path(origin.strip()).is_relative_to(clean.programs.parent)

    version = clean.run("digest", "--version", folder=tmp_path)
    assert clean.wheel.name.split("-")[1] in version

    clean.run("digest", "init", "letter", folder=tmp_path)
    letter = tmp_path / "letter"
    clean.run("digest", "build", folder=letter)
    (built,) = (letter / ".digest" / "build").iterdir()
    assert {path.name for path in built.iterdir()} >= {"email.html", "email.txt", "message.eml", "edition.json"}

    clean.run("digest", "send", "--yes", folder=letter)
    assert list((letter / ".digest" / "outbox" / built.name).glob("*.eml"))
