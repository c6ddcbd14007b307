"""How many answers a second one core verifies, and whether memory stays flat.

    python -m benchmarks.verify             prints a table and writes results/verify.json

Two subjects: `verify_token` alone, and `RelyingParty.verify` with pinned keys, a ticket and a mark
in the memory store for each. Every token differs and is made beforehand. Processor
time, one thread.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path

from agecheck.bench.machine import describe_machine
from agecheck.ports import Evidence
from agecheck.relying_party import (
    AcceptancePolicy,
    IssuedChallenge,
    MemoryReplayStore,
    PinnedKeys,
    RelyingParty,
)
from agecheck.token import AudienceSigner, verify_token
from agecheck.token.keys import derive_audience_key

SITE, VISITOR = "https://shop.example", "a visitor"
NOW_S = 1_767_225_650.0
TOKENS, ROUNDS = 3_000, 5
REQUIRED_PER_S = 3_000
RESULT = Path(__file__).parent / "results" / "verify.json"
EVIDENCE = Evidence(
    18, 25.0, "over-18/challenge-25/attempts-3", 3, "61" * 32, "sealed", "passive", "device"
)


def main() -> None:
    signer = AudienceSigner(SITE, derive_audience_key(bytes(32), SITE), now=lambda: NOW_S)
    site = RelyingParty(
        SITE,
        secret=bytes(32),
        trust=PinnedKeys([signer.public_jwk()]),
        policy=AcceptancePolicy(
            min_challenge_ages_years={18: 25},
            seals={"sealed"},
            liveness={"passive"},
            inputs={"device"},
        ),
        replay_store=MemoryReplayStore(max_entries=2 * TOKENS * ROUNDS),
        clock=lambda: NOW_S,
    )
    rates: dict[str, list[float]] = {"verify_token": [], "RelyingParty.verify": []}
    peaks_kib: list[int] = []
    for _ in range(ROUNDS):
        asked = [site.new_challenge(18, visitor=VISITOR) for _ in range(TOKENS)]
        pairs = [(one, signer._begin(one.challenge, EVIDENCE)(True)) for one in asked]

        def alone(pairs: list[tuple[IssuedChallenge, str]] = pairs) -> None:
            for one, token in pairs:
                verify_token(
                    token,
                    audience=SITE,
                    nonce=one.challenge.nonce,
                    public_jwk=signer.public_jwk(),
                    now_s=NOW_S,
                    age_limit=18,
                )

        def whole(pairs: list[tuple[IssuedChallenge, str]] = pairs) -> None:
            for one, token in pairs:
                site.verify(token, ticket=one.ticket, visitor=VISITOR, age_limit=18)

        rates["verify_token"].append(_per_s(alone))
        rates["RelyingParty.verify"].append(_per_s(whole))
        peaks_kib.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    result = {
        "machine": describe_machine(),
        "tokens": TOKENS,
        "per_s": {name: [round(rate) for rate in found] for name, found in rates.items()},
        "peak_memory_kib_after_each_round": peaks_kib,
        "required_per_s": REQUIRED_PER_S,
        "missed": [name for name, found in rates.items() if min(found) < REQUIRED_PER_S],
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


def _per_s(run: Callable[[], None]) -> float:
    start_s = time.process_time()
    run()
    return TOKENS / (time.process_time() - start_s)


if __name__ == "__main__":
    main()
