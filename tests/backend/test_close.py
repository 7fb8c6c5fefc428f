"""The founding bug: a pipe has drained when the kernel has its last byte."""

from __future__ import annotations

import socket

import pytest
from workbench import PAIR, PUSH, SECONDS, Bench, frame, read_all, read_exactly

from pymq.backend.abc import EventKind, HubOption, Link, Pipe

CASES = [(400, 500), (20, 20_000), (3, 3_000_000), (1, 30_000_000)]


def _narrow(bench: Bench, pipe: Pipe) -> socket.socket:
    """A link with as little room in the kernel as there can be."""
    near, far = bench.descriptors()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    pipe.attach(Link(near.detach()))
    return far


@pytest.mark.parametrize(("count", "size"), CASES)
def test_closing_sends_everything(bench: Bench, count: int, size: int) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    far = _narrow(bench, pipe)
    body = bytes(size)
    for _ in range(count):
        assert hub.send(body) == 0
    assert not pipe.close(drain=True)
    hub.stop(1)
    hub.free()
    assert not bench.loop.take_events()
    assert read_all(far) == frame(body) * count
    assert bench.event(EventKind.PIPE_CLOSED, pipe).error == 0


def test_a_pipe_with_nothing_attached_waits_for_a_link(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    assert hub.send(b"x") == 0
    assert not pipe.close(drain=True)
    far = bench.attach(pipe)
    assert read_all(far) == frame(b"x")
    bench.event(EventKind.PIPE_CLOSED, pipe)


def test_nothing_to_drain(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    assert bench.pipe(hub).close(drain=True)


def test_without_drain_the_link_ends_at_once(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    far = _narrow(bench, pipe)
    for _ in range(100):
        assert hub.send(bytes(20_000)) == 0
    assert not pipe.close(drain=False)
    bench.event(EventKind.PIPE_CLOSED, pipe)
    assert len(read_all(far)) < 100 * 20_000


def test_a_drain_can_be_given_up(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    far = _narrow(bench, pipe)
    for _ in range(100):
        assert hub.send(bytes(20_000)) == 0
    assert not pipe.close(drain=True)
    assert not pipe.close(drain=False)
    bench.event(EventKind.PIPE_CLOSED, pipe)
    assert len(read_all(far)) < 100 * 20_000


def test_a_link_that_breaks_while_draining(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    far = _narrow(bench, pipe)
    for number in range(100):
        assert hub.send(b"%02d" % number + bytes(20_000)) == 0
    assert not pipe.close(drain=True)
    read_exactly(far, 100)
    far.close()
    bench.event(EventKind.LINK_DOWN, pipe)
    far = bench.attach(pipe)
    assert read_all(far).endswith(frame(b"99" + bytes(20_000)))
    bench.event(EventKind.PIPE_CLOSED, pipe)


def test_unread_input_does_not_reset_what_was_sent(bench: Bench) -> None:
    """Closing a descriptor with unread input would make the kernel send RST."""
    hub = bench.hub(PAIR)
    listener = socket.create_server(("127.0.0.1", 0))
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    listener.close()
    far.settimeout(SECONDS)
    near.setblocking(False)
    hub.set(HubOption.RECV_HWM, 1)
    pipe = bench.pipe(hub)
    pipe.attach(Link(near.detach()))
    far.sendall(frame(bytes(1000)) * 100)
    for _ in range(100):
        assert hub.send(bytes(20_000)) == 0
    pipe.close(drain=True)
    assert len(read_all(far)) == 100 * 20_009
    far.close()


def test_an_unfinished_message_is_dropped(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    pipe, far = bench.link(hub)
    assert hub.send(b"whole") == 0
    assert hub.send(b"part", True) == 0
    pipe.close(drain=True)
    assert read_all(far) == frame(b"whole")
    assert hub.send(b"rest") == 0


def test_what_arrived_may_stay_readable(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub)
    far.sendall(frame(b"1") + frame(b"2"))
    far.close()
    bench.event(EventKind.LINK_DOWN, pipe)
    assert pipe.close(drain=False, keep_input=True)
    assert not hub.has(pipe.id)
    assert bench.recv(hub) == [b"1"]
    assert bench.recv(hub) == [b"2"]
    assert hub.recv() is None


def test_what_arrived_may_be_dropped(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub)
    far.sendall(frame(b"1"))
    assert hub.wait(1, 10_000) == 1
    pipe.close(drain=False)
    assert hub.recv() is None


def test_a_stopped_loop_closes_its_descriptors(bench: Bench) -> None:
    _, far = bench.link(bench.hub(PUSH))
    bench.loop.stop()
    assert read_all(far) == b""
