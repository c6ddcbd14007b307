"""MediaPipe's detector finds what the ONNX detector finds: same networks, same faces."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

COMPARE = Path(__file__).with_name("compare.py")
MIN_BOX_IOU = 0.8
"""Measured: 0.934. MediaPipe gives boxes in whole pixels, four to one of the network's."""
MAX_EYE_OFFSET_SHARE = 0.03
"""Of the distance between the eyes. Measured: 0.000003."""
MAX_SCORE_CHANGE = 0.001
EXPECTED_FACES = 80
"""Over all pictures and networks; measured: 100."""

Findings = dict[str, dict[str, dict[str, list[dict[str, Any]]]]]


@pytest.fixture(scope="module")
def findings(pictures: dict[str, Path]) -> Findings:
    """Picture -> network -> runtime -> faces."""
    names = {str(path): name for name, path in pictures.items()}
    return {names[path]: found for path, found in compare(*names).items()}


def compare(*paths: str) -> Findings:
    """In a process of its own: MediaPipe is loaded behind the first stage only."""
    ran = subprocess.run(  # noqa: S603
        [sys.executable, str(COMPARE), *paths], capture_output=True, text=True, check=True
    )
    findings: Findings = json.loads(ran.stdout)
    return findings


def pairs(findings: Findings) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each face as both runtimes see it."""
    for picture, by_network in findings.items():
        for network, found in by_network.items():
            for onnx, other in zip(found["onnx"], found["mediapipe"], strict=True):
                yield f"{picture}, {network}", onnx, other


def iou(a: list[float], b: list[float]) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return width * height / (sum(areas) - width * height)


def test_as_many_faces_are_found(findings: Findings) -> None:
    """No network fires in one runtime and not in the other, on any of the pictures."""
    numbers = {
        (picture, network): (len(found["onnx"]), len(found["mediapipe"]))
        for picture, by_network in findings.items()
        for network, found in by_network.items()
    }
    assert {key: both for key, both in numbers.items() if both[0] != both[1]} == {}
    assert sum(onnx for onnx, _ in numbers.values()) >= EXPECTED_FACES


def test_boxes_agree(findings: Findings) -> None:
    """The box sets the crop that the mesh is found in, at the picture's border as well."""
    overlaps = {name: iou(a["box_px"], b["box_px"]) for name, a, b in pairs(findings)}
    assert {name: value for name, value in overlaps.items() if value < MIN_BOX_IOU} == {}


def test_eyes_agree(findings: Findings) -> None:
    """The eyes say how far away and how upright a face is."""
    offsets = {}
    for name, onnx, other in pairs(findings):
        distance_px = math.dist(*onnx["keypoints_px"][:2])
        both = zip(onnx["keypoints_px"][:2], other["keypoints_px"][:2], strict=True)
        offsets[name] = max(math.dist(a, b) for a, b in both) / distance_px
    assert {name: share for name, share in offsets.items() if share > MAX_EYE_OFFSET_SHARE} == {}


def test_scores_agree(findings: Findings) -> None:
    """The same threshold means the same in both runtimes."""
    changes = {name: abs(a["score"] - b["score"]) for name, a, b in pairs(findings)}
    assert {name: value for name, value in changes.items() if value > MAX_SCORE_CHANGE} == {}


def test_neither_finds_a_face_on_the_cat(cat: Path) -> None:
    """The negative control."""
    (found,) = compare(str(cat)).values()
    assert found == {network: {"onnx": [], "mediapipe": []} for network in found}
