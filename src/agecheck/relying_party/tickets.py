"""What a site remembers of a challenge, kept by the visitor's session instead of a table.

A ticket holds the question and a tag over it that only the site can make. Whoever asks for a
million challenges thus fills no store; docs/adr/0013-stateless-challenges.md weighs it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from enum import StrEnum

from agecheck.token.encoding import base64url_encode

MIN_SECRET_BYTES = 32
NONCE_BYTES = 24
MAX_VISITOR_CHARS = 1024
_LABEL = "agecheck/v1/ticket"
_TICKET = re.compile(
    r"(0|[1-9][0-9]?)\.([1-9][0-9]{0,11})\.([A-Za-z0-9_-]{32})\.([A-Za-z0-9_-]{43})"
)


class Purpose(StrEnum):
    """What the ticket's holder is to do. A ticket for one is none for the other."""

    ANSWER = "answer"
    ENROL = "enrol"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A question put to one visitor.

    Attributes:
        purpose: an answer about an age, or an enrolment.
        age_limit: in whole years; 0 for an enrolment.
        expires_at_s: whole seconds since 1970 (UTC); from then on no answer is taken.
        nonce: 24 random bytes in base64url, 32 characters.
    """

    purpose: Purpose
    age_limit: int
    expires_at_s: int
    nonce: str


def write_ticket(ticket: Ticket, *, secret: bytes, audience: str, visitor: str) -> str:
    """The ticket as text, tagged with HMAC-SHA256 (RFC 2104) for this site and visitor.

    Args:
        ticket: what was asked.
        secret: at least 32 bytes.
        audience: the site.
        visitor: whatever tells this visitor from others; it is in the tag, not in the text.
    """
    body = f"{ticket.age_limit}.{ticket.expires_at_s}.{ticket.nonce}"
    return f"{body}.{_tag(body, ticket.purpose, secret, audience, visitor)}"


def read_ticket(
    text: object, purpose: Purpose, *, secret: bytes, audience: str, visitor: str
) -> Ticket | None:
    """The ticket, or None when it is anything but one that `write_ticket` made from these."""
    match = _TICKET.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    body, tag = match.string.rsplit(".", 1)
    if not hmac.compare_digest(tag, _tag(body, purpose, secret, audience, visitor)):
        return None
    return Ticket(purpose, int(match[1]), int(match[2]), match[3])


def _tag(body: str, purpose: Purpose, secret: bytes, audience: str, visitor: str) -> str:
    # JSON keeps the parts apart whatever characters they hold.
    message = json.dumps([_LABEL, purpose.value, audience, visitor, body]).encode("ascii")
    return base64url_encode(hmac.digest(secret, message, hashlib.sha256))
