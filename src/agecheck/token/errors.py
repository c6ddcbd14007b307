"""Errors of wrong use, as opposed to a bad token (`TokenError`) or key file (`KeyFileError`)."""

from __future__ import annotations

from agecheck.errors import AgecheckError


class SignerError(AgecheckError):
    """A signer was asked for something it must not or cannot sign."""


class VerifierError(AgecheckError, ValueError):
    """`verify_token` was called with a key, clock or limit that it cannot work with.

    This is the caller's mistake and says nothing about the token.
    """
