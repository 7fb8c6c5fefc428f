"""Long bodies, above all streams of one size: the native backend makes the object for
the next body in advance (``csrc/stock.h``)."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable

import pytest
import rawpeer
from library import Library
from patience import Background

LONG = (8 << 20) + 3  # bytes
LONGEST = (32 << 20) + 5  # native uses the memory of such objects again
LEAST = 128 << 10  # that native stocks; several may arrive with one read
STREAMS: dict[str, Callable[[int], list[int]]] = {
    "equal": lambda size: [size] * 5,
    "in turn": lambda size: [size, size + 1] * 3,
    "of three": lambda size: [size, size + 1, size + 2] * 2,
    "then another": lambda size: [size] * 3 + [size - 1] * 3,
    "with short ones": lambda size: [size, 10, size, 100_000, size, 0, size],
}


def body(number: int, size: int) -> bytes:
    """No two are alike anywhere."""
    return bytes((number,)) * size


def pair(zmq: Library, transport: str) -> tuple[Any, Any]:
    pull, push = zmq.socket(zmq.PULL, rcvhwm=2), zmq.socket(zmq.PUSH)
    push.connect(zmq.bind(pull, transport))
    return push, pull


@pytest.mark.parametrize("size", [LEAST, LONG])
@pytest.mark.parametrize("stream", STREAMS)
def test_streams(zmq: Library, network: str, stream: str, size: int) -> None:
    """All are kept until the end: none may be written to once it was received."""
    push, pull = pair(zmq, network)
    sizes = STREAMS[stream](size)
    bodies = [body(number, size) for number, size in enumerate(sizes)]
    sending = Background(lambda: [push.send(one) for one in bodies])
    received = [pull.recv() for _ in bodies]
    sending.result()
    assert received == bodies


def test_the_longest(zmq: Library, network: str) -> None:
    """Their memory may be used again, but not while somebody has it, and then nothing
    is left of what was in it before: nor of its hash."""
    push, pull = pair(zmq, network)
    bodies = [body(number, LONGEST) for number in range(3)]
    sending = Background(lambda: [push.send(one) for one in bodies * 3])
    kept = []
    for number in range(9):
        received = pull.recv()
        assert hash(received) == hash(bodies[number % 3])
        assert received == bodies[number % 3]
        if number in (2, 5):
            kept.append((number, received))
    sending.result()
    assert all(one == bodies[number % 3] for number, one in kept)


@pytest.mark.only("pymq")
def test_many(zmq: Library, network: str) -> None:
    push, pull = pair(zmq, network)
    bodies = [body(number, LEAST) for number in range(50)]
    sending = Background(lambda: push.send_many(bodies))
    received: list[bytes] = []
    while len(received) < len(bodies):
        received += pull.recv_many()
    assert sending.result() == len(bodies)
    assert received == bodies


@pytest.mark.parametrize("size", [LONG])
def test_frames_of_messages(zmq: Library, network: str, size: int) -> None:
    push, pull = pair(zmq, network)
    messages = [[b"head", body(n, size), b"", body(n + 100, size)] for n in range(4)]
    sending = Background(lambda: [push.send_multipart(one) for one in messages])
    for message in messages:
        assert pull.recv_multipart() == message
    sending.result()


def test_without_a_copy(zmq: Library, network: str) -> None:
    push, pull = pair(zmq, network)
    bodies = [body(number, LONG) for number in range(5)]
    sending = Background(lambda: [push.send(one) for one in bodies])
    received = [pull.recv(copy=number % 2 == 0) for number in range(5)]
    sending.result()
    assert [bytes(one) for one in received] == bodies


def test_a_peer_that_leaves_in_the_middle(zmq: Library, network: str) -> None:
    """What it began is dropped; the next one's messages are whole."""
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, network)
    whole = rawpeer.frame(body(1, LONG))
    for cut in (9, 10, 5000, len(whole) - 1):
        with rawpeer.connect(endpoint) as peer:
            peer.handshake(b"PUSH")
            sending = Background(partial(peer.send, whole * 3 + whole[:cut]))
            for _ in range(3):
                assert pull.recv() == whole[9:]
            sending.result()
    push = zmq.socket(zmq.PUSH)
    push.connect(endpoint)
    push.send(body(2, LONG))
    assert pull.recv() == body(2, LONG)


def test_closed_in_the_middle(zmq: Library, network: str) -> None:
    """The rest of a body that nobody wants any more."""
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, network)
    whole = rawpeer.frame(body(1, LONG))
    with rawpeer.connect(endpoint) as peer:
        peer.handshake(b"PUSH")
        sending = Background(lambda: peer.send(whole * 3 + whole[: LONG // 2]))
        for _ in range(3):
            assert pull.recv() == whole[9:]
        sending.result()
        pull.close(linger=0)
        assert peer.rest() == b""
