"""Rebuild every shipped model from its pinned packages and compare digests with the manifest.

python build.py             rebuild, compare; exit 0 only when every digest is equal
python build.py --update    rebuild, ship the result and write its digests to the manifest
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import onnx

import convert
import fetch
import mobilenet
import quantise
import task_metadata
import tfjs_weights
import tinyxception
from tidy import tidy

RECIPE = Path(__file__).resolve().parent
REPOSITORY = RECIPE.parents[1]
SHIPPED = REPOSITORY / "src" / "agecheck" / "models" / "data"
MANIFEST = SHIPPED / "manifest.toml"
FOLDERS = SHIPPED, SHIPPED / "mediapipe"
RANGES = RECIPE / "age-mobilenet-ranges.json"


def _age_mobilenet(weights: bytes, graph: bytes) -> onnx.ModelProto:
    network = mobilenet.network(tfjs_weights.read_weights(graph, weights))
    ranges = json.loads(RANGES.read_text())
    return mobilenet.add_uint8_input(
        quantise.quantise(network, ranges, exclude=mobilenet.float_nodes())
    )


def _age_tinyxception(weights: bytes, weights_manifest: bytes) -> onnx.ModelProto:
    return tinyxception.build(tfjs_weights.read_weights(weights_manifest, weights))


# Each takes the bytes of its sources in the manifest's order.
BUILDERS: dict[str, Callable[..., onnx.ModelProto]] = {
    "blazeface-short": lambda tflite: convert.blazeface(tflite, anchors=896),
    "blazeface-full": lambda tflite: convert.blazeface(tflite, anchors=2304),
    "facemesh": convert.facemesh,
    "age-mobilenet": _age_mobilenet,
    "age-tinyxception": _age_tinyxception,
}
TASK_BUILDERS: dict[str, Callable[[bytes], bytes]] = {
    "blazeface-short-task": task_metadata.with_normalisation,
    "blazeface-full-task": task_metadata.with_normalisation,
}


def build(entry: dict[str, object], downloads: Path) -> bytes:
    """Return the file of one [[model]] table of a manifest."""
    identifier, sources = str(entry["id"]), entry["sources"]
    if not isinstance(sources, list):
        raise TypeError(f"{identifier}: sources must be a list of tables")
    contents = [fetch.read_member(source, downloads) for source in sources]
    if identifier in TASK_BUILDERS:
        return TASK_BUILDERS[identifier](*contents)
    model = tidy(BUILDERS[identifier](*contents), identifier)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _updated(manifest: str, identifier: str, content: bytes) -> str:
    """Return the manifest's text with one model's sha256 and size replaced."""
    digest = hashlib.sha256(content).hexdigest()
    pattern = rf'(id = "{identifier}"\n.*?\nsha256 = )"[^"]*"(\nbytes = )\d+'
    text, count = re.subn(
        pattern, rf'\g<1>"{digest}"\g<2>{len(content)}', manifest, count=1, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"{identifier}: no sha256 and bytes lines in the manifest")
    return text


def _rebuild(folder: Path, out: Path, downloads: Path, update: bool) -> list[str]:
    """Rebuild what one folder ships; the ids of those models that differ from its manifest."""
    text = (folder / MANIFEST.name).read_text()
    differing = []
    for entry in tomllib.loads(text)["model"]:
        content = build(entry, downloads)
        (out / entry["file"]).write_bytes(content)
        equal = hashlib.sha256(content).hexdigest() == entry["sha256"]
        print(f"{entry['id']:20} {len(content):>9,} bytes  {'equal' if equal else 'DIFFERS'}")
        if not equal:
            differing.append(entry["id"])
        if update:
            (folder / entry["file"]).write_bytes(content)
            text = _updated(text, entry["id"], content)
    if update:
        (folder / MANIFEST.name).write_text(text)
    return differing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="ship the result")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "models")
    parser.add_argument("--downloads", type=Path, default=REPOSITORY / "build" / "downloads")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    differing = [
        identifier
        for folder in FOLDERS
        for identifier in _rebuild(folder, arguments.out, arguments.downloads, arguments.update)
    ]
    if arguments.update:
        print("manifests updated")
        return 0
    if differing:
        print(f"digests differ: {', '.join(differing)}", file=sys.stderr)
        return 1
    print("digests equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
