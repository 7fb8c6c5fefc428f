"""flush and drain: what has left the process, and what became of the rest.

Neither is in pyzmq, whose close returns at once and tells nothing.
"""

from __future__ import annotations

import contextlib
import errno
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import PATIENCE, Background
from rawpeer import RawListener, RawPeer, connect, frame

pytestmark = pytest.mark.only("pymq")

LIMIT = PATIENCE * 1000  # ms
LARGE = bytes(10_000_000)  # more than any kernel takes of a peer that does not read


def _narrow(zmq: Library, **options: Any) -> tuple[Any, RawPeer]:
    """A PUSH and a peer that reads nothing, with little room between them."""
    push = zmq.socket(zmq.PUSH, sndbuf=4096, **options)
    peer = connect(zmq.bind(push, "tcp"), receive_buffer=4096)
    peer.handshake(b"PULL")
    return push, peer


def _read(peer: RawPeer, count: int) -> list[bytes]:
    return [peer.recv_message()[0] for _ in range(count)]


@pytest.mark.core
def test_nothing_to_flush(zmq: Library, transport: str) -> None:
    push = zmq.socket(zmq.PUSH)
    assert push.flush()
    push.connect(zmq.reserved(transport))
    assert push.flush(0)
    assert zmq.socket(zmq.PULL).flush(0)


@pytest.mark.core
def test_flush_is_over_when_the_kernel_has_all(zmq: Library) -> None:
    push, peer = _narrow(zmq)
    with peer:
        push.send(LARGE)
        assert not push.flush(0)
        assert not push.flush(50)
        flushing = Background(push.flush)
        assert _read(peer, 1) == [LARGE]
        assert flushing.result() is True
        assert push.flush(0)


@pytest.mark.core
@pytest.mark.parametrize("count", [1, 1000])
def test_what_is_flushed_is_there(zmq: Library, transport: str, count: int) -> None:
    push, pull = zmq.socket(zmq.PUSH, sndhwm=0), zmq.socket(zmq.PULL, rcvhwm=0)
    marry(zmq, pull, push, transport)
    for _ in range(20):
        for number in range(count):
            push.send_multipart([b"%d" % number, b"end"])
        assert push.flush(LIMIT) is True
    for number in range(20 * count):
        assert pull.recv_multipart() == [b"%d" % (number % count), b"end"]


@pytest.mark.core
def test_what_nobody_takes_has_not_left(zmq: Library, transport: str) -> None:
    endpoint = zmq.reserved(transport)
    push = zmq.socket(zmq.PUSH, reconnect_ivl=10)
    push.connect(endpoint)
    push.send(b"early")
    assert push.flush(20) is False
    flushing = Background(lambda: push.flush(LIMIT))
    pull = zmq.socket(zmq.PULL)
    if transport == "inproc":
        pull = zmq.socket(zmq.PULL, context=push.context)
    pull.bind(endpoint)
    assert flushing.result() is True
    assert pull.recv() == b"early"


def test_every_peer_is_waited_for(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, sndbuf=4096)
    with contextlib.ExitStack() as stack:
        peers = []
        for _ in range(3):
            listener = stack.enter_context(RawListener(receive_buffer=4096))
            push.connect(listener.endpoint)
            peers.append(stack.enter_context(listener.accept()))
            peers[-1].handshake(b"PULL")
        for _ in peers:
            push.send(LARGE)  # in turn
        for peer in peers:
            assert push.flush(20) is False
            assert _read(peer, 1) == [LARGE]
        assert push.flush(LIMIT) is True


def test_flush_waits_for_what_a_disconnect_left(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, sndbuf=4096)
    with RawListener(receive_buffer=4096) as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            push.send(LARGE)
            push.disconnect(listener.endpoint)
            assert push.flush(50) is False
            assert _read(peer, 1) == [LARGE]
            assert push.flush(LIMIT) is True


def test_a_message_that_is_lost_is_not_waited_for(zmq: Library) -> None:
    push, peer = _narrow(zmq)
    with peer:
        push.send(LARGE)
        assert push.flush(20) is False
        flushing = Background(lambda: push.flush(LIMIT))
    assert flushing.result() is True


def test_subscriptions_are_flushed(zmq: Library, transport: str) -> None:
    pub, sub = zmq.socket(zmq.XPUB), zmq.socket(zmq.SUB)
    if transport == "inproc":
        sub = zmq.socket(zmq.SUB, context=pub.context)
    sub.connect(zmq.bind(pub, transport))
    for number in range(100):
        sub.subscribe(b"%d" % number)
    assert sub.flush(LIMIT) is True
    assert {pub.recv() for _ in range(100)} == {b"\1%d" % n for n in range(100)}


def test_conflated_messages_are_flushed(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, conflate=1)
    endpoint = zmq.reserved("tcp")
    push.connect(endpoint)
    for number in range(10):
        push.send(b"%d" % number)
    assert push.flush(20) is False
    pull = zmq.socket(zmq.PULL)
    pull.bind(endpoint)
    assert push.flush(LIMIT) is True
    assert pull.recv() == b"9"


def test_close_ends_a_flush(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    push.connect(zmq.reserved("tcp"))
    push.send(b"for nobody")
    flushing = Background(push.flush)
    flushing.give(0.05)
    push.close(linger=0)
    with zmq.refused(errno.ENOTSOCK):
        flushing.result()
    with zmq.refused(errno.ENOTSOCK):
        push.flush()


def test_term_ends_a_flush(zmq: Library) -> None:
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context)
    push.connect(zmq.reserved("tcp"))
    push.send(b"for nobody")
    flushing = Background(push.flush)
    flushing.give(0.05)
    ending = Background(context.term)
    with pytest.raises(zmq.ContextTerminated):
        flushing.result()
    push.close(linger=0)
    ending.result()


def test_many_threads_flush(zmq: Library) -> None:
    push, peer = _narrow(zmq)
    with peer:
        for number in range(20):
            push.send(b"%02d" % number + bytes(500_000))
        flushing = [Background(lambda: push.flush(LIMIT)) for _ in range(8)]
        assert [body[:2] for body in _read(peer, 20)] == [
            b"%02d" % n for n in range(20)
        ]
        assert all(one.result() for one in flushing)


# drain.


@pytest.mark.core
def test_drain_tells_what_was_sent(zmq: Library) -> None:
    push, peer = _narrow(zmq)
    with peer:
        for number in range(20):
            push.send_multipart([b"%02d" % number, bytes(500_000)])
        draining = Background(push.drain)
        draining.give(0.05)
        assert push.closed
        assert len([peer.recv_message() for _ in range(20)]) == 20
        sent, dropped = draining.result()
        assert dropped == 0
        assert 18 <= sent <= 20  # the kernel may have had some before
        assert push.drain() == (sent, dropped)


@pytest.mark.core
def test_drain_tells_what_was_dropped(zmq: Library) -> None:
    push, peer = _narrow(zmq)
    with peer:
        for number in range(20):
            push.send(b"%02d" % number + bytes(5_000_000))
        sent, dropped = push.drain(linger=100)
        assert sent == 0
        assert 19 <= dropped <= 20


def test_what_was_dropped_and_what_was_sent_make_all(zmq: Library) -> None:
    push, peer = _narrow(zmq)
    with peer:
        for number in range(20):
            push.send(b"%02d" % number + bytes(500_000))
        assert push.flush(0) is False
        draining = Background(lambda: push.drain(linger=1000))
        got = len(_read(peer, 10))
        result = draining.result()
        assert got - 2 <= result.sent < 20
        assert 18 <= result.sent + result.dropped <= 20
        assert result.dropped > 0


@pytest.mark.core
@pytest.mark.parametrize("linger", [0, 50])
def test_nobody_came(zmq: Library, network: str, linger: int) -> None:
    push = zmq.socket(zmq.PUSH)
    push.connect(zmq.reserved(network))
    for _ in range(7):
        push.send_multipart([b"a", b"b"])
    push.send(b"unfinished", zmq.SNDMORE)
    assert push.drain(linger) == (0, 7)


def test_drain_over_inproc(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    push.connect(zmq.bind(pull, "inproc"))
    push.send(b"there")
    assert push.drain() == (0, 0)  # it was there before
    other = zmq.socket(zmq.PUSH)
    other.connect("inproc://nobody")
    other.send(b"for nobody")
    assert other.drain() == (0, 1)
    assert pull.recv() == b"there"


def test_drain_of_what_had_nothing(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    assert push.drain() == (0, 0)
    assert push.closed
    sub = zmq.socket(zmq.SUB)
    sub.connect(zmq.reserved("tcp"))
    sub.subscribe(b"")
    assert sub.drain() == (0, 0)


def test_a_copy_for_each_peer_counts(zmq: Library) -> None:
    pub = zmq.socket(zmq.XPUB, sndbuf=4096, xpub_verbose=1)
    endpoint = zmq.bind(pub, "tcp")
    peers = [connect(endpoint, receive_buffer=4096) for _ in range(2)]
    for peer in peers:
        peer.handshake(b"SUB")
        peer.send(frame(b"\x09SUBSCRIBE", command=True))
        assert pub.recv() == b"\1"
    for _ in range(3):
        pub.send(LARGE)
    assert pub.drain(linger=0) == (0, 6)
    for peer in peers:
        peer.sock.close()


def test_close_is_as_in_pyzmq(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    push.connect(zmq.reserved("tcp"))
    for _ in range(5):
        push.send(b"for nobody")
    assert push.close(linger=0) is None
    assert push.drain() == (0, 5)
