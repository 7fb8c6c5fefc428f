"""The founding bug: a pipe has drained when the kernel has its last byte."""

from __future__ import annotations

import errno
import select
import socket
import sys

import pytest
from workbench import (
    PAIR,
    PULL,
    PUSH,
    SECONDS,
    Bench,
    command,
    frame,
    read_all,
    read_exactly,
)

from pymq.backend.abc import SENT, EventKind, HubOption, Link, Pipe

POLLRDHUP = 0x2000  # PyPy's select does not name it
LONG = [bytes([65 + number]) * 100_000 for number in range(10)]  # of one message
HELD = pytest.mark.skipif(sys.platform != "linux", reason="needs SIOCOUTQ of AF_UNIX")
CASES = [(400, 500), (20, 20_000), (3, 3_000_000), (1, 30_000_000)]


def _narrow(bench: Bench, pipe: Pipe) -> socket.socket:
    """A link with as little room in the kernel as there can be."""
    near, far = bench.descriptors()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    pipe.attach(Link(near.detach()))
    return far


@pytest.mark.core
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


def test_what_has_left_already_is_not_waited_for(bench: Bench) -> None:
    """And the end of such a link, which the peer sees, is not told of."""
    hub = bench.hub(PUSH)
    pipe, far = bench.link(hub)
    assert hub.send(b"x") == 0
    assert read_exactly(far, len(frame(b"x"))) == frame(b"x")
    assert hub.wait(SENT, int(SECONDS * 1000)) == SENT
    assert pipe.close(drain=True)
    assert pipe.close(drain=False)
    assert pipe.unsent() == (0, 0)
    assert read_all(far) == b""
    far.close()
    other, far = bench.link(bench.hub(PUSH))
    far.close()
    assert bench.event(EventKind.LINK_DOWN, other)
    assert not bench.told(pipe)


@pytest.mark.parametrize("drains_first", [False, True])
def test_without_drain_the_link_ends_at_once(bench: Bench, drains_first: bool) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    far = _narrow(bench, pipe)
    for _ in range(100):
        assert hub.send(bytes(20_000)) == 0
    if drains_first:
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


def _held(bench: Bench) -> tuple[Pipe, socket.socket]:
    """A closed pipe that the kernel has all of, and its peer, who has read nothing."""
    hub = bench.hub(PUSH)
    pipe, far = bench.link(hub)
    assert hub.send(bytes(100)) == 0
    assert not pipe.close(drain=True)
    poll = select.poll()
    poll.register(far, POLLRDHUP)
    assert poll.poll(SECONDS * 1000)
    return pipe, far


def test_no_rest_of_a_message_on_the_next_link(bench: Bench) -> None:
    """Even of one that is too long for one batch."""
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    for taken in (50_000, 350_000, 950_000):
        far = _narrow(bench, pipe)
        for number, part in enumerate(LONG):
            assert hub.send(part, number < 9) == 0
        assert hub.send(b"whole") == 0
        read_exactly(far, taken)
        far.close()
        bench.event(EventKind.LINK_DOWN, pipe)
        far = bench.attach(pipe)
        assert read_exactly(far, 7) == frame(b"whole")
        far.close()
        bench.event(EventKind.LINK_DOWN, pipe)


def test_what_waits_and_what_was_lost(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    assert pipe.unsent() == (0, 0)
    for _ in range(3):
        assert hub.send(b"frame", True) == 0
        assert hub.send(bytes(1_000_000)) == 0
    assert hub.send(b"unfinished", True) == 0
    assert pipe.unsent() == (3, 0)
    far = _narrow(bench, pipe)
    read_exactly(far, 1_500_000)
    assert pipe.unsent() == (2, 0)
    far.close()
    bench.event(EventKind.LINK_DOWN, pipe)
    assert pipe.unsent() == (1, 1)
    assert pipe.close(drain=False)
    assert pipe.unsent() == (0, 2)


def test_what_is_given_up_is_lost(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    far = _narrow(bench, pipe)
    for _ in range(3):
        assert hub.send(bytes(1_000_000)) == 0
    read_exactly(far, 1_500_000)
    assert not pipe.close(drain=True)
    assert not pipe.close(drain=False)
    bench.event(EventKind.PIPE_CLOSED, pipe)
    assert pipe.unsent() == (0, 2)


def test_joined_pipes_have_sent_all(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    pipe, far = bench.pipe(push), bench.pipe(pull)
    assert push.send(b"early") == 0
    assert pipe.unsent() == (1, 0)
    assert push.wait(SENT, 0) == 0
    pipe.join(far)
    assert push.send(b"late") == 0
    assert pipe.unsent() == (0, 0)
    assert push.wait(SENT, 0) == SENT


@HELD
def test_what_the_kernel_holds_is_waited_for(bench: Bench) -> None:
    """A hang-up, here of AF_UNIX, would make a libzmq that is paused forget it."""
    hub = bench.hub(PUSH)
    pipe, far = bench.link(hub)
    for _ in range(10):
        assert hub.send(bytes(100)) == 0
    assert not pipe.close(drain=True)
    select.select([bench.loop.fileno()], [], [], 0.2)
    assert not bench.loop.take_events()
    read_exactly(far, 1000)
    assert not bench.loop.take_events()
    read_exactly(far, 20)  # and its end, which the peer has not looked at
    bench.event(EventKind.PIPE_CLOSED, pipe)
    assert far.recv(1) == b""


@HELD
def test_what_the_kernel_holds_may_be_given_up(bench: Bench) -> None:
    pipe, far = _held(bench)
    assert not pipe.close(drain=False)
    bench.event(EventKind.PIPE_CLOSED, pipe)
    assert read_all(far) == frame(bytes(100))


@HELD
def test_pings_do_not_end_the_wait_for_the_kernel(bench: Bench) -> None:
    """Nothing may be answered any more."""
    pipe, far = _held(bench)
    for _ in range(300):
        far.sendall(command(b"PING", b"\0\1context"))
    select.select([bench.loop.fileno()], [], [], 0.3)
    assert not bench.loop.take_events()
    assert read_all(far) == frame(bytes(100))
    bench.event(EventKind.PIPE_CLOSED, pipe)


@HELD
def test_a_peer_that_closes_ends_the_wait_for_the_kernel(bench: Bench) -> None:
    pipe, far = _held(bench)
    far.close()
    # It is chance whether the end is seen first, or that the kernel is rid of it all.
    ended = bench.event(None, pipe).kind
    assert ended is EventKind.PIPE_CLOSED or pipe.close(drain=True)


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
    assert hub.recv() == -errno.EAGAIN


def test_what_arrived_may_be_dropped(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub)
    far.sendall(frame(b"1"))
    assert hub.wait(1, 10_000) == 1
    pipe.close(drain=False)
    assert hub.recv() == -errno.EAGAIN


def test_a_stopped_loop_closes_its_descriptors(bench: Bench) -> None:
    _, far = bench.link(bench.hub(PUSH))
    bench.loop.stop()
    assert read_all(far) == b""
