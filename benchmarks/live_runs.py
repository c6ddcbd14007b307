"""Runs an actor through a live session, at the pace of the processor instead of the clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cache

from agecheck.bootstrap import build_estimator, build_pipeline, build_session
from agecheck.calibration import shipped_calibration
from agecheck.guidance import LiveCode
from agecheck.live_script import TICK_MS, draw_script
from agecheck.models.store import ModelStore
from agecheck.pipeline import FaceAgePipeline
from agecheck.policy import EffectivePolicy, Liveness
from agecheck.verdict import CheckResult
from benchmarks.actors import Actor

FRAME_MS = 50
MAX_SESSION_MS = 15_000


@dataclass
class Run:
    """One session.

    Attributes:
        result: what it came to.
        done_at_ms: the tick that said DONE; None when it never did.
        codes: what each tick said.
        frame_ms: processor time that each frame took, on the one thread that works.
    """

    result: CheckResult
    done_at_ms: int | None
    codes: list[LiveCode] = field(default_factory=list)
    frame_ms: list[float] = field(default_factory=list)


@cache
def pipeline() -> FaceAgePipeline:
    """Shipped models and calibration, once."""
    store = ModelStore()
    return build_pipeline(store, build_estimator(store, shipped_calibration().fusion))


def run_session(
    actor: Actor, liveness: Liveness, *, frame_step_ms: int = FRAME_MS, max_ms: int = MAX_SESSION_MS
) -> Run:
    """One session of an actor at a level of liveness, over 18 at challenge age 25."""
    script = draw_script(liveness)
    policy = EffectivePolicy(18, 25.0, 3, liveness)
    session = build_session(pipeline(), policy, 10.0, script.to_bytes())
    if script.lights:
        session.lights_began(200)
        actor.lit(script.lights, 200)
    codes: list[LiveCode] = []
    frame_ms: list[float] = []
    for tick in range(1, max_ms // TICK_MS + 1):
        for at_ms in range((tick - 1) * TICK_MS, tick * TICK_MS, frame_step_ms):
            frame = actor.frame(at_ms)
            began_s = time.thread_time()
            session.see(frame, at_ms)
            frame_ms.append((time.thread_time() - began_s) * 1000)
        codes.append(session.tick())
        if codes[-1] is LiveCode.DONE:
            return Run(session.finish(), tick * TICK_MS, codes, frame_ms)
        actor.hear(codes[-1], tick * TICK_MS)
    return Run(session.finish(), None, codes, frame_ms)
