"""`py.typed` is true: type checkers at their strictest, from outside the project, on the wheel."""

from __future__ import annotations

import ast
import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from release.environments import ENVIRONMENTS, interpreters

CONSUMER = Path(__file__).parent / "typed_consumer" / "program.py"
PUBLIC = ("agecheck", "agecheck.token", "agecheck.relying_party")
TOOLS = Path(sys.executable).parent
PYTHON = ENVIRONMENTS / next(iter(interpreters())) / "bin" / "python"
MISTAKES = {
    "age_years": "\n\nprint(check('selfie.jpg').age_years)\n",
    '"check"': "\n\nload_checker().check(17)\n",
}


def run(folder: Path, tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A type checker in a folder that is no part of the project, with nothing but its own rules."""
    path = os.pathsep.join([str(PYTHON.parent), os.environ.get("PATH", "")])
    return subprocess.run(  # noqa: S603
        [TOOLS / tool, *arguments],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def mypy(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(folder, "mypy", "--strict", "--python-executable", PYTHON, "program.py")


def pyright(folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    return run(folder, "pyright", "--warnings", "program.py")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program, in a folder of its own."""
    return Path(shutil.copy(CONSUMER, tmp_path))


def test_the_program_uses_every_public_name() -> None:
    """A name whose type nobody can use would not be noticed otherwise."""
    tree = ast.parse(CONSUMER.read_text("utf-8"))
    imported = {
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in PUBLIC
        for name in node.names
    }
    public = {name for module in PUBLIC for name in importlib.import_module(module).__all__}
    assert public - imported == {"__version__"}


def test_mypy_is_content(program: Path) -> None:
    """A user under `mypy --strict` needs no ignore for anything of ours."""
    ran = mypy(program.parent)
    assert (ran.stdout.splitlines()[-1], ran.returncode) == (
        "Success: no issues found in 1 source file",
        0,
    )


def test_pyright_is_content(program: Path) -> None:
    """The same for pyright in its strict mode, as editors run it."""
    ran = pyright(program.parent)
    assert (ran.stdout.splitlines()[-1], ran.returncode) == (
        "0 errors, 0 warnings, 0 informations",
        0,
    )


@pytest.mark.parametrize("named", MISTAKES)
def test_both_refuse_a_mistake(named: str, program: Path) -> None:
    """A result has no age, and a number is no picture: both see the package's types."""
    program.write_text(program.read_text("utf-8") + MISTAKES[named], encoding="utf-8")
    for ran in (mypy(program.parent), pyright(program.parent)):
        assert named in ran.stdout
        assert ran.returncode == 1


def test_the_type_of_every_public_name_is_complete(tmp_path: Path) -> None:
    """By pyright's account of what a package with py.typed owes, members and arguments included."""
    ran = run(tmp_path, "pyright", "--ignoreexternal", "--outputjson", "--verifytypes", "agecheck")
    symbols = json.loads(ran.stdout)["typeCompleteness"]["symbols"]
    public = defined_at()
    examined = [s for s in symbols if any(f"{s['name']}.".startswith(name) for name in public)]
    incomplete = [s["name"] for s in examined if not s["isTypeKnown"] or s["isTypeAmbiguous"]]
    assert len(examined) > len(public)
    assert incomplete == []


def defined_at() -> set[str]:
    """Where each public class and function is defined, with a dot behind it."""
    modules = map(importlib.import_module, PUBLIC)
    values = [getattr(module, name) for module in modules for name in module.__all__]
    return {f"{v.__module__}.{v.__qualname__}." for v in values if hasattr(v, "__qualname__")}
