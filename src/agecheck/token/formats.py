"""How claims are written and signed: one interface, and the compact JWS, which is the default.

The others say the same claims: `agecheck.token.sd_jwt` and `agecheck.token.cwt`.
docs/reference/token.md describes all three.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agecheck.errors import TokenError, TokenFault
from agecheck.token import jws
from agecheck.token.claims import encode_claims
from agecheck.token.encoding import parse_flat_object
from agecheck.token.form import well_formed

NOTICE: Final = "an estimate; not an EU age verification attestation"
"""A member of the formats that wallets and ID systems know: it must not pass for one of theirs."""


class TokenFormat(Protocol):
    """One way to write a token. A format is agreed on beforehand; a token does not choose it."""

    def sign(self, claims: Mapping[str, object], key: Ed25519PrivateKey, *, over: bool) -> str:
        """The token. Internal: what reaches it has been through a check.

        Args:
            claims: of schema v1, well-formed.
            key: the audience's.
            over: as the claims have it; both answers have one length.
        """

    def open(self, token: object, key: Ed25519PublicKey) -> Mapping[str, object]:
        """The members that the signature covers, under the names of claims schema v1.

        They are for `read_claims` to judge.

        Raises:
            TokenError: TOO_LARGE, MALFORMED, WRONG_ALGORITHM, WRONG_TYPE, BAD_SIGNATURE or
                BAD_CLAIMS. Nothing else, whatever the token is.
        """


@final
class JwsFormat:
    """Compact JWS (RFC 7515): agecheck's own, and the shortest to explain."""

    def sign(self, claims: Mapping[str, object], key: Ed25519PrivateKey, *, over: bool) -> str:
        """As `TokenFormat` has it."""
        return jws.sign(encode_claims(claims, over=over), key)

    def open(self, token: object, key: Ed25519PublicKey) -> Mapping[str, object]:
        """As `TokenFormat` has it."""
        return opened(well_formed(token, jws.TYPE), key)


def opened(compact: str, key: Ed25519PublicKey) -> dict[str, object]:
    """The members of a well-formed compact JWS.

    Raises:
        TokenError: BAD_SIGNATURE, or BAD_CLAIMS where the payload is no flat JSON object.
    """
    payload = jws.verified_payload(compact, key)
    if payload is None:
        raise TokenError(TokenFault.BAD_SIGNATURE)
    members = parse_flat_object(payload)
    if members is None:
        raise TokenError(TokenFault.BAD_CLAIMS)
    return members


JWS: Final = JwsFormat()
