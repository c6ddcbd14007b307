"""agecheck check and its sealed worker: choice of seal, faults, timing, and what stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from agecheck.cli.exits import failure_of
from agecheck.errors import (
    CalibrationError,
    ImageError,
    ImageFault,
    InternalError,
    ModelError,
    ModelFault,
    PolicyError,
    SealError,
    WorkerError,
    WorkerFault,
)
from cli.orphans import adopted, children_of

Invoke = Callable[..., Result]
Spawn = Callable[..., subprocess.CompletedProcess[bytes]]
CommandLine = Callable[..., list[str]]

ASK_OVER = ("--age-limit", "12", "--challenge-age", "15")
DEADLINE_LINE = "the check did not end within its deadline"
HEAVY = ("numpy", "onnxruntime", "PIL", "agecheck.runtime", "agecheck.image.reader")
QUANTUM_S = 0.3


@pytest.mark.parametrize("seal", ["require", "best-effort", "off"])
def test_every_seal_gives_the_same_answer(invoke: Invoke, portrait: Path, seal: str) -> None:
    """Walls change what a check can leak, not what it says."""
    result = invoke("check", portrait, "--seal", seal, *ASK_OVER)
    assert (result.stdout, result.stderr, result.exit_code) == ("OVER\n", "", 0)


def test_a_machine_that_cannot_seal_gives_no_answer_unless_allowed(
    spawn: Spawn, portrait: Path, no_seccomp: Path
) -> None:
    """By default a missing wall is an error that names it; only who asks for less gets less."""
    ran = spawn("check", portrait, *ASK_OVER, path_first=no_seccomp)
    assert (ran.stdout, ran.returncode) == (b"", 3)
    assert ran.stderr.startswith(b"agecheck: ")
    assert b"seccomp" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    ran = spawn("check", portrait, *ASK_OVER, "--seal", "best-effort", path_first=no_seccomp)
    assert (ran.stdout, ran.stderr, ran.returncode) == (b"OVER\n", b"", 0)


def test_a_check_that_outlasts_its_deadline_is_one_fault_line(
    invoke: Invoke, portrait: Path
) -> None:
    """A hung worker ends as 3 with a sentence, never as an answer."""
    result = invoke("check", portrait, "--deadline", "0.001", *ASK_OVER)
    assert (result.stdout, result.exit_code) == ("", 3)
    assert result.stderr == f"agecheck: {portrait}: {DEADLINE_LINE}\n"


def test_a_failed_check_stops_none_of_the_others(invoke: Invoke, cat: Path, tmp_path: Path) -> None:
    """One picture that takes a worker down costs its own answer and the exit code, no more."""
    heavy = tmp_path / "heavy.png"
    Image.new("RGBA", (8000, 8000)).save(heavy, compress_level=1)
    missing = str(tmp_path / "missing.jpg")
    result = invoke("check", "--json", "--deadline", "0.4", heavy, missing, cat, *ASK_OVER)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(a["verdict"], a["reason"], a["error"]) for a in answers] == [
        (None, None, "DEADLINE"),
        (None, None, "NOT_FOUND"),
        ("INCONCLUSIVE", "NO_FACE", None),
    ]
    assert result.stderr.splitlines()[0] == f"agecheck: {heavy}: {DEADLINE_LINE}"
    assert result.exit_code == 3


@pytest.mark.parametrize("deadline", ["0", "-1", "nan", "inf", "1e9"])
def test_a_deadline_that_is_none_is_bad_input(
    invoke: Invoke, portrait: Path, deadline: str
) -> None:
    """A check without an end cannot be asked for."""
    result = invoke("check", portrait, f"--deadline={deadline}")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("agecheck: ")


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (ImageError(ImageFault.CORRUPT), 2),
        (PolicyError("x"), 2),
        (WorkerError(WorkerFault.DIED), 3),
        (SealError("x"), 3),
        (InternalError("x"), 3),
        (ModelError(ModelFault.RUN, "x"), 3),
        (CalibrationError("x"), 3),
        (KeyError("x"), 3),
    ],
)
def test_what_the_caller_cannot_mend_is_3(error: Exception, exit_code: int) -> None:
    """A script can tell a picture to be replaced from a program to be repaired."""
    assert failure_of(error).exit_code == exit_code


def test_a_sealed_check_loads_no_vision_in_the_callers_process(portrait: Path) -> None:
    """What decodes pictures and runs networks is in the worker alone, which also starts sooner."""
    program = (
        "import sys\n"
        "from agecheck.cli.program import cli\n"
        "cli(sys.argv[1:], standalone_mode=False)\n"
        "print(*sys.modules)\n"
    )
    for image, content in ((str(portrait), None), ("-", portrait.read_bytes())):
        ran = subprocess.run(  # noqa: S603
            [sys.executable, "-c", program, "check", image, *ASK_OVER],
            input=content,
            capture_output=True,
            check=True,
            timeout=120,
        )
        verdict, modules = ran.stdout.decode().splitlines()
        loaded = modules.split()
        assert verdict == "OVER"
        assert "agecheck.seal.pool" in loaded
        assert [name for name in HEAVY if name in loaded] == []


def test_answers_are_printed_on_the_quantum(
    command_line: CommandLine, portrait: Path, cat: Path, tmp_path: Path
) -> None:
    """How long a check took cannot be read from when its line came, faults included."""
    images = [portrait, cat, portrait, tmp_path / "missing.jpg", cat]
    quantum = ("--release-quantum-ms", str(round(QUANTUM_S * 1000)))
    with subprocess.Popen(  # noqa: S603
        command_line("check", "--json", *quantum, *images),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        if process.stdout is None:
            pytest.fail("no pipe")
        came_s = [time.monotonic() for _ in process.stdout]
    assert len(came_s) == len(images)
    gaps_s = [after - before for before, after in pairwise(came_s)]
    assert min(gaps_s) > QUANTUM_S - 0.05
    assert sorted(gaps_s)[1] < QUANTUM_S + 0.15  # held back to the next multiple, and no longer


def test_a_token_is_not_held_back_twice(invoke: Invoke, cat: Path, tmp_path: Path) -> None:
    """The checker has released an answer, or a fault, on its quantum; there is no second one."""
    key = tmp_path / "device.key"
    assert invoke("keys", "new", key).exit_code == 0
    asked = ("--audience", "https://shop.example", "--nonce", "n" * 22, "--key", key)
    quick = ("--release-quantum-ms", "0")
    began_s = time.monotonic()
    assert invoke("check", cat, *asked, *quick).exit_code == 20
    at_once_s = time.monotonic() - began_s
    began_s = time.monotonic()
    assert invoke("check", cat, *asked, "--release-quantum-ms", "5000").exit_code == 20
    held_s = time.monotonic() - began_s
    assert 4.5 < held_s < at_once_s + 7.5
    began_s = time.monotonic()
    missing = tmp_path / "missing.jpg"
    assert invoke("check", missing, *asked, "--release-quantum-ms", "5000").exit_code == 2
    assert 4.5 < time.monotonic() - began_s < at_once_s + 7.5


@pytest.mark.parametrize(
    "arguments",
    [
        ("PORTRAIT",),
        ("PORTRAIT", "--seal", "off"),
        ("PORTRAIT", "--age-limit", "0"),
        ("PORTRAIT", "--deadline", "0.001"),
        (),
        ("--no-such-option",),
    ],
)
def test_no_process_stays_behind(spawn: Spawn, portrait: Path, arguments: tuple[str, ...]) -> None:
    """However the program ends, the processes that saw or might have seen a picture end too."""
    given = [str(portrait) if a == "PORTRAIT" else a for a in arguments]
    with adopted() as left_behind:
        spawn("check", *given)
        assert left_behind.living() == set()


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.1, 0.2, 0.3, 0.4])
def test_ctrl_c_at_any_moment_leaves_no_process_and_no_traceback(
    command_line: CommandLine, portrait: Path, after_s: float
) -> None:
    """From the moment the fork server is there, an interrupted run takes everything with it."""
    with (
        adopted() as left_behind,
        subprocess.Popen(  # noqa: S603
            command_line("check", *[portrait] * 200, *ASK_OVER),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process,
    ):
        while not children_of(process.pid):
            if process.poll() is not None:
                pytest.fail("it ended by itself")
        time.sleep(after_s)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all it knows of
        _, stderr = process.communicate(timeout=60)
        # A shell shows 130 for both: where the interrupt met an eval() in some import, CPython ends
        # the process by the signal itself, whatever exit code the program has asked for.
        assert process.returncode in (130, -signal.SIGINT)
        assert stderr == b""
        assert left_behind.living() == set()


def test_a_killed_program_leaves_no_process(command_line: CommandLine, portrait: Path) -> None:
    """Even a SIGKILL, which nothing can answer, ends the fork server and its workers."""
    with (
        adopted() as left_behind,
        subprocess.Popen(  # noqa: S603
            command_line("check", *[portrait] * 200), stdout=subprocess.PIPE
        ) as process,
    ):
        if process.stdout is None:
            pytest.fail("no pipe")
        process.stdout.readline()
        process.kill()
        process.wait()
        assert left_behind.living() == set()


def test_a_process_left_behind_is_seen() -> None:
    """The three tests above can fail: they find what a shell leaves running."""
    with adopted() as left_behind:
        subprocess.run(["/bin/sh", "-c", "sleep 60 &"], check=True)
        (left,) = left_behind.living()
        os.kill(left, signal.SIGKILL)
        os.waitpid(left, 0)
        assert left_behind.living() == set()
