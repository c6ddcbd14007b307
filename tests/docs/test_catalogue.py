"""The catalogue of errors, faults and reasons has all of them, and no other."""

from __future__ import annotations

import ast
import importlib
from enum import Enum
from pathlib import Path

import pytest

import agecheck
from agecheck import ImageFault, ModelFault, Reason, TokenFault, WorkerFault
from agecheck.cli.exits import ExitCode, failure_of
from agecheck.errors import AgecheckError
from agecheck.relying_party import AnswerFault, ReplayStoreFault

ROOT = Path(__file__).parents[2]
PACKAGE = Path(agecheck.__file__).parent
ROOMS_WITH_OWN_PAGES = ("agent", "kiosk")
"""Their errors are on the reference page of the room, too."""
SECTIONS: dict[str, type[Enum]] = {
    "Reasons": Reason,
    "Faults of a picture": ImageFault,
    "Faults of a worker": WorkerFault,
    "Faults of a model": ModelFault,
    "Faults of a token": TokenFault,
    "Faults of an answer": AnswerFault,
    "Faults of a replay store": ReplayStoreFault,
}


def tables() -> dict[str, list[list[str]]]:
    """The rows of the table in each section, the head included."""
    text = (ROOT / "docs/reference/errors.md").read_text("utf-8")
    found = {}
    for section in text.split("\n## ")[1:]:
        title, *lines = section.splitlines()
        rows = [line.strip("|").split("|") for line in lines if line.startswith("|")]
        found[title] = [[cell.strip() for cell in row] for row in rows if set(row[0]) != {"-"}]
    return found


def names_in(section: str) -> list[str]:
    return [row[0].strip("`") for row in tables()[section][1:]]


def error_classes() -> dict[str, type[AgecheckError]]:
    """All public errors of the package, by name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
        public = [name for name in names if name.endswith("Error") and not name.startswith("_")]
        if not public:
            continue
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for name in public:
            found[name] = getattr(importlib.import_module(module), name)
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_a_table_has_every_member_in_its_order(section: str) -> None:
    """Whoever meets a fault or a reason finds it, and nothing that does not exist."""
    assert names_in(section) == [member.name for member in SECTIONS[section]]


def test_every_error_is_listed_once() -> None:
    """A new error class shows up here before it shows up in somebody's log."""
    sections = [title for title in tables() if title.startswith("Errors ")]
    listed = sorted(name for section in sections for name in names_in(section))
    assert listed == sorted(set(error_classes()) - {"AgecheckError"})


@pytest.mark.parametrize("room", ROOMS_WITH_OWN_PAGES)
def test_a_room_with_a_page_of_its_own_lists_its_errors_there(room: str) -> None:
    """Kiosk and agent are read about in one place each."""
    tree = ast.parse((PACKAGE / room / "errors.py").read_text("utf-8"))
    page = (ROOT / f"docs/reference/{room}.md").read_text("utf-8")
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert names
    assert all(f"| `{name}` |" in page for name in names)


def test_the_root_is_the_root() -> None:
    """One except clause catches everything that is raised on purpose."""
    assert all(issubclass(error, AgecheckError) for error in error_classes().values())


def test_the_exit_codes_are_the_programs() -> None:
    """A script that branches on the code must be able to believe the table."""
    classes = error_classes()
    rows = 0
    for section in tables().values():
        if "Exit code" not in section[0]:
            continue
        column = section[0].index("Exit code")
        for row in section[1:]:
            error = classes[row[0].strip("`")]
            assert failure_of(error.__new__(error)).exit_code == int(row[column]), row[0]
            rows += 1
    assert rows > 10


def test_the_page_of_exit_codes_has_them_all() -> None:
    """The numbers are a promise to scripts."""
    text = (ROOT / "docs/reference/exit-codes.md").read_text("utf-8")
    for code in ExitCode:
        assert f"| {code.value} | `{code.name}` |" in text


def test_a_value_error_is_said_to_be_one() -> None:
    """Callers who catch ValueError need to know which errors they catch."""
    text = (ROOT / "docs/reference/errors.md").read_text("utf-8")
    for name, error in error_classes().items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")] or [""]
        if name in {"AgecheckError", "ImageError"}:
            continue
        assert ("Also a `ValueError`" in line) == issubclass(error, ValueError), name
