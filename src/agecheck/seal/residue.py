"""Nothing of a picture stays in a worker's memory once a check is over."""

from __future__ import annotations

import ctypes

_M_PERTURB = -6
_FILLING = 0xA5


def overwrite_freed_memory() -> bool:
    """Let the C library overwrite every block of memory that is given back, by whichever library.

    Python, numpy, Pillow and onnxruntime all take what holds a picture from malloc, and hand it
    back when the check is over. Blocks under about 1 KiB may be spared.

    Returns:
        False where the C library is not glibc and has no such switch.

    Source: mallopt(3), M_PERTURB.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_PERTURB, _FILLING) == 1
