"""A stream may be cut, and paused, anywhere: what it says is the same."""

from __future__ import annotations

import random
import threading

import pytest
from library import Library
from rawpeer import connect, frame, message

PING = frame(b"\x04PING\0\0me", command=True)
LENGTHS = (0, 1, 60, 253, 254, 255, 256, 300, 5000)


@pytest.mark.core
@pytest.mark.parametrize("mark", [0, 1, 3, 1000])
def test_whatever_the_pieces(zmq: Library, mark: int) -> None:
    chance = random.Random(mark)
    sizes = chance.choices(LENGTHS, [2, 2, 60, 8, 8, 8, 8, 4, 1], k=6000)
    messages = [
        [
            b"%d" % number + bytes(sizes.pop())
            for _ in range(chance.choice((1, 1, 2, 3)))
        ]
        for number in range(2000)
    ]
    stream = b"".join(
        chance.choice((b"", b"", b"", PING)) + message(*parts) for parts in messages
    )
    pull = zmq.socket(zmq.PULL, rcvhwm=mark)
    with connect(zmq.bind(pull, "tcp")) as peer:
        peer.handshake(b"PUSH")
        sending = threading.Thread(target=_send, args=(peer.sock, stream, chance))
        sending.start()
        assert [pull.recv_multipart() for _ in messages] == messages
        sending.join()


def _send(sock: object, stream: bytes, chance: random.Random) -> None:
    at = 0
    while at < len(stream):
        size = chance.choice((1, 2, 3, 70, 500, 70_000))
        sock.sendall(stream[at : at + size])  # type: ignore[attr-defined]
        at += size


@pytest.mark.only("pymq")
def test_a_limit_that_short_frames_may_pass(zmq: Library) -> None:
    """What is in front of the message that is too large arrives."""
    pull = zmq.socket(zmq.PULL, maxmsgsize=100)
    bodies = [b"1", bytes(100), bytes(101), b"2"]
    with connect(zmq.bind(pull, "tcp")) as peer:
        peer.handshake(b"PUSH")
        peer.send(b"".join(map(message, bodies)))
        assert [pull.recv(), pull.recv()] == bodies[:2]
        assert peer.rest() == b""
    assert not pull.poll(0)
