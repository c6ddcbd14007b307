"""Broken messages in both directions: to a real worker, and from one that is none."""

from __future__ import annotations

import os
import random
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agecheck import load_checker
from agecheck.errors import AgecheckError
from agecheck.seal import codes
from agecheck.seal.channel import TaskKind, end_of
from agecheck.seal.memory import sealed_memfd
from agecheck.seal.pool import WorkerPool
from agecheck.seal.setup import WorkerSetup
from agecheck.verdict import CheckResult, Verdict
from attacks.attempt import SECRET
from attacks.pictures import PORTRAIT
from attacks.scenes import bystander
from attacks.trial import Outcome, outcome

_N_RANDOM = 60
_WAIT_S = 0.5
_OVER = CheckResult(Verdict.OVER)
_HEAD = struct.Struct("<BIIQQ")
_SILENT = "silence"


def run() -> Iterator[Outcome]:
    """To the worker: never OVER. From it: nothing is believed, kept open, or killed by mistake."""
    yield from _to_the_worker()
    yield from _from_the_worker()


def _to_the_worker() -> Iterator[Outcome]:
    picture = PORTRAIT.read_bytes()
    with load_checker(seal="require", seal_worker_checks=1) as checker:
        pool = _pool_of(checker)
        control = _answer_to(pool, _head(TaskKind.ENCODED, len(picture)), [sealed_memfd(picture)])
        answers = []
        for message, descriptors in _broken_messages(picture):
            answers.append(_answer_to(pool, message, descriptors))
        afterwards = checker.check(picture)
    wrong = [answer for answer in answers if answer == _OVER]
    yield outcome(
        f"{len(answers)} broken tasks to a worker",
        control=control == _OVER,
        succeeded=bool(wrong) or afterwards != _OVER,
        by=f"{len(wrong) or 'none'} is answered OVER, and the next honest check is right",
    )


def _broken_messages(picture: bytes) -> Iterator[tuple[bytes, list[int]]]:
    size = len(picture)
    encoded = _head(TaskKind.ENCODED, size)
    yield encoded, []
    yield encoded, [_plain_memfd(picture)]
    yield encoded[:-1], [sealed_memfd(picture)]
    yield encoded + b"\0", [sealed_memfd(picture)]
    for wrong_size in (0, 1, size - 1, size + 1, 2**31, 2**63, 2**64 - 1):
        yield _head(TaskKind.ENCODED, wrong_size), [sealed_memfd(picture)]
    for path in ("/dev/zero", "/dev/null", "/", "/proc/self/mem"):
        yield encoded, [os.open(path, os.O_RDONLY)]
    yield encoded, [os.open(PORTRAIT, os.O_RDONLY)]
    yield encoded, list(os.pipe())
    yield encoded, [_plain_memfd(b""), sealed_memfd(picture), sealed_memfd(picture)]
    for height_px, width_px in ((0, 0), (1, 1), (2**32 - 1, 2**32 - 1), (1, size // 3), (8, 8)):
        yield _head(TaskKind.FRAME, size, height_px, width_px), [sealed_memfd(picture)]
    for kind in (TaskKind.LIVE_FRAME, TaskKind.LIVE_TICK, TaskKind.LIVE_END):
        yield _head(kind, size), [sealed_memfd(picture)]
        yield _head(kind, 0), []
    for kind_number in (0, 7, 255):
        yield _HEAD.pack(kind_number, 0, 0, size, 0), [sealed_memfd(picture)]
    chance = random.Random(0)  # noqa: S311
    for _ in range(_N_RANDOM):
        message = bytearray(encoded)
        for _ in range(chance.randint(1, 6)):
            message[chance.randrange(len(message))] = chance.randrange(256)
        kind, _, _, size_bytes, _ = _HEAD.unpack(message)
        if (kind, size_bytes) != (TaskKind.ENCODED, size):  # the others are read for frames only
            yield bytes(message), [sealed_memfd(picture)]


def _head(kind: TaskKind, size_bytes: int, height_px: int = 0, width_px: int = 0) -> bytes:
    return _HEAD.pack(kind, height_px, width_px, size_bytes, 0)


def _plain_memfd(data: bytes) -> int:
    descriptor = os.memfd_create("not sealed")
    os.write(descriptor, data)
    return descriptor


def _answer_to(pool: WorkerPool, message: bytes, descriptors: list[int]) -> object:
    """What a fresh worker says to one message."""
    worker = pool.reserve()
    channel: socket.socket = worker._channel
    try:
        channel.settimeout(_WAIT_S)
        socket.send_fds(channel, [message], descriptors)
        said = channel.recv(64)
        return codes.outcome_of_code(said[0]) if len(said) == 1 else said
    except TimeoutError:
        return _SILENT
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
        pool.discard(worker)


def _pool_of(checker: Any) -> WorkerPool:
    pool = checker._run_check.__self__
    if not isinstance(pool, WorkerPool):
        raise TypeError
    return pool


class Impostor:
    """Takes the worker's place in the fork server's child, and says what it was told to.

    Args:
        script: messages in hex, each with what descriptors to attach: "own" and "other" pidfds,
            "file", or how many files.
        other_pid: a process that has nothing to do with it.
    """

    def __init__(self, *, script: list[tuple[str, str]], other_pid: int) -> None:
        self._script, self._other_pid = script, other_pid
        server = sys.modules["__main__"]
        server._become_worker = self._play  # type: ignore[attr-defined]

    def _play(self, descriptor: int, *_: object) -> None:
        channel = end_of(descriptor)
        try:
            for message, attached in self._script:
                if message == "wait":
                    channel.recv(64)
                    continue
                descriptors = self._descriptors(attached)
                socket.send_fds(channel, [bytes.fromhex(message)], descriptors)
            channel.recv(64)
        finally:
            os._exit(0)

    def _descriptors(self, attached: str) -> list[int]:
        match attached:
            case "own":
                return [os.pidfd_open(os.getpid())]
            case "other":
                return [os.pidfd_open(self._other_pid)]
            case "":
                return []
        return [os.open("/dev/null", os.O_RDONLY) for _ in range(int(attached))]


def _from_the_worker() -> Iterator[Outcome]:
    ready, over = "ff", f"{codes.code_of_result(_OVER):02x}"
    hello = f"{ord('P'):02x}"
    honest = [(hello, "own"), (ready, ""), ("wait", ""), (over, "")]
    broken: dict[str, list[tuple[str, str]]] = {
        "another's pidfd": [(hello, "other"), (ready, ""), ("wait", ""), (over, "")],
        "a file for a pidfd": [(hello, "1"), (ready, ""), ("wait", ""), (over, "")],
        "200 files for a pidfd": [(hello, "200"), (ready, ""), ("wait", ""), (over, "")],
        "no pidfd": [(hello, ""), (ready, ""), ("wait", ""), (over, "")],
        "a long hello": [("50" * 60_000, "own"), (ready, "")],
        "no hello": [(ready, "own"), (ready, "")],
        "no walls": [(hello, "own"), ("00", "")],
        "a long readiness": [(hello, "own"), (ready * 2, "")],
        "a long answer": [*honest[:3], (over * 50_000, "")],
        "an answer of two bytes": [*honest[:3], (over * 2, "")],
        "an answer with files": [*honest[:3], (over * 2, "200")],
        "an empty answer": [*honest[:3], ("", "")],
        "hanging up": [(hello, "own")],
    }
    with bystander() as other:
        control = _play(honest, other.given["pid"]) == (_OVER, 0)
        results = {name: _play(script, other.given["pid"]) for name, script in broken.items()}
        killed = other.effect is None or not Path(f"/proc/{other.given['pid']}/stat").exists()
        killed = killed or ") Z " in Path(f"/proc/{other.given['pid']}/stat").read_text()
    believed = [name for name, (answer, _) in results.items() if answer == _OVER]
    kept = [name for name, (_, n_kept) in results.items() if n_kept]
    yield outcome(
        f"{len(broken)} impostors",
        control=control,
        succeeded=bool(believed or kept or killed),
        by=f"{believed or 'none'} believed, {kept or 'no'} descriptors kept, "
        f"{'a' if killed else 'no'} bystander killed",
    )


def _play(script: list[tuple[str, str]], other_pid: int) -> tuple[object, int]:
    """What the caller came to believe, and how many more descriptors it has."""
    before = _n_descriptors()
    arguments = {"script": script, "other_pid": other_pid}
    answer: object
    pool = None
    try:
        setup = WorkerSetup(f"{__name__}:Impostor", arguments, deadline_s=1)
        pool = WorkerPool(setup, require_all=False, concurrency=1)
        answer = pool.check(SECRET)
    except AgecheckError as error:
        answer = type(error).__name__
    finally:
        if pool is not None:
            pool.close()
    return answer, _n_descriptors() - before


def _n_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
