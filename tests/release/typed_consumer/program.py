"""A program outside the project that uses every public name, for type checkers at their strictest.

It is checked and not run. `assert_type` holds what a user's editor shows.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import assert_type

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

import agecheck
from agecheck import (
    AgeChecker,
    AgecheckError,
    AgePolicy,
    Attestation,
    CalibrationError,
    Challenge,
    ChallengeError,
    CheckResult,
    EffectivePolicy,
    ImageError,
    ImageFault,
    ImageSource,
    InternalError,
    KeyFileError,
    Light,
    LiveAttempts,
    LiveCode,
    LiveSession,
    MissingExtraError,
    ModelError,
    ModelFault,
    PolicyError,
    Reason,
    SealError,
    SealLevel,
    SealState,
    TokenError,
    TokenFault,
    Verdict,
    Wall,
    WorkerError,
    WorkerFault,
    load_checker,
)
from agecheck.relying_party import (
    DEFAULT_AGENT,
    AcceptancePolicy,
    AcceptUnattestedDevices,
    AgentAnswer,
    AnswerError,
    AnswerFault,
    IssuedChallenge,
    IssuedEnrolment,
    KeyKind,
    MemoryReplayStore,
    PinnedKeys,
    QuestionError,
    RedisReplayStore,
    RelyingParty,
    RelyingPartyError,
    ReplayStore,
    ReplayStoreError,
    ReplayStoreFault,
    SqlReplayStore,
    Trust,
    agent_form,
    read_answer,
)
from agecheck.token import (
    AudienceSigner,
    DeviceKey,
    SignerError,
    VerifiedToken,
    VerifierError,
    verify_token,
)

assert_type(agecheck.__version__, str)


def check(path: str) -> Verdict:
    """A first check, and everything that can be asked of a checker."""
    policy = AgePolicy(age_limit=18, challenge_age=25.0)
    with load_checker(policy, seal="require", release_quantum_ms=0) as checker:
        assert_type(checker, AgeChecker)
        assert_type(checker.policy, EffectivePolicy)
        assert_type(checker.policy.challenge_age_years, float)
        assert_type(checker.seal, SealState)
        assert_type(checker.seal.level, SealLevel)
        assert_type(checker.seal.missing, tuple[Wall, ...])
        result = checker.check(path)
    assert_type(result, CheckResult)
    if result.reason is not None:
        assert_type(result.reason, Reason)
        print(result.reason.explanation)
    return result.verdict


async def attest(checker: AgeChecker, image: ImageSource, nonce: str) -> str | None:
    """A token, without blocking an event loop."""
    signer = DeviceKey.load("device.key").signer("https://shop.example")
    assert_type(signer, AudienceSigner)
    challenge = Challenge(signer.audience, nonce, 18)
    attestation = await checker.attest_async(image, challenge, signer)
    assert_type(attestation, Attestation)
    return attestation.token


def every_source(
    checker: AgeChecker, content: bytes, opened: Image, pixels: NDArray[np.uint8]
) -> list[CheckResult]:
    """A picture in each of the forms in which it is taken."""
    sources: list[ImageSource] = [content, bytearray(content), memoryview(content)]
    sources += ["selfie.jpg", Path("selfie.jpg"), opened, pixels]
    return [checker.check(source) for source in sources]


def live(checker: AgeChecker, frames: Iterable[NDArray[np.uint8]]) -> CheckResult | None:
    """One attempt of one person before a camera."""
    attempts = LiveAttempts(checker.policy.max_attempts, 60.0, time.monotonic)
    if not attempts.may_start():
        return None
    with checker.live_session() as session:
        assert_type(session, LiveSession)
        assert_type(session.lights, tuple[Light, ...])
        for frame in frames:
            session.show(frame, round(time.monotonic() * 1000))
            assert_type(session.tick(), LiveCode)
            if session.is_done:
                break
        return session.finish()


def explain(error: AgecheckError) -> ImageFault | ModelFault | WorkerFault | TokenFault | str:
    """Every error has the one root, and those with a fault say which."""
    match error:
        case ImageError():
            return error.fault
        case ModelError():
            return error.fault
        case WorkerError():
            return error.fault
        case TokenError():
            return error.fault
        case MissingExtraError():
            return error.extra
        case InternalError() | SealError() | CalibrationError() | KeyFileError():
            return "the installation"
        case PolicyError() | ChallengeError() | SignerError() | VerifierError():
            return "the caller"
        case _:
            return str(error)


def verify(token: str, nonce: str, jwk: Mapping[str, object]) -> bool:
    """A relying party without a library of its own for it."""
    verified = verify_token(
        token, audience="https://shop.example", nonce=nonce, public_jwk=jwk, now_s=time.time()
    )
    assert_type(verified, VerifiedToken)
    return verified.over


def site(secret: bytes, jwks: list[dict[str, object]], *, lasting: bool) -> RelyingParty:
    """A relying party with the parts that ship for it."""
    trust: Trust = PinnedKeys(jwks) if jwks else AcceptUnattestedDevices()
    store: ReplayStore = MemoryReplayStore()
    if lasting:
        store = SqlReplayStore(sqlite3, lambda: sqlite3.connect("answers.db"))
    policy = AcceptancePolicy.calibrated(
        {18}, seals={"sealed"}, liveness={"passive", "active"}, inputs={"device"}
    )
    return RelyingParty(
        "https://shop.example", secret=secret, trust=trust, policy=policy, replay_store=store
    )


class Cache:
    """A Redis client's one method that is used, as the package redis has it at the least."""

    def set(self, name: str, value: str, *, nx: bool, ex: int) -> bool | None:
        return len(name) + len(value) + ex > 0 or nx


def ask(
    party: RelyingParty, fragment: str, session: str
) -> bool | AnswerFault | TokenFault | ReplayStoreFault:
    """A question by way of a page, an answer to it, and an enrolment."""
    assert_type(RedisReplayStore(Cache()).spend("k", until_s=1.0, now_s=0.0), bool)
    asked = party.new_challenge(18, visitor=session)
    assert_type(asked, IssuedChallenge)
    assert_type(asked.challenge, Challenge)
    assert_type(party.new_enrolment(visitor=session), IssuedEnrolment)
    try:
        fields = agent_form(asked.challenge, "https://shop.example/age", key=KeyKind.ENROLLED)
    except QuestionError:
        return False
    assert_type(fields, dict[str, str])
    print(DEFAULT_AGENT, fields)
    answer = read_answer(fragment)
    assert_type(answer, AgentAnswer)
    try:
        verified = party.verify(
            answer.token or "",
            ticket=asked.ticket,
            visitor=session,
            public_jwk=answer.public_jwk,
        )
    except AnswerError as error:
        return error.fault
    except ReplayStoreError as error:
        return error.fault
    except RelyingPartyError:
        return False
    return verified.over
