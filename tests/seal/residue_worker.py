"""A worker that may also read its own memory: one check, then a search for what is left of it.

Run as a program by test_residue.py: FD, "overwrite" or "keep", and the patterns on standard input.
The walls are the shipped ones, but for two descriptors of /proc/self and the calls to read them.
The patterns come and stay scrambled, and what is searched is scrambled too: a search for plain
bytes would find itself.
"""

from __future__ import annotations

import json
import os
import sys

import numpy as np

from agecheck.calibration import shipped_calibration
from agecheck.seal import residue, walls, worker
from agecheck.seal.channel import CHANNEL_FD, end_of
from agecheck.sealed_checks import SealedChecks

SCRAMBLE = 0x5A
WHERE_LIMIT = 40
_MEMORY_FD, _MAPS_FD = 5, 6
_CHUNK_BYTES = 4 << 20
_OVERLAP_BYTES = 256


def main() -> None:
    channel_fd, mode = int(sys.argv[1]), sys.argv[2]
    patterns = {
        kind: [bytes.fromhex(pattern) for pattern in listed]
        for kind, listed in json.load(sys.stdin).items()
    }
    walls.first_stage()
    policy = {"age_limit": 18, "challenge_age_years": 25.0, "max_attempts": 3}
    checks = SealedChecks(
        policy=policy, calibration=None, bundle_digest=shipped_calibration().digest
    )
    if os.fork():  # as the shipped worker, a fork with a single thread
        os.wait()
        return
    os.dup2(channel_fd, CHANNEL_FD)
    channel = end_of(CHANNEL_FD)
    if mode == "overwrite" and not residue.overwrite_freed_memory():
        os._exit(1)
    os.dup2(os.open("/proc/self/mem", os.O_RDONLY), _MEMORY_FD)
    os.dup2(os.open("/proc/self/maps", os.O_RDONLY), _MAPS_FD)
    walls._keep_only_channel = _keep_channel_and_proc
    standing = walls.raise_walls(120, ("preadv", "preadv2", "pread64"))
    os.write(CHANNEL_FD, bytes([len(standing)]))
    worker.serve(channel, checks, 1)
    for byte in json.dumps(_search(patterns)).encode():
        os.write(CHANNEL_FD, bytes([byte]))
    os._exit(0)


def _keep_channel_and_proc() -> None:
    os.closerange(0, CHANNEL_FD)
    os.closerange(CHANNEL_FD + 1, _MEMORY_FD)
    os.closerange(_MAPS_FD + 1, os.sysconf("SC_OPEN_MAX"))


def _search(patterns: dict[str, list[bytes]]) -> dict[str, object]:
    """Kind -> how many patterns are found anywhere, and in what kind of memory."""
    window = np.empty(_CHUNK_BYTES + _OVERLAP_BYTES, np.uint8)
    found: dict[str, set[int]] = {kind: set() for kind in patterns}
    where: set[str] = set()
    searched_bytes = 0
    for start, end, name in _writable_regions():
        for position in range(start, end, _CHUNK_BYTES):
            wanted = min(len(window), end - position)
            try:
                got = os.preadv(_MEMORY_FD, [window.data[:wanted]], position)
            except OSError:  # a guard page
                break
            searched_bytes += got
            np.bitwise_xor(window[:got], SCRAMBLE, out=window[:got])
            scrambled = window[:got].tobytes()
            for kind, listed in patterns.items():
                for index, pattern in enumerate(listed):
                    if pattern in scrambled:
                        found[kind].add(index)
                        where.add(name)
    return {
        "found": {kind: len(indices) for kind, indices in found.items()},
        "where": sorted(where)[:WHERE_LIMIT],
        "searched_mib": searched_bytes >> 20,
    }


def _writable_regions() -> list[tuple[int, int, str]]:
    listing = b""
    while part := os.pread(_MAPS_FD, 1 << 16, len(listing)):
        listing += part
    regions = []
    for line in listing.decode().splitlines():
        addresses, permissions, *rest = line.split()
        if "w" in permissions:
            start, end = (int(address, 16) for address in addresses.split("-"))
            regions.append((start, end, rest[3] if len(rest) > 3 else "anonymous"))
    return regions


if __name__ == "__main__":
    main()
