"""The manifest: what each model is, where its bytes came from, and under which licences."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from agecheck.errors import ModelError, ModelFault

SCHEMA = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\.(onnx|tflite)")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output: its name, dtype and shape; a str in a shape is a free dimension."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class ModelSource:
    """The package that a model was built from."""

    registry: str
    package: str
    version: str
    archive: str
    archive_sha256: str
    member: str
    member_sha256: str


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of the bundle."""

    id: str
    file: str
    sha256: str
    size_bytes: int
    role: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    licence_weights: str
    licence_code: str
    licence_training_data: str
    sources: tuple[ModelSource, ...]


def parse_manifest(text: str) -> dict[str, ModelEntry]:
    """Read a manifest: model id -> entry, in the file's order.

    Raises:
        ModelError: it is malformed, of another schema, or names a model twice.
    """
    entries: list[ModelEntry] = []
    try:
        document = tomllib.loads(text)
        if _typed(document["schema"], int) == SCHEMA:
            entries = [_parse_entry(table) for table in document["model"]]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        entries = []
    by_id = {entry.id: entry for entry in entries}
    if not entries or len(by_id) != len(entries):
        raise ModelError(ModelFault.MANIFEST, "manifest")
    return by_id


def _parse_entry(table: Mapping[str, object]) -> ModelEntry:
    licence = _typed(table["licence"], dict)
    sha256, file = _typed(table["sha256"], str), _typed(table["file"], str)
    model_id = _typed(table["id"], str)
    # The bundle's digest runs over lines of ids and digests: an id holds no space or newline.
    if not (_ID.fullmatch(model_id) and _SHA256.fullmatch(sha256) and _FILE_NAME.fullmatch(file)):
        raise ValueError("id, sha256 or file")
    return ModelEntry(
        id=model_id,
        file=file,
        sha256=sha256,
        size_bytes=_typed(table["bytes"], int),
        role=_typed(table["role"], str),
        inputs=_parse_tensors(table["inputs"]),
        outputs=_parse_tensors(table["outputs"]),
        licence_weights=_typed(licence["weights"], str),
        licence_code=_typed(licence["code"], str),
        licence_training_data=_typed(licence["training_data"], str),
        sources=tuple(
            ModelSource(**{key: _typed(value, str) for key, value in source.items()})
            for source in _typed(table["sources"], list)
        ),
    )


def _parse_tensors(tables: object) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            _typed(table["name"], str),
            _typed(table["dtype"], str),
            tuple(_dimension(size) for size in _typed(table["shape"], list)),
        )
        for table in _typed(tables, list)
    )


def _dimension(size: object) -> int | str:
    return size if isinstance(size, str) else _typed(size, int)


def _typed(value: object, kind: type[_T]) -> _T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(kind.__name__)
    return value
