"""Receiving as sockets do it: what is ahead comes first."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Callable, Union

import pytest
from workbench import PULL, PUSH, Bench

from pymq.backend.abc import Hub

Scenario = Callable[[Bench], Any]


def take(hub: Hub) -> Union[bytes, int]:
    """The next frame, or the error."""
    return hub.ahead.popleft() if hub.ahead else hub.recv()


def drain(hub: Hub) -> list[bytes]:
    """All that is there."""
    found = []
    while not isinstance(body := take(hub), int):
        found.append(body)
    return found


def reader(bench: Bench, routing: Any = PULL) -> Hub:
    """A hub that may look ahead."""
    hub = bench.hub(routing)
    hub.looks_ahead = bench.looks_ahead
    return hub


def joined(bench: Bench, count: int) -> tuple[Hub, list[Hub]]:
    """A reader and who is joined to it."""
    pull = reader(bench)
    pushes = [bench.hub(PUSH) for _ in range(count)]
    for push in pushes:
        bench.join(push, pull)
    return pull, pushes


def send_numbers(hub: Hub, count: int, name: bytes = b"") -> None:
    """Messages `name` 0, `name` 1 and so on."""
    for number in range(count):
        assert hub.send(b"%s%d" % (name, number)) == 0


def _outcome(backend: str, scenario: Scenario, ahead: bool = True) -> Any:
    bench = Bench(import_module(f"pymq.backend.{backend}"))
    bench.looks_ahead = ahead
    try:
        return scenario(bench)
    finally:
        bench.close()


def agree(scenario: Scenario) -> Any:
    """What both backends make of it, and pure without looking ahead."""
    pytest.importorskip("pymq._core")
    plain = _outcome("pure", scenario, ahead=False)
    assert _outcome("native", scenario) == plain
    assert _outcome("pure", scenario) == plain
    return plain
