"""Subscriptions as they are on the wire: how often, when, and from whom."""

from __future__ import annotations

import select

import pytest
from library import Library
from marriage import marry
from patience import PATIENCE, Background, until
from rawpeer import RawListener, RawPeer, connect, frame, message
from watching import Watch

STARTS = [b"", frame(b"begun", more=True)]


def subscribe(topic: bytes) -> bytes:
    return frame(b"\x09SUBSCRIBE" + topic, command=True)


def cancel(topic: bytes) -> bytes:
    return frame(b"\x06CANCEL" + topic, command=True)


def _peer(endpoint: str) -> RawPeer:
    """A SUB that says what it is told to."""
    peer = connect(endpoint)
    peer.handshake(b"SUB")
    return peer


def _changes(peer: RawPeer, last: bytes) -> list[bytes]:
    """What a subscriber announces, up to `last`, as messages of ZMTP 3.0."""
    found: list[bytes] = []
    while not found or found[-1] != last:
        body = peer.recv_frame()[1]
        found.append(
            body.replace(b"\x09SUBSCRIBE", b"\1").replace(b"\x06CANCEL", b"\0")
        )
    return found


# What a subscriber says


def test_every_subscription_is_told_and_the_last_cancellation(zmq: Library) -> None:
    sub = zmq.socket(zmq.SUB)
    with RawListener() as listener:
        sub.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PUB")
            sub.subscribe(b"settled")
            _changes(peer, b"\1settled")
            for _ in range(2):
                sub.subscribe(b"a")
            sub.unsubscribe(b"unknown")
            for _ in range(3):
                sub.unsubscribe(b"a")
            sub.subscribe(b"end")
            assert _changes(peer, b"\1end") == [b"\1a", b"\1a", b"\0a", b"\1end"]


def test_a_new_connection_is_told_each_topic_once(zmq: Library) -> None:
    sub = zmq.socket(zmq.SUB, reconnect_ivl=10)
    for topic in (b"a", b"b", b"a", b"c"):
        sub.subscribe(topic)
    sub.unsubscribe(b"b")
    with RawListener() as listener:
        sub.connect(listener.endpoint)
        for _ in range(3):
            with listener.accept() as peer:
                peer.handshake(b"PUB")
                # A libzmq socket tells when it is looked at.
                until(lambda: sub.poll(1) or _readable(peer))
                told = {peer.recv_frame()[1][-1:] for _ in range(2)}
                assert told == {b"a", b"c"}


@pytest.mark.fails_on(
    "pyzmq", reason="1,000 subscriptions reach a publisher, the rest is lost (#4064)"
)
def test_fifty_thousand_topics_survive_a_restart(zmq: Library) -> None:
    """With default settings, whatever comes first: `subscribe`, or the publisher."""
    sub = zmq.socket(zmq.SUB)
    for number in range(25_000):
        sub.subscribe(b"%d." % number)
    endpoint = zmq.reserved("tcp")
    sub.connect(endpoint)
    for number in range(25_000, 50_000):
        sub.subscribe(b"%d." % number)
    for _ in range(2):
        context = zmq.context()
        xpub = zmq.socket(zmq.XPUB, context=context)
        xpub.bind(endpoint)
        assert len({xpub.recv() for _ in range(50_000)}) == 50_000
        for number in (0, 24_999, 49_999):
            xpub.send(b"%d." % number)
            assert sub.recv() == b"%d." % number
        xpub.close(linger=0)
        context.term()


# What a publisher makes of it


def test_a_publisher_that_connects_keeps_messages(zmq: Library, network: str) -> None:
    """For a subscriber that is away for a while, as for any other peer."""
    endpoint = zmq.reserved(network)
    sub = zmq.socket(zmq.SUB, subscribe=b"t")
    sub.bind(endpoint)
    xpub = zmq.socket(zmq.XPUB, reconnect_ivl=10)
    watch = Watch(zmq, xpub, zmq.EVENT_DISCONNECTED)
    xpub.connect(endpoint)
    until(lambda: sub.poll(1) or xpub.poll(1))  # libzmq announces when it is called
    assert xpub.recv() == b"\1t"
    sub.unbind(endpoint)
    until(lambda: sub.poll(1) or watch.socket.poll(1))
    xpub.send(b"t while away")
    assert xpub.poll(0) == 0  # no notice
    zmq.bind_again(sub, endpoint)
    assert sub.recv() == b"t while away"


def test_a_peer_counts_once(zmq: Library) -> None:
    """However often it subscribed, one cancellation ends it."""
    xpub = zmq.socket(zmq.XPUB)
    with _peer(zmq.bind(xpub, "tcp")) as peer:
        peer.send(subscribe(b"t") * 3 + cancel(b"t") + subscribe(b"end"))
        assert [xpub.recv() for _ in range(3)] == [b"\1t", b"\0t", b"\1end"]
        for body in (b"t", b"end"):
            xpub.send(body)
        assert peer.recv_message() == [b"end"]


@pytest.mark.fails_on("pyzmq", reason="passes it on while another peer has the topic")
def test_a_stranger_cancels_nothing(zmq: Library) -> None:
    """A CANCEL from a peer that never subscribed, while another one holds the topic."""
    xpub = zmq.socket(zmq.XPUB)
    endpoint = zmq.bind(xpub, "tcp")
    with _peer(endpoint) as holder, _peer(endpoint) as stranger:
        holder.send(subscribe(b"t"))
        assert xpub.recv() == b"\1t"
        stranger.send(cancel(b"t") + subscribe(b"end"))
        assert xpub.recv() == b"\1end"
        xpub.send(b"t still")
        assert holder.recv_message() == [b"t still"]


@pytest.mark.parametrize("kind", ["PUB", "XPUB"])
@pytest.mark.parametrize("start", STARTS, ids=["alone", "within"])
def test_a_publisher_that_is_busy_elsewhere_holds_its_peers_back(
    zmq: Library, kind: str, start: bytes
) -> None:
    """Subscriptions that nobody takes in may not pile up for ever, and neither may
    those in the middle of a message."""
    pub = zmq.socket(getattr(zmq, kind), rcvhwm=10, rcvbuf=4096)
    with _peer(zmq.bind(pub, "tcp")) as peer:
        topics = (subscribe(b"%0200d" % number) for number in range(100_000))
        peer.sock.setblocking(False)
        data = start + b"".join(topics)
        assert _accepted(peer, data) < len(data)


def _accepted(peer: RawPeer, data: bytes) -> int:
    """How many bytes are taken of a peer, until none is for a while."""
    view = memoryview(data)
    while view and select.select([], [peer.sock], [], 0.5)[1]:
        view = view[peer.sock.send(view[: 1 << 16]) :]
    return len(data) - len(view)


@pytest.mark.fails_on("pyzmq", reason="they wait as messages do, for the RCVHWM")
@pytest.mark.parametrize("kind", ["PUB", "XPUB"])
@pytest.mark.parametrize("form", [b"\x09SUBSCRIBE", b"\1"])
def test_subscriptions_wait_for_no_mark(zmq: Library, kind: str, form: bytes) -> None:
    """The peer's PING comes behind all of them, to a publisher that does nothing."""
    pub = zmq.socket(getattr(zmq, kind), rcvhwm=1)
    with _peer(zmq.bind(pub, "tcp")) as peer:
        for number in range(900):
            peer.send(frame(form + b"%d." % number, command=len(form) > 1))
        peer.send(frame(b"\x04PING\0\0", command=True))
        assert peer.recv_frame()[1] == b"\x04PONG"
        pub.send(b"899.")
        assert peer.recv_message() == [b"899."]


@pytest.mark.parametrize("start", STARTS, ids=["alone", "within"])
def test_held_back_subscriptions_are_all_taken_in(zmq: Library, start: bytes) -> None:
    pub = zmq.socket(zmq.PUB, rcvhwm=3)
    with _peer(zmq.bind(pub, "tcp")) as peer:
        topics = (subscribe(b"%d." % number) for number in range(3000))
        peer.send(start + b"".join(topics))
        peer.send(frame(b"\x04PING\0\0", command=True))
        # Whatever a publisher does lets it take some in.
        until(lambda: pub.send(b"2999.") or _readable(peer))
        assert peer.recv_frame()[1] in (b"2999.", b"\x04PONG")


def _readable(peer: RawPeer) -> bool:
    return bool(select.select([peer.sock], [], [], 0.001)[0])


# In the middle of a message


@pytest.mark.parametrize("kind", ["PUB", "XPUB"])
def test_who_joins_in_the_middle_gets_nothing_of_it(
    zmq: Library, transport: str, kind: str
) -> None:
    pub = zmq.socket(getattr(zmq, kind))
    first, late = (zmq.socket(zmq.SUB) for _ in range(2))
    endpoint = marry(zmq, pub, first, transport)
    first.subscribe(b"")
    until(lambda: pub.send(b"there?") or first.poll(1))
    while first.poll(100):
        first.recv()
    pub.send(b"head", zmq.SNDMORE)
    late.subscribe(b"")
    late.connect(endpoint)
    assert not late.poll(50)  # time enough to be heard, mostly
    pub.send(b"tail")
    assert first.recv_multipart() == [b"head", b"tail"]
    until(lambda: pub.send(b"next") or late.poll(1))
    assert late.recv_multipart() == [b"next"]


def test_parts_that_look_like_subscriptions_are_some(zmq: Library) -> None:
    """Not the first alone, unless ONLY_FIRST_SUBSCRIBE, a draft, says so."""
    xpub = zmq.socket(zmq.XPUB)
    with _peer(zmq.bind(xpub, "tcp")) as peer:
        peer.send(message(b"user", b"\1topic", b"more"))
        peer.send(subscribe(b"end"))
        got = []
        while b"\1end" not in got:
            got += xpub.recv_multipart()
        assert got == [b"\1topic", b"user", b"more", b"\1end"] or got == [
            b"user",
            b"\1topic",
            b"more",
            b"\1end",
        ]
        xpub.send(b"topic!")
        assert peer.recv_message() == [b"topic!"]


# In vain


LENGTHS = 120


def test_a_flood_of_what_nobody_wants_ends_no_timeout(zmq: Library) -> None:
    """However fast it comes, and however long each look takes."""
    sub = zmq.socket(zmq.SUB, rcvtimeo=100, rcvhwm=0)
    for size in range(1, LENGTHS):
        sub.subscribe(b"x" * size)
    flood = message(b"y" * LENGTHS) * 1000
    with RawListener() as listener:
        sub.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PUB")
            peer.sock.settimeout(None)
            flooding = Background(lambda: _pour(peer, flood))
            for _ in range(3):
                waiting = Background(sub.recv)
                with pytest.raises(zmq.Again):
                    waiting.result()
            assert flooding.running
            sub.close(linger=0)
            flooding.result(PATIENCE)


def _pour(peer: RawPeer, data: bytes) -> None:
    try:
        while True:
            peer.send(data)
    except OSError:
        pass
