"""House rules that a linter does not know, over every shipped module. Each test lists offenders."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import agecheck

PACKAGE = Path(agecheck.__file__).parent
MAX_LINES = 299


class Module(NamedTuple):
    """A shipped module, read and parsed once for all rules."""

    name: str
    text: str
    tree: ast.Module

    def at(self, node: ast.stmt | ast.expr | ast.excepthandler) -> str:
        """Where to look."""
        return f"{self.name}:{node.lineno}"

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call, and what is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, ast.unparse(node.func)

    def handlers(self) -> Iterator[ast.ExceptHandler]:
        """Every `except`."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ExceptHandler))


def _read(path: Path) -> Module:
    text = path.read_text("utf-8")
    return Module(path.relative_to(PACKAGE).as_posix(), text, ast.parse(text))


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    """All of them."""
    return [_read(path) for path in sorted(PACKAGE.rglob("*.py"))]


def test_all_modules_are_looked_at(modules: list[Module]) -> None:
    """The rules below would hold for an empty list of modules, so the list is checked first."""
    names = {module.name for module in modules}
    assert {"policy.py", "checker.py", "runtime.py", "vision/warp.py", "models/store.py"} <= names


def test_modules_are_small(modules: list[Module]) -> None:
    """Whoever audits the gate can read each module in one sitting."""
    assert [one.name for one in modules if len(one.text.splitlines()) > MAX_LINES] == []


def test_no_module_has_an_assert(modules: list[Module]) -> None:
    """`python -O` removes an assert: no check that guards the gate may be one."""
    found = [
        module.at(node)
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_no_module_logs(modules: list[Module]) -> None:
    """What is logged has left the device, and could be an age."""
    found = [
        module.at(node)
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and "logging" in _imported(node)
    ]
    assert found == []


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The top-level packages that a statement imports from elsewhere."""
    if isinstance(node, ast.Import):
        return {name.name.split(".")[0] for name in node.names}
    return {(node.module or "").split(".")[0]} if node.level == 0 else set()


def test_the_library_prints_nothing(modules: list[Module]) -> None:
    """Only the command line writes anything: a print in the library could show an age.

    A kiosk's processes are programs of their own; they name their faults, in one place.
    """
    forbidden = {"print", "pprint", "sys.stdout.write", "sys.stderr.write"}
    found = [
        module.at(call)
        for module in modules
        if not module.name.startswith("cli/") and module.name != "kiosk/complaint.py"
        for call, name in module.calls()
        if name in forbidden
    ]
    assert found == []


def test_no_module_runs_text_as_code(modules: list[Module]) -> None:
    """Models, calibrations and tokens are data: nothing unpickles or evaluates them."""
    forbidden = {"eval", "exec", "pickle.load", "pickle.loads", "marshal.loads", "os.system"}
    found = [
        module.at(call) for module in modules for call, name in module.calls() if name in forbidden
    ]
    assert found == []


def test_every_module_says_where_an_error_came_from_or_cuts_the_chain(
    modules: list[Module],
) -> None:
    """`raise` within `except` without `from` would print the caught error, paths and all."""
    found = [
        module.at(node)
        for module in modules
        for handler in module.handlers()
        for node in ast.walk(handler)
        if isinstance(node, ast.Raise) and node.exc is not None and node.cause is None
    ]
    assert found == []


def test_no_module_catches_anything_without_a_type(modules: list[Module]) -> None:
    """A bare `except:` would swallow Ctrl-C and hide a failure from the gate."""
    found = [
        module.at(handler)
        for module in modules
        for handler in module.handlers()
        if handler.type is None
    ]
    assert found == []


def test_every_module_says_what_it_is_for(modules: list[Module]) -> None:
    """It opens with a sentence about its purpose."""
    silent = [one.name for one in modules if one.text.strip() and not ast.get_docstring(one.tree)]
    assert silent == []
