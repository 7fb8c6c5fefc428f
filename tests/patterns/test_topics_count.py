"""TOPICS_COUNT: how many distinct topics there are, subscribed here or by peers."""

from __future__ import annotations

import errno

from library import Library


def test_topics_count(zmq: Library, transport: str) -> None:
    xpub, sub = zmq.socket(zmq.XPUB), zmq.socket(zmq.SUB)
    sub.connect(zmq.bind(xpub, transport))
    assert (sub.get(zmq.TOPICS_COUNT), xpub.get(zmq.TOPICS_COUNT)) == (0, 0)
    for count, topic in enumerate((b"a", b"ab", b"abc", b"x"), 1):
        for _ in range(2):
            sub.subscribe(topic)
        assert xpub.recv() == b"\1" + topic
        assert sub.get(zmq.TOPICS_COUNT) == xpub.get(zmq.TOPICS_COUNT) == count
    sub.unsubscribe(b"a")
    assert sub.get(zmq.TOPICS_COUNT) == 4
    sub.unsubscribe(b"a")
    assert xpub.recv() == b"\0a"
    assert sub.get(zmq.TOPICS_COUNT) == xpub.get(zmq.TOPICS_COUNT) == 3
    with zmq.refused(errno.EINVAL):
        sub.set(zmq.TOPICS_COUNT, 1)
    for kind in (zmq.PUSH, zmq.DEALER):
        with zmq.refused(errno.EINVAL):
            zmq.socket(kind).get(zmq.TOPICS_COUNT)
