"""Every pattern between every two implementations while its connections suffer: no
hang, no half message, nothing twice, and it is known what became of each letter."""

from __future__ import annotations

import pytest
from faultplans import schedule
from implementations import ORACLE
from lanes import PATTERNS, East, Lane, Pattern, West
from library import Library

LARGEST = 300_000  # bytes: more than any frame has, less than a changed length says


MUTE = "libzmq keeps a second peer of a PAIR, and never reads it"


def _run(couple: tuple[Library, Library], pattern: Pattern, seed: int) -> None:
    if pattern.rivals and couple[1].tag == ORACLE:  # who is bound
        pytest.skip(MUTE)
    plans = schedule(seed, back=pattern.west_binds)
    west, east = couple
    lane = Lane(
        pattern,
        West(west, pattern.west, pattern, b"one", maxmsgsize=LARGEST),
        East(east, pattern.east, pattern, b"one", maxmsgsize=LARGEST),
        plans,
        foreign=west.tag == ORACLE,
    )
    verdict = lane.run()
    assert not verdict.faults, (verdict, [p.plan for p in lane.proxy.passages])
    assert verdict.fates["received"], verdict


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda one: str(one.name))
def test_every_fault(couple: tuple[Library, Library], pattern: Pattern) -> None:
    _run(couple, pattern, seed=PATTERNS.index(pattern))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda one: str(one.name))
def test_many_schedules(couple: tuple[Library, Library], pattern: Pattern) -> None:
    for seed in range(100, 120):
        _run(couple, pattern, seed)
