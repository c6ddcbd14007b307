"""What passes between a site and its visitor's agent: a form there, a URL's fragment back.

Site and agent share this module, so that what one sends is what the other reads. A fragment never
reaches a server by itself, nor a log or a Referer: the site's own page hands it over.
docs/reference/agent.md has it in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agecheck.challenge import MAX_AUDIENCE_CHARS, Challenge
from agecheck.errors import ChallengeError

DEFAULT_PORT = 8462
ASK_PATH = "/ask"
DEFAULT_AGENT = f"http://127.0.0.1:{DEFAULT_PORT}{ASK_PATH}"
"""Where a site's form goes, unless its visitor's agent has another port."""
NO_TOKEN = "no_token"  # noqa: S105
"""Declined, inconclusive, suspected attack, no camera: the one answer for all of them."""
MAX_CALLBACK_CHARS = 512
MAX_ANSWER_CHARS = 4300

_HTTPS_ORIGIN = re.compile(r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?")
_LOOPBACK_ORIGIN = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:[1-9][0-9]{0,4})?")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")
_AGE = re.compile(r"[1-9][0-9]?")
_ANSWER = re.compile(r"agecheck=([A-Za-z0-9._-]+)(?:&x=([A-Za-z0-9_-]{43}))?")


class KeyKind(StrEnum):
    """Which key the agent is to sign with."""

    ENROLLED = "enrolled"
    """The one that lasts, this site's own; for `PinnedKeys`. The site can tell by it that it is the
    same device again, and the person is told so."""
    FRESH = "fresh"
    """Made for this challenge and sent along; for `AcceptUnattestedDevices`. Known by nobody."""


class QuestionFault(StrEnum):
    """Why a form is not a question that an agent answers."""

    MALFORMED = "the question is incomplete or malformed"
    WRONG_ASKER = "the page that asks is not the site it asks for"
    WRONG_CALLBACK = "the answer would go to another site than the one that asks"


class QuestionError(ChallengeError):
    """The form is refused; `fault` says why. It repeats nothing of the form."""

    def __init__(self, fault: QuestionFault) -> None:
        self.fault = fault
        super().__init__(fault.value)

    def __reduce__(self) -> tuple[type[QuestionError], tuple[QuestionFault]]:
        return type(self), (self.fault,)


@dataclass(frozen=True, slots=True)
class Question:
    """What a site asks an agent.

    Attributes:
        challenge: its audience is the site's origin.
        callback: where the answer goes: a URL of that origin, without a fragment.
        key: which key it is to be signed with.
    """

    challenge: Challenge
    callback: str
    key: KeyKind


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """What came back.

    Attributes:
        token: None: there is no answer, and the site does not learn why.
        public_jwk: the key that came along, for `AcceptUnattestedDevices`; None otherwise.
    """

    token: str | None = field(repr=False)
    public_jwk: Mapping[str, object] | None = field(default=None, repr=False)


def is_origin(text: object) -> bool:
    """Whether a text is an origin as browsers write it: https, or http on a loopback name.

    Lower case, no path, no slash at the end, no default port.
    """
    if not isinstance(text, str) or len(text) > MAX_AUDIENCE_CHARS:
        return False
    if not (_HTTPS_ORIGIN.fullmatch(text) or _LOOPBACK_ORIGIN.fullmatch(text)):
        return False
    scheme, _, rest = text.partition("://")
    return not rest.endswith(":443" if scheme == "https" else ":80")


def agent_form(
    challenge: Challenge, callback: str, *, key: KeyKind = KeyKind.ENROLLED
) -> dict[str, str]:
    """The hidden fields of the form that a site sends to its visitor's agent.

    Args:
        challenge: from `RelyingParty.new_challenge`.
        callback: a URL of the challenge's audience, without a fragment, at most 512 characters.
        key: `KeyKind.FRESH` for `AcceptUnattestedDevices`.

    Raises:
        QuestionError: no agent would take it.
    """
    fields = {
        "audience": challenge.audience,
        "nonce": challenge.nonce,
        "age_limit": str(challenge.age_limit),
        "callback": callback,
        "key": KeyKind(key).value,
    }
    read_question(fields, asker=challenge.audience)
    return fields


def read_question(fields: Mapping[str, str], *, asker: str | None) -> Question:
    """The question in a form, or an error.

    Args:
        fields: exactly those of `agent_form`.
        asker: the origin of the page that sent the form, as the browser says.

    Raises:
        QuestionError: its fault names the first rule that is broken.
    """
    if fields.keys() != {"audience", "nonce", "age_limit", "callback", "key"}:
        raise QuestionError(QuestionFault.MALFORMED)
    audience, callback = fields["audience"], fields["callback"]
    if not is_origin(audience) or not _AGE.fullmatch(fields["age_limit"]):
        raise QuestionError(QuestionFault.MALFORMED)
    if asker != audience:
        raise QuestionError(QuestionFault.WRONG_ASKER)
    if not _is_url_of(audience, callback):
        raise QuestionError(QuestionFault.WRONG_CALLBACK)
    try:
        challenge = Challenge(audience, fields["nonce"], int(fields["age_limit"]))
        key = KeyKind(fields["key"])
    except ValueError:  # a ChallengeError is one
        raise QuestionError(QuestionFault.MALFORMED) from None
    return Question(challenge, callback, key)


def answer_url(question: Question, token: str | None, public_jwk: Mapping[str, str] | None) -> str:
    """Where the browser is sent at the end: the callback, with the answer in its fragment.

    Args:
        question: says where.
        token: None for no answer.
        public_jwk: of a fresh key; None otherwise.
    """
    answer = f"agecheck={NO_TOKEN if token is None else token}"
    if token is not None and public_jwk is not None:
        answer += f"&x={public_jwk['x']}"
    return f"{question.callback}#{answer}"


def read_answer(fragment: object) -> AgentAnswer:
    """What a site's page found behind the `#`. Whatever else it is, it is no answer."""
    text = fragment if isinstance(fragment, str) and len(fragment) <= MAX_ANSWER_CHARS else ""
    found = _ANSWER.fullmatch(text)
    if found is None or found[1] == NO_TOKEN:
        return AgentAnswer(None)
    jwk = None if found[2] is None else {"kty": "OKP", "crv": "Ed25519", "x": found[2]}
    return AgentAnswer(found[1], jwk)


def _is_url_of(origin: str, url: str) -> bool:
    # Compared as text: no parser's idea of a host gets between origin and path.
    if len(url) > MAX_CALLBACK_CHARS or not url.startswith(origin + "/"):
        return False
    return _PATH.fullmatch(url.removeprefix(origin)) is not None
