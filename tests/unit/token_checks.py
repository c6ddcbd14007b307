"""A good token, a verifier that expects it, and the fault of one that is not.

Tokens are forged here with `cryptography` alone, by the key that the verifier trusts unless a
test says otherwise: what is refused is refused for its content, not for a broken signature.
"""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agecheck.errors import TokenError, TokenFault
from agecheck.token import VerifiedToken, verify_token
from relying_party import forging
from relying_party.forging import AUDIENCE as SHOP
from relying_party.forging import KEY, NOW_S, forge

NONCE = "bm9uY2UtZm9yLXRlc3Rz"
CLAIMS = forging.claims(nonce=NONCE, seal="open", liveness="none")


def jwk_of(key: Ed25519PrivateKey) -> dict[str, object]:
    return forging.jwk_of(key) | {"alg": "EdDSA", "use": "sig"}


def check(token: Any, **changes: Any) -> VerifiedToken:
    arguments: dict[str, Any] = {
        "audience": SHOP,
        "nonce": NONCE,
        "public_jwk": jwk_of(KEY),
        "now_s": NOW_S,
        "age_limit": 18,
    }
    return verify_token(token, **(arguments | changes))


def fault_of(token: Any, **changes: Any) -> TokenFault:
    """Why the token is refused, once the error is known to carry nothing else."""
    with pytest.raises(TokenError) as caught:
        check(token, **changes)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert str(error) == error.fault.value
    return error.fault


GOOD = forge(CLAIMS)
