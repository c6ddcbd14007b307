"""A site's side of the gate: ask one visitor one question, and take one answer to it.

    site = RelyingParty(
        "https://shop.example",
        secret=secret,                       # 32 random bytes, the same on all the site's servers
        trust=PinnedKeys(jwks),              # or, knowing what it means, AcceptUnattestedDevices()
        policy=AcceptancePolicy.calibrated(
            {18}, seals={"sealed"}, liveness={"passive", "active"}, inputs={"device"}
        ),
        replay_store=SqlReplayStore(sqlite3, connect),
    )
    asked = site.new_challenge(18, visitor=session_id)   # asked.challenge goes to the device
    answer = site.verify(token, ticket=asked.ticket, visitor=session_id, age_limit=18)
    if answer.over: ...

Nothing here loads onnxruntime, numpy or Pillow: the picture never comes to the site.
docs/reference/relying_party.md describes it in words.
"""

from __future__ import annotations

from agecheck.relying_party.errors import (
    AnswerError,
    AnswerFault,
    RelyingPartyError,
    ReplayStoreError,
    ReplayStoreFault,
)
from agecheck.relying_party.party import IssuedChallenge, IssuedEnrolment, RelyingParty
from agecheck.relying_party.policy import AcceptancePolicy
from agecheck.relying_party.replay import MemoryReplayStore, ReplayStore
from agecheck.relying_party.replay_redis import RedisReplayStore
from agecheck.relying_party.replay_sql import SqlReplayStore
from agecheck.relying_party.trust import AcceptUnattestedDevices, PinnedKeys, Trust
from agecheck.web_exchange import (
    DEFAULT_AGENT,
    AgentAnswer,
    KeyKind,
    QuestionError,
    agent_form,
    read_answer,
)

__all__ = [
    "AcceptUnattestedDevices",
    "AcceptancePolicy",
    "AgentAnswer",
    "AnswerFault",
    "AnswerError",
    "DEFAULT_AGENT",
    "IssuedChallenge",
    "IssuedEnrolment",
    "KeyKind",
    "MemoryReplayStore",
    "PinnedKeys",
    "QuestionError",
    "RedisReplayStore",
    "RelyingParty",
    "RelyingPartyError",
    "ReplayStore",
    "ReplayStoreError",
    "ReplayStoreFault",
    "SqlReplayStore",
    "Trust",
    "agent_form",
    "read_answer",
]
