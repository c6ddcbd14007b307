"""What a checker says about its walls: nothing missing is ever left unsaid."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from agecheck.seal_state import FIRST_STAGE, OPEN, SealLevel, SealState, Wall

SUBSETS = [
    frozenset(walls)
    for walls in chain.from_iterable(combinations(Wall, n) for n in range(len(Wall) + 1))
]


@pytest.mark.parametrize("standing", SUBSETS, ids=lambda walls: "+".join(sorted(walls)) or "none")
def test_what_does_not_stand_is_named(standing: frozenset[Wall]) -> None:
    """For every set of walls: SEALED with all of them, PARTIAL and named without."""
    state = SealState.of_worker(standing, FIRST_STAGE)
    assert set(state.missing) == set(Wall) - standing
    assert list(state.missing) == [wall for wall in Wall if wall not in standing]
    assert state.level is (SealLevel.PARTIAL if state.missing else SealLevel.SEALED)
    assert all(wall.value in str(state) for wall in state.missing)


@pytest.mark.parametrize("lacking", sorted(FIRST_STAGE))
def test_a_gap_in_the_first_stage_is_a_missing_wall(lacking: Wall) -> None:
    """A worker is forked from a process that was free: its own walls came too late."""
    state = SealState.of_worker(frozenset(Wall), FIRST_STAGE - {lacking})
    assert state == SealState(SealLevel.PARTIAL, (lacking,))


def test_open_misses_every_wall() -> None:
    """A check in the calling process claims nothing."""
    assert OPEN.level is SealLevel.OPEN
    assert OPEN.missing == tuple(Wall)
    assert str(OPEN) == "open"


@pytest.mark.parametrize(
    ("level", "missing"),
    [
        (SealLevel.SEALED, (Wall.SECCOMP,)),
        (SealLevel.PARTIAL, ()),
        (SealLevel.OPEN, ()),
    ],
)
def test_a_state_cannot_contradict_itself(level: SealLevel, missing: tuple[Wall, ...]) -> None:
    """SEALED with a wall missing, or less than SEALED without one, cannot be made."""
    with pytest.raises(ValueError, match="missing"):
        SealState(level, missing)
