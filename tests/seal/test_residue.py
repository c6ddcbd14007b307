"""What a worker's memory holds of a picture after the check."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from agecheck.bootstrap import build_estimator, build_pipeline
from agecheck.calibration import shipped_calibration
from agecheck.models.store import ModelStore
from agecheck.pipeline import DETECTION_SHORT_SIDE_PX, select_face
from agecheck.ports import DetectedFace
from agecheck.seal.channel import Task, TaskKind, pair, send_task
from agecheck.seal.memory import sealed_memfd
from agecheck.seal_state import Wall
from seal import residue_worker

PORTRAIT = Path(__file__).parents[1] / "pictures" / "astronaut.png"
N_PATTERNS = 12
PATTERN_BYTES = 64
TIME_LIMIT_S = 60.0


def selfie() -> bytes:
    encoded = io.BytesIO()
    with Image.open(PORTRAIT) as portrait:
        portrait.convert("RGB").resize((1024, 1024)).save(encoded, "JPEG", quality=92)
    return encoded.getvalue()


def patterns_of(data: bytes) -> list[str]:
    """Stretches that occur nowhere by chance, scrambled, in hex."""
    draw = random.Random(7)  # noqa: S311
    patterns: list[str] = []
    while len(patterns) < N_PATTERNS:
        start = draw.randrange(len(data) - PATTERN_BYTES)
        stretch = data[start : start + PATTERN_BYTES]
        if len(set(stretch)) >= PATTERN_BYTES // 4:
            patterns.append(bytes(b ^ residue_worker.SCRAMBLE for b in stretch).hex())
    return patterns


def patterns_of_check(picture: bytes) -> dict[str, list[str]]:
    """Of everything that shows the person on the way from the bytes to the estimate."""
    store = ModelStore()
    estimator = build_estimator(store, shipped_calibration().fusion)
    pipeline = build_pipeline(store, estimator)
    frame = pipeline.reader.open(picture).decode(DETECTION_SHORT_SIDE_PX)
    face = select_face(pipeline.detectors[0].detect(frame))
    assert isinstance(face, DetectedFace)
    mesh = pipeline.landmarker.locate(frame, face)
    assert mesh is not None
    return {
        "encoded": patterns_of(picture[2000:-2000]),
        "frame": patterns_of(frame.tobytes()),
        "frame in Pillow's four bytes a pixel": patterns_of(frame.convert("RGBA").tobytes()),
        "aligned chip": patterns_of(mesh.chip_rgb.tobytes()),
        "aligned chip at the finer scale": patterns_of(
            estimator.align(frame, mesh).wide_chip_rgb.tobytes()
        ),
        "landmarks": patterns_of(mesh.points_px.tobytes()),
    }


def left_after_check(mode: str) -> dict[str, Any]:
    """Run one check in a worker of residue_worker.py, and what it then found."""
    picture = selfie()
    ours, theirs = pair()
    ours.settimeout(TIME_LIMIT_S)
    with theirs:
        program = subprocess.Popen(  # noqa: S603
            [sys.executable, residue_worker.__file__, str(theirs.fileno()), mode],
            stdin=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
    with program, ours:
        assert program.stdin is not None
        program.stdin.write(json.dumps(patterns_of_check(picture)).encode())
        program.stdin.close()
        assert ours.recv(2) == bytes([len(Wall)])  # all walls stand
        send_task(ours, Task(TaskKind.ENCODED, len(picture)), sealed_memfd(picture))
        assert ours.recv(2) == b"\x01"  # OVER: the whole way was gone
        report = b""
        while byte := ours.recv(2):
            report += byte
    left: dict[str, Any] = json.loads(report)
    return left


@pytest.fixture(scope="module")
def overwritten() -> dict[str, Any]:
    return left_after_check("overwrite")


def test_nothing_of_the_picture_is_left(overwritten: dict[str, Any]) -> None:
    """Neither our buffers nor those that the libraries gave back hold the face any more."""
    assert overwritten["found"] == dict.fromkeys(overwritten["found"], 0), overwritten["where"]


def test_the_search_finds_what_is_left() -> None:
    """Without overwriting, the same search does find the picture: it is able to fail."""
    left = left_after_check("keep")
    assert left["found"]["encoded"] > 0
    assert sum(left["found"].values()) > left["found"]["encoded"]
    assert left["searched_mib"] > 30
