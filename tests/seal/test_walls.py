"""The walls, seen from outside on processes that live, and what is said when one is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agecheck import AgeChecker, AgePolicy, SealError, load_checker
from agecheck.seal.channel import CHANNEL_FD
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import MAX_SESSION_S, WorkerSetup
from agecheck.seal.walls import MAX_DESCRIPTORS
from agecheck.seal_state import OPEN, SealLevel, SealState, Wall
from seal.processes import (
    PORTRAIT,
    first_worker_pid,
    in_session,
    pool_of,
    server_pid_of,
    status_of,
)
from seal.programs import run
from seal.tasks import NO_FACE, OVER

CHALLENGE_25 = AgePolicy(age_limit=18, challenge_age=25)

PARTIAL = """
from agecheck import Challenge, SealError
from agecheck.token import DeviceKey
from pathlib import Path
import tempfile

policy = AgePolicy(age_limit=18, challenge_age=25)
try:
    load_checker(policy)
    tell(refused=None)
except SealError as error:
    tell(refused=str(error))
with load_checker(policy, seal="best-effort") as checker, tempfile.TemporaryDirectory() as folder:
    tell(level=checker.seal.level, missing=checker.seal.missing, said=str(checker.seal))
    signer = DeviceKey.create(Path(folder) / "device.key").signer("https://shop.example")
    challenge = Challenge("https://shop.example", "bm9uY2UtZm9yLXRlc3Rz", 18)
    token = checker.attest(PORTRAIT, challenge, signer).token
    from agecheck.token import verify_token
    verified = verify_token(token, audience=challenge.audience, nonce=challenge.nonce,
                            public_jwk=signer.public_jwk(), now_s=time.time(), age_limit=18,
                            accept_inputs={"file"})
    tell(over=verified.over, seal=verified.seal)
"""


@pytest.fixture(scope="module")
def worker_pid(checker: AgeChecker) -> int:
    """Of a worker that has seen a picture and waits for the next."""
    assert checker.check(PORTRAIT) == OVER
    return first_worker_pid(pool_of(checker))


@pytest.fixture(scope="module")
def server_pid(checker: AgeChecker) -> int:
    return server_pid_of(pool_of(checker))


def limits_of(pid: int) -> dict[str, tuple[str, str]]:
    """Soft and hard, by name; see proc(5)."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {line[:26].strip(): (line[26:47].strip(), line[47:68].strip()) for line in lines}


class TestWorker:
    def test_the_kernel_confirms_the_filters(self, worker_pid: int) -> None:
        """One thread, two system call filters, and no way to gain privileges."""
        status = status_of(worker_pid)
        assert status["Threads"] == "1"
        assert status["Seccomp"] == "2"  # a filter, not the strict mode
        assert int(status["Seccomp_filters"]) >= 2
        assert status["NoNewPrivs"] == "1"

    @pytest.mark.parametrize(
        ("limit", "most"),
        [
            ("Max core file size", 0),
            ("Max file size", 0),
            ("Max processes", 0),
            ("Max locked memory", 0),
            ("Max open files", MAX_DESCRIPTORS),
            ("Max cpu time", 1 + 32 * MAX_SESSION_S),
            ("Max address space", 4 << 30),
        ],
    )
    def test_a_limit_stands(self, limit: str, most: int, worker_pid: int) -> None:
        """Hard limits as well: what is inside cannot raise them again."""
        soft, hard = limits_of(worker_pid)[limit]
        assert soft == hard
        assert int(soft) <= most

    def test_its_only_descriptor_is_the_channel(self, worker_pid: int) -> None:
        """Nothing that the caller or a library had open goes in."""
        assert [path.name for path in Path(f"/proc/{worker_pid}/fd").iterdir()] == [str(CHANNEL_FD)]

    def test_it_is_the_fork_servers_child(self, worker_pid: int, server_pid: int) -> None:
        """So it has none of the caller's memory, and ends with the fork server."""
        assert status_of(worker_pid)["PPid"] == str(server_pid)
        assert in_session(server_pid)[0] == server_pid

    def test_its_state_is_sealed(self, checker: AgeChecker) -> None:
        """What the checker says is what the kernel was asked."""
        assert checker.seal == SealState(SealLevel.SEALED)
        assert str(checker.seal) == "sealed"


class TestForkServer:
    def test_the_kernel_confirms_the_first_stage(self, server_pid: int) -> None:
        """It has given up the network before it loaded a library, and holds one thread."""
        status = status_of(server_pid)
        assert status["Seccomp"] == "2"
        assert status["NoNewPrivs"] == "1"

    def test_it_holds_no_file_and_no_network_socket(self, server_pid: int) -> None:
        """Its end of the control channel, and /dev/null three times."""
        links = sorted(str(path.readlink()) for path in Path(f"/proc/{server_pid}/fd").iterdir())
        assert links[:3] == ["/dev/null"] * 3
        assert [link.partition(":")[0] for link in links[3:]] == ["socket"]

    def test_it_has_nothing_of_the_callers_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Keys are often handed to a program in its environment."""
        monkeypatch.setenv("SHOP_SECRET_KEY", "sentinel")
        pool = WorkerPool(WorkerSetup("seal.tasks:Obedient", max_checks=3))
        try:
            assert pool.check(b"has PYTHONPATH") == OVER
            assert pool.check(b"has SHOP_SECRET_KEY") == NO_FACE
            assert pool.check(b"has HOME") == NO_FACE
        finally:
            pool.close()


@pytest.mark.parametrize(
    ("library", "wall"), [("landlock", Wall.LANDLOCK), ("pyseccomp", Wall.SECCOMP)]
)
def test_a_missing_wall_is_refused_or_named(library: str, wall: Wall, tmp_path: Path) -> None:
    """`require` never falls back, and what `best-effort` lacks stands in the token."""
    shadow = f"raise ImportError('no {library} on this machine')\n"
    (tmp_path / f"{library}.py").write_text(shadow)
    refused, state, token = run(PARTIAL, path_first=tmp_path)
    assert refused == {"refused": f"this machine cannot seal the worker: partial (without {wall})"}
    assert state == {
        "level": "partial",
        "missing": [wall.value],
        "said": f"partial (without {wall})",
    }
    assert token == {"over": True, "seal": "partial"}


@pytest.mark.parametrize("executable", ["", "/nonexistent/python", "/bin/false"])
class TestWithoutAProgramToStart:
    def test_require_refuses(self, executable: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """An embedded Python may not know its own program."""
        monkeypatch.setattr(sys, "executable", executable)
        with pytest.raises(SealError):
            load_checker(CHALLENGE_25, seal="require")

    def test_best_effort_says_open(self, executable: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """It works, and does not claim a wall."""
        monkeypatch.setattr(sys, "executable", executable)
        checker = load_checker(CHALLENGE_25, seal="best-effort")
        assert checker.seal == OPEN
        assert checker.check(PORTRAIT) == OVER


def test_off_says_open(unsealed: AgeChecker) -> None:
    """In the calling process there is no wall at all."""
    assert unsealed.seal == OPEN
    assert unsealed.seal.missing == tuple(Wall)
    assert str(unsealed.seal) == "open"


def test_other_walls_than_before_are_refused(
    checker: AgeChecker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checker that says SEALED never uses a worker that is not."""
    pool = pool_of(checker)
    lesser = SealState(SealLevel.PARTIAL, (Wall.LANDLOCK,))
    monkeypatch.setattr(pool, "_state", lesser)
    check: Callable[[Path], object] = checker.check
    with pytest.raises(SealError, match="other walls"):
        check(PORTRAIT)
    monkeypatch.undo()
    assert checker.check(PORTRAIT) == OVER
