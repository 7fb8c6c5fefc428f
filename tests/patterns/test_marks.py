"""High-water marks that change while messages wait."""

from __future__ import annotations

from typing import Any

import pytest
from library import Library
from patience import until


def _fill(zmq: Library, push: Any, most: int = 1000) -> int:
    """Send until there is no room; how many went."""
    for count in range(most):
        try:
            push.send(b"%d" % count, zmq.DONTWAIT)
        except zmq.Again:
            return count
    return most


@pytest.mark.parametrize("first", ["bind", "connect"])
def test_marks_that_were_set_before(zmq: Library, first: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    push.set(zmq.SNDHWM, 2)
    pull.set(zmq.RCVHWM, 2)
    binder, other = (pull, push) if first == "bind" else (push, pull)
    other.connect(zmq.bind(binder, "inproc"))
    assert _fill(zmq, push) == 4


def test_a_lower_mark_loses_nothing(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH, sndhwm=1), zmq.socket(zmq.PULL, rcvhwm=1)
    pull.connect(zmq.bind(push, "inproc"))
    push.send(b"before")
    push.set(zmq.SNDHWM, 70)  # libzmq forgets a pipe that was full already
    count = 1 + _fill(zmq, push)
    assert count == 71
    push.set(zmq.SNDHWM, 16)
    assert _fill(zmq, push) == 0
    for _ in range(count):
        pull.recv(zmq.DONTWAIT)
    until(lambda: push.get(zmq.EVENTS) & zmq.POLLOUT)
    assert 1 <= _fill(zmq, push) <= 17


@pytest.mark.parametrize(("sending", "receiving"), [(2, 3), (3, 2), (1, 1)])
def test_who_closes_first_is_heard(zmq: Library, sending: int, receiving: int) -> None:
    """What the marks let through before the other side was there arrives."""
    for sender_binds in (True, False):
        context, endpoint = zmq.context(), zmq.address("inproc")
        push = zmq.socket(zmq.PUSH, context=context, sndhwm=sending)
        pull = zmq.socket(zmq.PULL, context=context, rcvhwm=receiving)
        if sender_binds:
            push.bind(endpoint)
            pull.connect(endpoint)
            count = _fill(zmq, push)
            push.close()
        else:
            push.connect(endpoint)
            count = _fill(zmq, push)
            push.close()
            pull.bind(endpoint)
        assert count == sending + receiving * sender_binds
        assert [pull.recv() for _ in range(count)] == [b"%d" % n for n in range(count)]


def test_a_subscriber_that_has_read_again_misses_nothing(
    zmq: Library, transport: str
) -> None:
    """Round after round, of half as many messages as the marks allow."""
    pub = zmq.socket(zmq.XPUB, sndhwm=100)
    sub = zmq.socket(zmq.SUB, rcvhwm=100, subscribe=b"")
    sub.connect(zmq.bind(pub, transport))
    assert pub.recv() == b"\1"
    for turn in range(10):
        pub.get(zmq.EVENTS)  # libzmq takes in what it was told when asked something
        for number in range(50):
            pub.send(b"%d.%d" % (turn, number))
        found = [sub.recv() for _ in range(50)]
        assert found == [b"%d.%d" % (turn, number) for number in range(50)]


def test_nodrop_until_full_and_everything_arrives(zmq: Library, network: str) -> None:
    pub = zmq.socket(zmq.XPUB, sndhwm=50, xpub_nodrop=1)
    sub = zmq.socket(zmq.SUB, rcvhwm=50, subscribe=b"")
    sub.connect(zmq.bind(pub, network))
    assert pub.recv() == b"\1"
    body, sent = b"x" * 10_000, 0
    while True:
        try:
            pub.send_multipart([b"%d" % sent, body], zmq.DONTWAIT)
        except zmq.Again:
            break
        sent += 1
    assert sent >= 50
    for number in range(sent):
        assert sub.recv_multipart() == [b"%d" % number, body]
    pub.send_multipart([b"again", body])
    assert sub.recv_multipart() == [b"again", body]
