"""Waiting until subscriptions are there, instead of sleeping; pyzmq has to sleep."""

from __future__ import annotations

import errno
from typing import Any

import pytest
import rawpeer
from implementations import load
from library import Library
from marriage import subscribe, unsubscribe
from patience import Background, until

pytestmark = pytest.mark.only("pymq")

PUBLISHERS = ["PUB", "XPUB"]
SUBSCRIBERS = ["SUB", "XSUB"]


def _socket(zmq: Library, kind: str, **options: Any) -> Any:
    return zmq.socket(getattr(zmq, kind), **options)


@pytest.mark.core
@pytest.mark.parametrize("kind", PUBLISHERS)
def test_subscribers_are_waited_for(zmq: Library, transport: str, kind: str) -> None:
    publisher = _socket(zmq, kind)
    endpoint = zmq.bind(publisher, transport)
    assert not publisher.wait_for_subscribers(timeout=0)
    waiting = Background(lambda: publisher.wait_for_subscribers(2, "news"))
    subscribers = [_socket(zmq, "SUB") for _ in range(3)]
    for subscriber, topic in zip(subscribers, [b"new", b"", b"other"]):
        subscriber.subscribe(topic)
        subscriber.connect(endpoint)
    assert waiting.result()
    publisher.send(b"newspaper")
    assert [one.recv() for one in subscribers[:2]] == [b"newspaper"] * 2
    assert not publisher.wait_for_subscribers(3, b"news", timeout=0)
    assert publisher.wait_for_subscribers(2, b"other")


def test_notices_are_still_to_be_received(zmq: Library, network: str) -> None:
    publisher, subscriber = _socket(zmq, "XPUB"), _socket(zmq, "SUB")
    subscriber.subscribe(b"a")
    subscriber.connect(zmq.bind(publisher, network))
    assert publisher.wait_for_subscribers(1, b"a")
    assert publisher.recv() == b"\1a"


def test_who_leaves_is_no_subscriber(zmq: Library, network: str) -> None:
    publisher, subscriber = _socket(zmq, "XPUB"), _socket(zmq, "SUB")
    subscriber.subscribe(b"")
    subscriber.connect(zmq.bind(publisher, network))
    assert publisher.wait_for_subscribers()
    assert publisher.recv() == b"\1"
    subscriber.close()
    assert publisher.recv() == b"\0"
    assert not publisher.wait_for_subscribers(timeout=1)


@pytest.mark.core
@pytest.mark.parametrize("kind", SUBSCRIBERS)
def test_nothing_is_missed_afterwards(zmq: Library, transport: str, kind: str) -> None:
    """The slow joiner: the first message after the wait arrives."""
    publisher, subscriber = _socket(zmq, "PUB"), _socket(zmq, kind)
    endpoint = zmq.bind(publisher, transport)
    subscriber.connect(endpoint)
    for number in range(100):
        topic = b"%d." % number
        subscribe(subscriber, topic)
        assert subscriber.wait_subscribed()
        publisher.send(topic)
        assert subscriber.recv() == topic
        unsubscribe(subscriber, topic)


def test_every_endpoint_is_waited_for(zmq: Library, network: str) -> None:
    subscriber = _socket(zmq, "SUB")
    subscriber.subscribe(b"")
    publishers = [_socket(zmq, "PUB") for _ in range(2)]
    subscriber.connect(zmq.bind(publishers[0], network))
    assert subscriber.wait_subscribed()
    endpoint = zmq.bind(publishers[1], network)
    publishers[1].unbind(endpoint)
    subscriber.connect(endpoint)
    assert not subscriber.wait_subscribed(timeout=1)
    assert subscriber.wait_subscribed(publishers=1)
    waiting = Background(subscriber.wait_subscribed)
    publishers[1].bind(endpoint)
    assert waiting.result()
    for publisher in publishers:
        publisher.send(b"x")
    assert [subscriber.recv() for _ in publishers] == [b"x", b"x"]


def test_a_subscriber_may_bind(zmq: Library, transport: str) -> None:
    publisher, subscriber = _socket(zmq, "PUB"), _socket(zmq, "SUB")
    subscriber.subscribe(b"")
    endpoint = zmq.bind(subscriber, transport)
    assert not subscriber.wait_subscribed(timeout=0)
    publisher.connect(endpoint)
    assert subscriber.wait_subscribed()
    publisher.send(b"x")
    assert subscriber.recv() == b"x"


def test_beside_heartbeats(zmq: Library, network: str) -> None:
    """A probe is a PING, too: it takes back no promise of those, and is answered
    whatever they are."""
    beat = {"heartbeat_ivl": 1, "heartbeat_timeout": 20_000, "heartbeat_ttl": 20_000}
    publisher, subscriber = _socket(zmq, "PUB", **beat), _socket(zmq, "SUB", **beat)
    subscriber.connect(zmq.bind(publisher, network))
    for _ in range(20):
        subscriber.subscribe(b"")
        assert subscriber.wait_subscribed()


@pytest.mark.parametrize("secured", [False, True])
def test_libzmq_publishes(zmq: Library, network: str, secured: bool) -> None:
    """Each time its first message arrives, if it has not sent within the last
    millisecond: so often it looks for subscriptions."""
    theirs = Library(pytest.importorskip("zmq") and load("pyzmq"))
    try:
        publisher, subscriber = _socket(theirs, "PUB"), _socket(zmq, "SUB")
        if secured:
            _secure(zmq, publisher, subscriber)
        subscriber.connect(theirs.bind(publisher, network))
        subscriber.subscribe(b"")
        assert subscriber.wait_subscribed()
        publisher.send(b"first")
        assert subscriber.recv() == b"first"
    finally:
        theirs.close()


def _secure(zmq: Library, server: Any, client: Any) -> None:
    if not zmq.has("curve"):
        pytest.skip("PyNaCl is not there")
    public, secret = zmq.curve_keypair()
    server.curve_server, server.curve_secretkey = True, secret
    client.curve_serverkey = public
    client.curve_publickey, client.curve_secretkey = zmq.curve_keypair()


def test_who_knows_no_ping_is_believed(zmq: Library, network: str) -> None:
    """ZMTP 3.0: what the kernel has counts as taken in; nothing more can be known."""
    subscriber = _socket(zmq, "SUB")
    subscriber.subscribe(b"a")
    with rawpeer.connect(zmq.bind(subscriber, network)) as peer:
        peer.send(rawpeer.greeting(minor=0))
        peer.recv(rawpeer.GREETING_SIZE)
        peer.send(rawpeer.ready(b"PUB"))
        flags, _ = peer.recv_frame()
        assert flags == rawpeer.COMMAND
        assert subscriber.wait_subscribed()
        assert peer.recv_frame() == (0, b"\1a")
        peer.send(rawpeer.message(b"abc"))
        assert subscriber.recv() == b"abc"


def test_who_does_not_answer_is_waited_for(zmq: Library, network: str) -> None:
    """Only the answer to the probe itself counts, on the connection that has it."""
    subscriber = _socket(zmq, "SUB")
    endpoint = zmq.bind(subscriber, network)
    with rawpeer.connect(endpoint) as peer:
        peer.handshake(b"PUB")
        until(lambda: any(one.connected for one in subscriber.peers()))
        assert not subscriber.wait_subscribed(timeout=1)
        ping = _until_ping(peer)
        waiting = Background(subscriber.wait_subscribed)
        _answer(peer, ping)
        second = _until_ping(peer)
        assert waiting.running
    with rawpeer.connect(endpoint) as peer:
        peer.handshake(b"PUB")
        assert _until_ping(peer) == second
        assert waiting.running
        for number in (second, None):  # it asks once more
            _answer(peer, number or _until_ping(peer))
        assert waiting.result()


def _until_ping(peer: rawpeer.RawPeer) -> bytes:
    flags, body = peer.recv_frame()
    assert flags == rawpeer.COMMAND
    assert body[:7] == b"\4PING\0\0"
    return body[7:]


def _answer(peer: rawpeer.RawPeer, context: bytes) -> None:
    peer.send(rawpeer.frame(b"\4PONG" + context, command=True))


def test_a_close_ends_the_wait(zmq: Library) -> None:
    publisher = _socket(zmq, "PUB")
    waiting = Background(publisher.wait_for_subscribers)
    waiting.give(0.01)
    publisher.close()
    with pytest.raises(zmq.ZMQError) as caught:
        waiting.result()
    assert caught.value.errno == errno.ENOTSOCK


def test_other_types_have_none(zmq: Library) -> None:
    for kind, wait in (("SUB", "wait_for_subscribers"), ("PUB", "wait_subscribed")):
        with pytest.raises(zmq.ZMQError) as caught:
            getattr(_socket(zmq, kind), wait)()
        assert caught.value.errno == errno.ENOTSUP
