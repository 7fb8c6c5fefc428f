"""HEARTBEAT_IVL, HEARTBEAT_TIMEOUT and HEARTBEAT_TTL, as sockets have them."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest
from implementations import ORACLE, load
from library import Library
from marriage import marry, settle
from rawpeer import GREETING_SIZE, RawListener, connect, frame, greeting, ready

PING = frame(b"\x04PING\0\0", command=True)
PONG = frame(b"\x04PONG", command=True)


def ping(ttl: int) -> bytes:
    return frame(b"\x04PING" + ttl.to_bytes(2, "big"), command=True)


@pytest.mark.core
def test_a_silent_listener_is_tried_again(zmq: Library) -> None:
    options = {"heartbeat_ivl": 50, "heartbeat_ttl": 1500, "reconnect_ivl": 10}
    push = zmq.socket(zmq.PUSH, **options)
    with RawListener() as listener:
        push.connect(listener.endpoint)
        for _ in range(2):
            with listener.accept() as peer:
                peer.handshake(b"PULL")
                assert peer.recv(9) == ping(15)
                peer.rest()
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            push.send(b"after all")
            assert peer.recv_message() == [b"after all"]


@pytest.mark.core
def test_a_silent_peer_is_given_up(zmq: Library, network: str) -> None:
    pull = zmq.socket(zmq.PULL, heartbeat_ivl=100, heartbeat_timeout=50)
    with connect(zmq.bind(pull, network)) as peer:
        peer.handshake(b"PUSH")
        assert peer.rest().startswith(PING)


def test_the_timeout_may_be_longer_than_the_interval(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL, heartbeat_ivl=20, heartbeat_timeout=500)
    with connect(zmq.bind(pull, "tcp")) as peer:
        peer.handshake(b"PUSH")
        assert len(peer.rest()) > 3 * len(PING)


def test_without_an_interval_the_rest_means_nothing(zmq: Library) -> None:
    options = {"heartbeat_timeout": 1, "heartbeat_ttl": 100}
    pull = zmq.socket(zmq.PULL, **options)
    other = zmq.socket(zmq.PULL, heartbeat_ivl=50, heartbeat_timeout=200)
    with connect(zmq.bind(pull, "tcp")) as peer:
        peer.handshake(b"PUSH")
        let_pass(zmq, other)
        peer.send(frame(b"still here"))
        assert pull.recv() == b"still here"
        peer.send(PING)
        assert peer.recv(len(PONG)) == PONG


def let_pass(zmq: Library, pull: Any) -> None:
    """As long as it takes a PULL to give up a silent peer."""
    with connect(zmq.bind(pull, "tcp")) as silent:
        silent.handshake(b"PUSH")
        silent.rest()


@pytest.mark.core
def test_the_ttl_of_a_peer(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    with connect(zmq.bind(pull, "tcp")) as peer:
        peer.handshake(b"PUSH")
        peer.send(ping(1))
        assert peer.rest() == PONG


@pytest.mark.parametrize("ttl", [655, 656, 1311, 65535])
@pytest.mark.fails_on("pyzmq", reason="multiplies the TTL in 16 bits: 65.6 s are 64 ms")
def test_a_long_ttl(zmq: Library, ttl: int) -> None:
    pull = zmq.socket(zmq.PULL)
    other = zmq.socket(zmq.PULL, heartbeat_ivl=50, heartbeat_timeout=200)
    with connect(zmq.bind(pull, "tcp")) as peer:
        peer.handshake(b"PUSH")
        peer.send(ping(ttl))
        let_pass(zmq, other)
        peer.send(frame(b"still here"))
        assert pull.recv() == b"still here"


@pytest.mark.parametrize("minor", [0, 1])
def test_peers_of_zmtp_3_are_asked(zmq: Library, minor: int) -> None:
    pull = zmq.socket(zmq.PULL, heartbeat_ivl=50)
    with connect(zmq.bind(pull, "tcp")) as peer:
        peer.send(greeting(minor=minor))
        peer.recv(GREETING_SIZE)
        peer.send(ready(b"PUSH"))
        peer.recv_frame()
        assert peer.recv(len(PING)) == PING


@pytest.mark.fails_on("pyzmq", reason="takes what it does not read for silence")
def test_a_reader_that_takes_its_time(zmq: Library) -> None:
    """Nothing is lost, however long it leaves the messages where they are."""
    options = {"heartbeat_ivl": 50, "heartbeat_timeout": 2000}
    pull = zmq.socket(zmq.PULL, rcvhwm=1, rcvbuf=4096, **options)
    push = zmq.socket(zmq.PUSH, sndhwm=0, sndbuf=4096, **options)
    marry(zmq, pull, push, "tcp")
    sent = [b"%04d" % number * 250 for number in range(1000)]
    for body in sent:
        push.send(body)
    let_pass(zmq, zmq.socket(zmq.PULL, heartbeat_ivl=50, heartbeat_timeout=2500))
    assert [pull.recv() for _ in sent] == sent


@pytest.mark.fails_on("pyzmq", reason="gives it up")
def test_a_peer_that_reads_nothing_is_not_gone(zmq: Library) -> None:
    """Its kernel acknowledges what comes, and then that it has no room."""
    options = {"heartbeat_ivl": 50, "heartbeat_timeout": 100}
    push = zmq.socket(zmq.PUSH, sndhwm=0, **options)
    lost = _watch(zmq, push)
    with RawListener(receive_buffer=4096) as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            for _ in range(1000):
                push.send(bytes(10_000))
            options["heartbeat_timeout"] = 1500
            let_pass(zmq, zmq.socket(zmq.PULL, **options))
            assert not lost()


# Between two libraries


BEATS = {"heartbeat_ivl": 20, "heartbeat_timeout": 2000, "heartbeat_ttl": 2000}
NONE: dict[str, int] = {}


@pytest.fixture
def oracle() -> Iterator[Library]:
    """libzmq, as the other side."""
    pytest.importorskip("zmq")
    made = Library(load(ORACLE))
    yield made
    made.close()


@pytest.mark.only("pymq")
@pytest.mark.parametrize("ours_binds", [True, False])
def test_with_libzmq(zmq: Library, oracle: Library, ours_binds: bool) -> None:
    """Whoever asks, the link lives while a silent peer is given up."""
    bound, connected = (zmq, oracle) if ours_binds else (oracle, zmq)
    pairs = []
    for ours, theirs in ((BEATS, NONE), (NONE, BEATS), (BEATS, BEATS)):
        a = bound.socket(zmq.PAIR, **(ours if bound is zmq else theirs))
        b = connected.socket(zmq.PAIR, **(ours if connected is zmq else theirs))
        lost = _watch(oracle, a if bound is oracle else b)
        b.connect(bound.bind(a, "tcp"))
        settle(a, b)
        pairs.append((a, b, lost))
    let_pass(zmq, zmq.socket(zmq.PULL, heartbeat_ivl=50, heartbeat_timeout=2500))
    for a, b, lost in pairs:
        settle(a, b)
        assert not lost()


def _watch(zmq: Library, sock: Any) -> Callable[[], int]:
    """Tells whether a link was lost."""
    monitor = sock.get_monitor_socket(zmq.EVENT_DISCONNECTED)

    def lost() -> int:
        ready: int = monitor.poll(0)
        return ready

    return lost


@pytest.mark.only("pymq")
def test_what_comes_in_place_of_a_silent_peer(zmq: Library, oracle: Library) -> None:
    """libzmq, and it gets what was not sent."""
    push = zmq.socket(zmq.PUSH, heartbeat_ivl=50, reconnect_ivl=10)
    with RawListener() as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            listener.sock.close()
            pull = oracle.socket(zmq.PULL)
            pull.bind(listener.endpoint)
            peer.rest()
    push.send(b"found")
    assert pull.recv() == b"found"
