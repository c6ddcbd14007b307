"""The process with the network reaches for the frames in the process with the camera.

Both are started as the kiosk starts them and raise the walls that the kiosk's processes raise. The
same reach has to succeed first between two processes without walls: that is its control.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agecheck.kiosk import walls
from attacks.attempt import LIBC, system_call
from attacks.trial import Outcome, outcome

FRAME = b"pixels of somebody's face"
KEY = b"the device's secret"
_PTRACE_SEIZE = 0x4206
_IPC_PRIVATE, _IPC_RMID = 0, 0
_DEADLINE_S = 30


@dataclass(frozen=True, slots=True)
class Target:
    """What the attacker is told: more than a real one would know."""

    pid: int
    address: int
    descriptor: int
    port: int = 0
    socket_name: bytes = b""
    page_fd: int = -1
    key_path: str = ""
    queue: int = -1


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size_bytes", ctypes.c_size_t))


def read_memory(target: Target) -> bool:
    page = ctypes.create_string_buffer(64)
    here = _Vector(ctypes.addressof(page), 64)
    there = _Vector(target.address, 64)
    system_call("process_vm_readv", target.pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return FRAME in page.raw


def read_memory_file(target: Target) -> bool:
    with Path(f"/proc/{target.pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(target.address)
        return FRAME in memory.read(64)


def trace(target: Target) -> bool:
    LIBC.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    if LIBC.ptrace(_PTRACE_SEIZE, target.pid, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    return True


def steal_descriptor(target: Target) -> bool:
    pidfd = os.pidfd_open(target.pid)
    descriptor = system_call("pidfd_getfd", pidfd, target.descriptor, 0)
    return FRAME in os.pread(descriptor, 64, 0)


def open_descriptor(target: Target) -> bool:
    return FRAME in Path(f"/proc/{target.pid}/fd/{target.descriptor}").read_bytes()


def list_memory(target: Target) -> bool:
    return bool(Path(f"/proc/{target.pid}/maps").read_text())


def read_variables(target: Target) -> bool:
    return bool(Path(f"/proc/{target.pid}/environ").read_bytes())


def open_camera(_: Target) -> bool:
    """Any device would do: this machine may have no camera."""
    with Path("/dev/full").open("rb") as device:
        return len(device.read(1)) == 1


def start_program(_: Target) -> bool:
    """A program of its own could be one with more rights."""
    return subprocess.run(["/bin/true"], check=True).returncode == 0


def write_file(_: Target) -> bool:
    """What it received, kept on the disk."""
    with tempfile.NamedTemporaryFile() as file:
        return file.write(FRAME) == len(FRAME)


def connect(target: Target) -> bool:
    """The other way round: capture, which has the frame, sends it itself."""
    with socket.create_connection(("127.0.0.1", target.port), timeout=_DEADLINE_S):
        return True


def connect_by_page(target: Target) -> bool:
    """The page's socket, shut down, is as good as new: this flag has it connect and send."""
    with socket.socket(fileno=os.dup(target.page_fd)) as page:
        page.shutdown(socket.SHUT_RDWR)
        there = ("127.0.0.1", target.port)
        return page.sendmsg([FRAME], [], socket.MSG_FASTOPEN, there) == len(FRAME)


def send_datagram(target: Target) -> bool:
    """Linux makes datagram sockets of a raw pair; those take a name with each message."""
    ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_RAW)
    with ours:
        return ours.sendmsg([FRAME], [], 0, target.socket_name) == len(FRAME)


def send_message(target: Target) -> bool:
    """A System V queue that an accomplice made: capture needs no more than its number."""
    message = struct.pack("l", 1) + FRAME  # its kind, then its text
    return system_call("msgsnd", target.queue, message, len(FRAME), os.O_NONBLOCK) == 0


def read_key(target: Target) -> bool:
    """A key for itself: it could sign what it says."""
    return Path(target.key_path).read_bytes() == KEY


BY_OUTPUTS: dict[str, Callable[[Target], bool]] = {
    "read its memory": read_memory,
    "read /proc/PID/mem": read_memory_file,
    "take hold of it by ptrace": trace,
    "steal a descriptor": steal_descriptor,
    "open a descriptor's file": open_descriptor,
    "list its memory": list_memory,
    "read its variables": read_variables,
    "open a device": open_camera,
    "start a program": start_program,
    "keep a file": write_file,
}
BY_CAPTURE: dict[str, Callable[[Target], bool]] = {
    "capture: connect somewhere": connect,
    "capture: connect by the page's socket": connect_by_page,
    "capture: a datagram to another program": send_datagram,
    "capture: a message to an existing queue": send_message,
    "capture: read a key file": read_key,
    "capture: keep a file": write_file,
}


def run() -> Iterator[Outcome]:
    """Each reach without walls and behind them."""
    with _capture(walled=False) as bare, _capture(walled=True) as walled:
        for name in BY_OUTPUTS:
            control = _tries("outputs", name, bare, walled=False)
            succeeded = _tries("outputs", name, walled, walled=True)
            yield outcome(name, control=control, succeeded=succeeded, by="refused")
        for name in BY_CAPTURE:
            control = _tries("capture", name, bare, walled=False)
            succeeded = _tries("capture", name, walled, walled=True)
            yield outcome(name, control=control, succeeded=succeeded, by="refused")


@contextmanager
def _capture(*, walled: bool) -> Iterator[Target]:
    """A process that holds a frame in memory and in an anonymous file."""
    with _python("hold", str(int(walled))) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError
        address, descriptor = map(int, process.stdout.readline().split())
        yield Target(process.pid, address, descriptor)
        process.stdin.close()


def _tries(who: str, name: str, target: Target, *, walled: bool) -> bool:
    numbers = tuple(map(str, (target.pid, target.address, target.descriptor)))
    with tempfile.NamedTemporaryFile() as key, _queue() as queue:
        key.write(KEY)
        key.flush()
        numbers = (*numbers, str(queue))
        with _python("try", who, name, str(int(walled)), key.name, *numbers) as process:
            said, _ = process.communicate(timeout=_DEADLINE_S)
        if said not in (b"yes", b"no"):
            raise RuntimeError("the attacker did not come to try")
        return said == b"yes"


@contextmanager
def _queue() -> Iterator[int]:
    queue = system_call("msgget", _IPC_PRIVATE, 0o600)
    try:
        yield queue
    finally:
        system_call("msgctl", queue, _IPC_RMID, None)


def _python(*arguments: str) -> subprocess.Popen[bytes]:
    """A fresh interpreter, as the supervisor starts them."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "attacks.outputs_reads_capture.attack", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _hold(walled: str) -> None:
    page = mmap.mmap(-1, mmap.PAGESIZE)
    page.write(FRAME)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    descriptor = os.memfd_create("frame")
    os.write(descriptor, FRAME)
    if walled == "1":
        walls.around_capture(os.getppid())
    print(address, descriptor, flush=True)
    sys.stdin.read()


def _try(who: str, name: str, walled: str, key_path: str, *numbers: str) -> None:
    listening, page = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    named = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    named.bind("")  # the kernel finds a free name
    pid, address, descriptor, queue = map(int, numbers)
    port, socket_name = listening.getsockname()[1], named.getsockname()
    target = Target(pid, address, descriptor, port, socket_name, page.fileno(), key_path, queue)
    tries = BY_OUTPUTS if who == "outputs" else BY_CAPTURE
    if walled == "1" and who == "outputs":
        walls.around_outputs(os.getppid(), runs_programs=False)
    if walled == "1" and who == "capture":
        walls.around_capture(os.getppid())
    try:
        worked = tries[name](target)
    except (OSError, subprocess.SubprocessError):
        worked = False
    sys.stdout.write("yes" if worked else "no")


if __name__ == "__main__":
    role, *others = sys.argv[1:]
    if role == "hold":
        _hold(*others)
    else:
        _try(*others)
