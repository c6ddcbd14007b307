"""Keys that sign once: made ahead, their public sides handed over, each burnt before it is used.

A lasting key lets one relying party see that the same device came back. With a batch it sees a key
that it has never met before; what a batch does *not* hide is in docs/reference/token.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agecheck import private_file
from agecheck.challenge import Challenge, require_audience
from agecheck.errors import ChallengeError, KeyFileError
from agecheck.ports import Evidence
from agecheck.strict_json import parse_json_object
from agecheck.token import jwk
from agecheck.token.encoding import base64url_decode, base64url_encode
from agecheck.token.errors import SignerError
from agecheck.token.keys import AudienceSigner

MAX_KEYS = 10_000
_SEED_BYTES = 32
_FORMAT, _VERSION = "agecheck-key-batch", 1
_MAX_FILE_BYTES = 1_000_000
_MALFORMED = "the batch file is not one that this version of agecheck writes"


@final
class KeyBatch:
    """Keys for one audience, in a file of their own. A `TokenSigner`: each answer takes a key.

    Its tokens are JWS. Threads and processes may share a batch: no key goes to two of them. It
    shows nothing when printed and is not pickled or copied.
    """

    __slots__ = ("_audience", "_now", "_path", "_threads")
    _path: Path
    _audience: str
    _now: Callable[[], float]
    _threads: threading.Lock

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError("a KeyBatch comes from KeyBatch.create or KeyBatch.load")

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        audience: str,
        count: int,
        *,
        now: Callable[[], float] = time.time,
    ) -> KeyBatch:
        """Make keys and keep them in a new file, mode 0600.

        Args:
            path: where the file goes; the folder exists, the file does not.
            audience: whom the tokens are for.
            count: how many keys, 1 to 10,000.
            now: the clock, as in `DeviceKey.signer`.

        Raises:
            ChallengeError: the audience does not have a challenge's form.
            KeyFileError: something is there already, or the file cannot be written.
            SignerError: the count is out of range.
        """
        require_audience(audience)
        if type(count) is not int or not 1 <= count <= MAX_KEYS:
            raise SignerError(f"a batch has 1 to {MAX_KEYS} keys")
        batch = cls._at(Path(path), audience, now)
        with batch._alone():
            if _read(batch._path) is not None:
                raise KeyFileError("there is something at that path already")
            _write(batch._path, audience, [secrets.token_bytes(_SEED_BYTES) for _ in range(count)])
        return batch

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, now: Callable[[], float] = time.time
    ) -> KeyBatch:
        """Use a batch that was made before; one that is used up, too.

        Raises:
            KeyFileError: the file is missing, malformed or not trusted.
        """
        audience, _ = _require(Path(path))
        return cls._at(Path(path), audience, now)

    @classmethod
    def _at(cls, path: Path, audience: str, now: Callable[[], float]) -> KeyBatch:
        batch = object.__new__(cls)
        batch._path, batch._audience, batch._now = path, audience, now
        batch._threads = threading.Lock()
        return batch

    @property
    def audience(self) -> str:
        """Who the tokens are for."""
        return self._audience

    def public_jwks(self) -> list[dict[str, str]]:
        """The public keys that are left, in an order that says nothing. For the audience.

        Raises:
            KeyFileError: as for `load`.
        """
        keys = [jwk.to_jwk(_key(seed).public_key()) for seed in _require(self._path)[1]]
        return sorted(keys, key=lambda key: key["x"])

    def __len__(self) -> int:
        """How many keys are left."""
        return len(_require(self._path)[1])

    def _begin(self, challenge: Challenge, evidence: Evidence) -> Callable[[bool], str]:
        """As `AudienceSigner._begin`. The key is taken when there is something to sign.

        Raises:
            SignerError: no key is left, or the evidence does not fit.
            ChallengeError: the challenge does not fit.
            KeyFileError: as for `load`.
        """
        if challenge.audience != self._audience:
            raise ChallengeError("the challenge is for another audience than the batch's")
        seeds = _require(self._path)[1]
        if not seeds:
            raise SignerError("all keys of the batch have been used")
        bound, evident = replace(challenge), replace(evidence)
        self._signer(_key(seeds[0]))._begin(bound, evident)  # better to fail now
        unspent = threading.Lock()

        def finish(over: bool) -> str:
            if not unspent.acquire(blocking=False):
                raise SignerError("this challenge has been answered; each takes one answer")
            if type(over) is not bool:
                raise TypeError("over is a bool")
            return self._signer(self._burn())._begin(bound, evident)(over)

        return finish

    def _burn(self) -> Ed25519PrivateKey:
        """Take a key out of the file, and return it once the file without it is on disk.

        A crash in between loses the key; it never leaves one that has signed. On a file system that
        cannot sync a folder, a power cut at that moment may.
        """
        with self._alone():
            audience, seeds = _require(self._path)
            if not seeds:
                raise SignerError("all keys of the batch have been used")
            taken = seeds.pop()
            _write(self._path, audience, seeds)
        return _key(taken)

    def _signer(self, key: Ed25519PrivateKey) -> AudienceSigner:
        return AudienceSigner(self._audience, key, now=self._now)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread of one process at a time. The file itself is replaced, so that another one
        beside it carries the lock."""
        descriptor = -1
        with self._threads:
            try:
                lock = self._path.with_name(self._path.name + ".lock")
                flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                descriptor = os.open(lock, flags, 0o600)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except (OSError, ValueError):
                locked = False
            else:
                locked = True
            try:
                if not locked:
                    raise KeyFileError("the batch cannot be locked")
                yield
            finally:
                if descriptor >= 0:
                    os.close(descriptor)

    def __repr__(self) -> str:
        return "<KeyBatch>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a KeyBatch is not pickled or copied")


def _key(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def _require(path: Path) -> tuple[str, list[bytes]]:
    found = _read(path)
    if found is None:
        raise KeyFileError("there is no batch file at that path")
    return found


def _read(path: Path) -> tuple[str, list[bytes]] | None:
    try:
        content = private_file.read(path, max_bytes=_MAX_FILE_BYTES)
    except private_file.PrivateFileError as error:
        raise KeyFileError(str(error)) from None
    if content is None:
        return None
    members = parse_json_object(content)
    if members is None or members.keys() != {"format", "version", "audience", "seeds"}:
        raise KeyFileError(_MALFORMED)
    audience, listed = members["audience"], members["seeds"]
    known = members["format"] == _FORMAT and members["version"] == _VERSION
    if not known or not isinstance(audience, str) or not isinstance(listed, list):
        raise KeyFileError(_MALFORMED)
    seeds = [base64url_decode(text) if isinstance(text, str) else None for text in listed]
    whole = [seed for seed in seeds if seed is not None and len(seed) == _SEED_BYTES]
    if len(whole) != len(seeds) or len(set(whole)) != len(whole):
        raise KeyFileError(_MALFORMED)
    return audience, whole


def _write(path: Path, audience: str, seeds: list[bytes]) -> None:
    members = {
        "format": _FORMAT,
        "version": _VERSION,
        "audience": audience,
        "seeds": [base64url_encode(seed) for seed in seeds],
    }
    try:
        # A fixed name, under the lock: keys that a crash left there do not outlive their use.
        private_file.replace(
            path,
            json.dumps(members).encode("ascii") + b"\n",
            by_way_of=path.with_name(path.name + ".new"),
        )
    except private_file.PrivateFileError as error:
        raise KeyFileError(str(error)) from None
