"""Run the originals on the fixed inputs and write what they say to tests/golden/data/.

    PYTHONPATH=tests:models/recipe python -m golden.make_goldens

Run by `make goldens` in an environment of its own (requirements.txt beside this file): MediaPipe's
Python package, TensorFlow Lite's interpreter, and both age networks once more in TensorFlow. The
tests then need none of these.
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import mediapipe
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import fetch
from golden import inputs, mobilenet_tensorflow, tinyxception_tensorflow

REPOSITORY = Path(__file__).resolve().parents[2]
MANIFEST = REPOSITORY / "models" / "manifest.toml"
DOWNLOADS = REPOSITORY / "build" / "downloads"
BOX_STRIDE = 7  # every seventh anchor's box keeps the file small and touches every layer


def originals() -> dict[str, list[bytes]]:
    """Return the pinned source files of every model, in the manifest's order."""
    models = tomllib.loads(MANIFEST.read_text())["model"]
    return {m["id"]: [fetch.read_member(s, DOWNLOADS) for s in m["sources"]] for m in models}


def run_tflite(network: bytes, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return each output over the batch, the largest first; the network takes one at a time."""
    interpreter = tf.lite.Interpreter(model_content=network, num_threads=1)
    interpreter.allocate_tensors()
    (feed,) = interpreter.get_input_details()
    details = sorted(interpreter.get_output_details(), key=lambda d: -int(np.prod(d["shape"])))
    rows = []
    for picture in batch:
        interpreter.set_tensor(feed["index"], picture[None])
        interpreter.invoke()
        rows.append([interpreter.get_tensor(detail["index"]).copy() for detail in details])
    return [np.concatenate(column) for column in zip(*rows, strict=True)]


def tflite_goldens(sources: dict[str, list[bytes]]) -> dict[str, Any]:
    goldens: dict[str, Any] = {}
    for name, size_px in (("blazeface-short", 128), ("blazeface-full", 192)):
        batch = inputs.detector_inputs(size_px)
        boxes, logits = run_tflite(sources[name][0], batch)
        goldens[f"{name}/input"] = np.array(inputs.digest(batch))
        goldens[f"{name}/boxes_px"] = boxes[:, ::BOX_STRIDE]
        goldens[f"{name}/score_logits"] = logits
    batch = inputs.mesh_inputs()
    landmarks, logit = run_tflite(sources["facemesh"][0], batch)
    goldens["facemesh/input"] = np.array(inputs.digest(batch))
    goldens["facemesh/landmarks_px"] = landmarks.reshape(-1, 468, 3)
    goldens["facemesh/face_logit"] = logit.reshape(-1, 1)
    return goldens


def age_goldens(sources: dict[str, list[bytes]]) -> dict[str, Any]:
    chips, wide_chips = inputs.chips(112), inputs.chips(192)
    shard, graph = sources["age-mobilenet"]
    probabilities = mobilenet_tensorflow.probabilities(wide_chips, graph, shard)
    shard, weights_manifest = sources["age-tinyxception"]
    ages = tinyxception_tensorflow.ages_years(chips, weights_manifest, shard)
    return {
        "age-mobilenet/input": np.array(inputs.digest(wide_chips)),
        "age-mobilenet/probabilities": probabilities,
        "age-tinyxception/input": np.array(inputs.digest(chips)),
        "age-tinyxception/age_years": ages[:, None],
    }


def mediapipe_goldens() -> dict[str, Any]:
    """Return what MediaPipe's Python package finds, in shares of the picture's size."""
    sample, cat = inputs.rgb(inputs.SAMPLE), inputs.rgb(inputs.CAT)
    goldens: dict[str, Any] = {"mediapipe": mediapipe.__version__}
    for name, selection in (("blazeface-short", 0), ("blazeface-full", 1)):
        with mediapipe.solutions.face_detection.FaceDetection(
            min_detection_confidence=0.5, model_selection=selection
        ) as detector:
            found = detector.process(sample).detections or []
            goldens[name] = [_detection(detection) for detection in found]
            goldens[f"{name} cat"] = [
                _detection(detection) for detection in detector.process(cat).detections or []
            ]
    with mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=False
    ) as mesh:
        (face,) = mesh.process(sample).multi_face_landmarks
    goldens["facemesh"] = [[round(p.x, 6), round(p.y, 6), round(p.z, 6)] for p in face.landmark]
    return goldens


def _detection(detection: Any) -> dict[str, Any]:
    location = detection.location_data
    box = location.relative_bounding_box
    edges = (box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height)
    return {
        "score": round(detection.score[0], 6),
        "box_norm": [round(edge, 6) for edge in edges],
        "keypoints_norm": [[round(p.x, 6), round(p.y, 6)] for p in location.relative_keypoints],
    }


def main() -> None:
    inputs.DATA.mkdir(exist_ok=True)
    sources = originals()
    for name, goldens in (("tflite", tflite_goldens(sources)), ("ages", age_goldens(sources))):
        np.savez_compressed(inputs.DATA / f"{name}.npz", **goldens)
    found = mediapipe_goldens().items()
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found]
    (inputs.DATA / "mediapipe.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
