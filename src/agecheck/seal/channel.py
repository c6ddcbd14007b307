"""What the processes say to each other: tasks with a descriptor one way, single bytes the other.

The one module that touches a socket, and only unnamed pairs of local ones: a descriptor can be
handed to another process in no other way. Message borders are kept (SOCK_SEQPACKET).
"""

from __future__ import annotations

import socket
import struct
from enum import IntEnum
from typing import NamedTuple

CHANNEL_FD = 3
"""The worker's only descriptor."""
PICTURE_FD = 0
"""Where the kernel puts a picture's descriptor: the lowest number that is free."""
MAX_SETUP_BYTES = 64 * 1024
_TASK = struct.Struct("<BIIQQ")


class TaskKind(IntEnum):
    """What a worker is asked to do."""

    ENCODED = 1
    FRAME = 2
    LIVE_BEGIN = 3
    LIVE_FRAME = 4
    LIVE_TICK = 5
    LIVE_END = 6
    LIVE_LIGHTS = 7


class Task(NamedTuple):
    """One message to a worker. The bytes it speaks of come beside it, as a sealed memfd.

    Attributes:
        kind: what to do.
        size_bytes: of the memfd; 0 when none comes.
        height_px, width_px: of an uint8 RGB frame.
        at_ms: a frame's time on the caller's monotonic clock, or when the lights began.
    """

    kind: TaskKind
    size_bytes: int = 0
    height_px: int = 0
    width_px: int = 0
    at_ms: int = 0


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends, neither inherited by another program."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def end_of(descriptor: int) -> socket.socket:
    """The end behind a descriptor, which it takes over."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, descriptor)


def send_task(channel: socket.socket, task: Task, descriptor: int | None = None) -> None:
    """Hand a task to a worker.

    Raises:
        OSError: the worker has gone; TimeoutError, BlockingIOError: it takes nothing now.
    """
    packed = _TASK.pack(task.kind, task.height_px, task.width_px, task.size_bytes, task.at_ms)
    socket.send_fds(channel, [packed], [] if descriptor is None else [descriptor])


def receive_task(channel: socket.socket) -> tuple[Task, int | None] | None:
    """Wait for a task; None when the other end was closed.

    Raises:
        ValueError, struct.error: it is none.
    """
    message, descriptors, _, _ = socket.recv_fds(channel, _TASK.size + 1, 1)
    if not message:
        return None
    kind, height_px, width_px, size_bytes, at_ms = _TASK.unpack(message)
    task = Task(TaskKind(kind), size_bytes, height_px, width_px, at_ms)
    return task, descriptors[0] if descriptors else None


def send_with_descriptor(channel: socket.socket, message: bytes, descriptor: int) -> None:
    """Send a message and a descriptor beside it."""
    socket.send_fds(channel, [message], [descriptor])


def receive_with_descriptor(channel: socket.socket, max_bytes: int) -> tuple[bytes, int | None]:
    """Receive a message and the descriptor beside it, if one came; b"" at the end.

    Raises:
        TimeoutError: nothing came in the channel's time.
    """
    message, descriptors, _, _ = socket.recv_fds(channel, max_bytes, 1)
    return message, descriptors[0] if descriptors else None


def hang_up(channel: socket.socket, deadline_s: float) -> bool:
    """Say that nothing more comes, and wait for the other end to close; whether it did."""
    with channel:
        channel.settimeout(deadline_s)
        try:
            channel.shutdown(socket.SHUT_WR)
            while channel.recv(1):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True  # it has closed already
    return True
