"""A message is sent when the kernel has its last byte, not when a queue is empty.

With LINGER=-1 every byte of every message accepted before close() arrives, however
slowly the peer reads.  libzmq 4.3.5 loses messages in both halves of this file: its
last batch on the sending side, and, on ipc, what the kernel still holds when the
sender hangs up while input is paused by RCVHWM.
"""

from __future__ import annotations

import os
import socket
import time
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import PATIENCE, Background
from rawpeer import RawListener, RawPeer, connect, message

# Bytes of socket buffers, which the kernel rounds up.  With these libzmq loses some of
# many small messages every time.  A window of 1 KiB is too small for large ones: TCP
# then waits for its persist timer again and again.
TINY_SEND, TINY_RECEIVE = 2048, 1024
SMALL = 4096
CUT = (
    "libzmq 4.3.5 throws its last output batch away when the kernel's buffer is full "
    "at close: 2 to 6 KB of 400 messages of 500 bytes, cut in the middle of a frame"
)
HANGUP = (
    "libzmq 4.3.5 stops reading when ipc hangs up while RCVHWM pauses input: 226 of "
    "300 messages lost at RCVHWM=10 (libzmq #4660)"
)


def _body(number: int, size: int) -> bytes:
    """Bytes that tell which message they belong to, and where in it."""
    unit = b"%08d:" % number
    return (unit * (size // len(unit) + 1))[:size]


def _close_and_term(sock: Any, context: Any) -> Background[None]:
    """close() at once, term() in another thread."""
    sock.close()
    return Background(context.term)


def _read_slowly(peer: RawPeer, expected: bytes) -> None:
    """Small reads from a small buffer: the sender's kernel buffer stays full."""
    received = bytearray()
    while len(received) < len(expected):
        piece = peer.sock.recv(512)
        if not piece:
            break
        received += piece
    assert len(received) == len(expected), "bytes were lost"
    assert received == expected


def _sender(
    zmq: Library, context: Any, binder: str, buffers: tuple[int, int]
) -> tuple[Any, RawPeer]:
    """A PUSH with a small buffer, and the raw PULL with a small one it talks to."""
    push = zmq.socket(zmq.PUSH, context=context, sndbuf=buffers[0], linger=-1)
    if binder == "sender":
        peer = connect(zmq.bind(push, "tcp"), receive_buffer=buffers[1])
    else:
        with RawListener(receive_buffer=buffers[1]) as listener:
            push.connect(listener.endpoint)
            peer = listener.accept()
    peer.handshake(b"PULL")
    return push, peer


def _slow_reader(
    zmq: Library,
    binder: str,
    messages: list[list[bytes]],
    buffers: tuple[int, int] = (TINY_SEND, TINY_RECEIVE),
) -> None:
    """Everything sent before close() must arrive, and then the end."""
    context = zmq.context()
    push, peer = _sender(zmq, context, binder, buffers)
    with peer:
        for parts in messages:
            push.send_multipart(parts)
        ending = _close_and_term(push, context)
        _read_slowly(peer, b"".join(message(*parts) for parts in messages))
        assert peer.rest() == b""
        ending.result()


@pytest.mark.core
@pytest.mark.fails_on("pyzmq", reason=CUT)
@pytest.mark.parametrize("binder", ["sender", "reader"])
def test_a_slow_reader_gets_every_small_message(zmq: Library, binder: str) -> None:
    _slow_reader(zmq, binder, [[_body(n, 500)] for n in range(400)])


@pytest.mark.fails_on("pyzmq", reason=CUT)
def test_a_slow_reader_gets_every_part(zmq: Library) -> None:
    messages = [[b"%d" % n, b"", _body(n, 500)] for n in range(400)]
    _slow_reader(zmq, "sender", messages)


@pytest.mark.parametrize("binder", ["sender", "reader"])
@pytest.mark.parametrize(("count", "size"), [(20, 20_000), (3, 3_000_000)])
def test_a_slow_reader_gets_every_large_message(
    zmq: Library, binder: str, count: int, size: int
) -> None:
    _slow_reader(zmq, binder, [[_body(n, size)] for n in range(count)], (SMALL, SMALL))


@pytest.mark.large
def test_one_huge_message(zmq: Library) -> None:
    """300 MB, of which the kernel holds one hundredth when close() returns."""
    size = 300_000_000
    unit = os.urandom(1 << 20)
    body = unit * (size // len(unit) + 1)
    body = body[:size]
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, linger=-1)
    with connect(zmq.bind(push, "tcp")) as peer:
        peer.handshake(b"PULL")
        push.send(body)
        ending = _close_and_term(push, context)
        assert peer.recv(9) == b"\x02" + size.to_bytes(8, "big")
        buffer, expected, done = bytearray(1 << 20), memoryview(body), 0
        while got := peer.sock.recv_into(buffer):
            assert memoryview(buffer)[:got] == expected[done : done + got], done
            done += got
        assert done == size
        ending.result()


@pytest.mark.core
@pytest.mark.parametrize("kind", ["DEALER", "PAIR", "PUB"])
def test_every_sender_lingers(zmq: Library, network: str, kind: str) -> None:
    context = zmq.context()
    sender = zmq.socket(getattr(zmq, kind), context=context, linger=-1, sndhwm=0)
    reader = zmq.socket(zmq.SUB if kind == "PUB" else sender.type, rcvhwm=0)
    if kind == "PUB":
        reader.subscribe(b"")
    marry(zmq, sender, reader, network)
    for number in range(1000):
        sender.send(_body(number, 500))
    ending = _close_and_term(sender, context)
    for number in range(1000):
        assert reader.recv() == _body(number, 500)
    ending.result()


@pytest.mark.fails_on("pyzmq", reason=HANGUP)
@pytest.mark.parametrize("mark", [1, 10, 100])
@pytest.mark.parametrize("count", [300, 800])
def test_a_paused_ipc_reader_gets_everything(
    zmq: Library, mark: int, count: int
) -> None:
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, linger=-1, sndhwm=0)
    pull = zmq.socket(zmq.PULL, rcvhwm=mark)
    marry(zmq, pull, push, "ipc")
    for number in range(count):
        push.send(_body(number, 108))
    ending = _close_and_term(push, context)
    ending.give(1)  # mostly enough: much of it fits into the kernel's buffer
    for number in range(count):
        assert pull.recv() == _body(number, 108), f"{number} of {count} arrived"
    ending.result()


@pytest.mark.parametrize("mark", [1, 10, 100])
def test_a_paused_tcp_reader_gets_everything(zmq: Library, mark: int) -> None:
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, linger=-1, sndhwm=0)
    pull = zmq.socket(zmq.PULL, rcvhwm=mark)
    marry(zmq, pull, push, "tcp")
    for number in range(1000):
        push.send(_body(number, 108))
    ending = _close_and_term(push, context)
    ending.give(1)
    for number in range(1000):
        assert pull.recv() == _body(number, 108)
    ending.result()


def test_disconnect_lingers_too(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, sndbuf=SMALL, linger=-1)
    with RawListener(receive_buffer=SMALL) as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            bodies = [_body(number, 1_000_000) for number in range(3)]
            for body in bodies:
                push.send(body)
            push.disconnect(listener.endpoint)
            _read_slowly(peer, b"".join(map(message, bodies)))


@pytest.mark.core
def test_linger_0_drops_at_once(zmq: Library) -> None:
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, sndbuf=SMALL, linger=0)
    with connect(zmq.bind(push, "tcp"), receive_buffer=SMALL) as peer:
        peer.handshake(b"PULL")
        for number in range(10):
            push.send(_body(number, 1_000_000))
        _close_and_term(push, context).result()
        assert len(peer.rest()) < 10_000_000


def test_the_argument_of_close_is_the_linger(zmq: Library) -> None:
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, linger=-1)
    push.connect(zmq.reserved("tcp"))
    push.send(b"for nobody")
    push.close(linger=0)
    Background(context.term).result()


def test_linger_is_a_bound(zmq: Library) -> None:
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, sndbuf=SMALL, linger=200)
    with connect(zmq.bind(push, "tcp"), receive_buffer=SMALL) as peer:
        peer.handshake(b"PULL")
        push.send(bytes(10_000_000))
        began = time.monotonic()
        _close_and_term(push, context).result()
        assert 0.15 < time.monotonic() - began < PATIENCE
        assert len(peer.rest()) < 10_000_000


@pytest.mark.parametrize("linger", [0, 100])
def test_a_peer_that_never_came(zmq: Library, network: str, linger: int) -> None:
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, linger=linger)
    push.connect(zmq.reserved(network))
    push.send(b"for nobody")
    _close_and_term(push, context).result()


def test_after_its_time_nothing_goes_on_trying(zmq: Library) -> None:
    """The context lives on, but the connection and its attempts are over."""
    push = zmq.socket(zmq.PUSH, linger=100, reconnect_ivl=10)
    with RawListener() as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            push.send(b"for one that says nothing")
            push.close()
            peer.rest()
        listener.sock.settimeout(0.3)
        with pytest.raises(socket.timeout):
            listener.accept()


def test_nothing_queued_nothing_to_wait_for(zmq: Library, transport: str) -> None:
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, linger=-1)
    push.connect(zmq.reserved(transport))
    _close_and_term(push, context).result()


def test_close_waits_for_a_peer_that_comes_late(zmq: Library, network: str) -> None:
    endpoint = zmq.reserved(network)
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, linger=-1, reconnect_ivl=10)
    push.connect(endpoint)
    for number in range(100):
        push.send(b"%d" % number)
    ending = _close_and_term(push, context)
    pull = zmq.socket(zmq.PULL)
    pull.bind(endpoint)
    assert [pull.recv() for _ in range(100)] == [b"%d" % n for n in range(100)]
    ending.result()


def test_an_inproc_connection_that_nobody_bound_is_not_waited_for(
    zmq: Library,
) -> None:
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, linger=-1)
    push.connect("inproc://nobody")
    push.send(b"for nobody")
    _close_and_term(push, context).result()
