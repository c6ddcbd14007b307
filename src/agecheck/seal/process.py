"""What a process has or shows beside descriptors and threads, and where it runs. Linux only.

Sources: capabilities(7), capset(2), prctl(2) on PR_SET_MM_MAP, proc(5), sched_getcpu(3).
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_CAPABILITY_VERSION_3 = 0x2008_0522
_KEPT_CAPABILITIES = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: to read others' files
_PR_SET_MM, _PR_SET_MM_MAP = 35, 14
_AF_INET, _SOCK_DGRAM = 2, 2
_NO_DESCRIPTOR = 0xFFFF_FFFF
_LIBC = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilityWord(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


class _MemoryMap(ctypes.Structure):
    """struct prctl_mm_map: where the kernel looks for a process's parts."""

    _fields_ = (
        *((name, ctypes.c_uint64) for name in ("start_code", "end_code", "start_data", "end_data")),
        *((name, ctypes.c_uint64) for name in ("start_brk", "brk", "start_stack")),
        *((name, ctypes.c_uint64) for name in ("arg_start", "arg_end", "env_start", "env_end")),
        ("auxv", ctypes.c_uint64),
        ("auxv_size", ctypes.c_uint32),
        ("exe_fd", ctypes.c_uint32),
    )


def current_processor() -> int | None:
    """The processor that the calling thread runs on, or None where the C library cannot say."""
    getcpu = getattr(_LIBC, "sched_getcpu", None)
    processor = -1 if getcpu is None else int(getcpu())
    return None if processor < 0 else processor


def drop_capabilities() -> None:
    """Root keeps nothing of what makes it root, but for reading files.

    Landlock lets a process with CAP_PERFMON read another's variables, among other things.

    Raises:
        OSError: the kernel refuses.
    """
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    words = (_CapabilityWord * 2)()
    _require(_LIBC.capget(ctypes.byref(header), ctypes.byref(words)))
    kept = words[0].permitted & _KEPT_CAPABILITIES
    words[0], words[1] = _CapabilityWord(kept, kept, 0), _CapabilityWord(0, 0, 0)
    _require(_LIBC.capset(ctypes.byref(header), ctypes.byref(words)))


def hide_command_line() -> None:
    """Show others an empty command line.

    Any process can read it below /proc, and programs that watch a machine send it away. It is
    memory like any other: what is written there is shown.

    Raises:
        OSError: the kernel refuses.
    """
    stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()

    def field(number: int) -> int:
        return int(stat[number - 3])  # proc(5) counts from the process id

    _LIBC.sbrk.restype = ctypes.c_void_p
    arguments, variables = field(48), field(50)
    layout = _MemoryMap(
        *(field(number) for number in (26, 27, 45, 46, 47)),
        *(_LIBC.sbrk(0), field(28), arguments, arguments, variables, variables, 0, 0),
        _NO_DESCRIPTOR,
    )
    size_bytes = ctypes.sizeof(layout)
    _require(_LIBC.prctl(_PR_SET_MM, _PR_SET_MM_MAP, ctypes.byref(layout), size_bytes, 0))


def require_no_shared_memory() -> None:
    """Memory from before a fork can be shared with who made it, and outlives its descriptor.

    What is mapped from a named file is not meant: Landlock lets none be opened for writing.

    Raises:
        OSError: there is some.
    """
    for line in Path("/proc/self/maps").read_text("utf-8", "replace").splitlines():
        _, permissions, *_ = line.split(maxsplit=2)
        if permissions[3] == "s" and (permissions[1] == "w" or line.endswith(" (deleted)")):
            raise OSError("memory is shared with another process")


def can_open_socket() -> bool:
    """Tries to, as a library that sends metrics would."""
    descriptor = int(_LIBC.socket(_AF_INET, _SOCK_DGRAM, 0))
    if descriptor < 0:
        return False
    os.close(descriptor)
    return True


def _require(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses")
