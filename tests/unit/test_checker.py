"""The checker: what is checked, what is signed, and in which order."""

from __future__ import annotations

import asyncio
import math

import pytest

from agecheck.challenge import Challenge
from agecheck.checker import AgeChecker, Attestation
from agecheck.errors import (
    AgecheckError,
    ChallengeError,
    ImageError,
    ImageFault,
    InternalError,
    ModelError,
    ModelFault,
)
from agecheck.ports import Evidence
from agecheck.seal_state import OPEN
from agecheck.verdict import CheckResult, Reason, Verdict
from unit.checkers import AUDIENCE, DIGEST, NONCE, POLICY, make_checker
from unit.fakes import FakeSigner, Parts, face

CHALLENGE = Challenge(AUDIENCE, NONCE, 18)


@pytest.mark.parametrize(
    ("mean_years", "expected"),
    [
        (40.0, CheckResult(Verdict.OVER)),
        (12.0, CheckResult(Verdict.UNDER)),
        (20.0, CheckResult.inconclusive(Reason.WITHIN_BUFFER)),
    ],
)
def test_a_check_gives_the_pipelines_result(mean_years: float, expected: CheckResult) -> None:
    """What the policy decided is what the caller gets, unchanged."""
    assert make_checker(Parts(mean_years=mean_years)).check(b"picture") == expected


@pytest.mark.parametrize(
    ("mean_years", "verdict", "signed"), [(40.0, Verdict.OVER, True), (12.0, Verdict.UNDER, False)]
)
def test_over_and_under_are_signed_as_what_they_are(
    mean_years: float, verdict: Verdict, signed: bool
) -> None:
    """The token says exactly what this check found."""
    parts = Parts(mean_years=mean_years)
    signer = FakeSigner(AUDIENCE, parts.journal)
    attestation = make_checker(parts).attest(b"picture", CHALLENGE, signer)
    assert attestation == Attestation(verdict, None, f"token over={signed}")
    assert signer.signed == [signed]


@pytest.mark.parametrize("mean_years", [20.0, math.nan, math.inf, -math.inf])
def test_an_undecided_estimate_yields_no_token(mean_years: float) -> None:
    """Nothing is signed unless the check came to an answer."""
    parts = Parts(mean_years=mean_years)
    signer = FakeSigner(AUDIENCE, parts.journal)
    attestation = make_checker(parts).attest(b"picture", CHALLENGE, signer)
    assert attestation.verdict is Verdict.INCONCLUSIVE
    assert attestation.token is None
    assert "issue" not in parts.journal


@pytest.mark.parametrize("reason", Reason)
def test_no_inconclusive_reason_yields_a_token(reason: Reason) -> None:
    """Towards the relying party every kind of refusal looks the same: there is no token."""
    parts = Parts()
    parts.assessor.reason = reason
    signer = FakeSigner(AUDIENCE, parts.journal)
    attestation = make_checker(parts).attest(b"picture", CHALLENGE, signer)
    assert attestation == Attestation(Verdict.INCONCLUSIVE, reason, None)
    assert signer.signed == []


def test_no_face_yields_no_token() -> None:
    """A picture of nobody is never signed."""
    parts = Parts()
    parts.detector.faces = []
    signer = FakeSigner(AUDIENCE, parts.journal)
    attestation = make_checker(parts).attest(b"picture", CHALLENGE, signer)
    assert attestation == Attestation(Verdict.INCONCLUSIVE, Reason.NO_FACE, None)
    assert signer.signed == []


def test_several_faces_yield_no_token() -> None:
    """Nobody can be vouched for by standing beside somebody older."""
    parts = Parts()
    parts.detector.faces = [face(0, 0, 100), face(120, 0, 100)]
    signer = FakeSigner(AUDIENCE, parts.journal)
    assert make_checker(parts).attest(b"picture", CHALLENGE, signer).token is None
    assert signer.signed == []


def test_the_challenge_is_bound_before_a_pixel_is_read() -> None:
    """Nobody can look at a verdict first and pick the challenge afterwards."""
    parts = Parts()
    make_checker(parts).attest(b"picture", CHALLENGE, FakeSigner(AUDIENCE, parts.journal))
    assert parts.journal[:2] == ["begin", "open"]
    assert parts.journal[-1] == "issue"


def test_another_audiences_challenge_reads_no_picture() -> None:
    """A challenge that this key does not answer ends before the picture is opened."""
    parts = Parts()
    signer = FakeSigner("https://other.example", parts.journal)
    with pytest.raises(ChallengeError):
        make_checker(parts).attest(b"picture", CHALLENGE, signer)
    assert parts.journal == ["begin"]


@pytest.mark.parametrize("age_limit", [13, 17, 19, 21])
def test_another_age_limit_reads_no_picture_and_binds_nothing(age_limit: int) -> None:
    """A policy for one age never answers for another, in either direction."""
    parts = Parts()
    signer = FakeSigner(AUDIENCE, parts.journal)
    with pytest.raises(ChallengeError, match="another age limit"):
        make_checker(parts).attest(b"picture", Challenge(AUDIENCE, NONCE, age_limit), signer)
    assert parts.journal == []
    assert signer.bound == []


def test_what_is_bound_is_the_policy_in_force() -> None:
    """The token's public facts are the checker's own, and the picture counts as a file."""
    parts = Parts()
    signer = FakeSigner(AUDIENCE, parts.journal)
    make_checker(parts).attest(b"picture", CHALLENGE, signer)
    expected = Evidence(
        age_limit=18,
        challenge_age_years=25.0,
        policy_id=POLICY.policy_id,
        max_attempts=3,
        bundle_digest=DIGEST,
        seal="open",
        liveness="none",
        input="file",
    )
    assert signer.bound == [(CHALLENGE, expected)]


@pytest.mark.parametrize("name", ["reader", "detector", "landmarker", "assessor", "estimator"])
@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ImageError(ImageFault.CORRUPT), ImageError),
        (ModelError(ModelFault.RUN, "age"), ModelError),
        (RuntimeError("any"), InternalError),
    ],
)
def test_a_failed_check_signs_nothing(
    name: str, error: Exception, raised: type[AgecheckError]
) -> None:
    """An error after the challenge was bound leaves no token behind."""
    parts = Parts(mean_years=40.0)
    parts.part(name).error = error
    signer = FakeSigner(AUDIENCE, parts.journal)
    with pytest.raises(raised) as caught:
        make_checker(parts).attest(b"picture", CHALLENGE, signer)
    assert type(caught.value) is raised
    assert len(signer.bound) == 1
    assert signer.signed == []


@pytest.mark.parametrize(
    "claimed",
    ["OVER", True, 1, None, object()],
    ids=["text", "bool", "int", "None", "object"],
)
def test_only_the_enum_members_are_signed(claimed: object) -> None:
    """A result that merely looks like OVER is not signed."""

    forged = object.__new__(CheckResult)  # its own constructor takes none of these
    object.__setattr__(forged, "verdict", claimed)
    object.__setattr__(forged, "reason", None)
    signer = FakeSigner(AUDIENCE, [])
    checker = AgeChecker(lambda _: forged, POLICY, bundle_digest=DIGEST, seal=OPEN)
    with pytest.raises(TypeError, match="holds a Verdict"):
        checker.attest(b"picture", CHALLENGE, signer)
    assert len(signer.bound) == 1
    assert signer.signed == []


def test_two_challenges_are_two_checks() -> None:
    """A verdict is not remembered and signed again for the next challenge."""
    parts = Parts(mean_years=40.0)
    signer = FakeSigner(AUDIENCE, parts.journal)
    checker = make_checker(parts)
    checker.attest(b"picture", CHALLENGE, signer)
    parts.estimator.mean_years = 12.0
    checker.attest(b"picture", CHALLENGE, signer)
    assert signer.signed == [True, False]


def test_the_async_wrappers_answer_as_the_plain_calls() -> None:
    """An event loop gets the same verdict and the same token."""
    parts = Parts()
    checker = make_checker(parts)
    signer = FakeSigner(AUDIENCE, parts.journal)
    assert asyncio.run(checker.check_async(b"picture")) == CheckResult(Verdict.OVER)
    attestation = asyncio.run(checker.attest_async(b"picture", CHALLENGE, signer))
    assert attestation == Attestation(Verdict.OVER, None, "token over=True")
    assert signer.signed == [True]


def test_leaving_the_context_closes_what_the_checker_stands_on() -> None:
    """The worker ends with the block, whatever happens inside it."""
    closed: list[str] = []
    checker = AgeChecker(
        lambda _: CheckResult(Verdict.OVER),
        POLICY,
        bundle_digest=DIGEST,
        seal=OPEN,
        close=lambda: closed.append("closed"),
    )
    with pytest.raises(KeyError), checker:
        raise KeyError
    assert closed == ["closed"]
