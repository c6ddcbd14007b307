"""Reads models: hashes the bytes, and hands out those same bytes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from agecheck.errors import ModelError, ModelFault
from agecheck.models.manifest import ModelEntry, parse_manifest

MANIFEST_FILE = "manifest.toml"
MAX_MANIFEST_BYTES = 1 << 20


class ModelStore:
    """The models in one folder, under the manifest beside them.

    Args:
        root: folder with the manifest and the model files; by default the package's own data.

    Raises:
        ModelError: the manifest is missing or malformed.
    """

    def __init__(self, root: Traversable | None = None) -> None:
        self._root = root if root is not None else files("agecheck.models") / "data"
        manifest_bytes = _read(self._root / MANIFEST_FILE, MAX_MANIFEST_BYTES)
        if manifest_bytes is None:
            raise ModelError(ModelFault.MISSING, "manifest")
        # An undecodable letter becomes one that no manifest may hold where it matters.
        self._entries = parse_manifest(manifest_bytes.decode("utf-8", errors="replace"))

    def __iter__(self) -> Iterator[ModelEntry]:
        return iter(self._entries.values())

    def entry(self, model_id: str) -> ModelEntry:
        """What the manifest states about a model.

        Raises:
            ModelError: it names no such model.
        """
        entry = self._entries.get(model_id)
        if entry is None:
            raise ModelError(ModelFault.MANIFEST, model_id)
        return entry

    def read(self, model_id: str) -> bytes:
        """A model's bytes, read once and checked; load these, never the file again.

        Raises:
            ModelError: the file is missing, or a byte of it differs from the manifest.
        """
        entry = self.entry(model_id)
        model_bytes = _read(self._root / entry.file, entry.size_bytes + 1)
        if model_bytes is None:
            raise ModelError(ModelFault.MISSING, model_id)
        digest = hashlib.sha256(model_bytes).hexdigest()
        if len(model_bytes) != entry.size_bytes or not hmac.compare_digest(digest, entry.sha256):
            raise ModelError(ModelFault.DIGEST, model_id)
        return model_bytes

    def digest(self) -> str:
        """One sha256 (hex) over the ids and digests of all models."""
        listing = "".join(f"{e.id} {e.sha256}\n" for e in sorted(self, key=lambda e: e.id))
        return hashlib.sha256(listing.encode()).hexdigest()


def mediapipe_models() -> ModelStore:
    """What ships for the `mediapipe` extra, under a manifest of its own.

    Raises:
        ModelError: the manifest is missing or malformed.
    """
    return ModelStore(files("agecheck.models") / "data" / "mediapipe")


def _read(file: Traversable, max_bytes: int) -> bytes | None:
    """A file's first bytes, or None. The system's error names the path, so it is not handed on."""
    try:
        with file.open("rb") as opened:
            return opened.read(max_bytes)
    except OSError:
        return None
