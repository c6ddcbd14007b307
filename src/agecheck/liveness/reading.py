"""What the cues see of one frame: a few numbers of the mesh and of the aligned chip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agecheck.ports import FaceMesh
from agecheck.vision import facemesh, warp
from agecheck.vision.alignment import patch

# MediaPipe's canonical mesh. Points on bone or gristle: nose, eye corners, brows, cheeks, edges.
_NOSE = (1, 2, 4, 5, 6, 168, 197, 195, 98, 327)
_BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
_CHEEKS = (50, 280, 116, 345, 123, 352, 205, 425)
_EDGES = (234, 454, 93, 323, 132, 361, 127, 356, 162, 389)
_FOREHEAD = (10, 151, 9, 8)
RIGID = np.array([*_NOSE, *facemesh.EYE_CORNERS, *_BROWS, *_CHEEKS, *_EDGES, *_FOREHEAD])
# (upper lid, lower lid) pairs, then the corners: left eye, right eye.
_LIDS = np.array([[159, 145], [158, 153], [386, 374], [385, 380]])
_CORNERS = facemesh.EYE_CORNERS.reshape(2, 2)
_SKIN = np.array([facemesh.LEFT_CHEEK, facemesh.RIGHT_CHEEK, 151, 205, 425])
_SKIN_RADIUS_PX = 5
_EYE_RADIUS_PX = 6  # on the chip, whose eyes are 42 px apart
_EYE_ROWS = slice(3, 10)  # an eye is half as high as it is wide
_THUMBNAIL_STEP = 4
_FACE_ROWS, _FACE_COLUMNS = slice(14, 102), slice(16, 96)  # of the chip


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FaceReading:
    """The numbers of one frame.

    Attributes:
        at_ms: the frame's time.
        rigid_norm: float64 (46, 2), the rigid points around the middle of the eyes, in eye
            distances.
        centre_px: the middle of the eyes in the frame.
        eye_distance_px: between the eye centres.
        height_px: from the forehead's top to the chin; nodding makes it smaller, never larger.
        asymmetry: where the nose tip lies between the face's edges, -1 to 1; positive towards
            picture right, which is the person's left.
        nod: where the nose tip lies between eye line and chin, 0 to 1; larger for a lowered head.
        eye_opening: height of the lid gap over the eye's width, mean of both eyes.
        eye_light: the darker tenth of the eyes' pixels over the skin's brightness. About 0.25 for
            open eyes and 0.5 for closed ones: an iris is dark, a lid is skin.
        skin_rgb: mean colour of cheeks and forehead, 0 to 255.
        thumbnail: float32 (22, 20), the face's luma with mean 0 and norm 1.
    """

    at_ms: int
    rigid_norm: NDArray[np.float64]
    centre_px: tuple[float, float]
    eye_distance_px: float
    height_px: float
    asymmetry: float
    nod: float
    eye_opening: float
    eye_light: float
    skin_rgb: tuple[float, float, float]
    thumbnail: NDArray[np.float32]


def read_face(mesh: FaceMesh, at_ms: int) -> FaceReading:
    """The numbers of one mesh."""
    points = mesh.points_px[:, :2].astype(np.float64)
    left_eye, right_eye = points[_CORNERS].mean(axis=1)
    centre = (left_eye + right_eye) / 2
    across = right_eye - left_eye
    eye_distance_px = max(float(np.hypot(*across)), 1.0)
    across = across / eye_distance_px
    down = np.array([-across[1], across[0]])
    nose, left, right = (
        points[[facemesh.NOSE_TIP, facemesh.LEFT_FACE_EDGE, facemesh.RIGHT_FACE_EDGE]] @ across
    )
    nose_down, chin_down = (points[[facemesh.NOSE_TIP, facemesh.CHIN]] - centre) @ down
    gaps = np.hypot(*(points[_LIDS[:, 0]] - points[_LIDS[:, 1]]).T).reshape(2, 2).mean(axis=1)
    widths = np.hypot(*(points[_CORNERS[:, 0]] - points[_CORNERS[:, 1]]).T)
    skin_rgb = _skin_rgb(mesh)
    return FaceReading(
        at_ms=at_ms,
        rigid_norm=(points[RIGID] - centre) / eye_distance_px,
        centre_px=(float(centre[0]), float(centre[1])),
        eye_distance_px=eye_distance_px,
        height_px=float(np.hypot(*(points[facemesh.CHIN] - points[facemesh.FOREHEAD_TOP]))),
        asymmetry=float(np.clip((2 * nose - left - right) / max(right - left, 1.0), -1, 1)),
        nod=float(np.clip(nose_down / max(chin_down, 1.0), -1, 2)),
        eye_opening=float((gaps / np.maximum(widths, 1.0)).mean()),
        eye_light=_eye_light(mesh) / max(sum(skin_rgb) / 3, 1.0),
        skin_rgb=skin_rgb,
        thumbnail=_thumbnail(mesh.chip_rgb),
    )


def _skin_rgb(mesh: FaceMesh) -> tuple[float, float, float]:
    total = np.zeros(3)
    for point in warp.apply(mesh.frame_to_chip, mesh.points_px[_SKIN][:, :2]).tolist():
        skin = patch(mesh.chip_rgb, point, _SKIN_RADIUS_PX)
        total += skin.reshape(-1, 3).sum(axis=0, dtype=np.float64) / skin[..., 0].size
    red, green, blue = (total / len(_SKIN)).tolist()
    return red, green, blue


def _eye_light(mesh: FaceMesh) -> float:
    total = 0.0
    for point in warp.apply(mesh.frame_to_chip, facemesh.eye_centres_px(mesh.points_px)).tolist():
        eye = patch(mesh.chip_rgb[..., 1], point, _EYE_RADIUS_PX)[_EYE_ROWS]
        values = np.partition(eye.ravel(), eye.size // 10)
        total += float(values[eye.size // 10]) / 2
    return total


def _thumbnail(chip_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    face = chip_rgb[_FACE_ROWS, _FACE_COLUMNS, 1].astype(np.float32)
    rows, columns = face.shape[0] // _THUMBNAIL_STEP, face.shape[1] // _THUMBNAIL_STEP
    small = face.reshape(rows, _THUMBNAIL_STEP, columns, _THUMBNAIL_STEP).mean(axis=(1, 3))
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-3))
