"""Keeps an unfinished run, so that it goes on where it stopped.

One file holds the sum over all shards done so far, never a shard of its own, and none before
MIN_PICTURES are in it. It is deleted when the run ends.

The bootstrap's weights follow from the files' names, and there are more sums than pictures of one
age: who solves for them gets each picture's age. So the file is encrypted, with a key made from
some of the pictures themselves. It opens to who has those, and could have looked at their ages
anyway; to nobody else.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agecheck.bench.faults import Faults
from agecheck.bench.tally import REPLICATES, Key, Tally

MIN_PICTURES = 100
FILE = "unfinished.bin"
KEY_PICTURES = 16
_NONCE_BYTES = 12


@dataclass(slots=True)
class Progress:
    """What is done.

    Attributes:
        tally: over all pictures of the shards in `done`.
        done: indices of finished shards.
        faults: files that could not be read or decoded, and why.
        seconds: time spent so far.
        is_whole: whether no shard is added by half, as when Ctrl-C comes meanwhile.
    """

    tally: Tally = field(default_factory=Tally)
    done: set[int] = field(default_factory=set)
    faults: Faults = field(default_factory=Faults)
    seconds: float = 0.0
    is_whole: bool = True

    def add(self, index: int, tally: Tally, faults: Faults) -> None:
        """Take up one shard."""
        self.is_whole = False
        self.tally.merge(tally)
        self.faults.merge(faults)
        self.done.add(index)
        self.is_whole = True


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """Whose checkpoint it is.

    Attributes:
        digest: the run's name.
        key: 32 bytes, from `key_of`; None when there is none to be had, and nothing is kept then.
    """

    digest: str
    key: bytes | None

    def __repr__(self) -> str:
        return "<Run>"


def key_of(pictures: Iterable[bytes | None]) -> bytes | None:
    """A key from the first KEY_PICTURES encoded pictures that could be read."""
    readable = (encoded for encoded in pictures if encoded is not None)
    digests = [hashlib.sha256(encoded).digest() for encoded in islice(readable, KEY_PICTURES)]
    if not digests:
        return None
    return hashlib.sha256(b"agecheck bench checkpoint" + b"".join(digests)).digest()


def save(folder: Path, run: Run, progress: Progress) -> bool:
    """Replace the checkpoint in one step; nothing is kept of fewer than MIN_PICTURES.

    Where a shard was added by half, the checkpoint before it stays.

    Returns:
        Whether anything is kept.
    """
    tally = progress.tally
    if run.key is None or tally.count("pictures") < MIN_PICTURES:
        return False
    if not progress.is_whole:
        return (folder / FILE).is_file()
    counts, sums = list(tally.counts.items()), list(tally.sums.items())
    head = {
        "done": sorted(progress.done),
        "fault_counts": progress.faults.counts,
        "faults": progress.faults.listed,
        "seconds": progress.seconds,
        "count_keys": [key for key, _ in counts],
        "sum_keys": [key for key, _ in sums],
    }
    encoded = io.BytesIO()
    np.savez_compressed(
        encoded,
        head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
        counts=np.array([value for _, value in counts], dtype=np.int64),
        sums=np.array([values for _, values in sums], dtype=np.int64),
    )
    nonce = os.urandom(_NONCE_BYTES)
    content = AESGCM(run.key).encrypt(nonce, encoded.getvalue(), run.digest.encode())
    # A new file each time, readable by its owner alone.
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(nonce + content)
        Path(name).replace(folder / FILE)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True


def load(folder: Path, run: Run) -> Progress | None:
    """The kept state of this very run; None when there is none, or it is another run's."""
    if run.key is None:
        return None
    try:
        kept = (folder / FILE).read_bytes()
        nonce, content = kept[:_NONCE_BYTES], kept[_NONCE_BYTES:]
        decrypted = io.BytesIO(AESGCM(run.key).decrypt(nonce, content, run.digest.encode()))
        with np.load(decrypted, allow_pickle=False) as archive:
            head = json.loads(archive["head"].tobytes())
            counts, sums = archive["counts"], archive["sums"]
        # A tally of another number of replicates would not add up.
        sums = sums.reshape(len(head["sum_keys"]), 1 + REPLICATES)
        tally = Tally(
            Counter(dict(zip(map(_key, head["count_keys"]), counts.tolist(), strict=True))),
            dict(zip(map(_key, head["sum_keys"]), sums, strict=True)),
        )
        faults = Faults(
            Counter({str(fault): int(count) for fault, count in head["fault_counts"].items()}),
            [(str(file), str(fault)) for file, fault in head["faults"]],
        )
        return Progress(tally, set(head["done"]), faults, float(head["seconds"]))
    except (
        OSError,
        InvalidTag,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
    ):
        return None  # a damaged file costs the time that it stands for


def remove(folder: Path) -> None:
    """Called when a run has ended."""
    (folder / FILE).unlink(missing_ok=True)


def _key(parts: list[str | int]) -> Key:
    return tuple(parts)
