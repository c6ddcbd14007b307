"""What crosses between the process with the frames and the one with the network."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agecheck.kiosk.messages import (
    MESSAGE_BYTES,
    Kind,
    Message,
    Outcome,
    Seal,
    receive,
    send,
    unpack,
)
from agecheck.seal.channel import pair
from agecheck.seal_state import SealLevel
from agecheck.verdict import CheckResult, Reason, Verdict


@given(st.sampled_from(Kind), st.integers(0, 2**64 - 1), st.integers(0, 255))
def test_every_message_has_ten_bytes(kind: Kind, session: int, code: int) -> None:
    """Length says nothing, and there is no room for anything else."""
    packed = Message(kind, session, code).pack()
    assert len(packed) == MESSAGE_BYTES == 10
    assert unpack(packed) == (kind, session, code)


@given(st.binary(max_size=30))
def test_other_bytes_are_no_message(data: bytes) -> None:
    """The reader takes exactly the format, and never fails."""
    read = unpack(data)
    assert read is None or read.pack() == data


def test_a_reason_does_not_cross() -> None:
    """Outputs cannot tell a suspected attack from a blurred face: both need an ID."""
    codes = {Outcome.of(CheckResult.inconclusive(reason)) for reason in Reason}
    assert codes == {Outcome.ID_NEEDED}
    assert Outcome.of(CheckResult(Verdict.OVER)) is Outcome.OVER
    assert Outcome.of(CheckResult(Verdict.UNDER)) is Outcome.UNDER


def test_every_seal_level_has_its_code() -> None:
    """The token's claim follows from it, so none may be missing."""
    assert {Seal.of(level).name for level in SealLevel} == {level.name for level in SealLevel}


def test_the_other_sides_end_is_noticed() -> None:
    """A message arrives whole; a closed channel is None, not an empty message."""
    ours, theirs = pair()
    with ours:
        with theirs:
            send(theirs, Message(Kind.BEGIN, 7))
            assert receive(ours) == (Kind.BEGIN, 7, 0)
        assert receive(ours) is None
