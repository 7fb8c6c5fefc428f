"""Whoever polls a bell and reads (native): as in test_borrow.py, nobody can tell.

The descriptor behind such a bell is ready as long as a connection has something for
it: where nothing is to be done, it must not be.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
import threading
from typing import Iterator

import pytest
from workbench import DEALER, PAIR, PULL, Bench, command, frame, read_exactly

from pymq.backend.abc import Bell, EventKind, Hub, HubOption, Pipe

IN, OUT = 1, 2
SECONDS = 30.0  # to wait is to hang
PING, PONG = command(b"PING", b"\0\0"), command(b"PONG")
LONG = frame(bytes(200_000))


class Reader:
    """One who reads a hub, as an event loop does."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.bell: Bell = hub.bell(IN | OUT, reads=True)

    def rung(self, seconds: float) -> bool:
        """Whether the bell rings within that time; it is quiet then."""
        rung = bool(select.select([self.bell.fileno()], [], [], seconds)[0])
        if rung:
            self.bell.hush()
        return rung

    def recv(self) -> bytes:
        """The next frame; waits for it."""
        while True:
            body = self.hub.recv()
            if body != -errno.EAGAIN:
                assert isinstance(body, bytes)
                return body
            assert self.rung(SECONDS)

    def settle(self) -> None:
        """Until it has been quiet for a while.  Each thing that happens may ring a few
        times, but not until somebody does something about it."""
        rings = 0
        while self.rung(0.02):
            rings += 1
            assert rings < 500

    def lend(self, far: socket.socket) -> None:
        """Wait often: native has taken over reading."""
        for number in range(8):
            assert self.hub.recv() == -errno.EAGAIN
            far.sendall(frame(b"%d" % number))
            assert self.rung(SECONDS)
            assert self.recv() == b"%d" % number
        self.settle()


@contextlib.contextmanager
def reading(bench: Bench) -> Iterator[tuple[Hub, Pipe, socket.socket, Reader]]:
    """A hub with a link, from which its reader has read."""
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub)
    reader = Reader(hub)
    reader.lend(far)
    yield hub, pipe, far, reader
    reader.bell.close()


@pytest.mark.parametrize("size", [0, 1, 300, 32_769, 1 << 20])
def test_round_trips(bench: Bench, size: int) -> None:
    hub = bench.hub(DEALER)
    _, far = bench.link(hub)
    reader, body = Reader(hub), os.urandom(size)
    wire = frame(body)
    for _ in range(20):
        assert hub.send(body) == 0
        echo = threading.Thread(
            target=lambda: far.sendall(read_exactly(far, len(wire)))
        )
        echo.start()
        assert reader.recv() == body
        echo.join()
    reader.settle()


def test_who_does_not_look_is_not_waited_for(bench: Bench) -> None:
    with reading(bench) as (_, _, far, reader):
        far.sendall(b"".join(frame(b"%d" % number) for number in range(10)) + PING)
        assert read_exactly(far, len(PONG)) == PONG
        assert [reader.recv() for _ in range(10)] == [b"%d" % n for n in range(10)]


def test_messages_of_any_size(bench: Bench) -> None:
    with reading(bench) as (_, _, far, reader):
        sizes = [0, 10, 70_000, 1, 300_000, 300_000, 2, 5_000] * 5
        wire = b"".join(frame(bytes(size)) for size in sizes)
        sending = threading.Thread(target=far.sendall, args=(wire,))
        sending.start()
        assert [len(reader.recv()) for _ in sizes] == sizes
        sending.join()


@pytest.mark.parametrize("mark", [1, 2, 10])
def test_a_full_queue_does_not_ring(bench: Bench, mark: int) -> None:
    with reading(bench) as (hub, _, far, reader):
        hub.set(HubOption.RECV_HWM, mark)
        bodies = [b"%d" % number * 2000 for number in range(100)]
        wire = b"".join(map(frame, bodies))
        for _ in range(3):
            sending = threading.Thread(target=far.sendall, args=(wire,))
            sending.start()
            reader.settle()
            assert [reader.recv() for _ in bodies] == bodies
            sending.join()
            reader.lend(far)


def test_half_a_message_does_not_ring(bench: Bench) -> None:
    with reading(bench) as (_, _, far, reader):
        for cut in (1, 100, 150_000):
            far.sendall(LONG[:cut])
            reader.settle()
            far.sendall(LONG[cut:])
            assert len(reader.recv()) == 200_000


def test_what_is_sent_does_not_ring(bench: Bench) -> None:
    with reading(bench) as (hub, _, far, reader):
        for number in range(100):
            assert hub.send(b"%d" % number) == 0
        reader.settle()
        wire = b"".join(frame(b"%d" % number) for number in range(100))
        assert read_exactly(far, len(wire)) == wire


@pytest.mark.parametrize(
    ("bad", "error"),
    [(b"\x08\0", errno.EPROTO), (b"", 0)],
    ids=["protocol", "end"],
)
def test_the_end_of_a_link(bench: Bench, bad: bytes, error: int) -> None:
    with reading(bench) as (_, pipe, far, reader):
        far.sendall(frame(b"last") + bad)
        far.close()
        assert reader.recv() == b"last"
        reader.settle()
        assert bench.event(EventKind.LINK_DOWN, pipe).error == error
        reader.settle()
        far = bench.attach(pipe)
        reader.lend(far)


@pytest.mark.parametrize("drain", [False, True])
@pytest.mark.parametrize("unread", [False, True])
def test_a_pipe_that_is_closed(bench: Bench, drain: bool, unread: bool) -> None:
    with reading(bench) as (hub, pipe, far, reader):
        if unread:
            far.sendall(frame(b"x") * 10)
            reader.settle()
        assert hub.send(b"bye") == 0
        pipe.close(drain, keep_input=unread)
        with contextlib.suppress(OSError):
            while far.recv(100):
                far.sendall(frame(b"late"))
        reader.settle()
        for _ in range(10 * unread):
            assert reader.recv() == b"x"
        _, far = bench.link(hub)
        reader.lend(far)


def test_the_bell_is_closed(bench: Bench) -> None:
    with reading(bench) as (hub, _, far, reader):
        reader.bell.close()
        far.sendall(PING)
        assert read_exactly(far, len(PONG)) == PONG
        again = Reader(hub)
        again.lend(far)
        again.bell.close()


def test_two_readers(bench: Bench) -> None:
    with reading(bench) as (hub, _, far, reader):
        other = Reader(hub)
        reader.settle()
        other.settle()
        assert hub.ready() == OUT  # what was told before has been seen
        far.sendall(frame(b"x"))
        assert reader.rung(SECONDS)
        assert other.rung(SECONDS)
        assert other.recv() == b"x"
        other.lend(far)
        other.bell.close()
        reader.lend(far)


def test_one_who_does_not_read_comes_and_goes(bench: Bench) -> None:
    with reading(bench) as (hub, _, far, reader):
        listener = hub.bell(IN)
        assert hub.ready() == OUT
        far.sendall(frame(b"x"))
        assert select.select([listener.fileno()], [], [], SECONDS)[0]
        assert reader.recv() == b"x"
        reader.lend(far)
        listener.close()
        reader.lend(far)


def test_beside_a_thread_that_waits(bench: Bench) -> None:
    with reading(bench) as (hub, _, far, reader):
        for _ in range(5):
            assert hub.wait(IN, 10) == 0
        far.sendall(frame(b"x"))
        assert hub.wait(IN, int(SECONDS * 1000)) == IN
        assert reader.recv() == b"x"
        reader.lend(far)


def test_more_peers_than_can_be_borrowed(bench: Bench) -> None:
    hub = bench.hub(PULL)
    reader = Reader(hub)
    fars = []
    for _ in range(12):
        fars.append(bench.link(hub)[1])
        for far in fars:
            far.sendall(frame(b"x"))
            assert reader.recv() == b"x"
    reader.settle()
    reader.bell.close()


def test_stop_and_free(bench: Bench) -> None:
    with reading(bench) as (hub, _, far, reader):
        hub.stop(errno.ECANCELED)
        assert reader.rung(SECONDS)
        assert hub.recv() == -errno.ECANCELED
        hub.free()
        far.close()
        reader.settle()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_keeps_off_the_connection(bench: Bench) -> None:
    with reading(bench) as (_, _, far, reader):
        far.sendall(frame(b"for the parent"))
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            reader.bell.hush()
            reader.bell.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert reader.recv() == b"for the parent"
        reader.lend(far)
