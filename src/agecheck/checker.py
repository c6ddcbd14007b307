"""The public object: one policy, bound when it is made, and a verdict or a token a picture."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, TypeAlias, Union

from agecheck.challenge import Challenge
from agecheck.errors import AgecheckError, ChallengeError, InternalError, PolicyError
from agecheck.live_script import draw_script
from agecheck.live_session import LiveSession, SessionChannel
from agecheck.policy import EffectivePolicy
from agecheck.ports import Evidence, TokenSigner
from agecheck.seal_state import SealState
from agecheck.verdict import CheckResult, Reason, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

# Union and not `|`: the names in quotes are loaded for type checkers alone.
ImageSource: TypeAlias = Union[
    bytes, bytearray, memoryview, str, os.PathLike[str], "Image", "NDArray[np.uint8]"
]
"""A picture: encoded JPEG, PNG or WebP, the path of such a file, a Pillow image, or a uint8 RGB
array of shape (height, width, 3)."""

DEFAULT_RELEASE_QUANTUM_MS = 50
"""A check takes about 20 ms: most are released at the first multiple."""
MAX_RELEASE_QUANTUM_MS = 10_000


def require_release_quantum(release_quantum_ms: float) -> None:
    """Refuse a time that no answer is held back by.

    Raises:
        PolicyError: it is out of range.
    """
    if not 0 <= release_quantum_ms <= MAX_RELEASE_QUANTUM_MS:  # NaN is refused, too
        raise PolicyError(f"release_quantum_ms lies from 0 to {MAX_RELEASE_QUANTUM_MS}")


@dataclass(frozen=True, slots=True)
class Attestation:
    """The answer to a challenge.

    Attributes:
        verdict: OVER, UNDER or INCONCLUSIVE.
        reason: why it is INCONCLUSIVE; None otherwise. For the person in front of the device:
            towards the relying party every missing token looks the same.
        token: the signed answer for OVER and UNDER; None when INCONCLUSIVE.
    """

    verdict: Verdict
    reason: Reason | None
    token: str | None = field(repr=False)

    def __post_init__(self) -> None:
        CheckResult(self.verdict, self.reason)  # the same two rules hold
        if (self.verdict is Verdict.INCONCLUSIVE) != (self.token is None):
            raise ValueError("exactly an INCONCLUSIVE attestation has no token")

    def __bool__(self) -> NoReturn:
        raise TypeError("an Attestation has no truth value; compare .verdict with Verdict.OVER")


class AgeChecker:
    """Answers over or under one age limit. Made by `load_checker`.

    The policy is bound here and cannot be varied per picture: whoever may vary the challenge age
    can narrow an age down by asking again.
    """

    def __init__(
        self,
        run_check: Callable[[object], CheckResult],
        policy: EffectivePolicy,
        *,
        bundle_digest: str,
        seal: SealState,
        release_quantum_ms: int = DEFAULT_RELEASE_QUANTUM_MS,
        close: Callable[[], None] | None = None,
        open_channel: Callable[[bytes], SessionChannel] | None = None,
    ) -> None:
        require_release_quantum(release_quantum_ms)
        self._run_check = run_check
        self._policy = policy
        self._bundle_digest = bundle_digest
        self._seal = seal
        self._release_quantum_ms = release_quantum_ms
        self._close = close
        self._open_channel = open_channel

    def __repr__(self) -> str:
        return f"<AgeChecker {self._policy.policy_id} seal={self._seal}>"

    def __enter__(self) -> AgeChecker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the sealed worker. A later check would start another."""
        if self._close is not None:
            self._close()

    @property
    def policy(self) -> EffectivePolicy:
        """The policy in force, its challenge age settled."""
        return self._policy

    @property
    def seal(self) -> SealState:
        """What stands around the process that sees the picture: SEALED, PARTIAL or OPEN."""
        return self._seal

    @property
    def bundle_digest(self) -> str:
        """sha256 in hex over the models and the calibration in use."""
        return self._bundle_digest

    def check(self, image: ImageSource) -> CheckResult:
        """Check one picture of one person.

        Args:
            image: encoded JPEG, PNG or WebP bytes, a path to such a file, a Pillow image, or a
                uint8 RGB array of shape (height, width, 3). It is not changed.

        Returns:
            The verdict and, when it is INCONCLUSIVE, the reason.

        Raises:
            PolicyError: the policy asks for liveness, which a still picture cannot show.
            ImageError: the picture cannot be used; its fault names the cause.
            WorkerError: the sealed worker failed; the next check has a new one.
            SealError: no sealed worker comes up.
            ModelError: a network failed, in the calling process.
            InternalError: anything else went wrong.
        """
        self._require_still_will_do()
        return self._result(image)

    async def check_async(self, image: ImageSource) -> CheckResult:
        """`check` in a thread of its own, for callers that may not block their event loop."""
        import asyncio  # here, for it takes longer to load than all the rest of this package

        return await asyncio.to_thread(self.check, image)

    def attest(self, image: ImageSource, challenge: Challenge, signer: TokenSigner) -> Attestation:
        """Answer a relying party's challenge about one picture.

        The challenge is bound before a pixel is read, and the only thing that can be signed is
        the verdict of this very check.

        Args:
            image: as for `check`. The token says `input: file`: whoever supplies a file could
                supply any file.
            challenge: the relying party's question; its age limit must be the policy's.
            signer: the key for the challenge's audience, `DeviceKey.signer(audience)`.

        Raises:
            PolicyError: the policy asks for liveness, which a still picture cannot show.
            ChallengeError: the challenge asks for another age limit or another audience.
            ImageError, WorkerError, SealError, ModelError, InternalError: as for `check`.
        """
        self._require_still_will_do()
        began_s = time.monotonic()
        if not isinstance(challenge, Challenge):  # anything else has skipped a Challenge's checks
            raise ChallengeError("a challenge is an agecheck.Challenge")
        if challenge.age_limit != self._policy.age_limit:
            raise ChallengeError("the challenge asks for another age limit than the policy's")
        evidence = Evidence.of(
            self._policy,
            bundle_digest=self._bundle_digest,
            seal=self._seal.level,
            input_kind="file",
        )
        issue = signer._begin(challenge, evidence)
        try:
            result = self._result(image)
            if result.verdict is Verdict.OVER:
                token = issue(True)
            elif result.verdict is Verdict.UNDER:
                token = issue(False)
            else:
                token = None
        finally:  # how long a check took before it failed says something, too
            sleep_to_quantum(began_s, self._release_quantum_ms)
        return Attestation(result.verdict, result.reason, token)

    async def attest_async(
        self, image: ImageSource, challenge: Challenge, signer: TokenSigner
    ) -> Attestation:
        """`attest` in a thread of its own."""
        import asyncio

        return await asyncio.to_thread(self.attest, image, challenge, signer)

    def live_session(self) -> LiveSession:
        """Begin a live session: one attempt of one person, at the policy's level of liveness.

        Raises:
            WorkerError, SealError: there is no worker to be had.
            PolicyError: it was not made by `load_checker`, and has no live sessions.
        """
        if self._open_channel is None:
            raise PolicyError("this checker has no live sessions")
        script = draw_script(self._policy.liveness)
        return LiveSession(self._open_channel(script.to_bytes()), script)

    def _require_still_will_do(self) -> None:
        if self._policy.liveness != "none":
            raise PolicyError(
                "a still picture shows no liveness: use live_session(), or a policy with "
                'liveness="none"'
            )

    def _result(self, image: object) -> CheckResult:
        try:
            result = self._run_check(image)
        except AgecheckError:
            raise
        except Exception:
            result = None
        if not isinstance(result, CheckResult):
            # Out here, so that the original, with frames that hold the picture, is not kept.
            raise InternalError("the check failed; there is no answer")
        return result


def sleep_to_quantum(began_s: float, quantum_ms: int) -> None:
    """Wait for the next multiple of the quantum: how long a check took says something of a face.

    For whoever lets an answer out of the process.

    Args:
        began_s: when the check began, by `time.monotonic()`.
        quantum_ms: 0 waits for nothing.
    """
    if quantum_ms:
        quantum_s = quantum_ms / 1000
        elapsed_s = time.monotonic() - began_s
        time.sleep(max(0.0, math.ceil(elapsed_s / quantum_s) * quantum_s - elapsed_s))
