"""Socket.last_values, which pyzmq does not have: who subscribes late gets the last
message of each topic."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library
from marriage import subscribe
from patience import Background, until

pytestmark = pytest.mark.only("pymq")

KINDS = ["PUB", "XPUB"]


def _publisher(zmq: Library, kind: str = "PUB", topics: int = 100) -> Any:
    publisher = zmq.socket(getattr(zmq, kind))
    publisher.last_values = topics
    return publisher


def _news(subscriber: Any, count: int) -> list[list[bytes]]:
    found = [subscriber.recv_multipart() for _ in range(count)]
    assert not subscriber.poll(1)
    return found


@pytest.mark.core
@pytest.mark.parametrize("kind", KINDS)
def test_who_comes_late_gets_the_last(zmq: Library, transport: str, kind: str) -> None:
    pub = _publisher(zmq, kind)
    endpoint = zmq.bind(pub, transport)
    for number in range(3):
        for topic in (b"a.1", b"b", b"a.2"):
            pub.send_multipart([topic, b"%d" % number, b"x" * 5000])
    pub.send_multipart([b"a.1", b"latest"])
    pub.send_multipart([b"a.2", b""])
    sub = zmq.socket(zmq.SUB)
    sub.subscribe(b"a")
    sub.connect(endpoint)
    assert pub.wait_for_subscribers(1, b"a")
    assert _news(sub, 2) == [[b"a.1", b"latest"], [b"a.2", b""]]
    pub.send_multipart([b"a.1", b"new"])
    assert _news(sub, 1) == [[b"a.1", b"new"]]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_comes_twice(zmq: Library, transport: str, kind: str) -> None:
    """Whatever he had subscribed to before, he has had."""
    pub, sub = _publisher(zmq, kind), zmq.socket(zmq.SUB)
    sub.subscribe(b"ab")
    sub.connect(zmq.bind(pub, transport))
    assert pub.wait_for_subscribers(1, b"ab")
    for topic in (b"ab", b"ac", b"b"):
        pub.send_multipart([topic, b"1"])
    assert _news(sub, 1) == [[b"ab", b"1"]]
    for topic, count in ((b"ab", 1), (b"a", 2), (b"", 3)):
        sub.subscribe(topic)
        assert pub.wait_for_subscribers(1, b"ac" if count > 1 else b"ab")
        if count == 3:
            assert pub.wait_for_subscribers(1, b"b")
    assert _news(sub, 2) == [[b"ac", b"1"], [b"b", b"1"]]
    sub.unsubscribe(b"")
    sub.unsubscribe(b"a")
    sub.subscribe(b"ac")
    sub.wait_subscribed()
    pub.send_multipart([b"ac", b"2"])
    found = sub.recv_multipart()
    while found != [b"ac", b"2"]:
        assert found == [b"ac", b"1"]  # it was cancelled, and wanted again
        found = sub.recv_multipart()


def test_each_subscriber_has_his_own(zmq: Library, network: str) -> None:
    pub = _publisher(zmq)
    endpoint = zmq.bind(pub, network)
    first, second = zmq.socket(zmq.SUB), zmq.socket(zmq.XSUB)
    subscribe(first, b"")
    first.connect(endpoint)
    assert pub.wait_for_subscribers()
    pub.send_multipart([b"a", b"1"])
    assert _news(first, 1) == [[b"a", b"1"]]
    subscribe(second, b"a")
    second.connect(endpoint)
    assert pub.wait_for_subscribers(2, b"a")
    assert _news(second, 1) == [[b"a", b"1"]]
    assert not first.poll(1)


def test_so_many_topics(zmq: Library, network: str) -> None:
    """Those are forgotten that did not change for longest."""
    pub = _publisher(zmq, topics=3)
    endpoint = zmq.bind(pub, network)
    for number in range(10):
        pub.send_multipart([b"%d" % number, b"x"])
        pub.send_multipart([b"often", b"%d" % number])
    expected = [[b"8", b"x"], [b"9", b"x"], [b"often", b"9"]]
    for topics in (3, 2, 0):
        pub.last_values = topics
        assert pub.last_values == topics
        sub = zmq.socket(zmq.SUB)
        sub.subscribe(b"")
        sub.connect(endpoint)
        assert sub.wait_subscribed()
        assert _news(sub, topics) == expected[3 - topics :]
        sub.close()


def test_messages_stay_whole(zmq: Library, transport: str) -> None:
    """A subscription that comes between the frames of a message waits."""
    pub, sub = _publisher(zmq, "XPUB"), zmq.socket(zmq.SUB)
    sub.subscribe(b"a")
    sub.connect(zmq.bind(pub, transport))
    assert pub.recv() == b"\1a"
    pub.send_multipart([b"b", b"1"])
    pub.send(b"a", zmq.SNDMORE)
    sub.subscribe(b"b")
    sub.flush(20_000)
    pub.send(b"2", zmq.SNDMORE)
    pub.send(b"3")
    assert pub.wait_for_subscribers(1, b"b")
    assert _news(sub, 2) == [[b"a", b"2", b"3"], [b"b", b"1"]]


@pytest.mark.parametrize("topics", [0, 2])
def test_a_limit_set_within_a_message(zmq: Library, network: str, topics: int) -> None:
    """That message is not kept; a subscription that waits for its end is not lost."""
    pub, sub = _publisher(zmq, "XPUB"), zmq.socket(zmq.SUB)
    sub.subscribe(b"a")
    sub.connect(zmq.bind(pub, network))
    assert pub.recv() == b"\1a"
    pub.send(b"b", zmq.SNDMORE)
    sub.subscribe(b"b")
    sub.wait_subscribed()
    assert not pub.poll(1)
    pub.last_values = topics
    pub.send(b"1")
    assert pub.recv() == b"\1b"
    pub.send(b"b")
    assert _news(sub, 1) == [[b"b"]]


def test_after_a_reconnect(zmq: Library, network: str) -> None:
    """A subscriber that was away gets the latest when it is back."""
    pub, sub = _publisher(zmq), zmq.socket(zmq.SUB, reconnect_ivl=1)
    endpoint = zmq.bind(pub, network)
    sub.subscribe(b"")
    sub.connect(endpoint)
    assert pub.wait_for_subscribers()
    pub.send_multipart([b"a", b"1"])
    assert _news(sub, 1) == [[b"a", b"1"]]
    pub.unbind(endpoint)
    pub.send_multipart([b"a", b"2"])
    pub.bind(endpoint)
    found = sub.recv_multipart()
    while found != [b"a", b"2"]:
        found = sub.recv_multipart()


@pytest.mark.parametrize("kind", KINDS)
def test_who_follows_another(zmq: Library, network: str, kind: str) -> None:
    """Where the publisher has connected: nothing that he asks for is missing, however
    often the other had asked for it, and nothing comes twice."""
    pub = _publisher(zmq, kind)
    pub.reconnect_ivl = 1
    endpoint = zmq.reserved(network)
    pub.connect(endpoint)
    for number in range(3):
        sub = zmq.socket(zmq.SUB)
        sub.subscribe(b"a")
        zmq.bind_again(sub, endpoint)
        if number == 0:
            assert pub.wait_for_subscribers(1, b"a")
            pub.send_multipart([b"ab", b"1"])
            pub.send_multipart([b"b", b"1"])
        assert _news(sub, 1) == [[b"ab", b"1"]]
        sub.subscribe(b"")
        assert _news(sub, 1) == [[b"b", b"1"]]
        sub.subscribe(b"ab")
        assert sub.wait_subscribed()
        assert not sub.poll(1)
        sub.close()
        until(lambda: not any(peer.connected for peer in pub.peers()))


def test_what_there_is_no_room_for_is_missed(zmq: Library) -> None:
    pub, sub = _publisher(zmq), zmq.socket(zmq.SUB, rcvhwm=3)
    pub.sndhwm = 2
    for number in range(20):
        pub.send_multipart([b"%d" % number, b"x"])
    sub.subscribe(b"")
    sub.connect(zmq.bind(pub, "inproc"))
    assert pub.wait_for_subscribers()
    assert _news(sub, 5) == [[b"%d" % number, b"x"] for number in range(5)]
    assert pub.stats().dropped == 15


def test_while_it_publishes(zmq: Library, network: str) -> None:
    """Each subscriber sees every number from the last value on, once."""
    pub = _publisher(zmq, "XPUB")
    pub.overflow = zmq.Overflow.BLOCK
    endpoint = zmq.bind(pub, network)
    pub.send_multipart([b"n", b"0"])

    def read() -> list[int]:
        sub = zmq.socket(zmq.SUB)
        sub.subscribe(b"n")
        sub.connect(endpoint)
        numbers = [int(sub.recv_multipart()[1])]
        while numbers[-1] < 5000:
            numbers.append(int(sub.recv_multipart()[1]))
        sub.close()
        return numbers

    readers = [Background(read) for _ in range(4)]
    number = 0
    while number < 5000 or any(reader.running for reader in readers):
        number += 1
        pub.send_multipart([b"n", b"%d" % number])
    for reader in readers:
        numbers = reader.result()
        assert numbers == list(range(numbers[0], numbers[-1] + 1))


def test_manual_subscriptions_too(zmq: Library, network: str) -> None:
    pub, sub = _publisher(zmq, "XPUB"), zmq.socket(zmq.SUB)
    pub.xpub_manual = 1
    pub.send_multipart([b"a", b"1"])
    pub.send_multipart([b"b", b"2"])
    sub.subscribe(b"a")
    sub.subscribe(b"b")
    sub.connect(zmq.bind(pub, network))
    notices = [pub.recv(), pub.recv()]
    assert sorted(notices) == [b"\1a", b"\1b"]
    pub.setsockopt(zmq.SUBSCRIBE, b"b")
    assert _news(sub, 1) == [[b"b", b"2"]]


def test_for_publishers_only(zmq: Library) -> None:
    with pytest.raises(zmq.ZMQError) as caught:
        zmq.socket(zmq.PUSH).last_values = 1
    assert caught.value.errno == errno.ENOTSUP
    with pytest.raises(ValueError):
        zmq.socket(zmq.PUB).last_values = -1
