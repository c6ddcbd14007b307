"""Write the age network of HSE-FaceRes as an ONNX graph, from its published weights.

The network is a MobileNet (Howard et al., "MobileNets", 2017, version 1, width 1.0): a strided
convolution, thirteen pairs of a depthwise and a pointwise convolution, an average, a hidden layer
of 256 and a softmax over 100 ages. Every convolution pads as TensorFlow's "same" does on even
sizes, so strided layers pad one pixel at the bottom and right only, and ends in a ReLU capped at 6.
Scales of batch normalisations that the package left beside the depthwise layers are folded in.

It was trained to recognise people first and reads ages off what it sees for that. The average, by
which people are told apart in the published package, is no output here, and the gender branch is
not in the file: nothing here may answer such questions.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from chip_input import add_chip_input
from graph import Graph
from tfjs_weights import Weights

CHIP_SIDE_PX = 192
"""It was trained on 224 px. With a face as large as there and less around it, 192 px do as well in
less time; smaller faces are told apart less well."""
MEAN_RGB = (123.68, 116.779, 103.939)
PIXELS = "pixels_centred"
"""The network's own input: planar RGB less MEAN_RGB. Published for BGR; the filters are turned."""
PIXEL_RANGE = (-124.0, 152.0)
AGE_WEIGHTS_YEARS = np.arange(1.0, 101.0)
"""What each of the 100 classes stands for."""
BLOCKS = 13
STRIDED_BLOCKS = (2, 4, 6, 12)
FLOAT_BLOCKS = 2
"""The first convolution and so many blocks stay in float32: int8 costs their ages most and gains
them least."""
RELU6_RANGE = (0.0, 6.0)


def ages_years(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the expected age of each row: (n, 100) -> (n,)."""
    return np.asarray(probabilities.astype(np.float64) @ AGE_WEIGHTS_YEARS)


def planar(chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return chips (n, h, w, 3) as the network's own input: float32 (n, 3, h, w)."""
    centred = chips.astype(np.float32) - np.array(MEAN_RGB, np.float32)
    return np.ascontiguousarray(centred.transpose(0, 3, 1, 2))


def float_nodes() -> list[str]:
    """Return the names of the nodes that int8 leaves alone."""
    blocks = range(1, FLOAT_BLOCKS + 1)
    layers = ["conv1", *(f"conv_{kind}_{block}" for block in blocks for kind in ("dw", "pw"))]
    return [name for layer in layers for name in (layer, f"{layer}/relu6")]


def add_uint8_input(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` fed by `chips_rgb`, uint8 [N, 192, 192, 3]."""
    return add_chip_input(model, PIXELS, CHIP_SIDE_PX, MEAN_RGB, 1.0)


class _Layers(Graph):
    """The layers that this network is made of."""

    def convolution(self, x: str, name: str, kernel: NDArray[np.float32], **how: int) -> str:
        """A convolution (filters as out, in, height, width), its offset and the capped ReLU."""
        side, stride = kernel.shape[2], how["stride"]
        begin, end = (0 if stride == 2 else side // 2), side // 2
        offset = self.weights[f"{name}_bn/batchnorm_1/sub"].ravel()
        self.add(
            "Conv",
            [x, self.constant(f"{name}/filters", kernel), self.constant(f"{name}/bias", offset)],
            name,
            group=how.get("group", 1),
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[begin, begin, end, end],
        )
        return self.add("Clip", [name, "relu6_low", "relu6_high"], f"{name}/relu6")

    def depthwise(self, x: str, name: str, stride: int) -> str:
        filters = self.weights[f"{name}/depthwise_kernel"]  # height, width, channels, 1
        scale = self.weights[f"{name}_bn/batchnorm_1/mul"].reshape(-1, 1, 1, 1)
        kernel = filters.transpose(2, 3, 0, 1) * scale
        return self.convolution(x, name, kernel, stride=stride, group=len(kernel))

    def pointwise(self, x: str, name: str) -> str:
        filters = self.weights[f"{name}/convolution/merged_input"]  # 1, 1, in, out
        return self.convolution(x, name, filters.transpose(3, 2, 0, 1), stride=1)

    def linear(self, x: str, name: str, output: str) -> str:
        kernel = self.constant(f"{name}/kernel", self.weights[f"{name}/kernel"])
        return self.add(
            "Gemm", [x, kernel, self.constant(f"{name}/bias", self.weights[f"{name}/bias"])], output
        )


def network(weights: Weights) -> onnx.ModelProto:
    """Return the network over `pixels_centred`, float32 [N, 3, 192, 192]."""
    graph = _Layers(weights)
    for name, bound in zip(("relu6_low", "relu6_high"), RELU6_RANGE, strict=True):
        graph.constant(name, np.array(bound, np.float32))
    filters = weights["conv1/convolution/merged_input"].transpose(3, 2, 0, 1)
    x = graph.convolution(PIXELS, "conv1", filters[:, ::-1], stride=2)
    for block in range(1, BLOCKS + 1):
        x = graph.depthwise(x, f"conv_dw_{block}", 2 if block in STRIDED_BLOCKS else 1)
        x = graph.pointwise(x, f"conv_pw_{block}")
    x = graph.add("GlobalAveragePool", [x], "pooled")
    x = graph.add("Flatten", [x], "flat", axis=1)
    x = graph.add("Relu", [graph.linear(x, "feats", "hidden")], "hidden_relu")
    graph.add("Softmax", [graph.linear(x, "age_pred", "logits")], "probabilities", axis=1)
    side, classes = CHIP_SIDE_PX, len(AGE_WEIGHTS_YEARS)
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "age-mobilenet",
            [helper.make_tensor_value_info(PIXELS, TensorProto.FLOAT, ["N", 3, side, side])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", classes])],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
    )
