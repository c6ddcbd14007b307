"""Measure what int8 changes in the two age networks: years, and milliseconds on one thread.

    python measure_int8.py CHIPS192.npy CHIPS112.npy

Both files hold aligned faces, uint8 RGB (n, side, side, 3). The activation ranges are taken on the
even-numbered chips and the change is measured on the odd-numbered ones; the shipped age-mobilenet,
whose ranges are committed, is measured on all. Prints one line for each variant. Run with the
recipe's own environment; packages are fetched to build/downloads/ if they are not there.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

import build
import fetch
import mobilenet
import quantise
import tfjs_weights
import tinyxception
from chip_input import CHIPS_INPUT
from collect_ranges import activation_ranges

ROUNDS = 200
Chips = NDArray[np.uint8]
Ages = Callable[[NDArray[np.generic]], NDArray[np.float64]]


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def runner(model: onnx.ModelProto) -> Ages:
    """Return a function from a batch of inputs to ages in years."""
    ready = session(model)
    name = ready.get_inputs()[0].name

    def ages(feeds: NDArray[np.generic]) -> NDArray[np.float64]:
        (values,) = ready.run(None, {name: feeds})
        if values.shape[1] == 1:
            return np.asarray(values[:, 0], np.float64)
        return mobilenet.ages_years(values)

    return ages


def report(reference: Ages, variants: dict[str, tuple[Ages, Chips]]) -> None:
    """Print the change against `reference`, and times of one chip, measured in turns."""
    times_ms: dict[str, list[float]] = {name: [] for name in ("fp32", *variants)}
    chip = next(iter(variants.values()))[1][:1]
    for _ in range(ROUNDS):
        for name, ages in (("fp32", reference), *((n, v[0]) for n, v in variants.items())):
            start = time.perf_counter()
            ages(chip)
            times_ms[name].append((time.perf_counter() - start) * 1e3)
    print(f"  {'fp32':34} {'':44} {statistics.median(times_ms['fp32']):5.2f} ms")
    for name, (ages, chips) in variants.items():
        change = ages(chips) - reference(chips)
        size = np.abs(change)
        print(
            f"  {name:34} mean |change| {size.mean():5.2f}  mean {change.mean():+6.2f}"
            f"  95 % {np.quantile(size, 0.95):5.2f}  {statistics.median(times_ms[name]):5.2f} ms"
            f"  ({len(chips)} chips)"
        )


def with_bytes(network: onnx.ModelProto, ages: Ages) -> Ages:
    """Let a network over `pixels_norm` be asked with chips."""
    if network.graph.input[0].name == CHIPS_INPUT:
        return ages
    return lambda chips: ages(mobilenet.planar(np.asarray(chips, np.uint8)))


def measure_mobilenet(weights: bytes, graph: bytes, chips: Chips) -> None:
    network = mobilenet.network(tfjs_weights.read_weights(graph, weights))
    ranges = activation_ranges(network, mobilenet.planar(chips[::2]))
    ranges[mobilenet.PIXELS] = mobilenet.PIXEL_RANGE

    def variant(exclude: list[str]) -> tuple[Ages, Chips]:
        int8 = quantise.quantise(network, ranges, exclude=exclude)
        return with_bytes(int8, runner(int8)), chips[1::2]

    shipped = onnx.load(build.SHIPPED / "age-mobilenet.onnx")
    print("age-mobilenet")
    report(
        with_bytes(network, runner(network)),
        {
            "int8, every layer": variant([]),
            "int8, ranges of the other half": variant(mobilenet.float_nodes()),
            "int8 as shipped": (runner(shipped), chips),
        },
    )


def measure_tinyxception(weights_manifest: bytes, weights: bytes, chips: Chips) -> None:
    arrays = tfjs_weights.read_weights(weights_manifest, weights)
    network = tinyxception.network(arrays)
    mean = np.array(tinyxception.MEAN_RGB, np.float32)

    def feeds(some: NDArray[np.generic]) -> NDArray[np.float32]:
        normalised = (some.astype(np.float32) - mean) / np.float32(tinyxception.SCALE)
        return np.ascontiguousarray(normalised.transpose(0, 3, 1, 2))

    ranges = activation_ranges(network, feeds(chips[::2]))
    images = feeds(chips[::2])
    ranges["images"] = (float(images.min()), float(images.max()))
    names = [node.name for node in network.graph.node]
    depthwise = [name for name in names if name.endswith("/depthwise")]
    head = [name for name in names if name.startswith("exit_flow")]
    entry = [name for name in names if name.startswith("entry_flow/reduction_block_0")]
    first = ["entry_flow/conv_in"]
    layers = ["Conv", "Add", "Relu", "MaxPool"]

    def variant(exclude: list[str]) -> tuple[Ages, Chips]:
        int8 = quantise.quantise(network, ranges, operators=layers, exclude=exclude)
        ages = runner(int8)
        return (lambda some: ages(feeds(some))), chips[1::2]

    reference = runner(network)
    print("age-tinyxception")
    report(
        lambda some: reference(feeds(some)),
        {
            "int8": variant([]),
            "int8 but the depthwise layers": variant(depthwise),
            "int8 but the exit flow": variant(head),
            "int8 middle only": variant(head + first + entry),
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chips192", type=Path)
    parser.add_argument("chips112", type=Path)
    parser.add_argument("--downloads", type=Path, default=build.REPOSITORY / "build" / "downloads")
    arguments = parser.parse_args()
    models = tomllib.loads(build.MANIFEST.read_text())["model"]
    contents = {
        entry["id"]: [fetch.read_member(source, arguments.downloads) for source in entry["sources"]]
        for entry in models
        if entry["id"].startswith("age-")
    }
    weights, graph = contents["age-mobilenet"]
    measure_mobilenet(weights, graph, np.load(arguments.chips192))
    weights, weights_manifest = contents["age-tinyxception"]
    measure_tinyxception(weights_manifest, weights, np.load(arguments.chips112))


if __name__ == "__main__":
    main()
