"""Facts about this machine that agecheck doctor reports. Each probe reads and changes nothing."""

from __future__ import annotations

import platform
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from agecheck._version import __version__

LIBRARIES = ("onnxruntime", "numpy", "Pillow", "cryptography", "joserfc", "click")
CPU_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
"""What makes the networks fast, x86-64 and Arm; the answers do not depend on them."""
_CPU_INFO = Path("/proc/cpuinfo")
_SECCOMP_ACTIONS = Path("/proc/sys/kernel/seccomp/actions_avail")


def versions() -> dict[str, str | None]:
    """Name -> version of agecheck, Python, the system and the libraries; None where missing."""
    found: dict[str, str | None] = {
        "agecheck": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = None
    return found


def cpu_features() -> list[str] | None:
    """Those of CPU_FEATURES that the first processor has; None where it cannot be told."""
    try:
        text = _CPU_INFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            present = set(value.split())
            return [feature for feature in CPU_FEATURES if feature in present]
    return None


def seal_parts() -> dict[str, bool]:
    """Whether what a sealed worker is made of can be had: "seccomp" and "landlock"."""
    return {"seccomp": _has_seccomp(), "landlock": _has_landlock()}


def _has_seccomp() -> bool:
    if not _SECCOMP_ACTIONS.exists():
        return False
    try:
        import_module("pyseccomp")
    except (ImportError, RuntimeError, OSError):  # the binding, or the C library that it binds
        return False
    return True


def _has_landlock() -> bool:
    if sys.platform != "linux":
        return False
    try:
        return int(import_module("landlock").landlock_abi_version()) > 0
    except (ImportError, OSError):  # the binding, or a kernel without it
        return False
