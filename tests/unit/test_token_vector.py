"""The published test vector, recomputed by agecheck and checked without it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agecheck.challenge import Challenge
from agecheck.ports import Evidence
from agecheck.token import AudienceSigner, verify_token
from agecheck.token.jwk import thumbprint
from agecheck.token.keys import derive_audience_key

VECTOR_FILE = Path(__file__).parents[2] / "docs" / "reference" / "vectors" / "token-v1.json"
VECTOR: dict[str, Any] = json.loads(VECTOR_FILE.read_text(encoding="utf-8"))
ANSWERS = pytest.mark.parametrize("answer", VECTOR["tokens"], ids=["over", "under"])


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@ANSWERS
def test_agecheck_issues_the_published_tokens(answer: dict[str, Any]) -> None:
    """Guards derivation, header, claims, padding and signature: no byte may drift in v1."""
    signer = AudienceSigner(
        VECTOR["audience"],
        derive_audience_key(bytes.fromhex(VECTOR["root_secret_hex"]), VECTOR["audience"]),
        now=lambda: VECTOR["now_s"],
        random_bytes=lambda _size: bytes.fromhex(VECTOR["token_id_hex"]),
    )
    finish = signer._begin(Challenge(**VECTOR["challenge"]), Evidence(**VECTOR["evidence"]))
    assert finish(answer["over"]) == answer["token"]
    assert signer.public_jwk() == VECTOR["public_jwk"]


@ANSWERS
def test_agecheck_verifies_the_published_tokens(answer: dict[str, Any]) -> None:
    """A verifier must go on accepting what was published, field by field."""
    verified = verify_token(
        answer["token"],
        audience=VECTOR["audience"],
        nonce=VECTOR["challenge"]["nonce"],
        public_jwk=VECTOR["public_jwk"],
        now_s=VECTOR["now_s"],
        age_limit=18,
    )
    evidence = VECTOR["evidence"]
    assert verified.over is answer["over"]
    assert verified.age_limit == evidence["age_limit"]
    assert verified.challenge_age_years == evidence["challenge_age_years"]
    assert verified.policy_id == evidence["policy_id"]
    assert verified.bundle_digest == evidence["bundle_digest"]
    assert verified.seal == evidence["seal"]
    assert verified.liveness == evidence["liveness"]
    assert verified.input == evidence["input"]
    assert verified.max_attempts == evidence["max_attempts"]
    assert verified.issued_at_s == 1767225600
    assert verified.expires_at_s == 1767225900
    assert decoded(verified.token_id).hex() == VECTOR["token_id_hex"]
    assert verified.issuer == VECTOR["public_jwk"]["kid"]


@ANSWERS
def test_the_published_signatures_hold_without_a_jose_library(answer: dict[str, Any]) -> None:
    """The tokens are plain RFC 7515 and RFC 8032: nothing of ours is needed to check them."""
    header, payload, signature = answer["token"].split(".")
    key = Ed25519PublicKey.from_public_bytes(decoded(VECTOR["public_jwk"]["x"]))
    key.verify(decoded(signature), f"{header}.{payload}".encode("ascii"))
    assert decoded(header) == b'{"alg":"EdDSA","typ":"agecheck+jwt"}'
    assert decoded(payload).decode("ascii") == answer["payload"]


def test_the_audience_key_is_plain_hkdf() -> None:
    """The derivation can be redone with RFC 5869's two HMAC steps and nothing else."""
    root = bytes.fromhex(VECTOR["root_secret_hex"])
    extracted = hmac.digest(bytes(32), root, hashlib.sha256)
    info = b"agecheck/v1/audience-key\0" + VECTOR["audience"].encode("ascii")
    seed = hmac.digest(extracted, info + b"\x01", hashlib.sha256)
    assert seed.hex() == VECTOR["audience_seed_hex"]
    assert derive_audience_key(root, VECTOR["audience"]).private_bytes_raw() == seed


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    """`iss` and `kid` follow RFC 7638, as in the example of RFC 8037, appendix A.3."""
    key = Ed25519PublicKey.from_public_bytes(decoded("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
    assert thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
