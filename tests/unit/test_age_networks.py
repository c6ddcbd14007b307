"""What the real networks answer on one aligned face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agecheck.adapters.age_ensemble import AgeNetworks
from agecheck.bootstrap import build_age_networks
from agecheck.models.store import ModelStore
from agecheck.ports import AlignedFace
from golden import inputs


@pytest.fixture(scope="module")
def asked() -> AgeNetworks:
    """Both networks, loaded once."""
    return build_age_networks(ModelStore())


def faces() -> list[AlignedFace]:
    """Five cuts of the sample picture."""
    return [
        AlignedFace(chip, wide_chip)
        for chip, wide_chip in zip(inputs.chips(112)[:5], inputs.chips(192)[:5], strict=True)
    ]


def test_a_mirrored_picture_gets_the_same_answers(asked: AgeNetworks) -> None:
    """Front cameras mirror; the bigger network sees one way round only, so it must be the same."""
    for face in faces():
        mirrored = replace(
            face,
            chip_rgb=face.chip_rgb[:, ::-1].copy(),
            wide_chip_rgb=face.wide_chip_rgb[:, ::-1].copy(),
        )
        assert np.array_equal(asked.extract(face), asked.extract(mirrored))


def test_different_faces_get_different_answers(asked: AgeNetworks) -> None:
    """What is equal for everything would be mirrored well, too."""
    vectors = np.array([asked.extract(face) for face in faces()])
    assert np.isfinite(vectors).all()
    assert np.unique(vectors, axis=0).shape == vectors.shape


def test_the_wide_chip_is_what_the_bigger_network_sees(asked: AgeNetworks) -> None:
    """A chip that nobody looks at could be left out without a test that fails."""
    face, other, *_ = faces()
    before, after = asked.ask(face), asked.ask(replace(face, wide_chip_rgb=other.wide_chip_rgb))
    assert not np.array_equal(before[0], after[0])
    assert np.array_equal(before[1], after[1])
