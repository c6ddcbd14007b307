"""How a face is proportioned, for the try of it in fusion_tries: lengths between mesh points.

Proportions change while a face grows; telling ages by them is an old idea (Kwon and da Vitoria
Lobo, "Age classification from facial images", Computer Vision and Image Understanding 74(1), 1999).
They also differ between peoples and sexes, which is what the try is about. Nothing shipped uses it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agecheck.vision import facemesh

_SMALLEST = 0.02
"""Added to each length, in eye distances, so that a closed mouth has a logarithm."""

# Pairs of MediaPipe's points; where a length has two sides, both are added, so that a mirrored
# picture has the same.
_LENGTHS = {
    "eyes' width": ((33, 133), (362, 263)),
    "eyes' height": ((159, 145), (386, 374)),
    "outer corners of the eyes": ((33, 263),),
    "eye to cheek": ((145, 50), (374, 280)),
    "brows' length": ((70, 55), (300, 285)),
    "brows' height": ((105, 66), (334, 296)),
    "between the brows": ((55, 285),),
    "brow to eye": ((70, 159), (300, 386)),
    "forehead": ((10, 6),),
    "temples": ((21, 251),),
    "temples, higher": ((54, 284),),
    "face's width": ((234, 454),),
    "cheeks": ((50, 280),),
    "cheekbones": ((132, 361),),
    "jaw, at the ear": ((58, 288),),
    "jaw, at the mouth": ((172, 397),),
    "jaw, below the mouth": ((136, 365),),
    "jaw, beside the chin": ((150, 379),),
    "chin's width": ((176, 400),),
    "eye to jaw": ((33, 172), (263, 397)),
    "nose's length": ((168, 1),),
    "nose's back": ((6, 2),),
    "nose's width": ((98, 327),),
    "nose's tip": ((1, 2),),
    "nose to chin": ((1, 152),),
    "forehead to nose": ((10, 2),),
    "whole face": ((10, 152),),
    "nose to lip": ((2, 0),),
    "nose to corner of the mouth": ((129, 61), (358, 291)),
    "mouth's width": ((61, 291),),
    "lips": ((0, 17),),
    "upper lip": ((0, 13),),
    "lower lip": ((14, 17),),
    "mouth's opening": ((13, 14),),
    "chin": ((17, 152),),
}
NUM_LENGTHS = len(_LENGTHS)


def log_lengths(points_px: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithms of the lengths, in eye distances: float64 (NUM_LENGTHS,).

    Args:
        points_px: a mesh (468, 3); depth is not used.
    """
    unit_px = facemesh.inter_eye_distance_px(points_px)
    flat = points_px[:, :2].astype(np.float64)
    lengths_px = [
        sum(np.linalg.norm(flat[a] - flat[b]) for a, b in pairs) for pairs in _LENGTHS.values()
    ]
    return np.log(np.array(lengths_px) / unit_px + _SMALLEST)
