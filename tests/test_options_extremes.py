"""No value of an option, and no number of one, breaks more than its own socket."""

from __future__ import annotations

import random
from functools import partial
from typing import Any, Callable

import pytest
from library import Library
from marriage import marry

from pymq import control
from pymq.constants import SocketOption, SocketType, _OptType
from pymq.option import INT64_MAX, INT_MAX, Option
from pymq.options import OPTIONS

ENDS = [
    (SocketOption(number).name, value)
    for number, row in OPTIONS.items()
    if row.writable
    for value in sorted({row.low, min(row.high, 1000), row.high})
]
TYPES = [kind.name for kind in SocketType if kind <= SocketType.STREAM]
INTEGERS = (-(2**31), -2, -1, 0, 1, 2, 255, INT_MAX, 2**31, INT64_MAX, -(2**63), 2**70)
BYTES = (b"", b"x", b"\0", b"x" * 255, b"x" * 256, b"/" * 20, b"x" * 70_000)


def _value(row: Option, name: str, size: int) -> Any:
    if SocketOption[name]._opt_type is _OptType.bytes:
        return b"x" * min(size, 70_000)
    return size


def _attempt(expected: Any, call: Callable[[], Any]) -> None:
    try:
        call()
    except expected:
        pass


@pytest.mark.only("pymq")  # libzmq aborts at some
@pytest.mark.parametrize(("name", "size"), ENDS)
def test_the_ends_of_a_range_in_use(zmq: Library, name: str, size: int) -> None:
    row = OPTIONS[SocketOption[name]]
    kind = zmq.DEALER if row.types is None else min(row.types)
    sock = zmq.socket(kind)
    calls: list[Callable[[], Any]] = [
        lambda: sock.set(getattr(zmq, name), _value(row, name, size)),
        lambda: sock.bind("tcp://127.0.0.1:*"),
        lambda: sock.bind("ipc://*"),
        lambda: sock.connect(zmq.reserved("tcp")),
        lambda: sock.connect(zmq.reserved("ipc")),
    ]
    for call in calls:
        _attempt(zmq.ZMQError, call)
    marry(zmq, zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH), "tcp")


@pytest.mark.parametrize("kind", TYPES)
def test_any_value_for_any_number(zmq: Library, kind: str) -> None:
    sock = zmq.socket(getattr(zmq, kind))
    expected = (zmq.ZMQError, TypeError, OverflowError)
    for number in range(-1, 130):
        for value in (*INTEGERS, *BYTES):
            _attempt(expected, partial(sock.set, number, value))
        _attempt(expected, partial(sock.get, number))
    sock.set(zmq.LINGER, 0)


@pytest.mark.only("pymq")
def test_a_wait_longer_than_a_poll_can_take(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timers go on when the nap before them is cut short."""
    monkeypatch.setattr(random, "randrange", lambda most: most - 1)
    far = zmq.socket(zmq.PUSH, reconnect_ivl=INT_MAX)
    far.connect(zmq.reserved("tcp"))
    monkeypatch.setattr(control, "LONGEST_NAP", 0.001)
    push = zmq.socket(zmq.PUSH, reconnect_ivl=50, reconnect_ivl_max=50)
    endpoint = zmq.reserved("tcp")
    push.connect(endpoint)
    pull = zmq.socket(zmq.PULL)
    pull.bind(endpoint)
    push.send(b"x")
    assert pull.recv() == b"x"
