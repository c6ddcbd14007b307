"""Damages encoded pictures in ways that get past the first check and into a decoder."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

_EDGES = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
_HEADER_BYTES = 700


def flip_bits(rng: np.random.Generator, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(int(rng.integers(1, 12))):
        damaged[int(rng.integers(len(damaged)))] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def edit_header(rng: np.random.Generator, data: bytes) -> bytes:
    """Sizes, lengths and tables sit near the beginning."""
    damaged = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        place = int(rng.integers(min(_HEADER_BYTES, len(damaged))))
        length_bytes = int(rng.integers(1, 5))
        edge = int(rng.choice(_EDGES)) if rng.random() < 0.6 else int(rng.integers(256))
        damaged[place : place + length_bytes] = bytes([edge]) * length_bytes
    return bytes(damaged)


def truncate(rng: np.random.Generator, data: bytes) -> bytes:
    """Half of the time with an end put on, so that only the decoder can notice."""
    cut = data[: int(rng.integers(len(data)))]
    if rng.random() < 0.5:
        return cut
    if data.startswith(b"\xff\xd8"):
        return cut + b"\xff\xd9"
    if data.startswith(b"\x89PNG"):
        return cut + data[-12:]
    return cut[:4] + max(len(cut) - 8, 0).to_bytes(4, "little") + cut[8:]


def move_a_slice(rng: np.random.Generator, data: bytes) -> bytes:
    """Cut out, doubled, or put elsewhere."""
    start, end = sorted(int(place) for place in rng.integers(len(data) + 1, size=2))
    end = min(end, start + 5000)
    target = int(rng.integers(len(data) + 1))
    rest = data[:start] + data[end:] if rng.random() < 0.7 else data
    if rng.random() < 0.3:
        return rest
    return rest[:target] + data[start:end] + rest[target:]


def repair_png(data: bytes) -> bytes:
    """Give every chunk the checksum that fits it, however it was damaged."""
    repaired = bytearray(data)
    position = 8
    while position + 12 <= len(repaired):
        end = position + 8 + int.from_bytes(repaired[position : position + 4])
        if end + 4 > len(repaired):
            break
        checksum = zlib.crc32(repaired[position + 4 : end])
        repaired[end : end + 4] = checksum.to_bytes(4)
        position = end + 4
    return bytes(repaired)


DAMAGES: tuple[Callable[[np.random.Generator, bytes], bytes], ...] = (
    flip_bits,
    edit_header,
    truncate,
    move_a_slice,
)


def damaged(rng: np.random.Generator, pictures: list[bytes]) -> bytes:
    """One of the pictures, damaged once or a few times, or two of them spliced."""
    data = pictures[int(rng.integers(len(pictures)))]
    if rng.random() < 0.15:
        other = pictures[int(rng.integers(len(pictures)))]
        data = data[: int(rng.integers(len(data)))] + other[int(rng.integers(len(other))) :]
    for _ in range(int(rng.integers(1, 3))):
        if data:
            data = DAMAGES[int(rng.integers(len(DAMAGES)))](rng, data)
    if data.startswith(b"\x89PNG") and rng.random() < 0.7:
        data = repair_png(data)
    return data
