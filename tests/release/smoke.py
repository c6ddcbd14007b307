"""What a user's first program does, from the installed wheel; prints what it came to.

Not a test module: it runs in the fresh environments, which have no pytest.
"""

from __future__ import annotations

import json
import secrets
import socket
import time
from importlib import metadata
from pathlib import Path

import agecheck
from agecheck import AgePolicy, Challenge, Verdict, load_checker
from agecheck.token import DeviceKey, verify_token

PICTURE = Path("tests/pictures/astronaut.png")
AUDIENCE = "https://shop.example"

if __name__ == "__main__":
    nonce = secrets.token_urlsafe(24)
    signer = DeviceKey.create("device.key").signer(AUDIENCE)
    with load_checker(AgePolicy(challenge_age=25.0)) as checker:
        verdict = checker.check(PICTURE.read_bytes()).verdict
        attestation = checker.attest(str(PICTURE), Challenge(AUDIENCE, nonce, 18), signer)
        seal = str(checker.seal)
    answer = verify_token(
        attestation.token or "",
        audience=AUDIENCE,
        nonce=nonce,
        age_limit=18,
        public_jwk=signer.public_jwk(),
        now_s=time.time(),
        accept_inputs={"file"},
    )
    told = {
        "package": str(Path(agecheck.__file__).parent),
        "versions": [agecheck.__version__, metadata.version("agecheck-ondevice")],
        "interfaces": [name for _, name in socket.if_nameindex()],
        "over": [verdict is Verdict.OVER, answer.over],
        "seal": seal,
    }
    print(json.dumps(told))
