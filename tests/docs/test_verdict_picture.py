"""The picture of how a verdict comes about shows what the code does."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from agecheck.image.encoded import MAX_ENCODED_BYTES
from agecheck.models.store import ModelStore
from agecheck.verdict import Reason, Verdict

PICTURE = Path(__file__).parents[2] / "docs/explanation/verdict.svg"
DRAWN = [
    "".join(element.itertext()).strip()
    for element in ElementTree.parse(PICTURE).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314
]
TIMES = "\N{MULTIPLICATION SIGN}"
DRAWN_REASONS = {"NO_FACE", "SEVERAL_FACES", "ESTIMATE_INVALID"}


def test_the_sizes_are_those_of_the_models() -> None:
    """The sizes are the point of the picture."""
    shapes = {entry.id: entry for entry in ModelStore()}
    ages = shapes["age-mobilenet"].outputs[0].shape[-1]
    one = shapes["age-tinyxception"].outputs[0].shape[-1]
    sides = [shapes[name].inputs[0].shape[1] for name in ("age-tinyxception", "age-mobilenet")]
    assert f"{ages} + 2 {TIMES} {one} numbers" in DRAWN
    assert f"468 points; a face of {sides[0]} and of {sides[1]} px" in DRAWN
    assert f"encoded bytes, up to {MAX_ENCODED_BYTES >> 20} MiB" in DRAWN


def test_every_verdict_and_only_reasons_that_exist_are_drawn() -> None:
    """A reason that was renamed would be looked for in vain."""
    assert {verdict.value for verdict in Verdict} <= set(DRAWN)
    upper_case = {text for text in DRAWN if text.isupper() and "_" in text}
    assert upper_case >= DRAWN_REASONS
    assert upper_case <= {reason.value for reason in Reason}
