"""The signature layer: compact JWS (RFC 7515) with EdDSA (RFC 8037) and nothing else."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry, deserialize_compact, serialize_compact

ALGORITHM = "EdDSA"
TYPE = "agecheck+jwt"
MAX_TOKEN_CHARS = 4096
"""Well above the longest token that agecheck issues; what is longer is not even decoded."""
ENROLMENT_TYPE = "agecheck-enrolment+jwt"
"""Proofs of possession: never taken for an answer, nor an answer for one of them."""


class _EdDsaOnly(JWSRegistry):
    """A registry whose one algorithm does not depend on what a header asks for.

    It also leaves out the warning that joserfc gives for every EdDSA signature: RFC 9864 would
    rather have "Ed25519" as the name, which verifiers in the field do not know yet.
    """

    # joserfc's own bound lies below what `form` lets through: white space in a header made one
    # verifier take what another refused.
    max_header_length = MAX_TOKEN_CHARS

    def get_alg(self, name: str) -> JWSAlgModel:
        if name != ALGORITHM:
            raise UnsupportedAlgorithmError("only EdDSA")
        return self.algorithms[ALGORITHM]


_REGISTRY = _EdDsaOnly()


def sign(payload: bytes, key: Ed25519PrivateKey, kind: str = TYPE) -> str:
    """A compact JWS over exactly these payload bytes, with agecheck's header.

    Internal: an answer that reaches it has been through a check.

    Args:
        payload: what is signed.
        key: the audience's key.
        kind: the header's typ, one of the above.
    """
    header = {"alg": ALGORITHM, "typ": kind}
    return serialize_compact(header, payload, OKPKey.import_key(key), registry=_REGISTRY)


def verified_payload(token: str, key: Ed25519PublicKey) -> bytes | None:
    """The payload bytes that the signature covers, or None when it does not match the key.

    Args:
        token: a compact JWS whose header has been checked already.
        key: the only key that is tried.
    """
    try:
        return deserialize_compact(token, OKPKey.import_key(key), registry=_REGISTRY).payload
    except (JoseError, ValueError, RecursionError):
        return None
