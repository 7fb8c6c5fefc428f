"""Links without frames: what one read gives is a message."""

from __future__ import annotations

import socket
import struct
from errno import EAGAIN, ECONNRESET

import pytest
from patience import until
from workbench import PAIR, PULL, ROUTER, Bench, read_all, read_exactly

from pymq.backend.abc import EventKind, HubOption

LONG = bytes(range(256)) * 4096


def test_bytes_are_messages_and_messages_bytes(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    _, far = bench.link(hub, raw=True)
    far.sendall(b"\x01\xff\x00whatever")
    assert bench.recv(hub) == [b"\x01\xff\x00whatever"]
    for body in (b"a", b"", LONG, b"b"):
        assert hub.send(body) == 0
    assert read_exactly(far, len(LONG) + 2) == b"a" + LONG + b"b"


def test_frames_of_a_message_are_joined(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    _, far = bench.link(hub, raw=True)
    for body in (b"a", b"", LONG):
        assert hub.send(body, more=True) == 0
    assert hub.send(b"b") == 0
    assert read_exactly(far, len(LONG) + 2) == b"a" + LONG + b"b"


def test_many_messages_of_all_sizes(bench: Bench) -> None:
    """More than one call of the system takes."""
    hub = bench.hub(PAIR)
    hub.set(HubOption.SEND_HWM, 0)
    pipe = bench.pipe(hub)
    bodies = [bytes([n % 251]) * (n * n % 7001) for n in range(1000)]
    for body in bodies:
        assert hub.send(body) == 0
    far = bench.attach(pipe, raw=True)
    whole = b"".join(bodies)
    assert read_exactly(far, len(whole)) == whole


@pytest.mark.parametrize("notifies", [True, False])
def test_the_beginning_and_the_end(bench: Bench, notifies: bool) -> None:
    hub = bench.hub(ROUTER)
    pipe = bench.pipe(hub)
    assert pipe.name(b"name") == 0
    for _ in range(2):
        far = bench.attach(pipe, raw=True, notifies=notifies)
        if notifies:
            assert bench.recv(hub) == [b"name", b""]
        far.sendall(b"x")
        assert bench.recv(hub) == [b"name", b"x"]
        far.close()
        assert bench.event(EventKind.LINK_DOWN, pipe).error == 0
        if notifies:
            assert bench.recv(hub) == [b"name", b""]
        assert not hub.ready() & 1


def test_a_reset_is_told_too(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    with socket.create_server(("127.0.0.1", 0)) as server:
        far = socket.create_connection(server.getsockname())
        near = server.accept()[0]
    near.setblocking(False)
    pipe = bench.pipe(hub)
    bench.attach_fd(pipe, near.detach(), raw=True, notifies=True)
    assert bench.recv(hub) == [b""]
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    assert bench.recv(hub) == [b""]
    assert bench.event(EventKind.LINK_DOWN, pipe).error == ECONNRESET


def test_our_own_end_is_not_told(bench: Bench) -> None:
    hub = bench.hub(PULL)
    pipe, far = bench.link(hub, raw=True, notifies=True)
    assert bench.recv(hub) == [b""]
    assert pipe.close(drain=True, keep_input=True)
    assert read_all(far) == b""
    assert not hub.ready() & 1


def test_a_mark_holds_the_peer_back(bench: Bench) -> None:
    """And what it sent before it went is read, to the last byte."""
    hub = bench.hub(PULL)
    hub.set(HubOption.RECV_HWM, 4)
    pipe, far = bench.link(hub, raw=True, notifies=True)
    far.setblocking(False)
    sent = 0
    try:
        while True:
            sent += far.send(LONG)
    except BlockingIOError:
        pass
    far.close()
    pieces = [bench.recv(hub)[0]]
    while sum(map(len, pieces)) < sent:
        pieces.append(bench.recv(hub)[0])
    assert max(map(len, pieces)) <= 8192
    whole = b"".join(pieces)
    assert whole == (LONG * (sent // len(LONG) + 1))[:sent]
    assert bench.recv(hub) == [b""]
    assert bench.event(EventKind.LINK_DOWN, pipe).error == 0


def test_a_closed_pipe_drains(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub, raw=True)
    for _ in range(5):
        assert hub.send(LONG) == 0
    assert not pipe.close(drain=True)
    assert read_all(far) == LONG * 5
    far.close()
    bench.event(EventKind.PIPE_CLOSED, pipe)


def test_a_message_that_was_begun_is_not_sent_again(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub, raw=True)
    assert hub.send(LONG * 16) == 0
    assert hub.send(b"next") == 0
    assert read_exactly(far, 1000) == LONG[:1000]
    far.close()
    bench.event(EventKind.LINK_DOWN, pipe)
    far = bench.attach(pipe, raw=True)
    assert read_exactly(far, 4) == b"next"


def test_a_reader_that_waits_often(bench: Bench) -> None:
    """It may read from the descriptor itself."""
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub, raw=True, notifies=True)
    assert bench.recv(hub) == [b""]
    for number in range(200):
        body = b"%d" % number
        far.sendall(body)
        assert bench.recv(hub) == [body]
        assert hub.send(body) == 0
        assert read_exactly(far, len(body)) == body
    far.close()
    assert bench.recv(hub) == [b""]
    assert bench.event(EventKind.LINK_DOWN, pipe).error == 0
    until(lambda: hub.recv() == -EAGAIN)
