"""Octets that the network has changed: the connection ends, or a frame is not what it
was; whoever it happens to goes on."""

from __future__ import annotations

import random
from typing import Any

import pytest
from faultplans import Fault
from faultproxy import FaultProxy
from library import Library
from patience import until

HANDSHAKE = 92  # bytes that a PUSH or a PULL says before its first message
LIMIT = 1000  # bytes: a connection is cut there


@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
def test_any_octet_of_a_handshake(zmq: Library, back: bool) -> None:
    """The bound socket has room for others afterwards; who connected may try again."""
    chance = random.Random(7)
    options = {"handshake_ivl": 100, "maxmsgsize": LIMIT}
    pull = zmq.socket(zmq.PULL, **options)
    endpoint = zmq.bind(pull, "tcp")
    plans = [
        [Fault("corrupt", at, 1 << chance.randrange(8), back), Fault("cut", LIMIT)]
        for at in range(HANDSHAKE)
    ]
    with FaultProxy(endpoint, plans) as proxy:
        for number in range(HANDSHAKE):
            push = zmq.socket(zmq.PUSH, reconnect_ivl=-1, linger=0, **options)
            push.connect(proxy.endpoint)
            until(lambda: _pushed(zmq, push) and _over(proxy, number))  # noqa: B023
            push.close()
        again = zmq.socket(zmq.PUSH)
        again.connect(proxy.endpoint)
        again.send(b"unharmed")
        until(lambda: pull.recv() == b"unharmed")


def _pushed(zmq: Library, push: Any) -> bool:
    try:
        push.send(b"y" * 100, zmq.DONTWAIT)
    except zmq.Again:
        pass
    return True


def _over(proxy: FaultProxy, number: int) -> bool:
    return len(proxy.passages) > number and bool(proxy.passages[number].ended)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 0x80])
def test_flags_and_lengths(zmq: Library, bits: int) -> None:
    """Of a frame's head.  All before it arrives; what is behind it is no message of
    ours, or the connection ends; the next connection is as good as new."""
    pull = zmq.socket(zmq.PULL, maxmsgsize=LIMIT)
    push = zmq.socket(zmq.PUSH, reconnect_ivl=5)
    frames = 20 * 102
    plans = [
        [Fault("corrupt", HANDSHAKE + frames + at, bits), Fault("cut", 9000)]
        for at in (0, 1)
    ]
    with FaultProxy(zmq.bind(pull, "tcp"), plans) as proxy:
        push.connect(proxy.endpoint)
        sent = 0
        bodies = []
        while not proxy.spent or sent not in bodies:
            if push.poll(0, zmq.POLLOUT):  # to wait for room would be to wait for us
                sent += 1
                push.send(b"%0100d" % sent)
            while pull.poll(1):  # so that few are under way
                bodies.append(_number(pull.recv()))
        for passage in proxy.passages:
            assert len(passage.way(False).ends) == 0  # no letters: not what they are
        # Who reads late finds two connections, and takes of each in turn.
        assert [body for body in bodies if 0 < body <= 20] == list(range(1, 21))
        assert len(set(bodies) - {0}) == len([body for body in bodies if body])


def _number(body: bytes) -> int:
    return int(body) if len(body) == 100 and body.isdigit() else 0


@pytest.mark.parametrize("at", [0, 1, 5, 12, 40, 120])
def test_sealed_frames_are_genuine(zmq: Library, at: int) -> None:
    """With CURVE any changed octet ends the connection; nothing changed arrives."""
    if zmq.tag != "pyzmq":
        pytest.importorskip("nacl")
    public, secret = zmq.curve_keypair()
    pull = zmq.socket(
        zmq.PULL, curve_server=1, curve_secretkey=secret, curve_publickey=public
    )
    mine, key = zmq.curve_keypair()
    push = zmq.socket(
        zmq.PUSH, curve_serverkey=public, curve_secretkey=key, curve_publickey=mine
    )
    push.set(zmq.RECONNECT_IVL, 5)
    greeted = 64 + 202 + 330  # greeting, HELLO and INITIATE, more or less
    plans = [[Fault("corrupt", greeted + 500 + at, 1)] for _ in range(3)]
    with FaultProxy(zmq.bind(pull, "tcp"), plans) as proxy:
        push.connect(proxy.endpoint)
        received: list[int] = []
        sent = 0
        while not proxy.spent or sent not in received:
            if push.poll(0, zmq.POLLOUT):  # to wait for room would be to wait for us
                sent += 1
                push.send(b"%0100d" % sent)
            while pull.poll(1):  # so that few are under way
                received.append(_number(pull.recv()))
        assert all(passage.ended == "closed" for passage in proxy.passages[:3])
    assert 0 not in received
    assert len(set(received)) == len(received)
