"""Write the age network of face-api as an ONNX graph, from its published weights.

The network is the "tiny Xception" age branch of `@vladmandic/face-api` (the fork of
`face-api.js` by Vincent Mühler). Its package holds weights only; the structure below follows the
package's description of it: a strided convolution, two entry reduction blocks, two main blocks,
an exit reduction block, one more separable convolution, a 7 x 7 average and a linear layer. Every
convolution pads as TensorFlow's "same" does, so strided layers pad one pixel at the bottom and
right only. Between a depthwise convolution and its pointwise one there is no activation.

The gender branch of the package is left out: nothing here may answer that question.
"""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from chip_input import add_chip_input
from graph import Graph
from tfjs_weights import Weights

CHIP_SIDE_PX = 112
MEAN_RGB = (122.782, 117.001, 104.298)
SCALE = 255.0
MAIN_BLOCKS = 2


class _Layers(Graph):
    """The layers that this network is made of."""

    def convolution(self, x: str, name: str, filters: str, bias: str | None, stride: int) -> str:
        # TensorFlow keeps filters as height, width, in, out; ONNX as out, in, height, width.
        kernel = self.weights[filters].transpose(3, 2, 0, 1)
        side = kernel.shape[2]
        begin, end = (0 if stride == 2 else side // 2), side // 2
        inputs = [x, self.constant(filters, kernel)]
        if bias is not None:
            inputs.append(self.constant(bias, self.weights[bias]))
        return self.add(
            "Conv",
            inputs,
            name,
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[begin, begin, end, end],
        )

    def separable(self, x: str, name: str) -> str:
        """Depthwise 3 x 3, then pointwise 1 x 1 with a bias, stride 1."""
        depthwise = self.weights[f"{name}/depthwise_filter"]  # height, width, channels, 1
        kernel = self.constant(f"{name}/depthwise_filter", depthwise.transpose(2, 3, 0, 1))
        spread = self.add(
            "Conv",
            [x, kernel],
            f"{name}/depthwise",
            group=depthwise.shape[2],
            kernel_shape=[3, 3],
            strides=[1, 1],
            pads=[1, 1, 1, 1],
        )
        return self.convolution(
            spread, f"{name}/pointwise", f"{name}/pointwise_filter", f"{name}/bias", 1
        )

    def relu(self, x: str, name: str) -> str:
        return self.add("Relu", [x], name)

    def reduction(self, x: str, name: str, *, activate_input: bool = True) -> str:
        out = self.relu(x, f"{name}/relu0") if activate_input else x
        out = self.separable(out, f"{name}/separable_conv0")
        out = self.relu(out, f"{name}/relu1")
        out = self.separable(out, f"{name}/separable_conv1")
        # Padding at the bottom and right; ONNX never lets a pad value win the maximum.
        out = self.add(
            "MaxPool",
            [out],
            f"{name}/pool",
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=[0, 0, 1, 1],
        )
        expansion = f"{name}/expansion_conv"
        short = self.convolution(x, expansion, f"{expansion}/filters", f"{expansion}/bias", 2)
        return self.add("Add", [out, short], f"{name}/sum")

    def main(self, x: str, name: str) -> str:
        out = x
        for index in range(3):
            out = self.relu(out, f"{name}/relu{index}")
            out = self.separable(out, f"{name}/separable_conv{index}")
        return self.add("Add", [out, x], f"{name}/sum")


def build(weights: Weights) -> onnx.ModelProto:
    """Return the age network: `chips_rgb` uint8 [N, 112, 112, 3] -> `age_years` float32 [N, 1]."""
    return add_chip_input(network(weights), "images", CHIP_SIDE_PX, MEAN_RGB, SCALE)


def network(weights: Weights) -> onnx.ModelProto:
    """Return the network over normalised pixels, `images` float32 [N, 3, 112, 112]."""
    graph = _Layers(weights)
    conv_in = "entry_flow/conv_in"
    x = graph.convolution("images", conv_in, f"{conv_in}/filters", f"{conv_in}/bias", 2)
    x = graph.relu(x, f"{conv_in}/relu")
    x = graph.reduction(x, "entry_flow/reduction_block_0", activate_input=False)
    x = graph.reduction(x, "entry_flow/reduction_block_1")
    for index in range(MAIN_BLOCKS):
        x = graph.main(x, f"middle_flow/main_block_{index}")
    x = graph.reduction(x, "exit_flow/reduction_block")
    x = graph.relu(graph.separable(x, "exit_flow/separable_conv"), "exit_flow/relu")
    x = graph.add("GlobalAveragePool", [x], "pooled")
    x = graph.add("Flatten", [x], "features", axis=1)
    head = [
        graph.constant("fc/age/weights", weights["fc/age/weights"]),
        graph.constant("fc/age/bias", weights["fc/age/bias"]),
    ]
    graph.add("Gemm", [x, *head], "age_years")
    side = CHIP_SIDE_PX
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "age-tinyxception",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, side, side])],
            [helper.make_tensor_value_info("age_years", TensorProto.FLOAT, ["N", 1])],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
    )
