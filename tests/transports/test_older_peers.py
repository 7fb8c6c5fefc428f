"""Peers of ZMTP 1.0 (with a revision, and of libzmq 2.x without) and 2.0."""

from __future__ import annotations

import socket
from select import select
from typing import Any, Callable

import pytest
from library import Library
from oldpeer import SIGNATURE, VERSIONS, OldPeer
from patience import until
from rawpeer import RawListener, connect

PUB, SUB, REQ, REP, DEALER, ROUTER, PULL, PUSH = (bytes((n,)) for n in range(1, 9))

# Around what fits a short frame, in 1.0 and in 2.0.
SIZES = (0, 1, 252, 253, 254, 255, 256, 5000, 70_000, 3_000_000)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """An old version."""
    return str(request.param)


Meet = Callable[..., OldPeer]


@pytest.fixture(params=["bound", "connected"])
def meet(request: pytest.FixtureRequest, zmq: Library, version: str) -> Any:
    """Connects a socket and an old peer, one way or the other."""
    listener = RawListener()
    peers: list[OldPeer] = []

    def made(sock: Any, kind: bytes, identity: bytes = b"") -> OldPeer:
        if request.param == "bound":
            raw = connect(zmq.bind(sock, "tcp"))
        else:
            sock.connect(listener.endpoint)
            raw = listener.accept()
        peers.append(OldPeer(raw, version))
        peers[-1].handshake(kind, identity)
        return peers[-1]

    yield made
    listener.sock.close()
    for peer in peers:
        peer.sock.close()


def heard(sub: Any, peer: OldPeer) -> tuple[int, bytes]:
    """A subscription.  libzmq sends it when the application next calls."""
    until(lambda: sub.poll(1) or select([peer.sock], [], [], 0)[0])
    return peer.recv_frame()


@pytest.mark.core
def test_messages_of_all_sizes_both_ways(zmq: Library, meet: Meet) -> None:
    dealer = zmq.socket(zmq.DEALER)
    peer = meet(dealer, DEALER)
    for size in SIZES:
        body = bytes(range(1, 251)) * (size // 250 + 1)
        body = body[:size]
        peer.send(peer.message(body))
        assert dealer.recv_multipart() == [body]
        dealer.send(body)
        assert peer.recv_message() == [body]


def test_a_message_of_many_parts(zmq: Library, meet: Meet) -> None:
    dealer = zmq.socket(zmq.DEALER)
    peer = meet(dealer, DEALER)
    parts = [b"%d" % number * (number % 300) for number in range(1000)]
    dealer.send_multipart(parts)
    assert peer.recv_message() == parts
    peer.send(peer.message(*parts))
    assert dealer.recv_multipart() == parts


@pytest.mark.core
def test_an_octet_at_a_time(zmq: Library, version: str) -> None:
    pull = zmq.socket(zmq.PULL)
    with OldPeer(connect(zmq.bind(pull, "tcp")), version) as peer:
        begin = SIGNATURE + (b"\0\x08" if version == "1.0" else b"\1\x08")
        stream = b"" if version == "unversioned" else begin
        stream += peer.frame(b"me") + peer.message(b"a", b"", b"b" * 300)
        for at in range(len(stream)):
            peer.send(stream[at : at + 1])
        assert pull.recv_multipart() == [b"a", b"", b"b" * 300]


def test_everything_at_once(zmq: Library, version: str) -> None:
    pull = zmq.socket(zmq.PULL)
    with OldPeer(connect(zmq.bind(pull, "tcp")), version) as peer:
        begin = SIGNATURE + (b"\0\x08" if version == "1.0" else b"\1\x08")
        stream = b"" if version == "unversioned" else begin
        peer.send(stream + peer.frame(b"") + peer.message(b"early", b"bird") * 1000)
        for _ in range(1000):
            assert pull.recv_multipart() == [b"early", b"bird"]


@pytest.mark.core
def test_routing_ids_are_exchanged(zmq: Library, meet: Meet) -> None:
    router = zmq.socket(zmq.ROUTER, routing_id=b"OURS")
    peer = meet(router, DEALER, b"THEIRS")
    assert peer.named == b"OURS"
    peer.send(peer.message(b"hello"))
    assert router.recv_multipart() == [b"THEIRS", b"hello"]
    router.send_multipart([b"THEIRS", b"x" * 255])
    assert peer.recv_message() == [b"x" * 255]


def test_a_request_and_a_reply(zmq: Library, meet: Meet) -> None:
    rep = zmq.socket(zmq.REP)
    peer = meet(rep, REQ)
    peer.send(peer.message(b"", b"question"))
    assert rep.recv() == b"question"
    rep.send(b"answer")
    assert peer.recv_message() == [b"", b"answer"]


@pytest.mark.core
@pytest.mark.parametrize("kind", ["SUB", "XSUB"])
def test_topics_are_messages(zmq: Library, meet: Meet, kind: str) -> None:
    sub = zmq.socket(getattr(zmq, kind))
    topics = [b"", b"TT", b"t" * 252, b"t" * 253, b"t" * 254, b"t" * 256]
    change = sub.send if kind == "XSUB" else None
    peer = meet(sub, PUB)
    for topic in topics:
        change(b"\1" + topic) if change else sub.subscribe(topic)
        assert heard(sub, peer) == (0, b"\1" + topic)
        change(b"\0" + topic) if change else sub.unsubscribe(topic)
        assert peer.recv_frame() == (0, b"\0" + topic)
    change(b"\1T") if change else sub.subscribe(b"T")
    peer.send(peer.message(b"not this") + peer.message(b"This", b"one"))
    if kind == "XSUB":
        assert sub.recv_multipart() == [b"not this"]
    assert sub.recv_multipart() == [b"This", b"one"]


@pytest.mark.fails_on("pyzmq", reason="forgets to say that the length has 8 octets")
def test_a_topic_that_just_does_not_fit(zmq: Library) -> None:
    sub = zmq.socket(zmq.SUB)
    sub.subscribe(b"t" * 255)
    with OldPeer(connect(zmq.bind(sub, "tcp")), "2.0") as peer:
        peer.handshake(PUB)
        assert heard(sub, peer) == (0, b"\1" + b"t" * 255)


def test_topics_are_told_again(zmq: Library, version: str) -> None:
    sub = zmq.socket(zmq.SUB, reconnect_ivl=10)
    sub.subscribe(b"T")
    with RawListener() as listener:
        sub.connect(listener.endpoint)
        for _ in range(2):
            with OldPeer(listener.accept(), version) as peer:
                peer.handshake(PUB)
                assert heard(sub, peer) == (0, b"\1T")


@pytest.mark.core
def test_a_subscriber(zmq: Library, meet: Meet, version: str) -> None:
    """One of 2.x never says what it wants: it gets everything."""
    xpub = zmq.socket(zmq.XPUB)
    peer = meet(xpub, SUB)
    if version == "unversioned":
        assert xpub.recv() == b"\1"
    else:
        peer.send(peer.message(b"\1T"))
        assert xpub.recv() == b"\1T"
        xpub.send(b"not this")
    xpub.send_multipart([b"This", b"one"])
    assert peer.recv_message() == [b"This", b"one"]


def test_a_subscriber_of_a_pub(zmq: Library) -> None:
    pub = zmq.socket(zmq.PUB)
    with OldPeer(connect(zmq.bind(pub, "tcp")), "unversioned") as peer:
        peer.handshake(SUB)
        peer.sock.settimeout(0.001)
        while True:  # until the subscription that it did not make is known
            pub.send(b"anything")
            try:
                assert peer.recv_frame() == (0, b"anything")
            except socket.timeout:
                continue
            break


def test_nobody_is_pinged(zmq: Library, meet: Meet) -> None:
    push = zmq.socket(zmq.PUSH, heartbeat_ivl=20)
    other = zmq.socket(zmq.PULL, heartbeat_ivl=100)
    peer = meet(push, PULL)
    with connect(zmq.bind(other, "tcp")) as silent:
        silent.handshake(b"PUSH")
        silent.rest()
    push.send(b"message")
    assert peer.recv_frame() == (0, b"message")


def test_a_message_over_the_limit(zmq: Library, version: str) -> None:
    pull = zmq.socket(zmq.PULL, maxmsgsize=300)
    with OldPeer(connect(zmq.bind(pull, "tcp")), version) as peer:
        peer.handshake(PUSH)
        peer.send(peer.frame(bytes(300)) + peer.frame(bytes(301)))
        assert pull.recv() == bytes(300)
        peer.rest()


@pytest.mark.only("pymq")
@pytest.mark.parametrize(
    ("version", "data"),
    [("1.0", b"\1\2"), ("1.0", b"\0\0"), ("1.0", b"\xff" * 10), ("2.0", b"\4\0")],
)
def test_a_bad_frame(zmq: Library, version: str, data: bytes) -> None:
    """Nothing but MORE may be set.  libzmq lets all pass but a length of 0."""
    pull = zmq.socket(zmq.PULL)
    with OldPeer(connect(zmq.bind(pull, "tcp")), version) as peer:
        peer.handshake(PUSH)
        peer.send(peer.message(b"good") + peer.frame(b"half", True) + data)
        assert pull.recv() == b"good"
        peer.rest()


def test_a_peer_that_vanishes_in_a_message(zmq: Library, version: str) -> None:
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, "tcp")
    with OldPeer(connect(endpoint), version) as peer:
        peer.handshake(PUSH)
        peer.send((peer.message(b"whole") + peer.message(b"half", b"one"))[:-1])
    assert pull.recv() == b"whole"
    with OldPeer(connect(endpoint), version) as peer:
        peer.handshake(PUSH)
        peer.send(peer.message(b"new"))
        assert pull.recv() == b"new"


def test_what_was_queued_for_a_newer_peer(zmq: Library, version: str) -> None:
    """A half-sent message is dropped whole, the others reach the next peer."""
    push = zmq.socket(zmq.PUSH, reconnect_ivl=10, sndbuf=4096)
    sent = [b"%04d" % number * 500 for number in range(2000)]
    push.set(zmq.SNDHWM, 0)
    with RawListener(receive_buffer=4096) as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            for body in sent:
                push.send_multipart([b"head", body])
            assert peer.recv_message() == [b"head", sent[0]]
        with OldPeer(listener.accept(), version) as old:
            old.handshake(PULL)
            got = [old.recv_message()]
            while got[-1][1] != sent[-1]:
                got.append(old.recv_message())
    first = int(got[0][1][:4])
    assert got == [[b"head", body] for body in sent[first:]]


def test_a_reader_at_its_mark(zmq: Library, version: str) -> None:
    pull = zmq.socket(zmq.PULL, rcvhwm=2)
    with OldPeer(connect(zmq.bind(pull, "tcp")), version) as peer:
        peer.handshake(PUSH)
        bodies = [b"%d" % number * 60 for number in range(2000)]
        peer.send(b"".join(map(peer.message, bodies)))
        assert [pull.recv() for _ in bodies] == bodies
