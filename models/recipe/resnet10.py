"""Prepare dlib's age network for quantisation: fewer nodes, the same function.

The published graph computes each batch normalisation as a Mul and an Add after its convolution,
and expects pixels less a mean, over 256. Both are linear, so both move into the convolutions. The
first convolution has no padding, so this is exact at the border as well.
"""

from __future__ import annotations

import math

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from chip_input import CHIPS_INPUT

CHIP_SIDE_PX = 64
MEAN_RGB = (122.782, 117.001, 104.298)
SCALE = 256.0
PIXELS = "pixels_norm"
"""The network's own input, planar and 0 to 1: pixel / 256."""
AGE_WEIGHTS_YEARS = np.array([0.25, *range(1, 81)])
"""What each of the 81 classes stands for; the first is "under one year"."""


def ages_years(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the expected age of each row: (n, 81) -> (n,)."""
    return np.asarray(probabilities.astype(np.float64) @ AGE_WEIGHTS_YEARS)


def fold(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network over `pixels_norm`, float32 [N, 3, 64, 64], with its scales folded in."""
    folded = onnx.ModelProto()
    folded.CopyFrom(model)
    graph = folded.graph
    arrays = {item.name: numpy_helper.to_array(item).copy() for item in graph.initializer}
    consumers = {name: node for node in graph.node for name in node.input}
    absorbed: list[str] = []
    for conv in [node for node in graph.node if node.op_type == "Conv"]:
        mul = consumers[conv.output[0]]
        add = consumers[mul.output[0]]
        if (mul.op_type, add.op_type) != ("Mul", "Add"):
            raise ValueError("expected a scale and an offset after every convolution")
        scale, offset = arrays[mul.input[1]].ravel(), arrays[add.input[1]].ravel()
        arrays[conv.input[1]] = arrays[conv.input[1]] * scale.reshape(-1, 1, 1, 1)
        arrays[conv.input[2]] = arrays[conv.input[2]] * scale + offset
        conv.output[0] = add.output[0]
        absorbed += [mul.output[0], add.output[0]]
    kept = [n for n in graph.node if n.op_type == "Conv" or n.output[0] not in absorbed]

    first = kept[0]
    pads = next(attribute.ints for attribute in first.attribute if attribute.name == "pads")
    if first.input[0] != "images" or any(pads):
        raise ValueError("expected a first convolution without padding")
    filters = arrays[first.input[1]].astype(np.float64)
    shifted = filters * (np.array(MEAN_RGB) / SCALE).reshape(1, 3, 1, 1)
    # fsum rounds once, so the sum does not depend on a processor's order of additions.
    shift = np.array([math.fsum(products.ravel()) for products in shifted])
    arrays[first.input[2]] = (arrays[first.input[2]] - shift).astype(np.float32)
    first.input[0] = PIXELS

    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    del graph.initializer[:]
    graph.initializer.extend(
        numpy_helper.from_array(array, name) for name, array in arrays.items() if name in used
    )
    del graph.input[:]
    shape: list[str | int] = ["N", 3, CHIP_SIDE_PX, CHIP_SIDE_PX]
    graph.input.append(helper.make_tensor_value_info(PIXELS, TensorProto.FLOAT, shape))
    return folded


def add_uint8_input(quantised: onnx.ModelProto) -> onnx.ModelProto:
    """Feed the quantised network the chip's own bytes: `chips_rgb`, uint8 [N, 64, 64, 3].

    pixel / 256 with a zero point of 0 is what the quantised input means, so the bytes of the chip
    *are* the quantised input: the quantising node goes, and nothing is rounded.
    """
    fed = onnx.ModelProto()
    fed.CopyFrom(quantised)
    graph = fed.graph
    (quantise,) = [n for n in graph.node if n.op_type == "QuantizeLinear" and PIXELS in n.input]
    arrays = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    if (float(arrays[quantise.input[1]]), int(arrays[quantise.input[2]])) != (1 / SCALE, 0):
        raise ValueError("the input's range must be 0 to 255/256")
    planar = helper.make_node(
        "Transpose", [CHIPS_INPUT], [quantise.output[0]], name="chips_planar", perm=[0, 3, 1, 2]
    )
    kept = [node for node in graph.node if node is not quantise and node != quantise]
    del graph.node[:]
    graph.node.extend([planar, *kept])
    del graph.input[:]
    shape: list[str | int] = ["N", CHIP_SIDE_PX, CHIP_SIDE_PX, 3]
    graph.input.append(helper.make_tensor_value_info(CHIPS_INPUT, TensorProto.UINT8, shape))
    return fed
