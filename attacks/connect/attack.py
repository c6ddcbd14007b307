"""Poisoned code opens a way to a network, or to a local service that has one."""

from __future__ import annotations

import socket

from attacks.attempt import Attempt, Try
from attacks.connect.ring import Ring
from attacks.scenes import abstract_listener, tcp_listener, udp_listener, unix_file_listener

LOCAL = "127.0.0.1"


class Tcp(Attempt):
    def act(self, data: bytes) -> bool:
        with socket.socket() as connection:
            connection.connect((LOCAL, self.given["port"]))
            connection.sendall(data)
        return True


class Udp(Attempt):
    def act(self, data: bytes) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(data, (LOCAL, self.given["port"]))
        return True


class Unix(Attempt):
    def act(self, data: bytes) -> bool:
        address = self.given.get("path") or "\0" + self.given["name"]
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(address)
            connection.sendall(data)
        return True


class Preopened(Attempt):
    """The socket is there before the picture is."""

    def prepare(self) -> None:
        self._socket = socket.socket()
        self._socket.connect((LOCAL, self.given["port"]))

    def act(self, data: bytes) -> bool:
        self._socket.sendall(data)
        return True


class IoUring(Attempt):
    """Work that the kernel does for the process, past a filter of its system calls."""

    def act(self, data: bytes) -> bool:
        with Ring() as ring:
            ring.send_over_tcp((LOCAL, self.given["port"]), data)
        return True


class PreparedRing(Attempt):
    """The ring is set up before the walls are."""

    def prepare(self) -> None:
        self._ring = Ring()

    def act(self, data: bytes) -> bool:
        self._ring.send_over_tcp((LOCAL, self.given["port"]), data)
        return True


_NETWORK = ("socket", "connect", "sendto", "getsockopt", "setsockopt", "getpeername", "ioctl")
_RING = ("io_uring_setup", "io_uring_enter", "mmap")
TRIES = (
    Try("tcp", Tcp, calls=_NETWORK, scene=tcp_listener),
    Try("tcp, from a worker before its walls", Tcp, "before_seal", scene=tcp_listener),
    Try("tcp, from the fork server", Tcp, "server", scene=tcp_listener),
    Try("tcp, connected in the fork server", Preopened, calls=_NETWORK, scene=tcp_listener),
    Try(
        *("tcp, connected before the walls", Preopened),
        prepare_stage="before_seal",
        calls=_NETWORK,
        scene=tcp_listener,
    ),
    Try("udp", Udp, calls=_NETWORK, scene=udp_listener),
    Try("udp, from the fork server", Udp, "server", scene=udp_listener),
    Try("abstract unix socket", Unix, calls=_NETWORK, scene=abstract_listener),
    Try("abstract unix socket, fork server", Unix, "server", scene=abstract_listener),
    Try("unix socket with a file", Unix, calls=_NETWORK, scene=unix_file_listener),
    Try("unix socket with a file, fork server", Unix, "server", scene=unix_file_listener),
    Try("io_uring", IoUring, calls=_RING, scene=tcp_listener),
    Try("io_uring, from the fork server", IoUring, "server", scene=tcp_listener),
    Try("io_uring, ring from the fork server", PreparedRing, calls=_RING, scene=tcp_listener),
)
