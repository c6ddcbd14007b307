"""A picture's way into the worker: bytes that nobody can change once they are handed over."""

from __future__ import annotations

import fcntl
import mmap
import os
import sys
from collections.abc import Iterator

import pytest

from agecheck.seal.memory import F_SEAL_FUTURE_WRITE, map_sealed, sealed_memfd

DATA = bytes(range(256)) * 40
NEEDED = [fcntl.F_SEAL_SHRINK, fcntl.F_SEAL_GROW, F_SEAL_FUTURE_WRITE, fcntl.F_SEAL_SEAL]


@pytest.fixture
def sealed() -> Iterator[int]:
    descriptor = sealed_memfd(DATA)
    yield descriptor
    os.close(descriptor)


def test_the_bytes_arrive_unchanged(sealed: int) -> None:
    """What was handed in is what is looked at."""
    with map_sealed(sealed, len(DATA)) as mapped:
        assert bytes(mapped) == DATA


@pytest.mark.parametrize(
    "data",
    [bytearray(DATA), memoryview(DATA), memoryview(DATA).cast("B", (len(DATA) // 4, 4))],
    ids=["bytearray", "memoryview", "two dimensions"],
)
def test_every_buffer_is_taken(data: bytearray | memoryview) -> None:
    """A frame has three dimensions; its bytes cross in one row."""
    descriptor = sealed_memfd(data)
    with map_sealed(descriptor, len(DATA)) as mapped:
        assert bytes(mapped) == DATA
    os.close(descriptor)


def test_what_the_caller_changes_later_is_not_seen() -> None:
    """The bytes are copied once, before they are looked at."""
    data = bytearray(DATA)
    descriptor = sealed_memfd(data)
    data[:] = bytes(len(data))
    with map_sealed(descriptor, len(DATA)) as mapped:
        assert bytes(mapped) == DATA
    os.close(descriptor)


def test_nobody_can_write_to_it(sealed: int) -> None:
    """Neither side can change the picture while it is looked at."""
    with pytest.raises(PermissionError):
        os.pwrite(sealed, b"x", 0)


@pytest.mark.parametrize("size_bytes", [0, len(DATA) - 1, len(DATA) + 1])
def test_nobody_can_change_its_size(size_bytes: int, sealed: int) -> None:
    """A file that shrinks under a mapping kills the reader; one that grows could carry more."""
    with pytest.raises(PermissionError):
        os.ftruncate(sealed, size_bytes)


def test_nobody_can_map_it_shared_and_writable(sealed: int) -> None:
    """Shared memory would be a way out."""
    with pytest.raises(PermissionError):
        mmap.mmap(sealed, len(DATA), flags=mmap.MAP_SHARED, prot=mmap.PROT_READ | mmap.PROT_WRITE)


def test_nobody_can_take_the_seals_off(sealed: int) -> None:
    """Seals only ever add up, and these are complete."""
    with pytest.raises(PermissionError):
        fcntl.fcntl(sealed, fcntl.F_ADD_SEALS, 0)


def test_the_mapping_is_read_only(sealed: int) -> None:
    """A decoder that writes where it should read is stopped at once."""
    with map_sealed(sealed, len(DATA)) as mapped, pytest.raises(TypeError):
        mapped[0] = 0


def test_it_is_not_inherited_by_another_program(sealed: int) -> None:
    """A program that the caller starts meanwhile gets no picture."""
    assert not os.get_inheritable(sealed)


@pytest.mark.parametrize("size_bytes", [1, len(DATA) - 1, len(DATA) + 1, sys.maxsize])
def test_another_size_than_announced_is_refused(size_bytes: int, sealed: int) -> None:
    """The message and the file have to agree."""
    with pytest.raises(ValueError, match="size"):
        map_sealed(sealed, size_bytes)


@pytest.mark.parametrize("missing", NEEDED)
def test_a_file_without_every_seal_is_refused(missing: int) -> None:
    """The worker relies on the seals, so it looks for each."""
    descriptor = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    os.write(descriptor, DATA)
    for seal in NEEDED:
        if seal != missing:
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seal)
    with pytest.raises(ValueError, match="not sealed"):
        map_sealed(descriptor, len(DATA))
    os.close(descriptor)
