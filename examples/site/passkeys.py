"""Passkeys that say one thing: whoever unlocks this one was over the age before.

No account, no name: a passkey's user is a random handle. The library is py_webauthn.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)


class Passkeys:
    """Kept in the site's database, each with the age that its holder was over.

    Args:
        origin: the site's.
        age_limit: what the site asks about, in whole years. A passkey from when it asked about a
            lower age opens nothing.
        connect: opens a connection; it is closed after use.
    """

    def __init__(
        self,
        origin: str,
        age_limit: int,
        connect: Callable[[], AbstractContextManager[sqlite3.Connection]],
    ) -> None:
        self._origin, self._site = origin, urlsplit(origin).hostname or ""
        self._age_limit, self._connect = age_limit, connect
        with connect() as database, database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS passkeys_by_age "
                "(id BLOB PRIMARY KEY, public_key BLOB NOT NULL, uses INTEGER NOT NULL, "
                "age_limit INTEGER NOT NULL)"
            )

    def registration(self) -> tuple[str, bytes]:
        """Options for the browser, and the challenge to keep with the session."""
        options = generate_registration_options(
            rp_id=self._site,
            rp_name="Corner Books",
            user_name=f"Over {self._age_limit}",
            user_id=secrets.token_bytes(32),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                # A device lies about in a family: it has to be unlocked.
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
        return options_to_json(options), options.challenge

    def keep(self, credential: bytes, challenge: bytes | None) -> bool:
        """Whether the browser's answer is good; if so, it is kept."""
        if challenge is None:
            return False
        try:
            verified = verify_registration_response(
                credential=credential.decode("utf-8"),
                expected_challenge=challenge,
                expected_rp_id=self._site,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except Exception:  # whatever a browser sends is no error of the site
            return False
        with self._connect() as database, database:
            database.execute(
                "INSERT INTO passkeys_by_age VALUES (?, ?, ?, ?)",
                (
                    verified.credential_id,
                    verified.credential_public_key,
                    verified.sign_count,
                    self._age_limit,
                ),
            )
        return True

    def authentication(self) -> tuple[str, bytes]:
        """As `registration`. It names no passkey: the browser offers what it has for this site."""
        options = generate_authentication_options(
            rp_id=self._site, user_verification=UserVerificationRequirement.REQUIRED
        )
        return options_to_json(options), options.challenge

    def recognise(self, credential: bytes, challenge: bytes | None) -> bool:
        """Whether a passkey that was kept for this age, or a higher one, signed the challenge."""
        if challenge is None:
            return False
        try:
            claimed = parse_authentication_credential_json(credential.decode("utf-8"))
            named = base64url_to_bytes(claimed.id)
            with self._connect() as database, database:
                row = database.execute(
                    "SELECT public_key, uses FROM passkeys_by_age WHERE id = ? AND age_limit >= ?",
                    (named, self._age_limit),
                ).fetchone()
                verified = verify_authentication_response(
                    credential=claimed,
                    expected_challenge=challenge,
                    expected_rp_id=self._site,
                    expected_origin=self._origin,
                    credential_public_key=row[0],
                    credential_current_sign_count=row[1],
                    require_user_verification=True,
                )
                database.execute(
                    "UPDATE passkeys_by_age SET uses = ? WHERE id = ?",
                    (verified.new_sign_count, named),
                )
        except Exception:  # as above; who is not known, or not for this age, has no row
            return False
        return True
