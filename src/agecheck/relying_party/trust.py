"""Whose keys a site believes. One of two, and each is named."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Protocol, final

from agecheck.relying_party.errors import AnswerError, AnswerFault, RelyingPartyError
from agecheck.token import jwk
from agecheck.token.errors import VerifierError

PublicJwk = Mapping[str, object]


class Trust(Protocol):
    """Finds the public key that an answer must be signed with."""

    def key_for(self, issuer: str, presented_jwk: object) -> PublicJwk:
        """The key to verify with.

        Args:
            issuer: the `iss` that the unverified token claims: a thumbprint, or anything.
            presented_jwk: what came beside the token; None where nothing did.

        Raises:
            AnswerError: there is no such key that is believed.
        """


@final
class PinnedKeys:
    """Public keys of enrolled kiosks and devices, and no other. A value: changes make a new one.

    Args:
        keys: public JWKs, or a JWK Set (RFC 7517) with a member `keys`. None at all is fine: then
            every answer is refused.
        revoked: thumbprints of keys that are never believed again, enrolled anew or not.

    Raises:
        RelyingPartyError: a key is malformed, private, unsound, given twice, or revoked.
    """

    __slots__ = ("_keys", "_revoked")

    def __init__(
        self, keys: Mapping[str, object] | Iterable[PublicJwk], *, revoked: Collection[str] = ()
    ) -> None:
        if isinstance(revoked, str) or not all(isinstance(kid, str) for kid in revoked):
            raise RelyingPartyError("revoked is a collection of thumbprints")
        pinned: dict[str, PublicJwk] = {}
        for key in _listed(keys):
            kid, public_jwk = _own_form(key)
            if kid in pinned:
                raise RelyingPartyError("a key is pinned twice")
            if kid in revoked:
                raise RelyingPartyError("a key is pinned and revoked")
            pinned[kid] = public_jwk
        self._keys = MappingProxyType(pinned)
        self._revoked = frozenset(revoked)

    @property
    def key_ids(self) -> frozenset[str]:
        """Thumbprints of the keys that are believed."""
        return frozenset(self._keys)

    @property
    def revoked(self) -> frozenset[str]:
        """Thumbprints of the keys that are never believed again."""
        return self._revoked

    def jwks(self) -> dict[str, list[dict[str, object]]]:
        """A JWK Set to keep on disk, in the order of enrolment; keep `revoked` beside it."""
        return {"keys": [dict(key) for key in self._keys.values()]}

    def with_key(self, public_jwk: PublicJwk) -> PinnedKeys:
        """These and one more, from `RelyingParty.enrol`.

        Raises:
            RelyingPartyError: it is there already, was revoked, or is unusable.
        """
        return PinnedKeys([*self._keys.values(), public_jwk], revoked=self._revoked)

    def without(self, key_id: str) -> PinnedKeys:
        """These but one, which is revoked for good.

        Args:
            key_id: the thumbprint; one that is not pinned is revoked all the same.
        """
        remaining = [key for kid, key in self._keys.items() if kid != key_id]
        return PinnedKeys(remaining, revoked=self._revoked | {key_id})

    def key_for(self, issuer: str, presented_jwk: object) -> PublicJwk:  # noqa: ARG002
        """As `Trust` has it. A key that comes with an answer is not even looked at."""
        if issuer in self._revoked:
            raise AnswerError(AnswerFault.KEY_REVOKED)
        key = self._keys.get(issuer)
        if key is None:
            raise AnswerError(AnswerFault.KEY_NOT_ENROLLED)
        return key

    def __repr__(self) -> str:
        return f"<PinnedKeys: {len(self._keys)} pinned, {len(self._revoked)} revoked>"


@final
class AcceptUnattestedDevices:
    """A script can forge a token that this accepts: it takes the key that comes with the answer.

    Any program can make a key, sign "over" with it, and send both. What is left is that the answer
    is fresh, for this site, to this visitor's question, and well-formed. It suits a gate that asks
    an honest visitor to be honest; it stops nobody who reads this page.

    A device is to use a fresh key for each challenge here: a key that lasts would only link visits.
    """

    __slots__ = ()

    def key_for(self, issuer: str, presented_jwk: object) -> PublicJwk:  # noqa: ARG002
        """As `Trust` has it; that `issuer` is this key's thumbprint is verified with the token."""
        if presented_jwk is None:
            raise AnswerError(AnswerFault.KEY_MISSING)
        try:
            return _own_form(presented_jwk)[1]
        except RelyingPartyError:
            raise AnswerError(AnswerFault.KEY_UNUSABLE) from None

    def __repr__(self) -> str:
        return "<AcceptUnattestedDevices: a script can forge a token>"


def _listed(keys: object) -> list[object]:
    if isinstance(keys, Mapping):
        keys = keys.get("keys")
    if isinstance(keys, str | bytes | Mapping) or not isinstance(keys, Iterable):
        raise RelyingPartyError("keys is a JWK Set or an iterable of JWKs")
    return list(keys)


def _own_form(public_jwk: object) -> tuple[str, PublicJwk]:
    """Thumbprint and JWK with our members alone; a `kid` of somebody else's is dropped."""
    try:
        public_key = jwk.from_jwk(public_jwk)
    except VerifierError as error:
        raise RelyingPartyError(str(error)) from None
    own = jwk.to_jwk(public_key)
    return own["kid"], MappingProxyType(dict(own))
