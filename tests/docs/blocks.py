"""Runs a page's fenced blocks as a reader would: top to bottom, in one empty folder.

    ```python     with a first line `# NAME.py`, saved under that name; otherwise executed
    ```toml       with a first line `# NAME.toml`, saved under that name
    ```console    lines after `$ ` are typed into a shell; the lines below are what comes out

In what comes out, `...` stands for anything. A command that ends with ` &` goes on in the
background until the page is done, or until `kill %N` ends the Nth of them. What is executed shares
one namespace. Blocks in any other language are for reading.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from agecheck import AgeChecker

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^ *```$", re.M | re.S)
_KILL = re.compile(r"kill %([1-9])")
_FILE_NAME = re.compile(r"# (\w+\.(?:py|toml))\n")
ANSWERS = (0, 10, 20)
"""Exit codes of agecheck's verdicts; a command that ends with another one has failed."""
COMMAND_DEADLINE_S = 300


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, its text, and the line of its first fence."""

    language: str
    text: str
    line: int


def blocks_of(markdown: str) -> Iterator[Block]:
    """All fenced blocks of a page, indented ones included."""
    for match in _FENCE.finditer(markdown):
        indent = len(match["indent"])
        lines = [line[indent:] for line in match["text"].splitlines(keepends=True)]
        line = markdown.count("\n", 0, match.start()) + 1
        yield Block(match["language"].strip(), "".join(lines), line)


@dataclass(frozen=True, slots=True)
class Command:
    """What is typed, and what is to come out."""

    typed: str
    expected: str


def commands_of(console: str) -> list[Command]:
    """The commands of a console block.

    Raises:
        ValueError: the block does not begin with a command.
    """
    head, *rest = re.split(r"^\$ ", console, flags=re.M)
    if head or not rest:
        raise ValueError("a console block begins with '$ '")
    commands = []
    for part in rest:
        typed, _, expected = part.partition("\n")
        while typed.endswith("\\"):
            more, _, expected = expected.partition("\n")
            typed += "\n" + more
        commands.append(Command(typed, expected.strip("\n")))
    return commands


def matches(expected: str, shown: str) -> bool:
    """Whether a text is as expected, where `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in expected.split("..."))
    return re.fullmatch(pattern, shown, re.S) is not None


class Reader:
    """Somebody who does what a page says. Use it in a `with` statement.

    Args:
        folder: where the reader works; everything is saved there.
        tools: a folder that is put first on the PATH.
    """

    def __init__(self, folder: Path, tools: Path) -> None:
        self._folder = folder
        self._namespace: dict[str, object] = {"__name__": "__main__"}
        self._background: list[subprocess.Popen[str]] = []
        self._environment = _environment(tools)
        self._saved: dict[str, str] = {}
        self._typed = ""

    def follow(self, page: str, markdown: str) -> None:
        """Do everything that a page says.

        Raises:
            AssertionError: something else came out than the page shows.
        """
        for block in blocks_of(markdown):
            where = f"{page}:{block.line}"
            if named := _FILE_NAME.match(block.text):
                self._save(named[1], block.text)
            elif block.language == "python":
                self._execute(block.text, where)
            elif block.language == "console":
                for command in commands_of(block.text):
                    self._type(command, where)

    def unused(self) -> list[str]:
        """Files that were saved, and neither run nor imported nor named by another."""
        return [
            name
            for name in self._saved
            if not any(
                Path(name).stem in text
                for text in (self._typed, *(t for n, t in self._saved.items() if n != name))
            )
        ]

    def _save(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text, encoding="utf-8")
        self._saved[name] = text

    def _execute(self, text: str, where: str) -> None:
        program = compile(text, where, "exec", dont_inherit=True)
        exec(program, self._namespace)  # noqa: S102

    def _type(self, command: Command, where: str) -> None:
        self._typed += command.typed + "\n"
        if job := _KILL.fullmatch(command.typed):
            _end(self._background[int(job[1]) - 1])
            return
        if command.typed.endswith(" &"):
            shown = self._start(command.typed.removesuffix(" &"))
            if not matches(command.expected, shown):
                raise AssertionError(f"{where}: expected\n{command.expected}\nbut got\n{shown}")
            return
        ran = subprocess.run(  # noqa: S603
            ["/bin/bash", "-c", command.typed],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_DEADLINE_S,
            check=False,
        )
        shown = ran.stdout.strip("\n")
        if ran.returncode not in ANSWERS or not matches(command.expected, shown):
            raise AssertionError(
                f"{where}: $ {command.typed}\nexpected\n{command.expected}\n"
                f"but got (exit code {ran.returncode})\n{shown}"
            )

    def _start(self, typed: str) -> str:
        """Start a program, and give the first line that it says."""
        process = subprocess.Popen(  # noqa: S603
            ["/bin/bash", "-c", f"exec {typed}"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._background.append(process)
        return (process.stdout.readline() if process.stdout else "").strip("\n")

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for process in self._background:
            _end(process)
        for value in self._namespace.values():
            if isinstance(value, AgeChecker):  # a page may leave one open, as a program may
                value.close()
        self._namespace.clear()


def _end(process: subprocess.Popen[str]) -> None:
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=10)


def make_tools(folder: Path) -> Path:
    """A folder with `python` and `agecheck`, as an activated environment has them."""
    folder.mkdir()
    for name, command in (("python", ""), ("agecheck", " -m agecheck")):
        tool = folder / name
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}"{command} "$@"\n', encoding="utf-8")
        tool.chmod(0o755)
    return folder


def _environment(tools: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {**kept, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
