"""Read the weights of a network that was published for TensorFlow.js."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]

_GRAPH_MANIFEST = "weightsManifest"
"""Where a file that also holds the graph keeps its manifest of weights."""
_INTEGERS = "int32"
"""Shapes and axes, which the recipes write themselves."""


def read_weights(weights_manifest: bytes, weights: bytes) -> dict[str, NDArray[np.float32]]:
    """Return name -> float32 array from a manifest and its single shard.

    uint8 entries are stored as quotients: value = quotient * scale + min.
    """
    arrays: dict[str, NDArray[np.float32]] = {}
    offset_bytes = 0
    for entry in _entries(weights_manifest):
        shape = tuple(entry["shape"])
        count = int(np.prod(shape))
        quantization = entry.get("quantization")
        stored = np.dtype(np.uint8 if quantization else "<i4" if _is_integer(entry) else "<f4")
        raw = np.frombuffer(weights, stored, count, offset_bytes).reshape(shape)
        offset_bytes += count * stored.itemsize
        if quantization:
            exact = raw.astype(np.float64) * quantization["scale"] + quantization["min"]
            arrays[entry["name"]] = exact.astype(np.float32)
        elif not _is_integer(entry):
            arrays[entry["name"]] = raw.astype(np.float32)
    if offset_bytes != len(weights):
        raise ValueError("the weights file is longer than its manifest says")
    return arrays


def _entries(weights_manifest: bytes) -> list[dict[str, Any]]:
    document = json.loads(weights_manifest)
    groups = document[_GRAPH_MANIFEST] if isinstance(document, dict) else document
    return [entry for group in groups for entry in group["weights"]]


def _is_integer(entry: Mapping[str, Any]) -> bool:
    return bool(entry["dtype"] == _INTEGERS)
