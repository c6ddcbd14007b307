"""Hold age-mobilenet's float32 graph against the goldens: is it written by hand as published?

    PYTHONPATH=tests python against_goldens.py

The tests can hold only the shipped file against them, which int8 has moved by some years. Exit
code 1 if one age differs by more than TOLERANCE_YEARS. Run by `make models`, after the build.
"""

from __future__ import annotations

import sys
import tomllib

import numpy as np
import onnxruntime

import build
import fetch
import mobilenet
import tfjs_weights
from golden import inputs

TOLERANCE_YEARS = 0.001


def main() -> None:
    models = tomllib.loads(build.MANIFEST.read_text())["model"]
    (sources,) = (entry["sources"] for entry in models if entry["id"] == "age-mobilenet")
    downloads = build.REPOSITORY / "build" / "downloads"
    weights, graph = (fetch.read_member(source, downloads) for source in sources)
    network = mobilenet.network(tfjs_weights.read_weights(graph, weights))
    session = onnxruntime.InferenceSession(network.SerializeToString())
    chips = inputs.chips(mobilenet.CHIP_SIDE_PX)
    with np.load(inputs.DATA / "ages.npz") as goldens:
        if inputs.digest(chips) != str(goldens["age-mobilenet/input"]):
            sys.exit("the goldens were made from other chips")
        published = mobilenet.ages_years(goldens["age-mobilenet/probabilities"])
    (probabilities,) = session.run(None, {mobilenet.PIXELS: mobilenet.planar(chips)})
    off_years = float(np.abs(mobilenet.ages_years(probabilities) - published).max())
    print(f"age-mobilenet in float32: at most {off_years:.6f} years from the published one")
    if not off_years <= TOLERANCE_YEARS:
        sys.exit("the graph is not the published one")


if __name__ == "__main__":
    main()
