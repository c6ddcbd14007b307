"""The relying party's side: is this token a fresh answer to my challenge, from that key?"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NoReturn

from agecheck.challenge import require_age_limit, require_audience, require_nonce
from agecheck.errors import TokenError, TokenFault
from agecheck.token import jwk, jws
from agecheck.token.claims import INPUTS, LIFETIME_S, MAX_TIME_S, Claims, read_claims
from agecheck.token.encoding import base64url_decode, parse_flat_object
from agecheck.token.errors import VerifierError
from agecheck.token.form import well_formed
from agecheck.token.formats import JWS, TokenFormat
from agecheck.token.jws import MAX_TOKEN_CHARS as MAX_TOKEN_CHARS

DEFAULT_LEEWAY_S = 30.0


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a verified token says. It has no truth value: ask `.over`.

    Attributes:
        age_limit: the age asked about, in whole years.
        over: the estimate reached the challenge age (True) or fell below the age limit (False).
        challenge_age_years: the estimate from which the device counts a person as over.
        policy_id: public name of the device's policy.
        bundle_digest: sha256 in hex over the models and their calibration.
        seal: "open", "partial" or "sealed".
        liveness: "none", "passive" or "active".
        input: "file", "browser" or "device": where the picture came from.
        max_attempts: how often the policy lets a person try; never a count.
        issued_at_s: seconds since 1970 (UTC), rounded down to the minute.
        expires_at_s: seconds since 1970 (UTC).
        token_id: random, 128 bits in base64url.
        issuer: RFC 7638 thumbprint of the key that signed.
    """

    age_limit: int
    over: bool
    challenge_age_years: float
    policy_id: str
    bundle_digest: str
    seal: str
    liveness: str
    input: str
    max_attempts: int
    issued_at_s: int
    expires_at_s: int
    token_id: str
    issuer: str

    def __bool__(self) -> NoReturn:
        # A verified token may say "under": `if verify_token(...)` would let it through.
        raise TypeError("a VerifiedToken has no truth value; ask its .over")


def verify_token(
    token: str | bytes,
    *,
    audience: str,
    nonce: str,
    public_jwk: Mapping[str, object],
    now_s: float,
    age_limit: int | None = None,
    accept_inputs: Collection[str] = frozenset({"browser", "device"}),
    leeway_s: float = DEFAULT_LEEWAY_S,
    token_format: TokenFormat = JWS,
) -> VerifiedToken:
    """Check a token in full, or raise.

    A nonce is good for one answer: the caller forgets it with this call, whatever comes of it.
    The token states how the answer came about, and it is the caller who decides whether that
    challenge age, seal and liveness are enough.

    Args:
        token: as text or as ASCII bytes.
        audience: the caller's own name, as given in the challenge.
        nonce: the nonce given in the challenge.
        public_jwk: the device's Ed25519 public key for this audience. The header names no key
            and chooses no algorithm.
        now_s: the caller's clock, seconds since 1970 (UTC).
        age_limit: the age asked about, in whole years. Leave it out only where any age will do,
            for example to show a token.
        accept_inputs: which of "file", "browser" and "device" are taken. A file can be anybody's
            picture, so it is not by default.
        leeway_s: how far the device's clock may be ahead, 0 to 300. It does not lengthen a
            token's life.
        token_format: the one that the caller agreed on; a token does not choose it.

    Raises:
        TokenError: the token is refused; `fault` says why. Nothing else is raised for a token,
            whatever it holds.
        ChallengeError: audience, nonce or age_limit do not have the form of a challenge's.
        VerifierError: public_jwk, now_s, accept_inputs or leeway_s cannot be used.
    """
    require_audience(audience)
    require_nonce(nonce)
    if age_limit is not None:
        require_age_limit(age_limit)
    _require_usable(now_s, accept_inputs, leeway_s)
    key = jwk.from_jwk(public_jwk)

    claims = read_claims(token_format.open(token, key))
    if claims is None:
        raise TokenError(TokenFault.BAD_CLAIMS)

    if not _same(claims.issuer, jwk.thumbprint(key)):
        raise TokenError(TokenFault.WRONG_ISSUER)
    if not _same(claims.audience, audience):
        raise TokenError(TokenFault.WRONG_AUDIENCE)
    if not _same(claims.nonce, nonce):
        raise TokenError(TokenFault.WRONG_NONCE)
    if age_limit is not None and claims.age_limit != age_limit:
        raise TokenError(TokenFault.WRONG_AGE_LIMIT)
    if claims.issued_at_s > now_s + leeway_s:
        raise TokenError(TokenFault.NOT_YET_VALID)
    if now_s >= claims.expires_at_s:
        raise TokenError(TokenFault.EXPIRED)
    if claims.input not in accept_inputs:
        raise TokenError(TokenFault.INPUT_REFUSED)
    return _verified(claims)


def claimed_issuer(token: str | bytes) -> str | None:
    """The `iss` of a well-formed token whose signature nobody has checked: good to look up a key.

    Returns:
        None where the payload names no issuer. What it names is the caller's to distrust.

    Raises:
        TokenError: the token is not a well-formed compact JWS with agecheck's header.
    """
    compact = well_formed(token, jws.TYPE)
    members = parse_flat_object(base64url_decode(compact.split(".")[1]) or b"")
    issuer = members.get("iss") if members is not None else None
    return issuer if isinstance(issuer, str) else None


def _same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode("ascii"), theirs.encode("ascii"))


def _require_usable(now_s: float, accept_inputs: Collection[str], leeway_s: float) -> None:
    if not _lies_within(now_s, 0, MAX_TIME_S):
        raise VerifierError("now_s is a time in seconds since 1970")
    if not _lies_within(leeway_s, 0, LIFETIME_S):
        raise VerifierError("leeway_s lies from 0 to 300 seconds")
    if isinstance(accept_inputs, str) or not accept_inputs or not INPUTS.issuperset(accept_inputs):
        raise VerifierError('accept_inputs is a set of "file", "browser", "device", not empty')


def _lies_within(value: object, lowest: float, highest: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return lowest <= value <= highest  # NaN does not


def _verified(claims: Claims) -> VerifiedToken:
    return VerifiedToken(
        age_limit=claims.age_limit,
        over=claims.over,
        challenge_age_years=claims.challenge_age_years,
        policy_id=claims.policy_id,
        bundle_digest=claims.bundle_digest,
        seal=claims.seal,
        liveness=claims.liveness,
        input=claims.input,
        max_attempts=claims.max_attempts,
        issued_at_s=claims.issued_at_s,
        expires_at_s=claims.expires_at_s,
        token_id=claims.token_id,
        issuer=claims.issuer,
    )
