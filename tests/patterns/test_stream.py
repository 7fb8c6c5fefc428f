"""STREAM: plain TCP, as what speaks no ZMTP sees it."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from typing import Any

import pytest
import rawpeer
from library import Library
from patience import Background, until
from rawpeer import RawListener, RawPeer

TRAFFIC = os.urandom(3_000_000)


def _served(zmq: Library, network: str = "tcp", **options: Any) -> tuple[Any, RawPeer]:
    """A STREAM that is bound, and a plain connection to it."""
    stream = zmq.socket(zmq.STREAM, linger=0, **options)
    return stream, rawpeer.connect(zmq.bind(stream, network))


def _connected(zmq: Library, listener: RawListener, **options: Any) -> tuple[Any, Any]:
    stream = zmq.socket(zmq.STREAM, linger=0, reconnect_ivl=10, **options)
    stream.connect(listener.endpoint)
    return stream, stream.get(zmq.ROUTING_ID)


def _collect(stream: Any, name: bytes, size: int) -> bytes:
    """So many bytes of a connection, from as many messages as it takes."""
    data = bytearray()
    while len(data) < size:
        sender, piece = stream.recv_multipart()
        assert sender == name
        assert 0 < len(piece) <= 8192
        data += piece
    return bytes(data)


@pytest.mark.core
def test_a_connection_from_its_beginning_to_its_end(zmq: Library, network: str) -> None:
    stream, peer = _served(zmq, network)
    with peer:
        name, nothing = stream.recv_multipart()
        assert (len(name), name[:1], nothing) == (5, b"\0", b"")
        assert stream.get(zmq.ROUTING_ID) == name
        peer.send(b"hello")
        assert stream.recv_multipart() == [name, b"hello"]
        stream.send_multipart([name, b"good"])
        stream.send_multipart([name, b"bye"])
        assert peer.recv(7) == b"goodbye"
    assert stream.recv_multipart() == [name, b""]
    until(lambda: _is_unknown(zmq, stream, name))


def _is_unknown(zmq: Library, stream: Any, name: bytes) -> bool:
    stream.poll(0)  # libzmq forgets a name when it looks for input behind the end
    try:
        stream.send(name, zmq.SNDMORE | zmq.DONTWAIT)
        stream.send(b"lost")
    except zmq.ZMQError as error:
        assert error.errno in (errno.EHOSTUNREACH, errno.EAGAIN)
        return bool(error.errno == errno.EHOSTUNREACH)
    return False


def test_each_connection_has_a_name(zmq: Library) -> None:
    stream = zmq.socket(zmq.STREAM)
    endpoint = zmq.bind(stream, "tcp")
    peers = {}
    for number in range(5):
        peer = rawpeer.connect(endpoint)
        peers[stream.recv_multipart()[0]] = number, peer
    assert len(peers) == 5
    for name, (number, peer) in peers.items():
        stream.send_multipart([name, b"%d" % number])
        assert peer.recv(1) == b"%d" % number
        peer.send(b"from %d" % number)
        assert stream.recv_multipart() == [name, b"from %d" % number]
        peer.sock.close()
        assert stream.recv_multipart() == [name, b""]


@pytest.mark.core
def test_sending_nothing_ends_a_connection(zmq: Library, network: str) -> None:
    """Behind what was sent before; and nobody tells the one that did it."""
    stream, peer = _served(zmq, network)
    with peer:
        name = stream.recv_multipart()[0]
        stream.send_multipart([name, b"last words"])
        stream.send_multipart([name, b""])
        assert peer.recv(10) == b"last words"
        # libzmq's socket does its part in calls only.
        rest = Background(peer.rest)
        until(lambda: stream.poll(0) or not rest.running)
        assert rest.result() == b""
        assert not stream.poll(0)
        until(lambda: _is_unknown(zmq, stream, name))


def test_the_other_connections_stay(zmq: Library) -> None:
    stream, peer = _served(zmq)
    with peer, rawpeer.connect(zmq.last_endpoint(stream)) as other:
        names = {stream.recv_multipart()[0] for _ in range(2)}
        peer.send(b"me")
        name = stream.recv_multipart()[0]
        stream.send_multipart([name, b""])
        (other_name,) = names - {name}
        stream.send_multipart([other_name, b"still here"])
        assert other.recv(10) == b"still here"


def test_half_a_close_is_the_end(zmq: Library) -> None:
    stream, peer = _served(zmq)
    with peer:
        name = stream.recv_multipart()[0]
        peer.send(b"x")
        peer.sock.shutdown(socket.SHUT_WR)
        assert stream.recv_multipart() == [name, b"x"]
        assert stream.recv_multipart() == [name, b""]


def test_a_reset_is_the_end(zmq: Library) -> None:
    stream, peer = _served(zmq)
    name = stream.recv_multipart()[0]
    stream.send_multipart([name, b"never read"])
    until(lambda: peer.sock.recv(1, socket.MSG_PEEK))
    peer.sock.close()  # with unread input: the kernel resets the connection
    assert stream.recv_multipart() == [name, b""]


@pytest.mark.core
def test_nothing_is_told_unless_wanted(zmq: Library) -> None:
    stream, peer = _served(zmq, stream_notify=0)
    with peer:
        peer.send(b"hello")
        name, data = stream.recv_multipart()
        assert data == b"hello"
        stream.send_multipart([name, b"x"])
        assert peer.recv(1) == b"x"
    until(lambda: _is_unknown(zmq, stream, name))
    assert not stream.poll(0)


def test_much_in_both_directions(zmq: Library, network: str) -> None:
    stream, peer = _served(zmq, network, rcvhwm=10)
    with peer:
        name = stream.recv_multipart()[0]
        sending = Background(lambda: peer.send(TRAFFIC))
        assert _collect(stream, name, len(TRAFFIC)) == TRAFFIC
        sending.result()
        receiving = Background(lambda: peer.recv(2 * len(TRAFFIC)))
        stream.send_multipart([name, TRAFFIC])
        for at in range(0, len(TRAFFIC), 10_000):
            stream.send_multipart([name, TRAFFIC[at : at + 10_000]])
        got = receiving.result()
        assert hashlib.sha256(got).digest() == hashlib.sha256(TRAFFIC * 2).digest()


@pytest.mark.fails_on(
    "pyzmq", reason="libzmq never tells of an end that comes when the queue is full"
)
def test_what_came_before_the_end_is_not_lost(zmq: Library) -> None:
    stream, peer = _served(zmq, rcvhwm=2)
    name = stream.recv_multipart()[0]
    with peer:
        sending = Background(lambda: peer.send(TRAFFIC))
        assert _collect(stream, name, 8192)
        data = _collect(stream, name, len(TRAFFIC) - 16384)
        sending.result()
    while True:
        sender, piece = stream.recv_multipart()
        if not piece:
            break
        data += piece
    assert TRAFFIC.endswith(data)


def test_what_was_sent_survives_close(zmq: Library) -> None:
    stream, peer = _served(zmq)
    with peer:
        name = stream.recv_multipart()[0]
        stream.send_multipart([name, TRAFFIC])
        stream.close(linger=-1)
        assert peer.rest() == TRAFFIC


def test_a_full_connection(zmq: Library) -> None:
    """EAGAIN comes with the name; another connection is not affected."""
    stream, peer = _served(zmq, sndhwm=2)
    name = stream.recv_multipart()[0]
    with peer, rawpeer.connect(zmq.last_endpoint(stream)) as other:
        other_name = stream.recv_multipart()[0]
        sent = 0
        with pytest.raises(zmq.Again):
            while True:
                stream.send(name, zmq.SNDMORE | zmq.DONTWAIT)
                stream.send(b"x" * 500_000, zmq.DONTWAIT)
                sent += 500_000
        assert stream.poll(0, zmq.POLLOUT)
        stream.send_multipart([other_name, b"y"])
        assert other.recv(1) == b"y"
        waiting = Background(lambda: stream.send_multipart([name, b"end"]))
        assert peer.recv(sent + 3) == b"x" * sent + b"end"
        waiting.result()


# Names.


@pytest.mark.core
def test_a_name_that_is_nobodys(zmq: Library) -> None:
    stream, peer = _served(zmq)
    with peer:
        name = stream.recv_multipart()[0]
        with zmq.refused(errno.EHOSTUNREACH):
            stream.send_multipart([b"nobody", b"x"])
        stream.send_multipart([name, b"x"])
        assert peer.recv(1) == b"x"


def test_more_behind_the_bytes_means_nothing(zmq: Library) -> None:
    stream, peer = _served(zmq)
    with peer:
        name = stream.recv_multipart()[0]
        for _ in range(3):
            stream.send(name, zmq.SNDMORE)
            stream.send(b"abc", zmq.SNDMORE)
        assert peer.recv(9) == b"abcabcabc"


@pytest.mark.fails_on("pyzmq", reason="libzmq is out of step from then on")
def test_a_name_alone_is_ignored(zmq: Library) -> None:
    stream, peer = _served(zmq)
    with peer:
        name = stream.recv_multipart()[0]
        stream.send(name)
        stream.send_multipart([name, b"abc"])
        assert peer.recv(3) == b"abc"


@pytest.mark.only("pymq")
def test_a_name_in_use(zmq: Library) -> None:
    """libzmq aborts the process."""
    with RawListener() as listener:
        stream = zmq.socket(zmq.STREAM, linger=0)
        for code in (0, errno.EADDRINUSE):
            stream.set(zmq.CONNECT_ROUTING_ID, b"server")
            if not code:
                stream.connect(listener.endpoint)
                continue
            with zmq.refused(code):
                stream.connect(listener.endpoint)
        stream.send_multipart([b"server", b"x"])
        with listener.accept() as peer:
            assert peer.recv(1) == b"x"


def test_a_given_name(zmq: Library) -> None:
    with RawListener() as listener:
        stream = zmq.socket(zmq.STREAM, linger=0)
        stream.set(zmq.CONNECT_ROUTING_ID, b"server")
        stream.connect(listener.endpoint)
        assert stream.get(zmq.ROUTING_ID) == b""
        stream.send_multipart([b"server", b"x"])
        with listener.accept() as peer:
            assert peer.recv(1) == b"x"
            peer.send(b"y")
            assert stream.recv_multipart() == [b"server", b""]
            assert stream.recv_multipart() == [b"server", b"y"]


# Connecting.


@pytest.mark.core
def test_a_connection_that_we_make(zmq: Library) -> None:
    with RawListener() as listener:
        stream, name = _connected(zmq, listener)
        assert (len(name), name[:1]) == (5, b"\0")
        stream.send_multipart([name, b"early"])
        with listener.accept() as peer:
            assert peer.recv(5) == b"early"
            assert stream.recv_multipart() == [name, b""]
            peer.send(b"hello")
            assert stream.recv_multipart() == [name, b"hello"]
        assert stream.recv_multipart() == [name, b""]
        with listener.accept() as peer:  # it is made again, under its name
            assert stream.recv_multipart() == [name, b""]
            stream.send_multipart([name, b"again"])
            assert peer.recv(5) == b"again"


def test_nobody_is_there_yet(zmq: Library) -> None:
    endpoint = zmq.reserved("tcp")
    client = zmq.socket(zmq.STREAM, reconnect_ivl=10)
    client.connect(endpoint)
    name = client.get(zmq.ROUTING_ID)
    client.send_multipart([name, b"early"])
    assert not client.poll(0)
    server = zmq.socket(zmq.STREAM)
    server.bind(endpoint)
    peer, nothing = server.recv_multipart()
    assert nothing == b""
    assert server.recv_multipart() == [peer, b"early"]


def test_a_connection_that_we_end_is_not_made_again(zmq: Library) -> None:
    with RawListener() as listener:
        stream, name = _connected(zmq, listener)
        with listener.accept() as peer:
            assert stream.recv_multipart() == [name, b""]
            stream.send_multipart([name, b"bye"])
            stream.send_multipart([name, b""])
            rest = Background(peer.rest)
            until(lambda: stream.poll(0) or not rest.running)
            assert rest.result() == b"bye"
        until(lambda: _is_unknown(zmq, stream, name))
        listener.sock.settimeout(0.1)
        with pytest.raises(socket.timeout):
            listener.accept()


def test_disconnect(zmq: Library) -> None:
    with RawListener() as listener:
        stream, name = _connected(zmq, listener)
        with listener.accept() as peer:
            assert stream.recv_multipart() == [name, b""]
            stream.disconnect(listener.endpoint)
            rest = Background(peer.rest)
            until(lambda: stream.poll(0) or not rest.running)
            assert rest.result() == b""
        until(lambda: _is_unknown(zmq, stream, name))


def test_unbind_ends_the_connections(zmq: Library) -> None:
    stream, peer = _served(zmq)
    with peer:
        stream.recv_multipart()
        stream.unbind(zmq.last_endpoint(stream))
        rest = Background(peer.rest)
        until(lambda: stream.poll(0) or not rest.running)
        assert rest.result() == b""


def test_streams_among_themselves(zmq: Library, network: str) -> None:
    server, client = zmq.socket(zmq.STREAM), zmq.socket(zmq.STREAM)
    client.connect(zmq.bind(server, network))
    there, here = server.recv_multipart()[0], client.recv_multipart()[0]
    for _ in range(10):
        client.send_multipart([here, b"question"])
        assert _collect(server, there, 8) == b"question"
        server.send_multipart([there, b"answer"])
        assert _collect(client, here, 6) == b"answer"


# ZeroMQ by hand.


def test_a_handshake_made_of_bytes(zmq: Library) -> None:
    stream, dealer = zmq.socket(zmq.STREAM), zmq.socket(zmq.DEALER, linger=0)
    dealer.connect(zmq.bind(stream, "tcp"))
    name = stream.recv_multipart()[0]
    greeting = rawpeer.greeting()
    stream.send_multipart([name, greeting])
    received = bytearray()
    while b"\x05READY" not in received:
        received += stream.recv_multipart()[1]
    assert received[:1] == b"\xff"
    stream.send_multipart([name, rawpeer.ready(b"ROUTER", b"")])
    stream.send_multipart([name, rawpeer.message(b"a", b"b" * 300)])
    assert dealer.recv_multipart() == [b"a", b"b" * 300]
    stream.send_multipart([name, b""])  # and the DEALER comes back
    while True:
        newcomer, data = stream.recv_multipart()
        if newcomer != name:
            assert data == b""
            break


# Options.


def test_what_the_options_take(zmq: Library) -> None:
    stream, router = zmq.socket(zmq.STREAM), zmq.socket(zmq.ROUTER)
    for value in (-1, 2):
        with zmq.refused(errno.EINVAL):
            stream.set(zmq.STREAM_NOTIFY, value)
    for sock, option in (
        (router, zmq.STREAM_NOTIFY),
        (stream, zmq.ROUTER_RAW),
        (zmq.socket(zmq.DEALER), zmq.ROUTER_RAW),
    ):
        with zmq.refused(errno.EINVAL):
            sock.set(option, 1)
    with zmq.refused(errno.EINVAL):
        router.set(zmq.ROUTER_RAW, -1)
    for sock, option in ((stream, zmq.STREAM_NOTIFY), (router, zmq.ROUTER_RAW)):
        with zmq.refused(errno.EINVAL):
            sock.get(option)


@pytest.mark.core
def test_a_raw_router(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER, router_raw=1, linger=0)
    with rawpeer.connect(zmq.bind(router, "tcp")) as peer:
        name, nothing = router.recv_multipart()
        assert nothing == b""
        assert router.get(zmq.ROUTING_ID) == b""
        peer.send(b"hello")
        assert router.recv_multipart() == [name, b"hello"]
        router.send_multipart([b"nobody", b"swallowed"])
        router.send_multipart([name, b"world"])
        assert peer.recv(5) == b"world"
        router.send_multipart([name, b""])
        rest = Background(peer.rest)
        until(lambda: router.poll(0) or not rest.running)
        assert rest.result() == b""
