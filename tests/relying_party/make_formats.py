"""Writes docs/reference/vectors/formats-v1.json: `make vectors`. One answer in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agecheck.challenge import Challenge
from agecheck.ports import Evidence
from agecheck.token import AudienceSigner
from agecheck.token.cwt import CWT
from agecheck.token.formats import JWS, NOTICE, TokenFormat
from agecheck.token.keys import derive_audience_key
from agecheck.token.sd_jwt import CREDENTIAL_TYPE, SD_JWT_VC

VECTORS = Path(__file__).parents[2] / "docs" / "reference" / "vectors"
FILE = VECTORS / "formats-v1.json"
FORMATS: dict[str, TokenFormat] = {"jws": JWS, "sd-jwt-vc": SD_JWT_VC, "cwt": CWT}


def setting() -> dict[str, Any]:
    """Secret, challenge, evidence and time of the first vector."""
    vector: dict[str, Any] = json.loads((VECTORS / "token-v1.json").read_text("utf-8"))
    return vector


def token_in(name: str, vector: dict[str, Any], *, over: bool) -> str:
    """What a device answers in this format."""
    signer = AudienceSigner(
        vector["audience"],
        derive_audience_key(bytes.fromhex(vector["root_secret_hex"]), vector["audience"]),
        now=lambda: vector["now_s"],
        random_bytes=lambda _size: bytes.fromhex(vector["token_id_hex"]),
        token_format=FORMATS[name],
    )
    return signer._begin(Challenge(**vector["challenge"]), Evidence(**vector["evidence"]))(over)


def document() -> dict[str, Any]:
    """All of it."""
    vector = setting()
    return {
        "about": "The answers of token-v1.json in every format. Each is an estimate, and must not "
        "be presented as an EU age-verification attestation.",
        "notice": NOTICE,
        "vct": CREDENTIAL_TYPE,
        "public_jwk": vector["public_jwk"],
        "challenge": vector["challenge"],
        "now_s": vector["now_s"],
        "tokens": [
            {"format": name, "over": over, "token": token_in(name, vector, over=over)}
            for name in FORMATS
            for over in (True, False)
        ],
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(document(), indent=2) + "\n", encoding="utf-8")
