"""MediaPipe's TensorFlow Lite networks as ONNX graphs, with tensors named for what they hold."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from prelu import expand_prelu

OPSET = 17

Shape = list[int]


def convert_tflite(content: bytes) -> onnx.ModelProto:
    """Return a TensorFlow Lite file as tf2onnx converts it."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "network.tflite"), Path(folder, "network.onnx")
        source.write_bytes(content)
        command = [sys.executable, "-m", "tf2onnx.convert", "--opset", str(OPSET)]
        command += ["--tflite", str(source), "--output", str(target)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 (no outside input)
        return onnx.load(target)


def rename_input(model: onnx.ModelProto, name: str) -> None:
    """Rename the only input, in place."""
    (value,) = model.graph.input
    _rename(model, value.name, name)
    value.name = name


def rename_output(model: onnx.ModelProto, index: int, name: str, shape: Shape) -> None:
    """Rename an output in place, and give it another shape over the same values."""
    value = model.graph.output[index]
    current = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
    if current == shape:
        _rename(model, value.name, name)
    else:
        target = numpy_helper.from_array(np.array(shape, np.int64), f"{name}_shape")
        model.graph.initializer.append(target)
        model.graph.node.append(helper.make_node("Reshape", [value.name, target.name], [name]))
    value.CopyFrom(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def _rename(model: onnx.ModelProto, old: str, new: str) -> None:
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]


def blazeface(content: bytes, anchors: int) -> onnx.ModelProto:
    """`pixels_norm` [1, side, side, 3] -> `boxes_px` [1, anchors, 16], `score_logits`."""
    model = convert_tflite(content)
    rename_input(model, "pixels_norm")
    rename_output(model, 0, "boxes_px", [1, anchors, 16])
    rename_output(model, 1, "score_logits", [1, anchors, 1])
    return model


def facemesh(content: bytes) -> onnx.ModelProto:
    """`pixels_norm` [1, 192, 192, 3] -> `landmarks_px` [1, 468, 3], `face_logit` [1, 1]."""
    model = convert_tflite(content)
    rename_input(model, "pixels_norm")
    rename_output(model, 0, "landmarks_px", [1, 468, 3])
    rename_output(model, 1, "face_logit", [1, 1])
    expand_prelu(model)
    return model
