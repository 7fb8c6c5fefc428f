"""INVERT_MATCHING: what does not match goes out, and is received."""

from __future__ import annotations

from typing import Any

import pytest
from library import Library
from marriage import subscribe


def wed(zmq: Library, pub: Any, sub: Any, transport: str) -> None:
    """Connect a SUB to an XPUB that has then heard of its topic A."""
    sub.subscribe(b"A")
    sub.connect(zmq.bind(pub, transport))
    assert pub.recv() == b"\1A"


@pytest.mark.core
def test_both_inverted(zmq: Library, transport: str) -> None:
    xpub = zmq.socket(zmq.XPUB, invert_matching=1)
    sub = zmq.socket(zmq.SUB, invert_matching=1)
    wed(zmq, xpub, sub, transport)
    for body in (b"A", b"AB", b"BA", b"", b"end"):
        xpub.send_multipart([body, b"A"])
    assert sub.recv_multipart() == [b"BA", b"A"]
    assert sub.recv_multipart() == [b"", b"A"]
    assert sub.recv_multipart() == [b"end", b"A"]


def test_only_the_publisher(zmq: Library, transport: str) -> None:
    """The subscriber filters the rest."""
    xpub, sub = zmq.socket(zmq.XPUB, invert_matching=1), zmq.socket(zmq.SUB)
    wed(zmq, xpub, sub, transport)
    sub.subscribe(b"B")
    assert xpub.recv() == b"\1B"
    for body in (b"A", b"B", b"C"):
        xpub.send(body)
    sub.subscribe(b"C")
    assert xpub.recv() == b"\1C"
    xpub.set(zmq.INVERT_MATCHING, 0)
    xpub.send(b"A, at last")
    got = sub.recv()
    assert (got if got != b"C" else sub.recv()) == b"A, at last"


def test_only_the_subscriber(zmq: Library, transport: str) -> None:
    xpub, sub = zmq.socket(zmq.XPUB), zmq.socket(zmq.SUB, invert_matching=1)
    wed(zmq, xpub, sub, transport)
    for body in (b"A", b"B"):
        xpub.send(body)
    sub.subscribe(b"")
    assert xpub.recv() == b"\1"
    sub.unsubscribe(b"A")
    assert xpub.recv() == b"\0A"
    sub.set(zmq.INVERT_MATCHING, 0)
    xpub.send(b"end")
    while sub.recv() != b"end":
        pass
    sub.set(zmq.INVERT_MATCHING, 1)
    xpub.send(b"filtered")
    assert not sub.poll(50)


def test_peers_without_topics_get_all(zmq: Library, transport: str) -> None:
    """XSUB is not inverted: it filters nothing."""
    xpub = zmq.socket(zmq.XPUB, invert_matching=1)
    endpoint = zmq.bind(xpub, transport)
    xsubs = [zmq.socket(zmq.XSUB) for _ in range(2)]
    for xsub, topic in zip(xsubs, (b"A", b"B")):
        xsub.connect(endpoint)
        xsub.send(b"\1" + topic)
        assert xpub.recv() == b"\1" + topic
    xsubs[1].send(b"\0B")
    assert xpub.recv() == b"\0B"
    for body in (b"A", b"B", b"C"):
        xpub.send(body)
    assert [xsubs[0].recv() for _ in range(2)] == [b"B", b"C"]
    assert [xsubs[1].recv() for _ in range(3)] == [b"A", b"B", b"C"]


def test_a_pub_too(zmq: Library) -> None:
    """Over inproc, where it has heard of a peer when it next sends."""
    pub = zmq.socket(zmq.PUB, invert_matching=1)
    sub = zmq.socket(zmq.SUB, invert_matching=1)
    subscribe(sub, b"A")
    sub.connect(zmq.bind(pub, "inproc"))
    for number in range(500):
        pub.send(b"A%d" % number)
        pub.send(b"B%d" % number)
    assert [sub.recv() for _ in range(500)] == [b"B%d" % n for n in range(500)]
    assert not sub.poll(0)


def test_what_was_not_received_yet_is_filtered_as_things_are_now(
    zmq: Library, transport: str
) -> None:
    xpub, sub = zmq.socket(zmq.XPUB), zmq.socket(zmq.SUB)
    wed(zmq, xpub, sub, transport)
    for number in range(200):
        xpub.send(b"A%d" % number)
    assert [sub.recv() for _ in range(50)] == [b"A%d" % n for n in range(50)]
    sub.set(zmq.INVERT_MATCHING, 1)
    assert not sub.poll(50)
    sub.set(zmq.INVERT_MATCHING, 0)
    xpub.send(b"A")
    while sub.recv() != b"A":
        pass


def test_a_new_topic_takes_messages_away(zmq: Library) -> None:
    pub = zmq.socket(zmq.PUB, invert_matching=1)
    sub = zmq.socket(zmq.SUB, invert_matching=1)
    sub.connect(zmq.bind(pub, "inproc"))
    for number in range(200):
        pub.send(b"B%d" % number)
    assert [sub.recv() for _ in range(50)] == [b"B%d" % n for n in range(50)]
    sub.subscribe(b"B")
    assert not sub.poll(0)
    with pytest.raises(zmq.Again):
        sub.recv(zmq.DONTWAIT)


def test_values(zmq: Library) -> None:
    sub = zmq.socket(zmq.SUB)
    assert sub.get(zmq.INVERT_MATCHING) == 0
    for value, stored in ((1, 1), (0, 0), (5, 1), (-1, 1)):
        sub.set(zmq.INVERT_MATCHING, value)
        assert sub.get(zmq.INVERT_MATCHING) == stored
    for kind in (zmq.PUB, zmq.XPUB, zmq.XSUB, zmq.DEALER):
        zmq.socket(kind).set(zmq.INVERT_MATCHING, 1)
    with pytest.raises(TypeError):
        sub.set(zmq.INVERT_MATCHING, b"1")
    with pytest.raises(OverflowError):
        sub.set(zmq.INVERT_MATCHING, 2**31)
