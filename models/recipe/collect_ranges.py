"""Measure the activation ranges that the int8 build of age-resnet10 is made from.

    python collect_ranges.py AGE_V1.onnx CHIPS64.npy age-resnet10-ranges.json

CHIPS64.npy holds aligned faces, uint8 RGB (n, 64, 64, 3). Only two numbers per layer come out; the
pictures do not ship. Run with the recipe's own environment.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

import resnet10

BATCH = 32
SIGNIFICANT_DIGITS = 4
CLIP_SHARE = 1e-5
"""Share of a batch's values cut off at either end. A few in a million stretch the ranges of every
layer; with none cut, the worst chip changed by 8 years, with these by 4."""


def activation_ranges(
    model: onnx.ModelProto, feeds: NDArray[np.float32]
) -> dict[str, tuple[float, float]]:
    """Return tensor name -> (low, high), each rounded, over all of `feeds`.

    Args:
        model: float32 network with one input.
        feeds: its inputs, batch first.
    """
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    names = [name for node in model.graph.node for name in node.output]
    del watched.graph.output[:]
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(watched.SerializeToString(), options)
    input_name = model.graph.input[0].name
    lows, highs = [], []
    for start in range(0, len(feeds), BATCH):
        values = session.run(names, {input_name: feeds[start : start + BATCH]})
        lows.append([np.quantile(value, CLIP_SHARE) for value in values])
        highs.append([np.quantile(value, 1 - CLIP_SHARE) for value in values])
    # A batch's worst chip must not be clipped because others are tame, hence the extremes.
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    return {
        name: (_rounded(min(0.0, a)), _rounded(max(0.0, b)))  # zero itself must be representable
        for name, a, b in zip(names, low.tolist(), high.tolist(), strict=True)
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def planar(chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return chips (n, h, w, 3) as the folded network's input: float32 (n, 3, h, w), 0 to 1."""
    return np.ascontiguousarray(chips.transpose(0, 3, 1, 2), np.float32) / np.float32(256)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("chips", type=Path)
    parser.add_argument("ranges", type=Path)
    arguments = parser.parse_args()
    folded = resnet10.fold(onnx.load(arguments.model))
    ranges = activation_ranges(folded, planar(np.load(arguments.chips)))
    ranges[resnet10.PIXELS] = (0.0, 255 / 256)
    lines = [f'  "{name}": {json.dumps(ranges[name])}' for name in sorted(ranges)]
    arguments.ranges.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
