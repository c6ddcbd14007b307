"""What a site loads, and what its errors and names are."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

import agecheck.relying_party as relying_party
from agecheck.errors import AgecheckError
from agecheck.relying_party import (
    AnswerError,
    AnswerFault,
    ReplayStoreError,
    ReplayStoreFault,
)

PROGRAM = """
import sys
import agecheck.relying_party
from agecheck.relying_party import AcceptancePolicy
AcceptancePolicy.calibrated({18}, seals={"sealed"}, liveness={"passive"}, inputs={"device"})
print(*sys.modules)
"""


def test_a_site_loads_nothing_that_sees_pictures() -> None:
    """A web server that verifies needs no runtime of networks, and gets none."""
    said = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    ).stdout
    loaded = said.split()
    assert "agecheck.relying_party.party" in loaded
    tops = {name.split(".")[0] for name in loaded}
    assert tops & {"numpy", "PIL", "onnxruntime", "mediapipe", "click"} == set()
    rooms = {name.split(".")[1] for name in loaded if name.startswith("agecheck.")}
    assert rooms & {"vision", "image", "adapters", "runtime", "seal", "bootstrap"} == set()


def test_every_public_name_exists_once() -> None:
    """What `__all__` promises is there."""
    assert len(set(relying_party.__all__)) == len(relying_party.__all__)
    for name in relying_party.__all__:
        assert getattr(relying_party, name) is not None


ERRORS: list[AgecheckError] = [
    *map(AnswerError, AnswerFault),
    *map(ReplayStoreError, ReplayStoreFault),
    relying_party.RelyingPartyError("text"),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("through", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])  # noqa: S301
def test_an_error_crosses_the_border_of_a_process(error: AgecheckError, through: object) -> None:
    """A site with a process pool sees the real fault."""
    twin = through(error)  # type: ignore[operator]
    assert type(twin) is type(error)
    assert (str(twin), vars(twin)) == (str(error), vars(error))


@pytest.mark.parametrize("fault", [*AnswerFault, *ReplayStoreFault], ids=repr)
def test_a_faults_words_are_fixed(fault: AnswerFault | ReplayStoreFault) -> None:
    """Nothing that a visitor sent is filled into a message."""
    assert fault.value
    assert "{" not in fault.value
    assert "%" not in fault.value
