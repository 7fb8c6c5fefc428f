"""Both backends offer the contract's members, with the contract's signatures."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from workbench import PAIR, Bench

from pymq.backend import abc


def _public(thing: Any) -> dict[str, Any]:
    return {
        name: member
        for name, member in vars(thing).items()
        if name[0] != "_" and callable(member)
    }


def _parameters(function: Any) -> list[tuple[str, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.default) for p in found]


@pytest.mark.parametrize("noun", ["Hub", "Pipe", "Loop"])
def test_members(bench: Bench, noun: str) -> None:
    hub = bench.hub(PAIR)
    made = {"Hub": hub, "Pipe": bench.pipe(hub), "Loop": bench.loop}[noun]
    for name, wanted in _public(getattr(abc, noun)).items():
        offered = getattr(type(made), name)
        assert _parameters(offered) == _parameters(wanted), name


def test_data(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    for name in ("more", "peer", "chosen"):
        assert getattr(hub, name) == 0
    one, other = bench.pipe(hub), bench.pipe(bench.hub(PAIR))
    assert 0 < one.id < other.id
