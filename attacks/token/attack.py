"""A hostile caller wants a token without a fresh check, by everything that is public."""

from __future__ import annotations

import pickle
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from agecheck import AgeChecker, AgecheckError, Attestation, Challenge, EffectivePolicy, Verdict
from agecheck.ports import Evidence
from agecheck.seal_state import OPEN
from agecheck.token import AudienceSigner, DeviceKey, verify_token
from agecheck.verdict import CheckResult, Reason
from attacks.trial import Outcome, outcome

_AUDIENCE, _NONCE, _OTHER_NONCE = "https://shop.example", "0123456789abcdef", "fedcba9876543210"
_CHALLENGE = Challenge(_AUDIENCE, _NONCE, 18)
_KNOWN_PUBLIC = {"audience", "key_id", "public_jwk", "prove_possession"}
"""A new name here needs a look at what it signs."""
_INPUTS = frozenset({"file", "browser", "device"})


def run() -> Iterator[Outcome]:
    """The control of each: the honest token, which the same verifier takes."""
    with tempfile.TemporaryDirectory() as folder:
        signer = DeviceKey.create(Path(folder) / "key").signer(_AUDIENCE)
    checker = _checker(CheckResult(Verdict.OVER))
    honest = checker.attest(b"a picture", _CHALLENGE, signer)
    control = _accepted(signer, honest.token)
    tries: tuple[tuple[str, Callable[[AudienceSigner, str], bool], str], ...] = (
        ("a second answer to a check", _answer_twice, "a bound challenge takes one answer"),
        ("two answers at once", _answer_in_threads, "one of the threads gets it"),
        ("a forged attestation", _forge, "anyone can make the value, nobody the signature"),
        ("the same token for another nonce", _replay, "the nonce is signed"),
        ("another answer in the same token", _turn, "the answer is signed"),
        ("an inconclusive check", _inconclusive, "only OVER and UNDER are signed"),
        ("a check that says something else", _odd_results, "only a CheckResult is taken"),
        ("a challenge exchanged in the check", _exchange, "the challenge is bound before it"),
        ("something like a challenge", _lookalike, "a Challenge is taken, nothing else"),
        ("a copy of the signer", _copy, "a signer is not copied or pickled"),
        ("a public way to sign", _public_way, "an enrolment's proof is all, and is no token"),
    )
    for name, attempt, by in tries:
        succeeded = attempt(signer, honest.token or "")
        yield outcome(name, control=control, succeeded=succeeded, by=by)


def _checker(result: object, during: Callable[[], None] = lambda: None) -> AgeChecker:
    def check(_: object) -> Any:
        during()
        return result

    policy = EffectivePolicy(18, 25.0, 3)
    return AgeChecker(check, policy, bundle_digest="0" * 64, seal=OPEN, release_quantum_ms=0)


def _accepted(signer: AudienceSigner, token: str | None, nonce: str = _NONCE) -> bool:
    """Whether a relying party takes it as OVER."""
    try:
        verified = verify_token(
            token or "",
            audience=_AUDIENCE,
            nonce=nonce,
            public_jwk=signer.public_jwk(),
            now_s=time.time(),
            age_limit=18,
            accept_inputs=_INPUTS,
        )
    except AgecheckError:
        return False
    return verified.over


def _bound(signer: AudienceSigner) -> Callable[[bool], str]:
    checker = _checker(None)
    evidence = Evidence.of(
        checker.policy,
        bundle_digest=checker.bundle_digest,
        seal=checker.seal.level,
        input_kind="file",
    )
    return signer._begin(_CHALLENGE, evidence)


def _answer_twice(signer: AudienceSigner, _: str) -> bool:
    finish = _bound(signer)
    finish(False)
    return _gives(lambda: finish(True)) is not None


def _answer_in_threads(signer: AudienceSigner, _: str) -> bool:
    finish = _bound(signer)
    got: list[str] = []
    start = threading.Barrier(8)

    def answer() -> None:
        start.wait()
        token = _gives(lambda: finish(True))
        if token is not None:
            got.append(token)

    threads = [threading.Thread(target=answer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(got) != 1


def _forge(signer: AudienceSigner, token: str) -> bool:
    forged = Attestation(Verdict.OVER, None, token.rpartition(".")[0] + "." + "A" * 86)
    return _accepted(signer, forged.token)


def _replay(signer: AudienceSigner, token: str) -> bool:
    return _accepted(signer, token, nonce=_OTHER_NONCE)


def _turn(signer: AudienceSigner, _: str) -> bool:
    from base64 import urlsafe_b64decode

    from agecheck.token.encoding import base64url_encode

    under = _checker(CheckResult(Verdict.UNDER)).attest(b"", _CHALLENGE, signer).token or ""
    header, payload, signature = under.split(".")
    claims = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    turned = claims.replace(b"false", b"true").replace(b"true ", b"true")
    return _accepted(signer, f"{header}.{base64url_encode(turned)}.{signature}")


def _inconclusive(signer: AudienceSigner, _: str) -> bool:
    result = CheckResult.inconclusive(Reason.WITHIN_BUFFER)
    return _checker(result).attest(b"", _CHALLENGE, signer).token is not None


def _odd_results(signer: AudienceSigner, _: str) -> bool:
    odd = (True, Verdict.OVER, "OVER", 1, None, _LooksLikeOver())
    return any(
        _gives(lambda r=result: _checker(r).attest(b"", _CHALLENGE, signer)) is not None  # type: ignore[misc]
        for result in odd
    )


class _LooksLikeOver:
    verdict, reason = Verdict.OVER, None


def _exchange(signer: AudienceSigner, _: str) -> bool:
    challenge = replace(_CHALLENGE)

    def exchange() -> None:
        object.__setattr__(challenge, "nonce", _OTHER_NONCE)

    checker = _checker(CheckResult(Verdict.OVER), exchange)
    attestation = _gives(lambda: checker.attest(b"", challenge, signer))
    return attestation is not None and _accepted(signer, attestation.token, nonce=_OTHER_NONCE)


def _lookalike(signer: AudienceSigner, _: str) -> bool:
    class Like:
        audience, nonce, age_limit = _AUDIENCE, _NONCE, 18

    like: Any = Like()
    checker = _checker(CheckResult(Verdict.OVER))
    return _gives(lambda: checker.attest(b"", like, signer)) is not None


def _copy(signer: AudienceSigner, _: str) -> bool:
    import copy

    ways: tuple[Callable[[Any], object], ...] = (copy.copy, copy.deepcopy, pickle.dumps)
    return any(_gives(lambda way=way: way(signer)) is not None for way in ways)  # type: ignore[misc]


def _public_way(signer: AudienceSigner, token: str) -> bool:
    """Whatever a public method returns is handed in as a token, for any nonce it was given."""
    public = {name for name in dir(signer) if not name.startswith("_")}
    inputs: tuple[tuple[Any, ...], ...] = (
        *((), (_NONCE,), (_CHALLENGE,), (True,), (Verdict.OVER,)),
        *((token,), (token.split(".")[1],), (_CHALLENGE, True), (_NONCE, True)),
    )
    signed = [
        _gives(lambda n=name, i=given: getattr(signer, n)(*i))  # type: ignore[misc]
        for name in public
        for given in inputs
    ]
    taken = [text for text in signed if isinstance(text, str) and _accepted(signer, text)]
    return bool(taken) or public != _KNOWN_PUBLIC


def _gives(action: Callable[[], Any]) -> Any:
    """What it returns, or None when it refuses."""
    try:
        return action()
    except (AgecheckError, TypeError, ValueError, AttributeError):
        return None
