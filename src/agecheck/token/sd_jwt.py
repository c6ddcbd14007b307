"""The claims as an SD-JWT (RFC 9901) in the shape of an SD-JWT VC, for software that reads those.

Nothing in it is to be disclosed selectively: device and holder are one, and it answers one
challenge. So it has no disclosures, which RFC 9901 allows, and ends with its one tilde.

It is an estimate, says so in two members, and must not be presented as an attestation under any
EU age-verification scheme.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agecheck.errors import TokenError, TokenFault
from agecheck.token import jws
from agecheck.token.claims import encode_claims
from agecheck.token.form import as_text, well_formed
from agecheck.token.formats import NOTICE, opened

TYPE: Final = "dc+sd-jwt"
CREDENTIAL_TYPE: Final = "urn:agecheck:facial-age-estimate:1"
_ADDED: Final = {"vct": CREDENTIAL_TYPE, "notice": NOTICE}


@final
class SdJwtVcFormat:
    """A `TokenFormat`. Its members are the schema's, and `vct` and `notice`."""

    def sign(self, claims: Mapping[str, object], key: Ed25519PrivateKey, *, over: bool) -> str:
        """As `TokenFormat` has it."""
        return jws.sign(encode_claims({**_ADDED, **claims}, over=over), key, TYPE) + "~"

    def open(self, token: object, key: Ed25519PublicKey) -> Mapping[str, object]:
        """As `TokenFormat` has it. Disclosures and key bindings are MALFORMED."""
        text = as_text(token)
        if not text.endswith("~"):
            raise TokenError(TokenFault.MALFORMED)
        members = opened(well_formed(text[:-1], TYPE), key)
        if any(members.pop(name, None) != value for name, value in _ADDED.items()):
            raise TokenError(TokenFault.BAD_CLAIMS)
        return members


SD_JWT_VC: Final = SdJwtVcFormat()
