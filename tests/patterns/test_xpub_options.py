"""Options of XPUB and PUB: what is told of, who decides, and who waits for whom."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library
from marriage import marry, settle
from patience import Background, until

FLAGS = ["XPUB_VERBOSE", "XPUB_VERBOSER", "XPUB_MANUAL", "XPUB_NODROP"]
END = b"\1the end"


def heard(xpub: Any, xsub: Any) -> list[bytes]:
    """The notices so far; what follows them is behind everything of this peer."""
    xsub.send(END)
    notices = list(iter(xpub.recv, END))
    xsub.send(b"\0" + END[1:])
    assert xpub.recv() == b"\0" + END[1:]
    return notices


def wed(zmq: Library, xpub: Any, transport: str, count: int = 1) -> list[Any]:
    """So many XSUBs of an XPUB."""
    endpoint = zmq.bind(xpub, transport)
    xsubs = [zmq.socket(zmq.XSUB) for _ in range(count)]
    for xsub in xsubs:
        xsub.connect(endpoint)
        heard(xpub, xsub)
    return xsubs


# XPUB_VERBOSE and XPUB_VERBOSER.


def test_verboser_tells_of_every_change(zmq: Library, transport: str) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_verboser=1)
    a, b = wed(zmq, xpub, transport, 2)
    a.send(b"\1A")
    a.send(b"\1A")
    assert heard(xpub, a) == [b"\1A", b"\1A"]
    b.send(b"\1A")
    assert heard(xpub, b) == [b"\1A"]
    a.send(b"\0A")  # the XSUB keeps this one: it counts two
    a.send(b"\0A")
    assert heard(xpub, a) == [b"\0A"]
    b.send(b"\0A")
    assert heard(xpub, b) == [b"\0A"]


def test_without_verboser_only_the_last_cancellation_counts(
    zmq: Library, transport: str
) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_verbose=1)
    a, b = wed(zmq, xpub, transport, 2)
    for xsub in (a, b):
        xsub.send(b"\1A")
        assert heard(xpub, xsub) == [b"\1A"]
    a.send(b"\0A")
    assert heard(xpub, a) == []
    b.send(b"\0A")
    assert heard(xpub, b) == [b"\0A"]


def test_the_last_set_of_verbose_and_verboser_wins(zmq: Library) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_verboser=1)
    a, b = wed(zmq, xpub, "inproc", 2)

    def told() -> list[int]:
        counts = []
        for change in (b"\1A", b"\0A"):
            counts.append(0)
            for xsub in (a, b):
                xsub.send(change)
                counts[-1] += len(heard(xpub, xsub))
        return counts

    assert told() == [2, 2]
    xpub.set(zmq.XPUB_VERBOSE, 1)
    assert told() == [2, 1]
    xpub.set(zmq.XPUB_VERBOSER, 0)
    assert told() == [1, 1]
    xpub.set(zmq.XPUB_VERBOSER, 1)
    xpub.set(zmq.XPUB_VERBOSE, 0)
    assert told() == [1, 1]


@pytest.mark.parametrize("verboser", [0, 1])
def test_verboser_tells_of_all_that_end_with_a_peer(
    zmq: Library, transport: str, verboser: int
) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_verboser=verboser)
    a, b = wed(zmq, xpub, transport, 2)
    for xsub in (a, b):
        xsub.send(b"\1both")
        heard(xpub, xsub)
    a.send(b"\1alone")
    heard(xpub, a)
    a.close(linger=0)
    notices = {xpub.recv() for _ in range(1 + verboser)}
    assert notices == ({b"\0alone", b"\0both"} if verboser else {b"\0alone"})
    assert heard(xpub, b) == []
    xpub.send(b"both")
    assert b.recv() == b"both"


# XPUB_MANUAL.


def test_manual_leaves_the_decision_to_the_user(zmq: Library, transport: str) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_manual=1)
    (xsub,) = wed(zmq, xpub, transport)
    xsub.send(b"\1A")
    assert xpub.recv() == b"\1A"
    xpub.set(zmq.SUBSCRIBE, b"B")
    xpub.set(zmq.SUBSCRIBE, b"C")
    for topic in (b"A", b"B", b"C"):
        xpub.send(topic)
    assert [xsub.recv(), xsub.recv()] == [b"B", b"C"]
    xsub.send(b"\0A")
    assert xpub.recv() == b"\0A"
    xpub.set(zmq.UNSUBSCRIBE, b"B")
    for topic in (b"A", b"B", b"C"):
        xpub.send(topic)
    assert xsub.recv() == b"C"
    with pytest.raises(zmq.Again):
        xsub.recv(zmq.DONTWAIT)


def test_manual_tells_of_every_request(zmq: Library, transport: str) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_manual=1)
    a, b = wed(zmq, xpub, transport, 2)
    a.send(b"\1A")
    a.send(b"\1A")
    assert heard(xpub, a) == [b"\1A", b"\1A"]
    b.send(b"\1A")
    assert heard(xpub, b) == [b"\1A"]
    b.send(b"\0A")
    assert heard(xpub, b) == [b"\0A"]


def test_manual_concerns_whose_request_was_received_last(
    zmq: Library, transport: str
) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_manual=1)
    a, b = wed(zmq, xpub, transport, 2)
    for xsub, topic in ((a, b"A"), (b, b"B")):
        xsub.send(b"\1" + topic)
        assert xpub.recv() == b"\1" + topic
        xpub.set(zmq.SUBSCRIBE, b"X" + topic)
    xpub.set(zmq.UNSUBSCRIBE, b"XA")  # of b, which never had it
    xpub.send(b"XA")
    xpub.send(b"XB")
    assert a.recv() == b"XA"
    assert b.recv() == b"XB"
    for xsub in (a, b):
        with pytest.raises(zmq.Again):
            xsub.recv(zmq.DONTWAIT)


@pytest.mark.fails_on("pyzmq", reason="reading a user message moves on to another peer")
def test_a_users_message_is_no_request(zmq: Library, transport: str) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_manual=1)
    a, b = wed(zmq, xpub, transport, 2)
    a.send(b"\1A")
    until(lambda: xpub.poll(10))
    b.send(b"from the user")
    b.send(b"\1B")
    received = [xpub.recv() for _ in range(2)]
    assert received == [b"\1A", b"from the user"]
    xpub.set(zmq.SUBSCRIBE, b"A")
    xpub.send(b"A")
    assert a.recv() == b"A"
    assert not b.poll(0)


def test_manual_and_a_peer_that_left(zmq: Library, transport: str) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_manual=1)
    a, b = wed(zmq, xpub, transport, 2)
    for xsub in (a, b):
        xsub.send(b"\1A")
        assert xpub.recv() == b"\1A"
        xpub.set(zmq.SUBSCRIBE, b"mine")
    b.send(b"\1B")
    assert xpub.recv() == b"\1B"
    b.close(linger=0)
    # What it asked for, even if others have it too; not what it was given.
    assert {xpub.recv(), xpub.recv()} == {b"\0A", b"\0B"}
    xpub.set(zmq.SUBSCRIBE, b"nobody's")
    xpub.set(zmq.UNSUBSCRIBE, b"mine")
    for topic in (b"nobody's", b"mine"):
        xpub.send(topic)
    assert a.recv() == b"mine"
    assert heard(xpub, a) == []


def test_manual_before_any_request(zmq: Library) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_manual=1)
    xpub.set(zmq.SUBSCRIBE, b"A")
    xpub.set(zmq.UNSUBSCRIBE, b"A")


def test_only_manual_takes_subscriptions(zmq: Library) -> None:
    xpub = zmq.socket(zmq.XPUB)
    for option in (zmq.SUBSCRIBE, zmq.UNSUBSCRIBE):
        with zmq.refused(errno.EINVAL):
            xpub.set(option, b"A")
    xpub.set(zmq.XPUB_MANUAL, 1)
    xpub.subscribe(b"A")
    xpub.set(zmq.XPUB_MANUAL, 0)
    with zmq.refused(errno.EINVAL):
        xpub.subscribe(b"A")


def test_after_manual_things_are_as_before(zmq: Library, transport: str) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_manual=1)
    (xsub,) = wed(zmq, xpub, transport)
    xsub.send(b"\1A")
    assert xpub.recv() == b"\1A"
    xpub.set(zmq.XPUB_MANUAL, 0)
    xsub.send(b"\1B")
    assert xpub.recv() == b"\1B"
    xpub.send(b"A")
    xpub.send(b"B")
    assert xsub.recv() == b"B"


def test_manual_with_a_sub(zmq: Library, transport: str) -> None:
    """Which filters by itself, so it needs the topic that it asked for."""
    xpub, sub = zmq.socket(zmq.XPUB, xpub_manual=1), zmq.socket(zmq.SUB)
    sub.connect(zmq.bind(xpub, transport))
    sub.subscribe(b"")
    assert xpub.recv() == b"\1"
    xpub.set(zmq.SUBSCRIBE, b"A")
    xpub.send(b"B")
    xpub.send(b"A")
    assert sub.recv() == b"A"


# XPUB_NODROP.


def fill(zmq: Library, pub: Any, topic: bytes) -> int:
    """Send until there is no room; how many messages that were.  Of what was sent
    before, the reader may have kept one to report it with the next; and libzmq's
    writer hears of reports when it asks."""
    count = 0
    pub.get(zmq.EVENTS)
    while True:
        try:
            pub.send_multipart([topic, b"tail"], zmq.DONTWAIT)
        except zmq.Again:
            return count
        count += 1


@pytest.mark.parametrize("kind", ["PUB", "XPUB"])
def test_nodrop_refuses_what_would_be_dropped(zmq: Library, kind: str) -> None:
    pub = zmq.socket(getattr(zmq, kind), xpub_nodrop=1, sndhwm=2)
    sub = zmq.socket(zmq.SUB, rcvhwm=1)
    marry(zmq, pub, sub, "inproc")
    sub.subscribe(b"")
    settle(pub, sub)
    count = fill(zmq, pub, b"A")
    assert 2 <= count <= 3
    for _ in range(2):
        with zmq.refused(errno.EAGAIN):
            pub.send(b"A", zmq.DONTWAIT | zmq.SNDMORE)
    for _ in range(count):
        assert sub.recv_multipart() == [b"A", b"tail"]
    pub.send_multipart([b"B", b"tail"])
    assert sub.recv_multipart() == [b"B", b"tail"]


def test_nodrop_waits_for_room(zmq: Library, transport: str) -> None:
    pub = zmq.socket(zmq.PUB, xpub_nodrop=1, sndhwm=5)
    sub = zmq.socket(zmq.SUB, rcvhwm=5)
    marry(zmq, pub, sub, transport)
    sub.subscribe(b"")
    settle(pub, sub)
    body = b"x" * 10_000
    count = 2000

    def send() -> None:
        for number in range(count):
            pub.send(b"%d" % number + body)

    sending = Background(send)
    for number in range(count):
        assert sub.recv() == b"%d" % number + body
    sending.result()


def test_nodrop_is_all_or_nothing(zmq: Library) -> None:
    pub = zmq.socket(zmq.PUB, xpub_nodrop=1, sndhwm=1)
    endpoint = zmq.bind(pub, "inproc")
    small, large = zmq.socket(zmq.SUB, rcvhwm=1), zmq.socket(zmq.SUB, rcvhwm=99)
    for sub, topic in ((small, b"both"), (large, b"both"), (large, b"large")):
        sub.subscribe(topic)
    for sub in (small, large):
        sub.connect(endpoint)
        settle(pub, sub)
    count = fill(zmq, pub, b"both")
    pub.send(b"large", zmq.DONTWAIT)  # whom it concerns has room
    for sub in (large, small):
        for _ in range(count):
            assert sub.recv_multipart() == [b"both", b"tail"]
    assert large.recv() == b"large"
    assert not (large.poll(0) or small.poll(0))
    pub.send(b"both")
    assert small.recv() == large.recv() == b"both"


@pytest.mark.fails_on("pyzmq", reason="always says POLLOUT, so that poll spins")
def test_nodrop_says_when_it_can_send(zmq: Library) -> None:
    pub = zmq.socket(zmq.PUB, xpub_nodrop=1, sndhwm=1)
    sub = zmq.socket(zmq.SUB, rcvhwm=1)
    marry(zmq, pub, sub, "inproc")
    sub.subscribe(b"A")
    settle(pub, sub)
    assert pub.poll(0, zmq.POLLOUT)
    count = fill(zmq, pub, b"A")
    assert not pub.poll(0, zmq.POLLOUT)
    assert not pub.get(zmq.EVENTS) & zmq.POLLOUT
    pub.send(b"for nobody", zmq.DONTWAIT)
    assert pub.poll(0, zmq.POLLOUT)
    with zmq.refused(errno.EAGAIN):
        pub.send(b"A", zmq.DONTWAIT)
    waiting = Background(lambda: pub.poll(20_000, zmq.POLLOUT))
    for _ in range(count):
        assert sub.recv_multipart() == [b"A", b"tail"]
    assert waiting.result() == zmq.POLLOUT
    pub.send(b"A", zmq.DONTWAIT)


@pytest.mark.parametrize("way", ["unsubscribes", "leaves", "option"])
def test_nodrop_goes_on_without_who_was_full(zmq: Library, way: str) -> None:
    pub = zmq.socket(zmq.PUB, xpub_nodrop=1, sndhwm=1)
    sub = zmq.socket(zmq.SUB, rcvhwm=1)
    marry(zmq, pub, sub, "inproc")
    sub.subscribe(b"")
    settle(pub, sub)
    fill(zmq, pub, b"A")
    if way == "option":
        pub.set(zmq.XPUB_NODROP, 0)
        pub.send(b"A", zmq.DONTWAIT)
        return
    waiting = Background(lambda: pub.send(b"A"))
    waiting.give(0.05)
    if way == "unsubscribes":
        sub.unsubscribe(b"")
    else:
        sub.close(linger=0)
    waiting.result()


# XPUB_WELCOME_MSG.


@pytest.mark.parametrize("kind", ["PUB", "XPUB"])
def test_a_welcome_comes_first(zmq: Library, transport: str, kind: str) -> None:
    pub = zmq.socket(getattr(zmq, kind), xpub_welcome_msg=b"welcome")
    endpoint = zmq.bind(pub, transport)
    for _ in range(2):
        sub = zmq.socket(zmq.SUB)
        sub.subscribe(b"w")
        sub.connect(endpoint)
        until(lambda: (pub.get(zmq.EVENTS), sub.poll(10))[1])  # noqa: B023
        assert sub.recv() == b"welcome"
        assert not sub.get(zmq.RCVMORE)


def test_a_welcome_is_for_subscribers_only(zmq: Library, transport: str) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_welcome_msg=b"welcome")
    sub = zmq.socket(zmq.SUB)
    sub.subscribe(b"A")
    sub.connect(zmq.bind(xpub, transport))
    assert xpub.recv() == b"\1A"
    xpub.send(b"A")
    assert sub.recv() == b"A"


def test_an_xsub_gets_any_welcome(zmq: Library, transport: str) -> None:
    body = b"w" * 70_000
    xpub, xsub = zmq.socket(zmq.XPUB, xpub_welcome_msg=body), zmq.socket(zmq.XSUB)
    xsub.connect(zmq.bind(xpub, transport))
    until(lambda: (xpub.poll(0), xsub.poll(10))[1])
    assert xsub.recv() == body


def test_a_welcome_may_change_and_end(zmq: Library, transport: str) -> None:
    xpub = zmq.socket(zmq.XPUB)
    endpoint = zmq.bind(xpub, transport)
    for welcome in (b"one", b"", b"two"):
        xpub.set(zmq.XPUB_WELCOME_MSG, welcome)
        xsub = zmq.socket(zmq.XSUB)
        xsub.connect(endpoint)
        xsub.send(b"\1A")
        assert xpub.recv() == b"\1A"
        xpub.send(b"A")
        until(lambda: (xpub.poll(0), xsub.poll(10))[1])  # noqa: B023
        assert xsub.recv() == (welcome or b"A")
        xsub.close(linger=0)
        assert xpub.recv() == b"\0A"


def test_a_welcome_is_bytes(zmq: Library) -> None:
    xpub = zmq.socket(zmq.XPUB)
    with pytest.raises(TypeError):
        xpub.set(zmq.XPUB_WELCOME_MSG, 1)
    with zmq.refused(errno.EINVAL):
        xpub.get(zmq.XPUB_WELCOME_MSG)
    with zmq.refused(errno.EINVAL):
        zmq.socket(zmq.SUB).set(zmq.XPUB_WELCOME_MSG, b"w")


# Values.


@pytest.mark.parametrize("name", FLAGS)
def test_flags(zmq: Library, name: str) -> None:
    option = getattr(zmq, name)
    for kind in (zmq.XPUB, zmq.PUB):
        sock = zmq.socket(kind)
        for value in (0, 1, 2):
            sock.set(option, value)
        with zmq.refused(errno.EINVAL):
            sock.set(option, -1)
        with zmq.refused(errno.EINVAL):
            sock.get(option)
    for kind in (zmq.XSUB, zmq.SUB, zmq.PUSH):
        with zmq.refused(errno.EINVAL):
            zmq.socket(kind).set(option, 1)
