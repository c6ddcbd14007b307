"""Damaged tokens by the million, against every verifier in Python: `verify_token` in three formats,
and a whole site.

    PYTHONPATH=tests python -m long.verifier_fuzz --tokens 10000000 --out result.json

Some are signed with the right key after the damage, so that the claims are read, too. Counts what
was refused with which fault. One acceptance of what may not be taken, or one exception that is no
refusal, ends it with an error.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agecheck.errors import TokenError
from agecheck.relying_party import AcceptancePolicy, AnswerError, PinnedKeys, RelyingParty
from agecheck.token import AudienceSigner, verify_token
from agecheck.token.cwt import CWT
from agecheck.token.formats import JWS, TokenFormat
from agecheck.token.keys import derive_audience_key
from agecheck.token.sd_jwt import SD_JWT_VC
from long.token_damage import EDITS, decoded
from relying_party.devices import NOW_S, SITE, VISITOR, answer

AT_ONCE = 10_000
MAX_GROWTH_KIB = 16_384
"""Between the first round and the last. Two bytes a token would be more than this."""
FORMATS: dict[str, TokenFormat] = {"jws": JWS, "sd-jwt-vc": SD_JWT_VC, "cwt": CWT}


class Forgetful:
    """A store that remembers nothing: each token is judged for what it is."""

    def spend(self, key: str, *, until_s: float, now_s: float) -> bool:  # noqa: ARG002
        return True


class Subject:
    """One verifier, a token that it would take, and genuine ones that it must not.

    Args:
        name: of a format, or "site".
    """

    def __init__(self, name: str) -> None:
        token_format = FORMATS.get(name, JWS)
        key = derive_audience_key(bytes(32), SITE)
        other = derive_audience_key(b"\x01" * 32, SITE)
        signer, stranger = (
            AudienceSigner(SITE, one, now=lambda: NOW_S, token_format=token_format)
            for one in (key, other)
        )
        site = RelyingParty(
            SITE,
            secret=bytes(32),
            trust=PinnedKeys([signer.public_jwk()]),
            policy=AcceptancePolicy(
                min_challenge_ages_years={18: 25.0},
                seals={"sealed"},
                liveness={"passive"},
                inputs={"device"},
            ),
            replay_store=Forgetful(),
            clock=lambda: NOW_S,
        )
        asked = site.new_challenge(18, visitor=VISITOR)
        another = site.new_challenge(18, visitor=VISITOR)
        self.name, self.key = name, key
        self.good = answer(asked.challenge, signer)
        self.under = answer(asked.challenge, signer, over=False)
        self.others = [
            self.under,
            answer(another.challenge, signer),
            answer(asked.challenge, stranger),
        ]
        self.genuine = {self.good, self.under}
        if name == "site":
            self.take: Callable[[str | bytes], object] = lambda token: site.verify(
                token, ticket=asked.ticket, visitor=VISITOR
            )
        else:
            public_jwk = signer.public_jwk()
            self.take = lambda token: verify_token(
                token,
                audience=SITE,
                nonce=asked.challenge.nonce,
                public_jwk=public_jwk,
                now_s=NOW_S,
                age_limit=18,
                token_format=token_format,
            )

    def outcome(self, token: str | bytes) -> str:
        """Why it was refused; or "taken", which only well-formed claims under the right key are.

        Raises:
            AssertionError: it was taken and may not be.
        """
        try:
            self.take(token)
        except (TokenError, AnswerError) as error:
            return error.fault.name
        text = token if isinstance(token, str) else token.decode()
        if self.name == "cwt" or not may_be_taken(text, self.good):
            raise AssertionError(f"taken: {text}")
        return "taken"


def may_be_taken(token: str, good: str) -> bool:
    """Whether signed claims differ from the good token's only in what a device may choose. Read
    with Python's own decoders: it shares nothing with the verifier."""
    said, wanted = (json.loads(decoded(one.split(".")[1])) for one in (token, good))
    if said.keys() != wanted.keys():
        return False
    is_free: dict[str, Callable[[Any], bool]] = {
        "age_over_18": lambda value: type(value) is bool,
        "seal": lambda value: value in ("open", "partial", "sealed"),
        "liveness": lambda value: value in ("none", "passive", "active"),
        "input": lambda value: value in ("device", "browser"),
        "max_attempts": lambda value: type(value) is int and 1 <= value <= 10,
        "challenge_age": lambda value: type(value) in (int, float) and 18 < value <= 80,
        "policy": lambda value: re.fullmatch(r"[\w./-]{1,128}", value, re.A) is not None,
        "bundle": lambda value: re.fullmatch(r"[0-9a-f]{64}", value) is not None,
        "jti": lambda value: re.fullmatch(r"[\w-]{22}", value, re.A) is not None,
        "iat": lambda value: type(value) is int and value % 60 == 0 and value <= NOW_S + 30,
        "exp": lambda value: type(value) is int and NOW_S < value <= said["iat"] + 300,
    }
    return all(
        is_free[name](value)
        if name in is_free
        else (type(value), value) == (type(wanted[name]), wanted[name])
        for name, value in said.items()
    )


def fuzz(subject: Subject, chance: random.Random, count: int) -> Counter[str]:
    """This many damaged tokens, half of them as bytes.

    Raises:
        AssertionError: one was taken that may not be. Any other error than a refusal goes through.
    """
    found: Counter[str] = Counter()
    for _ in range(count):
        token = chance.choice(EDITS)(chance, subject)
        if token in subject.genuine:  # put together again
            found["genuine"] += 1
            continue
        given = token if chance.random() < 0.5 else token.encode("utf-8", "surrogatepass")
        found[subject.outcome(given)] += 1
    return found


def main() -> None:
    """Rounds of equal size over all subjects, until there are enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    subjects = {name: Subject(name) for name in (*FORMATS, "site")}
    outcomes = {name: Counter[str]() for name in subjects}
    spent_s = dict.fromkeys(subjects, 0.0)
    peaks_kib: list[int] = []
    done, turn = 0, 0
    while done < given.tokens:
        turn += 1
        for name, subject in subjects.items():
            begun_s = time.process_time()
            chance = random.Random(f"{given.seed} {turn} {name}")  # noqa: S311
            # The formats that others read are one token in ten each; the rest is what sites use.
            count = AT_ONCE // 10 if name in ("sd-jwt-vc", "cwt") else 4 * AT_ONCE // 10
            outcomes[name] += fuzz(subject, chance, count)
            spent_s[name] += time.process_time() - begun_s
            done += count
        if turn & (turn - 1) == 0 or done >= given.tokens:
            peaks_kib.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    result = {
        "tokens": done,
        "seed": given.seed,
        "wrongly_taken": 0,
        "tokens_per_s": {name: round(outcomes[name].total() / spent_s[name]) for name in subjects},
        "peak_memory_kib": peaks_kib,
        "outcomes": {name: dict(found.most_common()) for name, found in outcomes.items()},
    }
    if peaks_kib[-1] - peaks_kib[0] > MAX_GROWTH_KIB:
        raise AssertionError(f"memory grows: {peaks_kib}")
    text = json.dumps(result, indent=1) + "\n"
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
