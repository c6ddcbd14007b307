"""House rules that a linter does not know, over every shipped module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import agecheck

PACKAGE = Path(agecheck.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES = 299


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.fixture(params=MODULES, ids=_name)
def module(request: pytest.FixtureRequest) -> Path:
    path = request.param
    if not isinstance(path, Path):
        raise TypeError
    return path


def test_all_modules_are_looked_at() -> None:
    """The rules below would hold for an empty list of modules, so the list is checked first."""
    names = {_name(path) for path in MODULES}
    assert {"policy.py", "checker.py", "runtime.py", "vision/warp.py", "models/store.py"} <= names


def test_a_module_is_small(module: Path) -> None:
    """Whoever audits the gate can read each module in one sitting."""
    assert len(module.read_text("utf-8").splitlines()) <= MAX_LINES


def test_a_module_has_no_assert(module: Path) -> None:
    """`python -O` removes an assert: no check that guards the gate may be one."""
    tree = ast.parse(module.read_text("utf-8"))
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)] == []


def test_a_module_prints_and_logs_nothing(module: Path) -> None:
    """Only the command line writes anything: a print in the library could show an age.

    A kiosk's processes are programs of their own; they name their faults, in one place.
    """
    tree = ast.parse(module.read_text("utf-8"))
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    } | {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 0
    }
    assert "logging" not in imported
    if not _name(module).startswith("cli/") and _name(module) != "kiosk/complaint.py":
        assert not {"print", "pprint", "sys.stdout.write", "sys.stderr.write"} & set(_calls(tree))


def test_a_module_runs_no_text_as_code(module: Path) -> None:
    """Models, calibrations and tokens are data: nothing unpickles or evaluates them."""
    tree = ast.parse(module.read_text("utf-8"))
    forbidden = {"eval", "exec", "pickle.load", "pickle.loads", "marshal.loads", "os.system"}
    assert not forbidden & set(_calls(tree))


def test_a_module_says_where_each_error_came_from_or_cuts_the_chain(module: Path) -> None:
    """`raise` within `except` without `from` would print the caught error, paths and all."""
    tree = ast.parse(module.read_text("utf-8"))
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    raises = [
        node for handler in handlers for node in ast.walk(handler) if isinstance(node, ast.Raise)
    ]
    assert [r.lineno for r in raises if r.exc is not None and r.cause is None] == []


def test_a_module_catches_nothing_without_a_type(module: Path) -> None:
    """A bare `except:` would swallow Ctrl-C and hide a failure from the gate."""
    tree = ast.parse(module.read_text("utf-8"))
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    assert [handler.lineno for handler in handlers if handler.type is None] == []


def test_a_module_says_what_it_is_for(module: Path) -> None:
    """Every module opens with a sentence about its purpose."""
    text = module.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)) or not text.strip()
