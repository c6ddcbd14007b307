"""A site, its clock, and each kind of replay store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agecheck.errors import TokenFault
from agecheck.relying_party import (
    AnswerError,
    AnswerFault,
    MemoryReplayStore,
    PinnedKeys,
    RedisReplayStore,
    RelyingParty,
    ReplayStore,
    SqlReplayStore,
)
from agecheck.token import VerifiedToken
from relying_party.devices import POLICY, SECRET, SITE, VISITOR, Clock, signer_of
from relying_party.stores import FakeRedis

MakeSite = Callable[..., RelyingParty]


def fault_of(
    call: Callable[..., object], *arguments: object, **named: object
) -> AnswerFault | TokenFault:
    """Why a site does not take an answer."""
    with pytest.raises(AnswerError) as caught:
        call(*arguments, **named)
    return caught.value.fault


def take(site: RelyingParty, token: Any, ticket: Any, **more: Any) -> VerifiedToken:
    """The usual visitor's answer, as far as `more` does not say otherwise."""
    asked: dict[str, Any] = {"visitor": VISITOR, "age_limit": 18}
    return site.verify(token, ticket=ticket, **asked | more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> ReplayStore:
    """Each of the three stores; the one for Redis on a stand-in that implements SET NX EX."""
    if request.param == "memory":
        return MemoryReplayStore()
    if request.param == "redis":
        return RedisReplayStore(FakeRedis(clock))
    sql = SqlReplayStore(sqlite3, lambda: sqlite3.connect(tmp_path / "site.db", timeout=30))
    sql.create_table()
    return sql


@pytest.fixture
def make_site(clock: Clock) -> MakeSite:
    """Builds a site that trusts the tests' device, with any setting replaced."""

    def make(audience: str = SITE, **settings: object) -> RelyingParty:
        defaults: dict[str, object] = {
            "secret": SECRET,
            "trust": PinnedKeys([signer_of().public_jwk()]),
            "policy": POLICY,
            "replay_store": MemoryReplayStore(),
            "clock": clock,
        }
        return RelyingParty(audience, **defaults | settings)  # type: ignore[arg-type]

    return make
