"""Nothing is lost in silence: who sends can wait, or learn how many were lost.

With pyzmq he can do neither, which is what "fails" says there.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import rawpeer
from library import Library
from patience import until

UNCOUNTED = "says nothing, and counts nothing"


def _dropped(sock: Any) -> int:
    """What its library knows to have been lost."""
    return sock.stats().dropped if hasattr(sock, "stats") else 0


def _joined(subscriber: Any) -> None:
    """What its library has for it, short of a pause."""
    if hasattr(subscriber, "wait_subscribed"):
        assert subscriber.wait_subscribed()


@pytest.mark.fails_on("pyzmq", reason="lost: its PUB has not heard of the subscriber")
def test_the_first_message_of_a_publisher(zmq: Library, network: str) -> None:
    publisher = zmq.socket(zmq.PUB)
    endpoint = zmq.bind(publisher, network)
    for _ in range(20):
        subscriber = zmq.socket(zmq.SUB, subscribe=b"")
        subscriber.connect(endpoint)
        _joined(subscriber)
        publisher.send(b"first")
        until(partial(_heard, publisher, subscriber))
        assert subscriber.recv() == b"first"


def _heard(publisher: Any, subscriber: Any) -> bool:
    """Whether anything has come; else the publisher goes on."""
    if subscriber.poll(1):
        return True
    publisher.send(b"later")
    return False


@pytest.mark.fails_on("pyzmq", reason=UNCOUNTED)
def test_what_a_full_subscriber_misses(zmq: Library) -> None:
    publisher = zmq.socket(zmq.PUB, sndhwm=4)
    subscriber = zmq.socket(zmq.SUB, rcvhwm=4, subscribe=b"")
    subscriber.connect(zmq.bind(publisher, "inproc"))
    for _ in range(100):
        publisher.send(b"x")
    received = 0
    while subscriber.poll(0):
        subscriber.recv()
        received += 1
    assert 0 < received < 100
    assert received + _dropped(publisher) == 100


@pytest.mark.fails_on("pyzmq", reason=UNCOUNTED)
@pytest.mark.parametrize("frames", [1, 3])
def test_what_a_router_has_nobody_for(zmq: Library, frames: int) -> None:
    router = zmq.socket(zmq.ROUTER)
    for count in range(1, 4):
        router.send_multipart([b"nobody", *[b"x"] * frames])
        assert _dropped(router) == count


@pytest.mark.fails_on("pyzmq", reason=UNCOUNTED)
def test_what_a_broken_connection_takes(zmq: Library) -> None:
    """The message of which a part had gone out."""
    push = zmq.socket(zmq.PUSH)
    with rawpeer.connect(zmq.bind(push, "tcp"), receive_buffer=4096) as peer:
        peer.handshake(b"PULL")
        push.send(bytes(30_000_000))
        peer.recv(100)
    until(lambda: _dropped(push))
    assert push.stats()[4:] == (1, 30_000_009, 0, 1)


@pytest.mark.fails_on("pyzmq", reason="returns None, and the context drops them")
def test_what_a_close_has_given_up(zmq: Library, network: str) -> None:
    """In a bounded time."""
    push = zmq.socket(zmq.PUSH)
    push.connect(zmq.reserved(network))
    for _ in range(3):
        push.send(b"for nobody")
    end = push.drain if hasattr(push, "drain") else push.close
    assert end(linger=50) == (0, 3)
