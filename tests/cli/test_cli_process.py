"""The program as a process: what it imports, and how it lives with pipes, signals, terminals."""

from __future__ import annotations

import errno
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Spawn = Callable[..., subprocess.CompletedProcess[bytes]]
CommandLine = Callable[..., list[str]]

VISION = {"numpy", "onnxruntime", "PIL", "agecheck.image.reader", "agecheck.runtime"}
TOKEN = {"agecheck.token", "cryptography", "joserfc"}
MANY = 11


def imported_by(*arguments: str) -> set[str]:
    """The modules that a Python process imports, by the interpreter's own account."""
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, check=False
    )
    lines = ran.stderr.decode().splitlines()
    return {line.rsplit("|", 1)[1].strip() for line in lines if line.startswith("import time:")}


def test_importing_agecheck_is_light() -> None:
    """A program that may never check a picture pays nothing for having agecheck."""
    imported = imported_by("-c", "import agecheck")
    assert "agecheck" in imported
    assert not imported & (VISION | TOKEN | {"click"})


@pytest.mark.parametrize("arguments", [("--help",), ("check", "--help"), ("--version",)])
def test_help_is_light(arguments: tuple[str, ...]) -> None:
    """Help answers at once: no array, runtime or key library is loaded for it."""
    imported = imported_by("-m", "agecheck", *arguments)
    assert "agecheck.cli.main" in imported
    assert not imported & (VISION | TOKEN)


def test_a_plain_check_leaves_the_token_alone(portrait: Path) -> None:
    """Without a token asked for, neither keys nor cryptography take part."""
    imported = imported_by("-m", "agecheck", "check", "--seal", "off", str(portrait))
    assert imported >= VISION
    assert not imported & (TOKEN | {"agecheck.cli.verify", "agecheck.seal.launcher"})


def test_verifying_leaves_the_vision_alone(tmp_path: Path) -> None:
    """A relying party needs no network and no image library."""
    asked = ("--audience", "a", "--nonce", "n" * 16, "--jwk", str(tmp_path / "none"))
    imported = imported_by("-m", "agecheck", "verify", "a.b.c", *asked)
    assert "agecheck.token" in imported
    assert not imported & VISION


def test_the_process_answers(spawn: Spawn, portrait: Path) -> None:
    """The program that a shell starts gives the same answer and exit code."""
    ran = spawn(
        "check", "-", "--age-limit", "12", "--challenge-age", "15", stdin=portrait.read_bytes()
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (b"OVER\n", b"", 0)


NO_ROOM = b"agecheck: internal error (OSError)\n"
BUFFERING = {"PYTHONUNBUFFERED": ""}, {"PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize("env", BUFFERING)
@pytest.mark.parametrize("asked", ["check", "--help", "models"])
def test_output_that_cannot_be_written_is_not_an_answer(
    command_line: CommandLine, portrait: Path, asked: str, env: dict[str, str]
) -> None:
    """On a full disk the program does not end as 0, which means OVER, and says so in a line."""
    of_check = (portrait, "--age-limit", "12", "--challenge-age", "15")
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(  # noqa: S603
            command_line(asked, *(of_check if asked == "check" else ())),
            stdout=full,
            stderr=subprocess.PIPE,
            env=os.environ | env,
            check=False,
        )
    assert (ran.stderr, ran.returncode) == (NO_ROOM, 3)


@pytest.mark.parametrize("env", BUFFERING)
def test_an_error_that_cannot_be_told_is_still_one(
    command_line: CommandLine, env: dict[str, str]
) -> None:
    """With no room for standard error either."""
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(  # noqa: S603
            command_line("check", "nowhere.jpg"),
            stdout=full,
            stderr=full,
            env=os.environ | env,
            check=False,
        )
    assert ran.returncode == 3


UNFLUSHED = """
import sys
import agecheck.cli.main, agecheck.cli.program

def cli(**_):
    sys.stdout.write("OVER\\n")
    sys.exit(0)

agecheck.cli.program.cli = cli
agecheck.cli.main.main()
"""


def test_an_answer_that_was_still_to_be_written_is_none() -> None:
    """A command that does not flush ends as 0, and only then the disk turns out to be full."""
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(  # noqa: S603
            [sys.executable, "-c", UNFLUSHED],
            stdout=full,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONUNBUFFERED": ""},
            check=False,
        )
    assert (ran.stderr, ran.returncode) == (b"", 3)


@pytest.mark.parametrize("closed", ["1", "2", "12"])
def test_closed_streams_do_not_change_the_answer(
    command_line: CommandLine, portrait: Path, closed: str
) -> None:
    """A service manager may start a program without them."""
    command = command_line("check", portrait, "--age-limit", "12", "--challenge-age", "15")
    away = " ".join(f"{stream}>&-" for stream in closed)
    ran = subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", f'exec "$0" "$@" {away}', *command], capture_output=True, check=False
    )
    assert (ran.stderr, ran.returncode) == (b"", 0)


def test_a_file_name_that_the_terminal_cannot_write_is_escaped(
    spawn: Spawn, cat: Path, tmp_path: Path
) -> None:
    """A name outside the output's encoding, or no text at all, breaks nothing."""
    names = [os.fsdecode(bytes(tmp_path) + b"/\xff.png"), str(tmp_path / "\u0142.png")]
    for name in names:
        shutil.copy(cat, name)
    ran = spawn("check", *names, env={"PYTHONIOENCODING": "latin-1"})
    lines = ran.stdout.decode("latin-1").splitlines()
    assert [line.rsplit("/", 1)[1] for line in lines] == [
        "\\udcff.png\tINCONCLUSIVE NO_FACE",
        "\\u0142.png\tINCONCLUSIVE NO_FACE",
    ]
    assert (ran.stderr, ran.returncode) == (b"", 20)


def test_a_reader_that_leaves_ends_the_program_quietly(
    command_line: CommandLine, cat: Path
) -> None:
    """`agecheck check ... | head -1` ends as other filters do: by SIGPIPE, without a word."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with subprocess.Popen(  # noqa: S603
        command_line("check", cat, cat), stdout=write_end, stderr=subprocess.PIPE
    ) as process:
        os.close(write_end)
        _, stderr = process.communicate(timeout=120)
    assert (stderr, process.returncode) == (b"", -signal.SIGPIPE)


def test_ctrl_c_ends_with_130_and_no_traceback(command_line: CommandLine, cat: Path) -> None:
    """An interrupted run is told apart from every answer, and shows nothing of its insides."""
    with subprocess.Popen(  # noqa: S603
        command_line("check", cat, "-"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        if process.stdout is None:
            pytest.fail("no pipe")
        first = process.stdout.readline()  # from here on it waits for its standard input
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=120)
    assert first.endswith(b"\tINCONCLUSIVE NO_FACE\n")
    assert (stderr, process.returncode) == (b"", 130)


def test_many_pictures_show_a_bar_on_a_terminal(command_line: CommandLine, cat: Path) -> None:
    """A person who waits sees how far it is, and every answer line stays whole."""
    screen, status = run_on_terminal(command_line("check", *[cat] * MANY))
    assert f"{MANY}/{MANY}" in screen
    after_clearing = [line.rsplit("\r\x1b[K", 1)[-1] for line in screen.split("\r\n")]
    assert after_clearing.count(f"{cat}\tINCONCLUSIVE NO_FACE") == MANY
    assert status == 20


def test_few_pictures_show_no_bar_on_a_terminal(command_line: CommandLine, cat: Path) -> None:
    """A quick answer is not decorated."""
    screen, _ = run_on_terminal(command_line("check", cat))
    assert screen.splitlines() == ["INCONCLUSIVE NO_FACE"]


def test_many_pictures_show_no_bar_in_a_pipe(spawn: Spawn, cat: Path) -> None:
    """What other programs read holds answers only."""
    ran = spawn("check", *[cat] * MANY)
    assert ran.stdout.decode() == f"{cat}\tINCONCLUSIVE NO_FACE\n" * MANY
    assert ran.stderr == b""


def run_on_terminal(arguments: list[str]) -> tuple[str, int]:
    """Run a process on a terminal of its own: all that it showed, and its exit status."""
    terminal, side = pty.openpty()
    with subprocess.Popen(arguments, stdout=side, stderr=side) as process:  # noqa: S603
        os.close(side)
        shown = b"".join(iter(lambda: read_terminal(terminal), b""))
        status = process.wait(timeout=120)
    os.close(terminal)
    return shown.decode(), status


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError as error:
        # Linux reports a terminal that nobody holds any more as an input/output error.
        if error.errno == errno.EIO:
            return b""
        raise
