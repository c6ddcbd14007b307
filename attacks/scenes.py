"""Witnesses: what stands outside and notices when something arrives."""

from __future__ import annotations

import os
import pty
import resource
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attacks.attempt import SECRET, Scene


@contextmanager
def tcp_listener() -> Iterator[Scene]:
    """A TCP server on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Scene({"port": server.getsockname()[1]}, lambda: _accepts(server))


@contextmanager
def udp_listener() -> Iterator[Scene]:
    """A UDP server on this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield Scene({"port": server.getsockname()[1]}, lambda: SECRET in _received(server))


@contextmanager
def abstract_listener() -> Iterator[Scene]:
    """A Unix socket without a file."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        name = f"agecheck-attack-{os.getpid()}-{server.fileno()}"
        server.bind("\0" + name)
        server.listen()
        yield Scene({"name": name}, lambda: _accepts(server))


@contextmanager
def unix_file_listener() -> Iterator[Scene]:
    """A Unix socket with a file."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        path = str(Path(folder) / "socket")
        server.bind(path)
        server.listen()
        yield Scene({"path": path}, lambda: _accepts(server))


def folder(under: Path | None = None) -> Callable[[], Any]:
    """A folder with one file, where nothing may change: names, content, times, mode, attributes."""

    @contextmanager
    def scene() -> Iterator[Scene]:
        with tempfile.TemporaryDirectory(dir=under, prefix=".agecheck-attack-") as name:
            (Path(name) / "there").write_bytes(b"as it was")
            before = _state(Path(name))
            yield Scene({"folder": name}, lambda: _state(Path(name)) != before)

    return scene


@contextmanager
def named_pipe() -> Iterator[Scene]:
    """A named pipe with a reader."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "pipe"
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            yield Scene({"path": str(path)}, lambda: SECRET in os.read(reader, 1024))
        finally:
            os.close(reader)


@contextmanager
def our_output() -> Iterator[Scene]:
    """This process's own standard output and error, watched."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as watched:
        os.dup2(watched.fileno(), 1)
        os.dup2(watched.fileno(), 2)
        try:
            yield Scene({}, lambda: SECRET in os.pread(watched.fileno(), 65536, 0))
        finally:
            for descriptor, original in enumerate(kept, start=1):
                os.dup2(original, descriptor)
                os.close(original)


@contextmanager
def terminal() -> Iterator[Scene]:
    """A terminal of this user."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    try:
        yield Scene({"path": os.ttyname(theirs)}, lambda: SECRET in _read_now(ours))
    finally:
        os.close(ours)
        os.close(theirs)


@contextmanager
def caller_with_handler() -> Iterator[Scene]:
    """The calling process, which notices SIGUSR1."""
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: seen.append(number))
    try:
        yield Scene({"pid": os.getpid()}, lambda: bool(seen))
    finally:
        signal.signal(signal.SIGUSR1, before)


@contextmanager
def bystander() -> Iterator[Scene]:
    """Another process of this user, in which nothing may change."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        before = _standing(process.pid)
        yield Scene({"pid": process.pid}, lambda: _standing(process.pid) != before)
    finally:
        process.kill()
        process.communicate()


def _accepts(server: socket.socket) -> bool:
    server.settimeout(0.05)
    try:
        connection, _ = server.accept()
    except TimeoutError:
        return False
    with connection:
        return SECRET in _received(connection)


def _received(connection: socket.socket) -> bytes:
    connection.settimeout(0.2)
    try:
        return connection.recv(4096)
    except TimeoutError:
        return b""


def _read_now(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except BlockingIOError:
        return b""


def _state(folder: Path) -> list[object]:
    state: list[object] = []
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        content = b""
        if stat.S_ISREG(status.st_mode):
            content = path.read_bytes()
        names = os.listxattr(path, follow_symlinks=False)
        attributes = [(name, os.getxattr(path, name, follow_symlinks=False)) for name in names]
        owner_mode = status.st_mode, status.st_uid, status.st_gid, status.st_nlink
        state.append((path, *owner_mode, status.st_mtime_ns, content, attributes))
    return state


def _standing(pid: int) -> object:
    return (
        os.getpriority(os.PRIO_PROCESS, pid),
        os.sched_getaffinity(pid),
        os.sched_getscheduler(pid),
        resource.prlimit(pid, resource.RLIMIT_CORE),
        os.getpgid(pid),
    )
