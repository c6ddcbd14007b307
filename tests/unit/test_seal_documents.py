"""What the documents say about the seal is what the code does."""

from __future__ import annotations

import inspect
import json
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agecheck.bootstrap import DEFAULT_WORKER_CHECKS, load_checker
from agecheck.checker import DEFAULT_RELEASE_QUANTUM_MS
from agecheck.errors import ImageFault, WorkerFault
from agecheck.guidance import LiveCode
from agecheck.image.encoded import MAX_ENCODED_BYTES
from agecheck.live_script import MAX_TICKS, TICK_MS
from agecheck.seal import channel, codes
from agecheck.seal.live_channel import MAX_FRAMES_PER_TICK
from agecheck.seal_state import FIRST_STAGE, Wall
from agecheck.verdict import Reason

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PICTURE = DOCS / "explanation/sealed.svg"


def words(name: str) -> str:
    """A document's text with single spaces, so that a sentence may be wrapped anywhere."""
    return " ".join((DOCS / name).read_text(encoding="utf-8").split())


def rows_of(name: str) -> list[list[str]]:
    """The cells of all table rows in a document."""
    lines = (DOCS / name).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in ln[1:-1].split("|")] for ln in lines if ln.startswith("|")]


THREATS = words("explanation/threat-model.md")
SEALED = words("explanation/sealed.md")
LIMITATIONS = words("limitations.md")
QUANTUM_ADR = words("adr/0009-release-quantum.md")
CHECKS_ADR = words("adr/0010-worker-checks.md")
DRAWN = [
    "".join(element.itertext()).strip()
    for element in ElementTree.parse(PICTURE).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314
]
DEADLINE_S = inspect.signature(load_checker).parameters["deadline_s"].default
OUTCOMES = codes.N_OUTCOMES + len(WorkerFault)


def test_the_closed_set_is_counted_as_it_is() -> None:
    """The number of answers bounds what a check can tell; a new reason must show up here."""
    assert 2 + len(Reason) + len(ImageFault) + 1 == codes.N_OUTCOMES
    counted = (
        f"2 verdicts, {len(Reason)} reasons, {len(ImageFault)} faults of the picture and "
        f"1 for everything else, {codes.N_OUTCOMES} in all"
    )
    assert counted in THREATS
    assert f"one of {codes.N_OUTCOMES} codes" in SEALED


@pytest.mark.parametrize(
    ("row", "outcomes", "bits"),
    [
        ("a check, to the caller: ", f"{OUTCOMES} outcomes", f"{math.log2(OUTCOMES):.2f}"),
        ("the same, to the relying party: ", "3 outcomes", f"{math.log2(3):.2f}"),
        (
            f"when an attestation or a printed line comes, on the {DEFAULT_RELEASE_QUANTUM_MS} ms "
            f"quantum within the {DEADLINE_S:g} s deadline",
            f"{round(DEADLINE_S * 1000 / DEFAULT_RELEASE_QUANTUM_MS) + 1} moments",
            f"{math.log2(DEADLINE_S * 1000 / DEFAULT_RELEASE_QUANTUM_MS + 1):.2f}",
        ),
        (
            f"a live session, to the person in front: at each of {MAX_TICKS} ticks of {TICK_MS} ms "
            f"one of {len(LiveCode)} words or silence",
            f"{len(LiveCode) + 1} to the power of {MAX_TICKS}, times {OUTCOMES}",
            f"{MAX_TICKS * math.log2(len(LiveCode) + 1) + math.log2(OUTCOMES):.0f}",
        ),
    ],
)
def test_the_bit_budget_is_computed_from_the_code(row: str, outcomes: str, bits: str) -> None:
    """A budget that the code exceeds would be a false promise."""
    (cells,) = [cells for cells in rows_of("explanation/threat-model.md") if row in cells[0]]
    assert cells[1:] == [outcomes, bits]


def test_the_live_budget_is_the_same_everywhere() -> None:
    """It is the largest figure, and the one that is easiest to forget."""
    bits = f"{MAX_TICKS * math.log2(len(LiveCode) + 1) + math.log2(OUTCOMES):.0f} bits"
    assert f"**{bits} are enough for a rough template.**" in THREATS
    assert f"up to {bits}" in LIMITATIONS
    assert f"at most {MAX_FRAMES_PER_TICK} a tick; at each tick of {TICK_MS} ms" in SEALED
    assert f"one of {len(LiveCode)} words" in SEALED
    assert f"at most {MAX_TICKS} ticks" in SEALED


def test_the_table_has_every_wall_in_its_order() -> None:
    """A wall that stands but is not explained helps nobody; one that is only explained harms."""
    rows = [
        cells[0].strip("`") for cells in rows_of("explanation/sealed.md") if cells[0][:1] == "`"
    ]
    assert rows == [wall.value for wall in Wall]
    assert "raises seven, in a process with a single thread" in THREATS
    assert len(Wall) == 7


def test_the_first_stage_is_described_as_the_last_three_walls() -> None:
    """That sentence says what is left where a library is hostile."""
    assert list(Wall)[-3:] == [wall for wall in Wall if wall in FIRST_STAGE]
    assert "a weaker form of the last three around the fork server" in THREATS


def test_the_picture_shows_the_walls_and_the_sizes() -> None:
    """People look at the picture and not at the text around it."""
    walls = [text for text in DRAWN if text in set(Wall)]
    assert walls == [wall.value for wall in Wall]
    assert len(Wall) == 7
    assert "Seven walls" in DRAWN
    assert f"one of {codes.N_OUTCOMES} codes:" in DRAWN
    assert f"{math.log2(codes.N_OUTCOMES):.1f} bits" in DRAWN
    assert f"up to {MAX_ENCODED_BYTES >> 20} MiB, sealed" in DRAWN
    assert f"at multiples of {DEFAULT_RELEASE_QUANTUM_MS} ms" in DRAWN
    assert f"ends after {DEFAULT_WORKER_CHECKS} pictures" in DRAWN


def test_the_defaults_are_those_of_the_code() -> None:
    """Who relies on a stated default must get it."""
    quantum = f"a whole multiple of {DEFAULT_RELEASE_QUANTUM_MS} ms"
    assert quantum in THREATS
    assert quantum in SEALED
    assert quantum in QUANTUM_ADR
    assert f"silence until the deadline ({DEADLINE_S:g} s)" in SEALED
    assert f"By default a worker sees {DEFAULT_WORKER_CHECKS} pictures" in THREATS
    assert f"It ends after {DEFAULT_WORKER_CHECKS} of them" in SEALED
    assert f"`seal_worker_checks` is {DEFAULT_WORKER_CHECKS} by default" in CHECKS_ADR
    assert f"one worker sees {DEFAULT_WORKER_CHECKS} pictures" in LIMITATIONS
    assert f"A message of {channel._TASK.size} bytes" in SEALED


def test_the_threat_model_starts_with_what_the_seal_does_not_do() -> None:
    """Nobody should have to read to the end to find out."""
    title, first_section, *_ = THREATS.split("## ")
    assert len(title) < 200
    assert first_section.startswith("What the seal does not do")
    for limit in (
        "A modified device can lie",
        "Code in the process that holds the key can forge",
        "The caller who supplies the picture already has it",
        "Who may vary the policy can bisect the age",
    ):
        assert f"**{limit}.**" in first_section


def test_links_between_the_documents_lead_somewhere() -> None:
    """A reference to a missing page is a missing page."""
    pages = [*DOCS.glob("explanation/*.md"), *DOCS.glob("adr/*.md"), DOCS / "limitations.md"]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).resolve().exists(), f"{page.name}: {target}"


def test_the_benchmarks_table_is_as_measured() -> None:
    """Misses included; and a file of results is of a whole run."""
    results = {
        name: json.loads((ROOT / f"benchmarks/results/{name}.json").read_text(encoding="utf-8"))
        for name in ("seal", "seal-soak", "seal-verdicts")
    }
    costs, soak, verdicts = (document["figures"] for document in results.values())
    assert soak["soak_checks"] == 10_000
    assert soak["kills"] == 200
    assert verdicts["pictures"] == 500
    rows = {cells[0]: cells[1:] for cells in rows_of("../benchmarks/README.md")}
    for label, figure in (
        ("a warm check", "check_sealed_over_unsealed"),
        ("a block", "block_sealed_over_unsealed"),
        ("`agecheck check` as a cold process", "cold_command_sealed_over_unsealed"),
    ):
        measured, limit = rows[label]
        assert measured == f"{costs[figure]:.2f} times"
        assert ("**missed**" in limit) == (figure in results["seal"]["missed"])
    memory = f"{costs['pss_sealed_mib']:.0f} MiB, against {costs['pss_unsealed_mib']:.0f}"
    assert rows["memory of all processes, shared pages once"][0] == memory
    assert rows["200 workers killed: the longest call"][0] == (
        f"{soak['kills_longest_call_ms']:.0f} ms"
    )
    assert rows["verdicts that differ, on 500 faces"][0] == str(verdicts["unequal"])
    assert results["seal-soak"]["missed"] == results["seal-verdicts"]["missed"] == []
