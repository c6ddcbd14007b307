"""Runs both detectors on pictures, behind the first stage of the seal as everywhere.

    python compare.py PICTURE...

Prints one JSON object: for each picture, and for each of the three detectors of a cascade, what
the ONNX runtime and what MediaPipe find.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from agecheck.adapters.blazeface import BlazeFaceDetector
from agecheck.models.store import ModelStore, mediapipe_models
from agecheck.ports import DetectedFace, FaceDetector
from agecheck.runtime import OnnxModel
from agecheck.seal import process, walls
from agecheck.vision.blazeface import FULL_RANGE, SHORT_RANGE

MARGIN_SHARE = 0.25


def detectors() -> dict[str, tuple[FaceDetector, FaceDetector]]:
    """Each with ONNX and with MediaPipe."""
    from agecheck.adapters.mediapipe_detector import MediaPipeDetector, MediaPipeNetwork

    store, tasks = ModelStore(), mediapipe_models()
    found: dict[str, tuple[FaceDetector, FaceDetector]] = {}
    for name, spec in (("short", SHORT_RANGE), ("full", FULL_RANGE)):
        entry = store.entry(f"blazeface-{name}")
        model = OnnxModel(entry, store.read(entry.id))
        network = MediaPipeNetwork(tasks.read(f"{entry.id}-task"), spec)
        network.start()
        for suffix, share in (("", 0.0), (" with margin", MARGIN_SHARE)):
            found[name + suffix] = (
                BlazeFaceDetector(model, spec, margin_share=share),
                MediaPipeDetector(network, margin_share=share),
            )
    del found["full with margin"]
    return found


def stated(faces: Sequence[DetectedFace]) -> list[dict[str, Any]]:
    return [
        {"box_px": face.box_px, "keypoints_px": face.keypoints_px, "score": face.score}
        for face in faces
    ]


def main() -> None:
    walls.first_stage()
    if process.can_open_socket():
        raise SystemExit("the first stage does not stand")
    both = detectors()
    findings = {}
    for path in sys.argv[1:]:
        with Image.open(path) as picture:
            frame = np.asarray(picture.convert("RGB"))
        findings[path] = {
            name: {"onnx": stated(onnx.detect(frame)), "mediapipe": stated(other.detect(frame))}
            for name, (onnx, other) in both.items()
        }
    print(json.dumps(findings), flush=True)
    os._exit(0)  # MediaPipe's threads are in no hurry to end


if __name__ == "__main__":
    main()
