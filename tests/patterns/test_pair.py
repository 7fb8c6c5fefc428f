"""PAIR: one peer, both ways."""

from __future__ import annotations

import errno

import pytest
from library import Library
from marriage import marry


@pytest.mark.core
def test_messages_go_both_ways_in_order(zmq: Library, transport: str) -> None:
    a, b = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    marry(zmq, a, b, transport)
    for sender, receiver in ((a, b), (b, a)):
        for number in range(100):
            sender.send(b"%d" % number)
        assert [receiver.recv() for _ in range(100)] == [b"%d" % n for n in range(100)]


def test_a_bound_pair_without_peer_cannot_send(zmq: Library, transport: str) -> None:
    pair = zmq.socket(zmq.PAIR)
    zmq.bind(pair, transport)
    assert pair.get(zmq.EVENTS) == 0
    with pytest.raises(zmq.Again):
        pair.send(b"to nobody", zmq.DONTWAIT)


def test_a_connected_pair_queues_before_the_other_binds(
    zmq: Library, transport: str
) -> None:
    endpoint = zmq.reserved(transport)
    a, b = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    a.connect(endpoint)
    a.send(b"early")
    b.bind(endpoint)
    assert b.recv() == b"early"
    b.send(b"reply")
    assert a.recv() == b"reply"


def test_a_second_peer_does_not_disturb_the_first(zmq: Library, network: str) -> None:
    server, first, second = (zmq.socket(zmq.PAIR) for _ in range(3))
    endpoint = marry(zmq, server, first, network)
    second.connect(endpoint)
    second.send(b"intruder")
    for number in range(100):
        first.send(b"%d" % number)
        assert server.recv() == b"%d" % number
        server.send(b"%d" % number)
        assert first.recv() == b"%d" % number
    with pytest.raises(zmq.Again):
        second.recv(zmq.DONTWAIT)


def test_another_peer_may_follow_one_that_left(zmq: Library, network: str) -> None:
    server, first = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    endpoint = marry(zmq, server, first, network)
    first.close()
    # Until the old pipe is gone the newcomer is turned away, by libzmq for good.
    while True:
        second = zmq.socket(zmq.PAIR, rcvtimeo=100)
        second.connect(endpoint)
        second.send(b"successor")
        if server.poll(200):
            break
        second.close(linger=0)
    assert server.recv() == b"successor"
    server.send(b"welcome")
    second.set(zmq.RCVTIMEO, 20_000)
    assert second.recv() == b"welcome"


def test_it_blocks_at_the_high_water_marks_of_both(zmq: Library) -> None:
    a = zmq.socket(zmq.PAIR, sndhwm=2)
    b = zmq.socket(zmq.PAIR, rcvhwm=3)
    b.connect(zmq.bind(a, "inproc"))
    for _ in range(5):
        a.send(b"", zmq.DONTWAIT)
    with zmq.refused(errno.EAGAIN):
        a.send(b"", zmq.DONTWAIT)
