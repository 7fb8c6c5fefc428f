"""PUB and SUB: topics are prefixes of the first frame; the slow miss messages."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library
from marriage import marry, settle
from patience import until


@pytest.mark.core
@pytest.mark.parametrize("binder", ["pub", "sub"])
def test_subscribed_messages_arrive_in_order(
    zmq: Library, transport: str, binder: str
) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    sub.subscribe(b"a")
    ends = (pub, sub) if binder == "pub" else (sub, pub)
    marry(zmq, *ends, transport)
    for number in range(100):
        pub.send(b"b%d" % number)
        pub.send(b"a%d" % number)
    assert [sub.recv() for _ in range(100)] == [b"a%d" % n for n in range(100)]


@pytest.mark.core
def test_a_subscription_is_a_prefix_of_the_first_frame(
    zmq: Library, transport: str
) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    for topic in (b"abc", b"x\0", b"exact"):
        sub.subscribe(topic)
    marry(zmq, pub, sub, transport)
    offered = [b"ab", b"abc", b"abcd", b"xabc", b"x", b"x\0", b"x\0y", b"", b"exact"]
    for topic in offered:
        pub.send_multipart([topic, b"abc"])
    pub.send(b"abc.")
    received = []
    while (parts := sub.recv_multipart()) != [b"abc."]:
        received.append(parts[0])
    assert received == [b"abc", b"abcd", b"x\0", b"x\0y", b"exact"]


def test_the_empty_topic_matches_everything(zmq: Library, transport: str) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    sub.subscribe(b"")
    marry(zmq, pub, sub, transport)
    for body in (b"", b"a", bytes(1000)):
        pub.send(body)
        assert sub.recv() == body


def test_no_subscription_no_messages(zmq: Library, transport: str) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    marry(zmq, pub, sub, transport)
    pub.send(b"unwanted")
    settle(pub, sub)
    with pytest.raises(zmq.Again):
        sub.recv(zmq.DONTWAIT)


def test_a_long_topic(zmq: Library, transport: str) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    for size in (254, 255, 256, 300, 70_000):
        sub.subscribe(b"t" * size + b"!")
    marry(zmq, pub, sub, transport)
    for size in (254, 255, 256, 300, 70_000):
        pub.send(b"t" * size)
        pub.send(b"t" * size + b"!?")
        assert sub.recv() == b"t" * size + b"!?"


def test_one_message_for_overlapping_subscriptions(
    zmq: Library, transport: str
) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    for topic in (b"a", b"a", b"ab", b""):
        sub.subscribe(topic)
    marry(zmq, pub, sub, transport)
    pub.send(b"abc")
    pub.send(b"end")
    assert [sub.recv(), sub.recv()] == [b"abc", b"end"]


@pytest.mark.core
def test_subscriptions_are_counted(zmq: Library, transport: str) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    sub.subscribe(b"a")
    sub.subscribe(b"a")
    sub.subscribe(b"end")
    marry(zmq, pub, sub, transport)
    sub.unsubscribe(b"a")
    settle(pub, sub)
    pub.send(b"a1")
    assert sub.recv() == b"a1"
    sub.unsubscribe(b"a")
    settle(pub, sub)
    pub.send(b"a2")
    pub.send(b"end")
    assert sub.recv() == b"end"


def test_unsubscribing_the_unknown_is_no_error(zmq: Library) -> None:
    sub = zmq.socket(zmq.SUB)
    sub.unsubscribe(b"never")
    sub.subscribe(b"once")
    sub.unsubscribe(b"once")
    sub.unsubscribe(b"once")


def test_an_unsubscription_holds_for_messages_under_way(zmq: Library) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    sub.subscribe(b"a")
    sub.subscribe(b"b")
    marry(zmq, pub, sub, "inproc")
    for body in (b"a", b"b"):
        pub.send_multipart([body, b"part"])
    sub.unsubscribe(b"a")
    assert sub.recv_multipart() == [b"b", b"part"]


def _until_heard(pub: Any, sub: Any) -> None:
    until(lambda: pub.send(b"t") or sub.poll(1))


def test_a_publisher_learns_subscriptions_made_before_it_bound(
    zmq: Library, transport: str
) -> None:
    endpoint = zmq.reserved(transport)
    sub, pub = zmq.socket(zmq.SUB), zmq.socket(zmq.PUB)
    sub.subscribe(b"t")
    sub.connect(endpoint)
    pub.bind(endpoint)
    _until_heard(pub, sub)
    assert sub.recv() == b"t"


def test_publishing_before_anybody_listens_is_no_error(
    zmq: Library, transport: str
) -> None:
    pub = zmq.socket(zmq.PUB)
    zmq.bind(pub, transport)
    for _ in range(2000):
        pub.send(b"nobody hears this", zmq.DONTWAIT)


def test_everyone_who_subscribed_gets_a_copy(zmq: Library, transport: str) -> None:
    pub = zmq.socket(zmq.PUB)
    endpoint = zmq.bind(pub, transport)
    subs = [zmq.socket(zmq.SUB) for _ in range(5)]
    for number, sub in enumerate(subs):
        sub.subscribe(b"all")
        sub.subscribe(b"%d" % number)
        sub.connect(endpoint)
        settle(pub, sub)
    for body in (b"all", b"large" * 50_000, b"2"):
        pub.send_multipart([b"all", body])
    pub.send(b"2")
    for number, sub in enumerate(subs):
        for body in (b"all", b"large" * 50_000, b"2"):
            assert sub.recv_multipart() == [b"all", body]
        if number == 2:
            assert sub.recv() == b"2"
        with pytest.raises(zmq.Again):
            sub.recv(zmq.DONTWAIT)


def test_a_subscriber_hears_several_publishers(zmq: Library, transport: str) -> None:
    sub = zmq.socket(zmq.SUB)
    sub.subscribe(b"t")
    endpoint = zmq.bind(sub, transport)
    pubs = [zmq.socket(zmq.PUB) for _ in range(3)]
    for number, pub in enumerate(pubs):
        pub.connect(endpoint)
        _until_heard(pub, sub)
        pub.send(b"tend%d" % number)
        while sub.recv() != b"tend%d" % number:
            pass
    for number, pub in enumerate(pubs):
        for _ in range(20):
            pub.send(b"t%d" % number)
    received = sorted(sub.recv() for _ in range(60))
    assert received == sorted([b"t0", b"t1", b"t2"] * 20)


def test_a_full_subscriber_misses_whole_messages(zmq: Library) -> None:
    pub = zmq.socket(zmq.PUB, sndhwm=3)
    endpoint = zmq.bind(pub, "inproc")
    slow = zmq.socket(zmq.SUB, rcvhwm=3)
    fast = zmq.socket(zmq.SUB, rcvhwm=1000)
    for sub in (slow, fast):
        sub.subscribe(b"")
        sub.connect(endpoint)
    pub.get(zmq.EVENTS)  # libzmq takes in what inproc peers said when asked something
    for number in range(20):
        pub.send_multipart([b"%d" % number, b"tail"], zmq.DONTWAIT)
    for number in range(6):
        assert slow.recv_multipart(zmq.DONTWAIT) == [b"%d" % number, b"tail"]
    with pytest.raises(zmq.Again):
        slow.recv(zmq.DONTWAIT)
    for number in range(20):
        assert fast.recv_multipart(zmq.DONTWAIT) == [b"%d" % number, b"tail"]
    pub.get(zmq.EVENTS)
    pub.send(b"again")
    assert slow.recv() == b"again"


@pytest.mark.fails_on(
    "pyzmq",
    reason="libzmq counts subscriptions against SNDHWM and drops those above 1000 "
    "without a word (libzmq #4064)",
)
def test_any_number_of_subscriptions(zmq: Library, transport: str) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    for number in range(5000):
        sub.subscribe(b"%d." % number)
    marry(zmq, pub, sub, transport)
    pub.send(b"4999.")
    assert sub.recv() == b"4999."


@pytest.mark.core
def test_directions(zmq: Library) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    with zmq.refused(errno.ENOTSUP):
        pub.recv()
    with zmq.refused(errno.ENOTSUP):
        sub.send(b"")


@pytest.mark.parametrize("kind", ["PUB", "PUSH", "PAIR", "DEALER", "XSUB", "XPUB"])
def test_only_sub_takes_the_subscribe_option(zmq: Library, kind: str) -> None:
    sock = zmq.socket(getattr(zmq, kind))
    with zmq.refused(errno.EINVAL):
        sock.set(zmq.SUBSCRIBE, b"")
