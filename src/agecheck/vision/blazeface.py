"""BlazeFace: what the network is fed, and how its anchors become faces.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs",
arXiv:1907.05047, and MediaPipe's face detection graphs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agecheck.pillow import image_of, pixels_of, size_of
from agecheck.ports import DetectedFace

if TYPE_CHECKING:
    from agecheck.ports import Picture

NMS_IOU_THRESHOLD = 0.3
"""MediaPipe's value for weighted non-maximum suppression."""
NUM_KEYPOINTS = 6


@dataclass(frozen=True, slots=True)
class BlazeFaceSpec:
    """Geometry of one BlazeFace network.

    Attributes:
        input_size_px: side of the square input.
        layers: (cells along one side of the grid, anchors in each cell), in output order.
        detection_score_threshold: anchors below this are dropped, 0 to 1.
    """

    input_size_px: int
    layers: tuple[tuple[int, int], ...]
    detection_score_threshold: float

    @cache  # noqa: B019 - the two specs live as long as the module
    def anchor_centres_norm(self) -> NDArray[np.float32]:
        """Anchor centres in units of the input's side: float32 (anchors, 2) as (x, y)."""
        grids = []
        for cells, per_cell in self.layers:
            ticks = (np.arange(cells) + 0.5) / cells
            y, x = np.meshgrid(ticks, ticks, indexing="ij")
            grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
        centres = np.concatenate(grids).astype(np.float32)
        centres.flags.writeable = False  # it is shared
        return centres


SHORT_RANGE = BlazeFaceSpec(128, ((16, 2), (8, 6)), detection_score_threshold=0.5)
"""Faces within about two metres. Strides 8, 16, 16, 16 with two anchors a cell and layer."""
FULL_RANGE = BlazeFaceSpec(192, ((48, 1),), detection_score_threshold=0.6)
"""Faces within about five metres. MediaPipe's score threshold for it is 0.6."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a frame was fitted into the square input: input = frame * scale + offset."""

    scale: float
    left_px: int
    top_px: int


def letterbox(
    frame: Picture, size_px: int, margin_share: float = 0.0
) -> tuple[NDArray[np.float32], Letterbox]:
    """Fit a frame into a black square without distorting it.

    Args:
        frame: an RGB image, or uint8 (height, width, 3).
        size_px: side of the square.
        margin_share: extra black border on every side, as a share of the frame's longer side.
            BlazeFace does not fire on a face that fills the whole picture.

    Returns:
        float32 (1, size_px, size_px, 3) in -1 to 1, and the fit.
    """
    height, width = size_of(frame)
    scale = size_px / (max(height, width) * (1 + 2 * margin_share))
    fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = image_of(frame).resize(fitted, Image.Resampling.BILINEAR, reducing_gap=2.0)
    left, top = (size_px - fitted[0]) // 2, (size_px - fitted[1]) // 2
    pixels = pixels_of(picture).astype(np.float32)
    pixels *= np.float32(1 / 127.5)
    pixels -= 1
    square = np.full((1, size_px, size_px, 3), -1, dtype=np.float32)
    square[0, top : top + fitted[1], left : left + fitted[0]] = pixels
    return square, Letterbox(scale, left, top)


def decode_faces(
    spec: BlazeFaceSpec,
    regressors: NDArray[np.float32],
    logits: NDArray[np.float32],
    fit: Letterbox,
) -> list[DetectedFace]:
    """Turn the network's output into faces, the surest first.

    Args:
        spec: the network's geometry.
        regressors: float32 (anchors, 16): box centre, box size, then six keypoints, in input
            pixels relative to the anchor's centre.
        logits: float32 (anchors,).
        fit: where the frame lies in the input.
    """
    threshold = spec.detection_score_threshold
    kept = np.flatnonzero(logits >= math.log(threshold / (1 - threshold)))
    if kept.size == 0:
        return []
    scores = np.asarray(1 / (1 + np.exp(-logits[kept])), dtype=np.float32)
    points = regressors[kept].reshape(-1, 2 + NUM_KEYPOINTS, 2)
    centres = points[:, 0].copy()
    sizes = points[:, 1].copy()
    points[:, 0] = centres - sizes / 2
    points[:, 1] = centres + sizes / 2
    points += spec.anchor_centres_norm()[kept][:, None] * np.float32(spec.input_size_px)
    # Infinities, NaN and boxes turned inside out are no faces, and would upset every comparison.
    usable = np.isfinite(points).all(axis=(1, 2)) & (sizes > 0).all(axis=1)
    merged = _weighted_nms(points[usable], scores[usable])
    shift = np.array([fit.left_px, fit.top_px], dtype=np.float32)
    faces = []
    for points_input_px, score in merged:
        frame_px = ((points_input_px - shift) / fit.scale).tolist()
        (left, top), (right, bottom), *rest = frame_px
        faces.append(
            DetectedFace((left, top, right, bottom), tuple((x, y) for x, y in rest), score)
        )
    return faces


def _weighted_nms(
    points: NDArray[np.float32], scores: NDArray[np.float32]
) -> list[tuple[NDArray[np.float32], float]]:
    """Merge overlapping detections into their score-weighted mean, as MediaPipe does.

    Args:
        points: (n, 8, 2): top-left, bottom-right, six keypoints.
        scores: (n,).
    """
    remaining = np.argsort(-scores, kind="stable")
    merged = []
    while remaining.size:
        candidates = points[remaining]
        overlaps = _iou_with_first(candidates[:, :2]) > NMS_IOU_THRESHOLD
        overlaps[0] = True  # rounding must not keep the best box from its own group
        weights = scores[remaining[overlaps]]
        group = candidates[overlaps].reshape(weights.size, -1)
        mean = (weights @ group) / weights.sum()
        merged.append((mean.reshape(points.shape[1:]), float(scores[remaining[0]])))
        remaining = remaining[~overlaps]
    return merged


def _iou_with_first(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of the first box with each of (n, 2, 2) boxes."""
    top_left, bottom_right = boxes[:, 0], boxes[:, 1]
    sides = bottom_right - top_left
    areas = sides[:, 0] * sides[:, 1]
    overlap = np.minimum(bottom_right, bottom_right[0]) - np.maximum(top_left, top_left[0])
    overlap = np.maximum(overlap, 0)
    intersection = overlap[:, 0] * overlap[:, 1]
    union = areas + areas[0] - intersection
    return np.asarray(intersection / np.maximum(union, 1e-9))
