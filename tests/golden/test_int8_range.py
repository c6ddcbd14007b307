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
    """Return the int8 filters of the shipped age-resnet10, by name."""
    model = onnx.load_from_string(ModelStore().read("age-resnet10"))
    return {
        item.name: numpy_helper.to_array(item)
        for item in model.graph.initializer
        if item.data_type == TensorProto.INT8 and len(item.dims) == 4
    }


def test_no_pair_of_products_saturates_16_bits() -> None:
    """Protects equal results everywhere: AVX2 adds two uint8 x int8 products in 16 bits."""
    weights = int8_weights()
    assert len(weights) == 11, "every convolution of the network is int8"
    for name, values in weights.items():
        largest = int(np.abs(values.astype(np.int32)).max())
        assert 2 * UINT8_MAX * largest <= INT16_MAX, name


def test_weights_use_the_range_they_have() -> None:
    """Protects accuracy: each channel that is not dead has a weight at the end of the 7 bits."""
    for name, values in int8_weights().items():
        per_channel = np.abs(values.astype(np.int32)).reshape(len(values), -1).max(axis=1)
        assert per_channel[per_channel > 0].min() >= 63, name
