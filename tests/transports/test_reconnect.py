"""Connecting again: when, to which address, and what it does to others."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
from typing import Any, Callable, Iterator

import pytest
from library import Library
from patience import until
from rawpeer import RawListener, RawPeer, frame, message
from watching import Watch

from pymq.constants import SocketOption
from pymq.session import connecter
from pymq.session.backoff import Backoff

IVL, MAX = SocketOption.RECONNECT_IVL, SocketOption.RECONNECT_IVL_MAX


# How long it waits


def _waits(interval: int, limit: int, times: int, refused: bool) -> list[float]:
    """In milliseconds."""
    waits = Backoff({IVL: interval, MAX: limit})
    found = []
    for _ in range(times):
        if refused:
            waits.met()
        found.append((waits.wait() or 0) * 1000)
    return found


def test_nobody_there() -> None:
    """As libzmq: the interval, and as much again at random."""
    found = _waits(100, 0, 100, refused=False)
    assert all(100 <= wait < 200 for wait in found)
    assert len(set(found)) > 10


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize(
    ("interval", "limit", "most"),
    [(50, 300, [50, 100, 200, 300, 300]), (400, 100, [100] * 3), (10, 10, [10] * 3)],
)
def test_with_a_limit(
    interval: int, limit: int, most: list[int], refused: bool
) -> None:
    """Those who lost one server together do not come back together."""
    for _ in range(50):
        found = _waits(interval, limit, len(most), refused)
        assert all(top / 2 <= wait <= top for wait, top in zip(found, most))
    assert len({tuple(_waits(interval, limit, 3, refused)) for _ in range(50)}) > 10


def test_refusals_without_a_limit() -> None:
    found = _waits(10, 0, 10, refused=True)
    for wait, least in zip(found, [10, 20, 40, 80, 160, 320, 320, 320, 320, 320]):
        assert least <= wait < 2 * least


@pytest.mark.parametrize("interval", [-1, 0])
def test_never(interval: int) -> None:
    assert Backoff({IVL: interval, MAX: 0}).wait() is None


def test_a_connection_that_lasts_ends_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    waits = Backoff({IVL: 100, MAX: 10_000})
    for _ in range(5):
        waits.met()
        waits.attached()
        waits.wait()
    waits.attached()
    now += 10
    assert 0.05 <= (waits.wait() or 0) <= 0.1


def test_it_waits_for_minutes_and_does_not_overflow() -> None:
    found = _waits(2**31 - 1, 2**31 - 1, 50, refused=True)
    assert all(wait <= 2**31 - 1 for wait in found)


@pytest.mark.fails_on("pyzmq", reason="whatever accepts, ends the back-off (#883)")
def test_a_server_that_refuses_is_left_in_peace(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER, reconnect_ivl=2, reconnect_ivl_max=64)
    watch = Watch(zmq, sock, zmq.EVENT_CONNECT_RETRIED)
    with RawListener() as listener:
        sock.connect(listener.endpoint)
        for _ in range(8):
            listener.accept().sock.close()
        waits = [watch.next().value for _ in range(7)]
    assert waits[:2] <= [2, 4]
    assert all(32 <= wait <= 64 for wait in waits[-2:])


# Where to


@contextlib.contextmanager
def _names(
    monkeypatch: pytest.MonkeyPatch, resolve: Callable[[str], list[str]]
) -> Iterator[None]:
    """A resolver that knows ``*.test``."""
    genuine = socket.getaddrinfo

    def fake(host: Any, port: Any, *rest: Any) -> Any:
        if not str(host).endswith(".test"):
            return genuine(host, port, *rest)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in resolve(host)
        ]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", fake)
        yield


@pytest.mark.only("pymq")  # libzmq resolves in C, and takes the first (libzmq #2297)
@pytest.mark.parametrize("order", [1, -1])
def test_every_address_of_a_name_is_tried(
    zmq: Library, monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    addresses = ["127.0.0.2", "127.0.0.1", "127.0.0.3"][::order]
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH, reconnect_ivl=-1)
    with _names(monkeypatch, lambda host: addresses):
        push.connect(f"tcp://many.test:{_port(zmq.bind(pull, 'tcp'))}")
        push.send(b"found")
        assert pull.recv() == b"found"


def _port(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2])


@pytest.mark.only("pymq")  # libzmq waits for the first until the system gives up
def test_an_address_that_does_not_answer_delays_the_others_only(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecter, "HURRY", 0.1)
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    port = _port(zmq.bind(pull, "tcp"))
    addresses = ["127.0.0.2", "127.0.0.1"]
    with _silent("127.0.0.2", port), _names(monkeypatch, lambda host: addresses):
        push.connect(f"tcp://half.test:{port}")
        push.send(b"found")
        assert pull.recv() == b"found"


@contextlib.contextmanager
def _silent(host: str, port: int) -> Iterator[None]:
    """A listener whose queue is full: Linux drops what else wants to connect."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((host, port))
        yield


@pytest.mark.only("pymq")
def test_a_socket_may_be_closed_while_its_name_is_looked_up(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    context = zmq.context()
    sock = zmq.socket(zmq.DEALER, context=context, linger=0)
    with _names(monkeypatch, lambda host: [str(answered.wait()), "127.0.0.1"]):
        sock.connect("tcp://slow.test:9")
        sock.close()
        context.term()
        answered.set()


def test_a_port_connected_to_itself_is_no_peer() -> None:
    """TCP allows it, where the port asked for is the one it chose."""
    with socket.socket() as alone:
        alone.bind(("127.0.0.1", 0))
        alone.connect(alone.getsockname())
        assert connecter._error(alone) == errno.ECONNREFUSED


# With what


def test_what_the_system_took_is_not_sent_again(zmq: Library) -> None:
    """A queue is no acknowledgment: what a peer had no time to read is lost."""
    push = zmq.socket(zmq.PUSH, reconnect_ivl=10)
    with RawListener() as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            push.send(b"lost")
            assert peer.sock.recv(1, socket.MSG_PEEK)
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            push.send(b"next")
            assert peer.recv_message() == [b"next"]


def test_half_a_message_of_a_lost_peer_is_not_delivered(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL, reconnect_ivl=10)
    with RawListener() as listener:
        pull.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PUSH")
            peer.send(frame(b"head", more=True) + b"\0\5ta")
        with listener.accept() as peer:
            peer.handshake(b"PUSH")
            peer.send(message(b"whole", b"message"))
            assert pull.recv_multipart() == [b"whole", b"message"]


# And when not


GARBAGE = b"\xff" + bytes(8) + b"\x7f\x03\x01XYZZY" + bytes(47)


def _wrong_mechanism(peer: RawPeer) -> None:
    peer.send(GARBAGE)
    peer.rest()


def _wrong_type(peer: RawPeer) -> None:
    with contextlib.suppress(AssertionError, EOFError, OSError):
        peer.handshake(b"PUB")
    peer.rest()


AGAIN = "an endpoint that ended so is still taken for connected: connect does nothing"


@pytest.mark.fails_on("pyzmq", reason=AGAIN)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("fault", [_wrong_mechanism, _wrong_type])
def test_after_a_fault_of_the_peer_only_the_user_tries_again(
    zmq: Library, host: str, fault: Callable[[RawPeer], None]
) -> None:
    sock = zmq.socket(zmq.DEALER, reconnect_ivl=1)
    with RawListener() as listener:
        endpoint = listener.endpoint.replace("127.0.0.1", host)
        sock.connect(endpoint)
        with listener.accept() as peer:
            fault(peer)
        listener.sock.settimeout(0.2)
        with pytest.raises(socket.timeout):
            listener.accept()
        _connects_again(listener, lambda: sock.connect(endpoint))


def _connects_again(listener: RawListener, connect: Callable[[], None]) -> None:
    """Soon: the socket may have to hear of the end first."""
    listener.sock.settimeout(0.05)

    def connected() -> bool:
        connect()
        try:
            listener.accept().sock.close()
        except socket.timeout:
            return False
        return True

    until(connected)


@pytest.mark.fails_on("pyzmq", reason=AGAIN)
@pytest.mark.parametrize(
    "option", [{"reconnect_ivl": -1}, {"reconnect_stop": 2, "reconnect_ivl": 1}]
)
def test_an_endpoint_with_a_name_may_be_connected_again(
    zmq: Library, option: dict[str, int]
) -> None:
    sock = zmq.socket(zmq.DEALER, **option)
    with RawListener() as listener:
        endpoint = listener.endpoint.replace("127.0.0.1", "localhost")
        sock.connect(endpoint)
        with listener.accept() as peer:
            peer.send(b"\xff")
        _connects_again(listener, lambda: sock.connect(endpoint))
