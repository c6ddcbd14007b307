"""No process of agecheck makes a network system call, by the kernel's own account.

Needs strace. `agecheck doctor` is left out: a worker of its tries a socket, and dies.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from system.tracing import Call, after_first_filter, execs, loads_filter, network_calls, traced

AGECHECK = [sys.executable, "-m", "agecheck"]
AUDIENCE, NONCE = "https://shop.example", "n" * 22
ASK_OVER = ("--age-limit", "12", "--challenge-age", "15")
FORK_SERVER = "agecheck.seal.fork_server"


def run(
    arguments: list[str], folder: Path, exit_code: int, stdin: bytes = b""
) -> tuple[str, list[Call]]:
    """The program's answer and its calls."""
    ran, calls = traced([*AGECHECK, *arguments], folder, stdin)
    assert (ran.stderr, ran.returncode) == (b"", exit_code)
    return ran.stdout.decode(), calls


def assert_sealed_run(calls: list[Call]) -> None:
    """Nothing but pairs of local sockets, the workers under a filter, no program after it."""
    assert network_calls(calls) == []
    assert execs(after_first_filter(calls)) == []
    assert [FORK_SERVER in call.line for call in execs(calls)].count(True) == 1
    # The fork server's filter, and in another process the worker's.
    assert len({call.pid for call in calls if loads_filter(call)}) >= 2


def test_a_check_makes_no_network_call(portrait: Path, cat: Path, tmp_path: Path) -> None:
    """The default check of several pictures, from the program's start to its end."""
    answer, calls = run(["check", str(portrait), str(cat), *ASK_OVER], tmp_path, 20)
    assert [line.split("\t")[1] for line in answer.splitlines()] == [
        "OVER",
        "INCONCLUSIVE NO_FACE",
    ]
    assert_sealed_run(calls)


def test_an_unsealed_check_makes_no_network_call(portrait: Path, tmp_path: Path) -> None:
    """Without walls nothing calls out either, and there is not even a pair of sockets."""
    answer, calls = run(["check", str(portrait), "--seal", "off", *ASK_OVER], tmp_path, 0)
    assert answer == "OVER\n"
    assert [call for call in calls if call.name != "execve"] == []


def test_a_token_is_made_and_verified_without_a_network_call(
    portrait: Path, tmp_path: Path
) -> None:
    """Both parties' part: a new key, its public side, a signed answer, and its verification."""
    key, jwk = tmp_path / "device.key", tmp_path / "shop.jwk"
    _, making = run(["keys", "new", str(key)], tmp_path, 0)
    asked = ["--audience", AUDIENCE, "--key", str(key)]
    shown, showing = run(["keys", "show", *asked], tmp_path, 0)
    jwk.write_text(shown)
    answer, attesting = run(
        ["check", str(portrait), *asked, "--nonce", NONCE, *ASK_OVER], tmp_path, 0
    )
    token = answer.splitlines()[1].encode()
    told = ["--audience", AUDIENCE, "--nonce", NONCE, "--jwk", str(jwk), "--accept-input", "file"]
    verified, verifying = run(["verify", "-", *told], tmp_path, 0, token)
    assert verified.startswith("OVER 12\n")
    assert "\nseal: sealed\n" in verified
    assert_sealed_run(attesting)
    for calls in (making, showing, verifying):
        assert [call for call in calls if call.name != "execve"] == []


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "socket"),
        ("import socket; socket.socket(socket.AF_UNIX).connect_ex('/nowhere')", "connect"),
        ("import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])", "socket"),
        (
            "from agecheck.seal import walls\n"
            "walls.first_stage()\n"
            "import socket\n"
            "try: socket.socket(socket.AF_INET6)\n"
            "except PermissionError: pass",
            "socket",
        ),
    ],
    ids=["datagram", "local", "child", "refused"],
)
def test_a_network_call_would_be_found(program: str, name: str, tmp_path: Path) -> None:
    """The proof above can fail: the same parser finds one such call, wherever and however made."""
    child = "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM)"
    ran, calls = traced([sys.executable, "-c", program, child], tmp_path)
    assert ran.returncode == 0
    assert name in {call.name for call in network_calls(calls)}


def test_a_program_run_behind_the_first_stage_would_be_found(tmp_path: Path) -> None:
    """The same for the rule on execution: even the refused attempt is in the account."""
    program = (
        "import os, sys\n"
        "from agecheck.seal import walls\n"
        "walls.first_stage()\n"
        "try: os.execv(sys.executable, [sys.executable, '-c', ''])\n"
        "except PermissionError: pass\n"
    )
    ran, calls = traced([sys.executable, "-c", program], tmp_path)
    assert ran.returncode == 0
    assert [call.name for call in execs(after_first_filter(calls))] == ["execve"]
