"""Who reads many sockets in turn gets no batches of them: together they would fit no
cache.  The native backend's affair; `test_ahead` says what both have to give."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Callable, Iterator

import pytest
from lookahead import drain, joined, send_numbers, take
from patience import Background
from workbench import Bench

from pymq.backend.abc import Hub

COUNT = 100

#: Ways to receive a frame; on CPython the second is a builtin.
WAYS: dict[str, Callable[[Hub], Any]] = {
    "recv": take,
    "quick_recv": lambda hub: hub.ahead.popleft() if hub.ahead else _quick(hub),
}


def _quick(hub: Hub) -> Any:
    body = hub.quick_recv()
    return hub.recv() if body is None else body


@pytest.fixture
def native() -> Iterator[Bench]:
    pytest.importorskip("pymq._core")
    bench = Bench(import_module("pymq.backend.native"))
    bench.looks_ahead = True
    yield bench
    bench.close()


def loaded(bench: Bench, count: int) -> list[Hub]:
    """Hubs with messages for them, of which the last was just read from."""
    hubs = []
    for _ in range(count):
        pull, (push,) = joined(bench, 1)
        send_numbers(push, COUNT)
        hubs.append(pull)
    assert take(hubs[-1]) == b"0"
    return hubs[:-1]


@pytest.mark.parametrize("way", WAYS)
def test_in_turn(native: Bench, way: str) -> None:
    hubs = loaded(native, 4)
    for number in range(COUNT):
        for hub in hubs:
            assert WAYS[way](hub) == b"%d" % number
            assert not hub.ahead


@pytest.mark.parametrize("way", WAYS)
def test_one_again(native: Bench, way: str) -> None:
    first, second = loaded(native, 3)
    assert WAYS[way](first) == WAYS[way](second) == b"0"
    assert WAYS[way](second) == b"1"
    assert second.ahead
    assert not first.ahead
    assert drain(second) == [b"%d" % number for number in range(2, COUNT)]
    assert drain(first) == [b"%d" % number for number in range(1, COUNT)]


def test_each_thread_for_itself(native: Bench) -> None:
    first, second = loaded(native, 3)
    assert take(first) == b"0"
    assert Background(lambda: take(second)).result() == b"0"
    assert take(first) == b"1"
    assert first.ahead
