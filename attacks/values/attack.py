"""A hostile caller turns every public object inside out: prints, pickles and follows it."""

from __future__ import annotations

import copy
import pickle
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from agecheck import AgeChecker, AgePolicy, Challenge, load_checker
from agecheck.adapters.face_tracker import MeshTracker
from agecheck.bootstrap import build_estimator, build_pipeline
from agecheck.calibration import shipped_calibration
from agecheck.liveness.continuity import jumps_between
from agecheck.liveness.reading import read_face
from agecheck.models.store import ModelStore
from agecheck.pillow import pixels_of
from agecheck.token import DeviceKey
from agecheck.vision import quality
from attacks.pictures import PORTRAIT
from attacks.search import PRIVATE_TYPES, Picture, alive, reachable
from attacks.trial import Outcome, outcome

_AUDIENCE, _NONCE = "https://shop.example", "0123456789abcdef"
_LONG_NUMBER = re.compile(r"\d+\.\d{2,}")
"""A measured figure. The policy's own have one decimal."""
_WAYS_TO_SHOW: tuple[Callable[[Any], object], ...] = (
    *(repr, str, ascii, format, vars, dir, hash),
    *(copy.copy, copy.deepcopy, pickle.dumps),
    *(lambda thing: thing.__dict__, lambda thing: thing.__reduce_ex__(2)),
    lambda thing: {name: getattr(thing, name, None) for name in type(thing).__dict__},
)


def run() -> Iterator[Outcome]:
    """Each with the seal and without."""
    encoded = PORTRAIT.read_bytes()
    picture = Picture(encoded)
    for seal in ("require", "off"):
        with load_checker(AgePolicy(challenge_age=25), seal=seal) as checker:
            yield from _of(checker, encoded, picture, seal)


def _of(checker: AgeChecker, encoded: bytes, picture: Picture, seal: str) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        key = DeviceKey.create(Path(folder) / "key")
        root = bytes(key._root)
        signer = key.signer(_AUDIENCE)
        challenge = Challenge(_AUDIENCE, _NONCE, checker.policy.age_limit)
        attestation = checker.attest(encoded, challenge, signer)
        result = checker.check(encoded)
    public = {
        **{"checker": checker, "result": result, "attestation": attestation, "signer": signer},
        **{"key": key, "challenge": challenge, "policy": checker.policy, "seal": checker.seal},
        **{"verdict": result.verdict, "token": attestation.token},
    }
    yield outcome(
        f"show {len(public)} objects in {len(_WAYS_TO_SHOW)} ways, seal={seal}",
        control=bool(_shown(_Leaky(), root)),
        succeeded=bool(found := [name for name, thing in public.items() if _shown(thing, root)]),
        by=f"{found or 'none'} shows a measured figure, pixels or the key",
    )
    leaky = _Leaky()
    leaky.kept = encoded + picture_pixels(encoded)
    leads = [name for name, thing in public.items() if _leads_to_a_face(thing, picture)]
    yield outcome(
        f"follow every reference, seal={seal}",
        control=_leads_to_a_face(leaky, picture),
        succeeded=bool(leads),
        by=f"{leads or 'none'} leads to a picture or to what was measured on one",
    )
    held, left = measured_outside(encoded), alive()
    yield outcome(
        f"look for what a check measured anywhere in the process, seal={seal}",
        control=held == {kind.__name__ for kind in PRIVATE_TYPES},
        succeeded=bool(left),
        by=f"{left or 'nothing'} is left after a check",
    )


class _Leaky:
    """What the searches have to find."""

    def __init__(self) -> None:
        self.kept: object = None
        self.estimated_years = 31.4159

    def __repr__(self) -> str:
        return f"<Leaky {self.estimated_years}>"


def picture_pixels(encoded: bytes) -> bytes:
    """A picture's pixels as bytes."""
    from agecheck.image.reader import PillowPhotoReader

    return PillowPhotoReader().open(encoded).decode().tobytes()


def _shown(thing: object, root: bytes) -> bool:
    """Whether some way to show a thing shows more than it should."""
    for show in _WAYS_TO_SHOW:
        with suppress(Exception):  # most refuse
            shown = show(thing)
            if isinstance(shown, bytes) and root in shown:
                return True
            if _LONG_NUMBER.search(str(shown)) or root.hex() in str(shown):
                return True
    return False


def _leads_to_a_face(thing: object, picture: Picture) -> bool:
    return any(isinstance(t, PRIVATE_TYPES) or picture.is_in(t) for t in reachable([thing]))


def measured_outside(encoded: bytes) -> set[str]:
    """The control: what is found while all that the bare parts measure on a face is held."""
    store = ModelStore()
    pipeline = build_pipeline(store, build_estimator(store, shipped_calibration().fusion))
    frame = pixels_of(pipeline.reader.open(encoded).decode())
    sight = MeshTracker(pipeline.detectors, pipeline.landmarker).look(frame, at_ms=0)
    if sight.mesh is None:
        return set()
    aligned = pipeline.estimator.align(frame, sight.mesh)
    reading = read_face(sight.mesh, at_ms=0)
    held = (
        *(sight, aligned, reading, pipeline.detectors[0].detect(frame)),
        quality.measure(sight.frame_size_px, sight.mesh),
        pipeline.estimator.estimate(aligned),
        jumps_between(reading, reading),
    )
    found = set(alive())
    del held
    return found
