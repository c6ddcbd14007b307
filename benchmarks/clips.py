"""A living person, rendered: the sample portrait turned, moved, lit and blinking by its own mesh.

Generated, not filmed: what holds on these clips holds for their physics (depth, light, order,
time), and says nothing about cameras, skins and rooms that they do not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from agecheck.adapters.blazeface import BlazeFaceDetector
from agecheck.adapters.facemesh import FaceMeshLandmarker
from agecheck.models.store import ModelStore
from agecheck.runtime import OnnxModel
from agecheck.vision import facemesh
from agecheck.vision.blazeface import SHORT_RANGE

FloatArray = NDArray[np.float64]
Frame = NDArray[np.uint8]
PORTRAIT = Path(__file__).parent.parent / "tests" / "pictures" / "astronaut.png"
SIZE_PX = (480, 640)
EYE_DISTANCE_PX = 78.0
_GRID_STEP_PX = 20
_DEPTH_GAIN = 1.7
"""The mesh is flatter than a head; with this the mesh of a turned clip reads as in real ones: a
homography residual of 0.12 and more (agecheck.liveness.flatness)."""
_UPPER_LIDS = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133),
    (362, 398, 384, 385, 386, 387, 388, 466, 263),
)
_LOWER_LIDS = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
    (362, 382, 381, 380, 374, 373, 390, 249, 263),
)
_BROWS = (105, 334)


@dataclass(frozen=True)
class Pose:
    """Where a head is at one moment. Angles in degrees; yaw towards picture right.

    Attributes:
        scale: 1 for eyes EYE_DISTANCE_PX apart.
        shift_px: of the head, in the frame.
        closed: how far the lids are down, 0 to 1.
        light_rgb: the screen's colour on the face, 0 to 1 each.
        gain: of the whole exposure.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    scale: float = 1.0
    shift_px: tuple[float, float] = (0.0, 0.0)
    closed: float = 0.0
    light_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gain: float = 1.0


@dataclass(frozen=True)
class Look:
    """What stays the same through a clip.

    Attributes:
        light_share: how strongly the screen's light shows on the face against the room's.
        noise: standard deviation of the sensor's noise, in levels.
        glasses: whether rims are drawn onto the face.
        mirrored, stretch, tone_rgb: another person's face, roughly: for a swap.
    """

    light_share: float = 0.10
    noise: float = 2.5
    glasses: bool = False
    mirrored: bool = False
    stretch: float = 1.0
    tone_rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Scene:
    """The portrait at the frame's size, its mesh, and the depth on a grid."""

    picture: Image.Image
    points_px: NDArray[np.float32]
    closed: tuple[Image.Image, ...]
    grid_px: FloatArray
    depth_px: FloatArray
    face_share: FloatArray
    centre_px: FloatArray
    head_mask: Image.Image


@cache
def scene(glasses: bool = False, mirrored: bool = False, stretch: float = 1.0) -> Scene:
    """The sample portrait as a scene in front of a camera."""
    with Image.open(PORTRAIT) as opened:
        portrait = opened.convert("RGB")
    if mirrored:
        portrait = portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    eyes = facemesh.eye_centres_px(_mesh_of(portrait))
    middle = eyes.mean(axis=0)
    scale = EYE_DISTANCE_PX / float(np.hypot(*(eyes[1] - eyes[0])))
    height, width = SIZE_PX
    target = (width / 2, height * 0.42)
    inverse = (
        1 / (scale * stretch), 0, middle[0] - target[0] / (scale * stretch),
        0, 1 / scale, middle[1] - target[1] / scale,
    )  # fmt: skip
    # Beyond the portrait's edge its border is repeated: a wall behind.
    padded = np.pad(np.asarray(portrait), ((200, 200), (200, 200), (0, 0)), mode="edge")
    data = (inverse[0], 0, inverse[2] + 200, 0, inverse[4], inverse[5] + 200)
    picture = Image.fromarray(padded).transform(
        (width, height), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC
    )
    points = _mesh_of(picture)
    if glasses:
        picture = _with_rims(picture, points)
    closed = tuple(_with_lids(picture, points, share) for share in (0.0, 0.35, 0.7, 0.95))
    grid, depth, share = _depth_grid(points)
    return Scene(
        picture, points, closed, grid, depth, share,
        points[:, :2].mean(axis=0).astype(np.float64), _head_mask(points),
    )  # fmt: skip


def render(look: Look, pose: Pose, rng: np.random.Generator) -> Frame:
    """One frame: uint8 RGB of SIZE_PX."""
    of = scene(look.glasses, look.mirrored, look.stretch)
    source = of.closed[round(min(max(pose.closed, 0.0), 1.0) * (len(of.closed) - 1))]
    lit = _lit(source, of, look, pose)
    return noisy(np.asarray(lit.transform(
        lit.size, Image.Transform.MESH, _mesh_data(of, pose), Image.Resampling.BILINEAR
    )), look.noise, rng)  # fmt: skip


def noisy(frame: Frame, noise: float, rng: np.random.Generator) -> Frame:
    """With the noise of a sensor: no two frames are equal."""
    patterns = _noise_patterns(frame.shape[0], frame.shape[1])
    pattern = patterns[rng.integers(len(patterns))]
    pattern = np.roll(pattern, tuple(rng.integers(0, frame.shape[:2]).tolist()), (0, 1))
    seen = np.clip(frame + pattern[:, :, None] * np.float32(noise), 0, 255)
    return np.asarray(seen, dtype=np.uint8)


@cache
def _noise_patterns(height_px: int, width_px: int) -> NDArray[np.float32]:
    random = np.random.default_rng(7)
    return random.standard_normal((8, height_px, width_px), np.float32)


def _lit(source: Image.Image, of: Scene, look: Look, pose: Pose) -> Image.Image:
    tone = [share * pose.gain for share in look.tone_rgb]
    room = _gained(source, tone)
    if not any(pose.light_rgb):
        return room
    gains = [t * (1 + c * look.light_share) for t, c in zip(tone, pose.light_rgb, strict=True)]
    return Image.composite(_gained(source, gains), room, of.head_mask)


def _gained(picture: Image.Image, gains: list[float]) -> Image.Image:
    if all(gain == 1 for gain in gains):
        return picture
    return picture.point([min(255, round(level * gain)) for gain in gains for level in range(256)])


def _mesh_data(of: Scene, pose: Pose) -> list[tuple[tuple[int, int, int, int], tuple[float, ...]]]:
    """For each cell of the result, where its corners come from."""
    rows, columns = of.grid_px.shape[:2]
    targets = of.grid_px.reshape(-1, 2)
    centre = of.centre_px
    roll = np.radians(pose.roll_deg)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    back = (targets - centre - np.array(pose.shift_px)) @ turn / pose.scale + centre
    yaw, pitch = np.radians(pose.yaw_deg), np.radians(pose.pitch_deg)
    sources = back.copy()
    for _ in range(10):
        depth, face = _sample(of, sources)
        # Beside the head nothing turns; the neck and the hair follow in part.
        away = sources - centre
        moved_x = centre[0] + away[:, 0] * np.cos(yaw) - depth * np.sin(yaw)
        moved_y = centre[1] + away[:, 1] * np.cos(pitch) - depth * np.sin(pitch)
        forward = sources + face[:, None] * (np.stack([moved_x, moved_y], axis=1) - sources)
        sources = sources + 0.7 * (back - forward)
    # What would lie beyond the picture repeats its border.
    sources = np.clip(sources, 1, np.array([SIZE_PX[1], SIZE_PX[0]]) - 2)
    sources = sources.reshape(rows, columns, 2)
    data = []
    for row in range(rows - 1):
        for column in range(columns - 1):
            box = (
                column * _GRID_STEP_PX, row * _GRID_STEP_PX,
                (column + 1) * _GRID_STEP_PX, (row + 1) * _GRID_STEP_PX,
            )  # fmt: skip
            corners = sources[
                [row, row + 1, row + 1, row], [column, column, column + 1, column + 1]
            ]
            data.append((box, tuple(corners.ravel().tolist())))
    return data


def _sample(of: Scene, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Depth and share of the face at any places, bilinear on the grid."""
    rows, columns = of.depth_px.shape
    x = np.clip(points[:, 0] / _GRID_STEP_PX, 0, columns - 1.001)
    y = np.clip(points[:, 1] / _GRID_STEP_PX, 0, rows - 1.001)
    left, top = x.astype(np.intp), y.astype(np.intp)
    fx, fy = x - left, y - top

    def at(values: FloatArray) -> FloatArray:
        upper = values[top, left] * (1 - fx) + values[top, left + 1] * fx
        lower = values[top + 1, left] * (1 - fx) + values[top + 1, left + 1] * fx
        return np.asarray(upper * (1 - fy) + lower * fy)

    return at(of.depth_px), at(of.face_share)


def _depth_grid(points: NDArray[np.float32]) -> tuple[FloatArray, FloatArray, FloatArray]:
    height, width = SIZE_PX
    x = np.arange(0, width + 1, _GRID_STEP_PX, dtype=np.float64)
    y = np.arange(0, height + 1, _GRID_STEP_PX, dtype=np.float64)
    grid = np.stack(np.meshgrid(x, y), axis=2)
    squared = ((grid[:, :, None] - points[None, None, :, :2]) ** 2).sum(axis=3)
    weights = np.exp(-squared / (2 * 12.0**2))
    total = weights.sum(axis=2)
    depth = (weights @ (points[:, 2] - points[:, 2].mean())) / (total + 0.02) * _DEPTH_GAIN
    nearest_px = np.sqrt(squared.min(axis=2))
    share = np.clip(1 - (nearest_px - 20) / 90, 0, 1)
    return grid, depth, share


def _head_mask(points: NDArray[np.float32]) -> Image.Image:
    x, y = points[:, 0], points[:, 1]
    mask = Image.new("L", (SIZE_PX[1], SIZE_PX[0]))
    box = (float(x.min()) - 25, float(y.min()) - 50, float(x.max()) + 25, float(y.max()) + 25)
    ImageDraw.Draw(mask).ellipse(box, 255)
    return mask.resize((80, 60)).resize(mask.size)


def _with_lids(picture: Image.Image, points: NDArray[np.float32], share: float) -> Image.Image:
    """Upper lids drawn down over the eyes by stretching the skin above them."""
    if share == 0:
        return picture
    source = np.asarray(picture).astype(np.float32)
    result = source.copy()
    for upper, lower, brow in zip(_UPPER_LIDS, _LOWER_LIDS, _BROWS, strict=True):
        above, below = (points[list(lid), :2] for lid in (upper, lower))
        top = float(points[brow, 1]) + 3
        for column in range(int(above[0, 0]), int(above[-1, 0]) + 1):
            lid_y = np.interp(column + 0.5, above[:, 0], above[:, 1]) - 2
            edge_y = np.interp(column + 0.5, below[:, 0], below[:, 1])
            down_y = lid_y + (edge_y - lid_y) * share
            rows = np.arange(int(top), int(np.ceil(down_y)))
            wanted = top + (rows - top) * (lid_y - top) / max(down_y - top, 1.0)
            low = np.floor(wanted).astype(np.intp)
            part = (wanted - low)[:, None]
            result[rows, column] = source[low, column] * (1 - part) + source[low + 1, column] * part
            result[max(int(down_y) - 1, 0) : int(down_y) + 1, column] *= 0.55  # lashes
    return Image.fromarray(np.clip(result, 0, 255).astype(np.uint8))


def _with_rims(picture: Image.Image, points: NDArray[np.float32]) -> Image.Image:
    framed = picture.copy()
    draw = ImageDraw.Draw(framed)
    eyes = facemesh.eye_centres_px(points).tolist()
    for x, y in eyes:
        draw.rounded_rectangle((x - 32, y - 22, x + 32, y + 24), 10, outline=(45, 32, 28), width=4)
    draw.line((eyes[0][0] + 32, eyes[0][1], eyes[1][0] - 32, eyes[1][1]), (45, 32, 28), 4)
    return framed


@cache
def _networks() -> tuple[BlazeFaceDetector, FaceMeshLandmarker]:
    store = ModelStore()
    short, mesh = (
        OnnxModel(store.entry(name), store.read(name)) for name in ("blazeface-short", "facemesh")
    )
    return BlazeFaceDetector(short, SHORT_RANGE), FaceMeshLandmarker(mesh)


def _mesh_of(picture: Image.Image) -> NDArray[np.float32]:
    detector, landmarker = _networks()
    mesh = landmarker.locate(picture, detector.detect(picture)[0])
    if mesh is None:
        raise RuntimeError("the shipped models find no face in the sample portrait")
    return mesh.points_px
