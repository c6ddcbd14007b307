"""Put a picture chip's conversion in front of a network, inside its graph.

Callers then hand over what they have, uint8 pixels in reading order, and cannot feed a network
the wrong mean, scale or axis order.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHIPS_INPUT = "chips_rgb"


def add_chip_input(
    model: onnx.ModelProto,
    network_input: str,
    side_px: int,
    mean_rgb: tuple[float, float, float],
    scale: float,
) -> onnx.ModelProto:
    """Return `model` fed by `chips_rgb`, uint8 [N, side, side, 3], instead of `network_input`.

    The network then sees (chip - mean_rgb) / scale as float32 [N, 3, side, side].
    """
    mean = numpy_helper.from_array(np.array(mean_rgb, np.float32).reshape(1, 3, 1, 1), "mean_rgb")
    divisor = numpy_helper.from_array(np.array(scale, np.float32), "scale")
    nodes = [
        helper.make_node("Transpose", [CHIPS_INPUT], ["chips_planar"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["chips_planar"], ["chips_float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["chips_float", "mean_rgb"], ["chips_centred"]),
        helper.make_node("Div", ["chips_centred", "scale"], [network_input]),
    ]
    for node in nodes:
        node.name = node.output[0]
    fed = onnx.ModelProto()
    fed.CopyFrom(model)
    graph = fed.graph
    kept = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *kept])
    graph.initializer.extend([mean, divisor])
    del graph.input[:]
    graph.input.append(
        helper.make_tensor_value_info(CHIPS_INPUT, TensorProto.UINT8, ["N", side_px, side_px, 3])
    )
    return fed
