"""How a picture is to be turned: the one number that is read of its Exif and XMP notes.

Pillow would load every entry of an Exif block with a copy of what it points at, and entries may all
point at the same megabytes. Here a block is looked through once, and no entry's pointer followed.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Any

_TAG = 0x0112
_NUMBERS = {3: "H", 4: "L"}  # a SHORT by the standard; some write a LONG
_BYTE_ORDERS = {b"II*\0": "<", b"II\0*": "<", b"MM\0*": ">", b"MM*\0": ">"}
_IN_XMP = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')


def orientation_in(info: Mapping[Any, Any]) -> int:
    """The orientation that a picture's notes give it: by Exif, where it says none by XMP.

    Args:
        info: of a Pillow image, as its decoder has filled it.

    Returns:
        1 to 8 have a meaning. 1 where there are no notes.

    Raises:
        Exception: the notes are broken, in whatever way.
    """
    in_exif = _in_exif(_exif_block(info))
    if in_exif is not None:
        return in_exif
    xmp = info.get("XML:com.adobe.xmp") or info.get("xmp") or b""
    match = _IN_XMP.search(xmp.encode("utf-8", "replace") if isinstance(xmp, str) else xmp)
    return 1 if match is None else int(match[1])


def _exif_block(info: Mapping[Any, Any]) -> bytes:
    """The Exif block, empty where there is none."""
    block: bytes | None = info.get("exif")
    if block is None:  # ImageMagick writes it into PNG as text: three lines, then hexadecimal ones
        lines = info.get("Raw profile type exif", "").split("\n", 3)
        block = bytes.fromhex(lines[3]) if len(lines) == 4 else b""
    for _ in range(2):  # a file's own, and the one that Pillow puts before a PNG's
        block = block.removeprefix(b"Exif\0\0")
    return block


def _in_exif(block: bytes) -> int | None:
    """The last orientation of the first directory, at most 65,535 entries; None without one."""
    order = _BYTE_ORDERS.get(block[:4])
    if order is None:
        return None
    (directory,) = struct.unpack_from(order + "L", block, 4)
    (n_entries,) = struct.unpack_from(order + "H", block, directory)
    entries = block[directory + 2 : directory + 2 + 12 * n_entries]
    whole = memoryview(entries)[: len(entries) // 12 * 12]
    found = None
    for tag, kind, count, value in struct.iter_unpack(order + "HHL4s", whole):
        if tag == _TAG and count == 1 and kind in _NUMBERS:
            (found,) = struct.unpack_from(order + _NUMBERS[kind], value)
    return found
