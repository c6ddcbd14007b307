"""Makes the pictures that a check must refuse, or must not, out of the sample portrait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from agecheck.ports import FaceMesh
from agecheck.vision import facemesh

_GRID_STEP_PX = 4
_DEPTH_BLUR_PX = 9.0


@dataclass(frozen=True)
class Portrait:
    """The sample selfie and the mesh of the face in it."""

    picture: Image.Image
    mesh: FaceMesh

    @property
    def points_px(self) -> NDArray[np.float32]:
        return self.mesh.points_px

    @property
    def eyes_px(self) -> NDArray[np.float32]:
        return facemesh.eye_centres_px(self.points_px)

    @property
    def eye_distance_px(self) -> float:
        return facemesh.inter_eye_distance_px(self.points_px)


def scaled_to_eye_distance(portrait: Portrait, eye_distance_px: float) -> Image.Image:
    """The same picture with fewer or more pixels."""
    scale = eye_distance_px / portrait.eye_distance_px
    width_px, height_px = portrait.picture.size
    size = (round(width_px * scale), round(height_px * scale))
    return portrait.picture.resize(size, Image.Resampling.LANCZOS)


def exposed(portrait: Portrait, gain: float) -> Image.Image:
    """More or less light on the sensor; what exceeds its range is lost."""
    return portrait.picture.point(lambda value: min(255, int(value * gain)))


def blurred(portrait: Portrait, radius_px: float) -> Image.Image:
    """Out of focus."""
    return portrait.picture.filter(ImageFilter.GaussianBlur(radius_px))


def rolled(portrait: Portrait, roll_deg: float) -> Image.Image:
    """The camera held at an angle."""
    centre = tuple(float(value) for value in portrait.points_px[facemesh.NOSE_TIP, :2])
    return portrait.picture.rotate(
        roll_deg, resample=Image.Resampling.BICUBIC, center=(centre[0], centre[1])
    )


def with_glasses(portrait: Portrait, lens_rgb: tuple[int, int, int]) -> Image.Image:
    """Lenses of one colour over both eyes, with a bridge."""
    picture = portrait.picture.copy()
    draw = ImageDraw.Draw(picture)
    radius_px = 0.38 * portrait.eye_distance_px
    for x, y in portrait.eyes_px.tolist():
        draw.ellipse(
            (x - radius_px, y - 0.8 * radius_px, x + radius_px, y + 0.85 * radius_px), lens_rgb
        )
    draw.line([tuple(eye) for eye in portrait.eyes_px.tolist()], lens_rgb, width=3)
    return picture


def with_rims(portrait: Portrait) -> Image.Image:
    """Clear glasses: rims only."""
    picture = portrait.picture.copy()
    draw = ImageDraw.Draw(picture)
    radius_px = 0.42 * portrait.eye_distance_px
    for x, y in portrait.eyes_px.tolist():
        box = (x - radius_px, y - 0.85 * radius_px, x + radius_px, y + 0.9 * radius_px)
        draw.ellipse(box, outline=(40, 30, 25), width=2)
    return picture


def with_one_eye_covered(portrait: Portrait) -> Image.Image:
    """A hand, hair or a patch over one eye, in the colour of skin."""
    picture = portrait.picture.copy()
    x, y = portrait.eyes_px[0].tolist()
    radius_px = 0.4 * portrait.eye_distance_px
    ImageDraw.Draw(picture).ellipse(
        (x - radius_px, y - radius_px, x + radius_px, y + radius_px), (200, 160, 140)
    )
    return picture


def cut_off(portrait: Portrait, share_of_face: float) -> Image.Image:
    """The picture ends in the face: the given share of its width is missing on the left."""
    x = portrait.points_px[:, 0]
    left_px = float(x.min() + share_of_face * (x.max() - x.min()))
    return portrait.picture.crop((round(left_px), 0, 512, 320))


def turned(portrait: Portrait, yaw_deg: float = 0.0, pitch_deg: float = 0.0) -> Image.Image:
    """The head turned in space: the picture is warped by the depth of its own mesh.

    Every grid point of the result asks where in the picture it came from; depth beside the face
    follows the nearest part of the face.
    """
    picture = portrait.picture
    width_px, height_px = picture.size
    points = portrait.points_px.astype(np.float64)
    centre = points.mean(axis=0)
    yaw, pitch = np.radians(yaw_deg), np.radians(pitch_deg)

    def source(target: NDArray[np.float64]) -> NDArray[np.float64]:
        guess = target.copy()
        for _ in range(12):
            depth = _depth_at(guess, points, centre[2])
            x = (target[:, 0] - centre[0] + depth * np.sin(yaw)) / np.cos(yaw) + centre[0]
            y = (target[:, 1] - centre[1] + depth * np.sin(pitch)) / np.cos(pitch) + centre[1]
            guess = 0.5 * guess + 0.5 * np.column_stack([x, y])
        return guess

    cells = []
    for top in range(0, height_px, _GRID_STEP_PX):
        for left in range(0, width_px, _GRID_STEP_PX):
            right, bottom = left + _GRID_STEP_PX, top + _GRID_STEP_PX
            corners = np.array(
                [[left, top], [left, bottom], [right, bottom], [right, top]], dtype=np.float64
            )
            cells.append(((left, top, right, bottom), corners))
    # Four cells share a corner; each is asked once.
    places, which = np.unique(
        np.concatenate([corners for _, corners in cells]), axis=0, return_inverse=True
    )
    sources = source(places)[which].reshape(-1, 8)
    data = [(box, tuple(quad)) for (box, _), quad in zip(cells, sources.tolist(), strict=True)]
    return picture.transform(
        picture.size, Image.Transform.MESH, data, resample=Image.Resampling.BILINEAR
    )


def _depth_at(
    xy: NDArray[np.float64], points: NDArray[np.float64], far_z: float
) -> NDArray[np.float64]:
    """Depth relative to the face's centre, smoothed over the mesh; it fades out beside the face."""
    mesh_xy = points[:, :2]
    squared = (xy**2).sum(axis=1)[:, None] + (mesh_xy**2).sum(axis=1) - 2 * xy @ mesh_xy.T
    weights = np.exp(-squared / (2 * _DEPTH_BLUR_PX**2))
    total = weights.sum(axis=1)
    return np.asarray((weights @ (points[:, 2] - far_z)) / (total + 0.02))


def side_by_side(portrait: Portrait, second_share: float) -> Image.Image:
    """Two people: the portrait, and beside it the same one at a share of its size."""
    head = portrait.picture.crop((100, 0, 356, 256))
    side_px = round(256 * second_share)
    picture = Image.new("RGB", (512, 256), (128, 128, 128))
    picture.paste(head, (0, 0))
    picture.paste(head.resize((side_px, side_px), Image.Resampling.LANCZOS), (256, 0))
    return picture


def drawing(filled: bool) -> Image.Image:
    """A drawn face: outline only, or filled with flat colours."""
    picture = Image.new("RGB", (400, 400), (235, 235, 235))
    draw = ImageDraw.Draw(picture)
    skin = (250, 215, 180) if filled else None
    draw.ellipse((100, 60, 300, 340), outline=(0, 0, 0), width=4, fill=skin)
    for x in (160, 240):
        draw.ellipse((x - 22, 150, x + 22, 180), outline=(0, 0, 0), width=3, fill=(255, 255, 255))
        draw.ellipse((x - 9, 156, x + 9, 174), fill=(60, 30, 10))
        draw.arc((x - 28, 125, x + 28, 150), 200, 340, fill=(40, 20, 10), width=6)
    draw.line((200, 180, 188, 235, 210, 238), fill=(120, 70, 50), width=4)
    draw.arc((150, 240, 250, 295), 20, 160, fill=(180, 40, 40), width=8)
    return picture
