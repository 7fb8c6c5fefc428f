"""Random calls of hubs: native and pure answer each of them alike.

As many as you like, others each time:

    PYMQ_PLANS=20000 python -m pytest tests/backend/test_equal.py --timeout 0
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import pytest
from hubcalls import Operation, Plan, World, plans
from hypothesis import HealthCheck, given, settings

from pymq.backend.abc import Backend

pytest.importorskip("pymq._core")

ASKED = int(os.environ.get("PYMQ_PLANS", "0"))
FEW = 300


def _world(name: str, plan: Plan) -> World:
    backend: Backend = import_module(f"pymq.backend.{name}")
    return World(backend, plan)


def _differ(plan: Plan) -> tuple[list[Operation], Any, Any]:
    """The calls up to the first that is answered differently, and both answers."""
    worlds = [_world(name, plan) for name in ("native", "pure")]
    done: list[Operation] = []
    try:
        for (call, ours), (_, theirs) in zip(*(world.run() for world in worlds)):
            done.append(call)
            if ours != theirs:
                return done, ours, theirs
    finally:
        for world in worlds:
            world.close()
    return [], None, None


@settings(
    max_examples=ASKED or FEW,
    derandomize=not ASKED,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(plan=plans())
def test_calls_of_hubs(plan: Plan) -> None:
    done, ours, theirs = _differ(plan)
    calls = [str(call) for call in done if call != ("state",)]
    told = [f"native: {ours}", f"pure: {theirs}"]
    assert ours == theirs, "\n  ".join([str(plan[:3]), *calls, *told])
