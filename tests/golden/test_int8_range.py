"""Why the int8 model gives the same ages on processors without VNNI."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from agecheck.models.store import ModelStore

INT16_MAX = 32_767
UINT8_MAX = 255


def int8_weights() -> dict[str, NDArray[np.int8]]:
    """Return the int8 filters of the shipped age-mobilenet, by name."""
    model = onnx.load_from_string(ModelStore().read("age-mobilenet"))
    return {
        item.name: numpy_helper.to_array(item)
        for item in model.graph.initializer
        if item.data_type == TensorProto.INT8 and len(item.dims) == 4
    }


def test_no_pair_of_products_saturates_16_bits() -> None:
    """Protects equal results everywhere: AVX2 adds two uint8 x int8 products in 16 bits."""
    weights = int8_weights()
    assert len(weights) == 22, "eleven blocks of two convolutions are int8"
    for name, values in weights.items():
        largest = int(np.abs(values.astype(np.int32)).max())
        assert 2 * UINT8_MAX * largest <= INT16_MAX, name


def test_weights_use_the_range_they_have() -> None:
    """Protects accuracy: a channel's largest weight lies at the end of the 7 bits.

    Seven of some ten thousand channels are dead: all their weights are next to nothing.
    """
    dead = 0
    for values in int8_weights().values():
        per_channel = np.abs(values.astype(np.int32)).reshape(len(values), -1).max(axis=1)
        dead += int((per_channel <= 1).sum())
        assert per_channel[per_channel > 1].min() >= 63
    assert dead <= 7
