"""How subscriptions are told: as the peer's version of ZMTP 3 has it."""

from __future__ import annotations

from typing import Any

import pytest
from library import Library
from marriage import subscribe, unsubscribe
from rawpeer import GREETING_SIZE, RawListener, RawPeer, connect, frame, greeting, ready

FORMS = {
    0: ((0, b"\1"), (0, b"\0")),
    1: ((4, b"\x09SUBSCRIBE"), (4, b"\x06CANCEL")),
}


def _shake_hands(peer: RawPeer, minor: int, kind: bytes) -> None:
    peer.send(greeting(minor=minor))
    assert peer.recv(GREETING_SIZE)[10:12] == b"\3\1"
    peer.send(ready(kind))
    assert b"Socket-Type" in peer.recv_frame()[1]


def _told(peer: RawPeer, minor: int, wanted: bool, topic: bytes) -> None:
    """The next frame says so, in its shortest form."""
    flags, start = FORMS[minor][not wanted]
    size = len(start + topic)
    assert peer.recv_frame() == (flags | 2 * (size > 255), start + topic)


@pytest.mark.parametrize("minor", FORMS)
def test_what_a_sub_says(zmq: Library, minor: int) -> None:
    _says(zmq, zmq.socket(zmq.SUB), minor)


@pytest.mark.parametrize("minor", FORMS)
def test_what_an_xsub_says(zmq: Library, minor: int) -> None:
    """libzmq passes a user's message on as it is, which all publishers understand."""
    _says(zmq, zmq.socket(zmq.XSUB), 0 if zmq.tag == "pyzmq" else minor)


def _says(zmq: Library, sub: Any, minor: int) -> None:
    with RawListener() as listener:
        sub.connect(listener.endpoint)
        with listener.accept() as peer:
            _shake_hands(peer, minor, b"PUB")
            for topic in (b"A", b"", b"\0", b"t" * 200):
                subscribe(sub, topic)
                _told(peer, minor, True, topic)
                unsubscribe(sub, topic)
                _told(peer, minor, False, topic)


@pytest.mark.parametrize("minor", FORMS)
@pytest.mark.parametrize("size", [244, 245, 246, 247, 248, 249, 250, 256, 1000])
def test_topics_where_frames_turn_long(zmq: Library, minor: int, size: int) -> None:
    """A command has 10 bytes before its topic, a message 1.  255 bytes are apart:
    see `test_a_topic_that_just_does_not_fit` in test_older_peers.py."""
    topic = b"t" * size
    sub = zmq.socket(zmq.SUB)
    with RawListener() as listener:
        sub.connect(listener.endpoint)
        with listener.accept() as peer:
            _shake_hands(peer, minor, b"PUB")
            sub.subscribe(topic)
            _told(peer, minor, True, topic)
            peer.send(frame(b"nothing") + frame(topic + b"!"))
            assert sub.recv() == topic + b"!"
            sub.unsubscribe(topic)
            _told(peer, minor, False, topic)


@pytest.mark.parametrize("minor", FORMS)
@pytest.mark.parametrize("form", FORMS)
def test_what_a_publisher_understands(zmq: Library, minor: int, form: int) -> None:
    """Either form, whatever the version."""
    xpub = zmq.socket(zmq.XPUB)
    with connect(zmq.bind(xpub, "tcp")) as peer:
        _shake_hands(peer, minor, b"SUB")
        for topic in (b"A", b"", b"t" * 300):
            _say(peer, form, True, topic)
            assert xpub.recv() == b"\1" + topic
            xpub.send_multipart([topic, b"news"])
            assert peer.recv_message() == [topic, b"news"]
            _say(peer, form, False, topic)
            assert xpub.recv() == b"\0" + topic
            xpub.send_multipart([topic, b"no news"])


def _say(peer: RawPeer, form: int, wanted: bool, topic: bytes) -> None:
    flags, start = FORMS[form][not wanted]
    peer.send(frame(start + topic, command=flags == 4))


def test_a_ping_between_subscriptions(zmq: Library) -> None:
    """Its context, of up to 16 bytes, comes back."""
    pub = zmq.socket(zmq.PUB)
    with connect(zmq.bind(pub, "tcp")) as peer:
        _shake_hands(peer, 1, b"SUB")
        for context in (b"", b"LOL", b"x" * 16):
            peer.send(frame(b"\x09SUBSCRIBEA", command=True))
            peer.send(frame(b"\x04PING\0\0" + context, command=True))
            assert peer.recv_frame() == (4, b"\x04PONG" + context)
        pub.send(b"AB")
        assert peer.recv_message() == [b"AB"]
