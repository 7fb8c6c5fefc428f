"""Callers that do the engines' work: a sender writes, a waiter reads (native).

Nobody must be able to tell: pure, which does no such thing, passes the same tests.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
import time
from collections import Counter
from functools import partial

import pytest
from patience import Background, until
from workbench import (
    DEALER,
    PAIR,
    PULL,
    PUSH,
    SUB,
    Bench,
    command,
    frame,
    read_all,
    read_exactly,
)

from pymq.backend.abc import EventKind, Hub, HubOption

IN, OUT = 1, 2
PING, PONG = command(b"PING", b"\0\0"), command(b"PONG")
A_WHILE = 0.05  # seconds: in which a thread that was started falls asleep
LONG = 30_000  # ms: to wait is to hang


def _lend(hub: Hub) -> None:
    """Wait in vain, and often: native has taken over reading, and does not do it."""
    for _ in range(4):
        assert hub.wait(IN, 10) == 0


def _sleeper(hub: Hub) -> Background[int]:
    """A thread that waits for input, most probably asleep."""
    _lend(hub)
    sleeper = Background(lambda: hub.wait(IN, LONG))
    sleeper.give(A_WHILE)
    return sleeper


def _heard_the_end(far: socket.socket) -> bool:
    try:
        return far.recv(1) == b""
    except ConnectionError:
        return True


# Round trips.


def test_round_trips(bench: Bench) -> None:
    hub = bench.hub(DEALER)
    _, far = bench.link(hub)
    for number in range(300):
        body = b"%d" % number * (number % 90)
        assert hub.send(body) == 0
        wire = frame(body)
        assert read_exactly(far, len(wire)) == wire
        far.sendall(wire)
        assert bench.recv(hub) == [body]


def test_answers_that_come_soon_and_late(bench: Bench) -> None:
    """Who waits stays awake for a moment, or sleeps; native finds out what pays."""
    hub = bench.hub(DEALER)
    _, far = bench.link(hub)
    bodies = [b"%d" % number for number in range(400)]

    def answer() -> None:
        for body in bodies:
            wire = read_exactly(far, len(frame(body)))
            if int(body) % 150 > 100:
                time.sleep(0.002)
            far.sendall(wire)

    answers = Background(answer)
    for body in bodies:
        assert hub.send(body) == 0
        assert bench.recv(hub) == [body]
    answers.result()
    assert hub.wait(IN, 1) == 0


def test_what_the_kernel_does_not_take_is_sent_later(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    _, far = bench.link(hub)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    bodies = [bytes([number]) * 30_000 for number in range(100)]
    for body in bodies:
        assert hub.send(body) == 0
        assert hub.recv() == -errno.ENOTSUP
    wire = b"".join(map(frame, bodies))
    assert read_exactly(far, len(wire)) == wire


@pytest.mark.parametrize("size", [32_767, 32_768, 32_769, 1 << 20])
def test_long_messages_arrive_whole(bench: Bench, size: int) -> None:
    hub = bench.hub(PAIR)
    _, far = bench.link(hub)
    body = os.urandom(size)
    echo = Background(lambda: far.sendall(read_exactly(far, len(frame(body)))))
    assert hub.send(body) == 0
    assert bench.recv(hub) == [body]
    echo.result()


def test_a_close_right_after_a_direct_write(bench: Bench) -> None:
    for number in range(20):
        hub = bench.hub(PUSH)
        pipe, far = bench.link(hub)
        assert hub.send(b"%d" % number) == 0
        assert hub.send(b"x" * 5000) == 0
        closed = pipe.close(True)
        assert read_all(far) == frame(b"%d" % number) + frame(b"x" * 5000)
        if not closed:
            bench.event(EventKind.PIPE_CLOSED, pipe)


# A lease that is not used ends by itself: nobody calls the hub here.


def test_messages_and_pings_are_read_in_the_background(bench: Bench) -> None:
    hub = bench.hub(PULL)
    _, far = bench.link(hub)
    _lend(hub)
    far.sendall(b"".join(frame(b"%d" % number) for number in range(10)) + PING)
    assert read_exactly(far, len(PONG)) == PONG
    assert [bench.recv(hub) for _ in range(10)] == [[b"%d" % n] for n in range(10)]


def test_the_peers_end_is_noticed_in_the_background(bench: Bench) -> None:
    hub = bench.hub(PULL)
    pipe, far = bench.link(hub)
    _lend(hub)
    far.sendall(frame(b"last"))
    far.close()
    assert bench.event(EventKind.LINK_DOWN, pipe).error == 0
    assert bench.recv(hub) == [b"last"]


def test_fileno_wants_the_background_back(bench: Bench) -> None:
    hub = bench.hub(PULL)
    _, far = bench.link(hub)
    _lend(hub)
    descriptor = hub.fileno()
    for number in range(3):
        while hub.ready() & IN:
            hub.recv()
        far.sendall(frame(b"%d" % number))
        while not hub.ready() & IN:
            assert select.select([descriptor], [], [], 30)[0]
        assert hub.recv() == b"%d" % number


def test_fileno_while_another_thread_waits(bench: Bench) -> None:
    hub = bench.hub(PULL)
    _, far = bench.link(hub)
    sleeper = _sleeper(hub)
    descriptor = hub.fileno()
    far.sendall(frame(b"x"))
    assert select.select([descriptor], [], [], 30)[0]
    assert sleeper.result() == IN
    assert bench.recv(hub) == [b"x"]


# Marks.


@pytest.mark.parametrize("mark", [1, 2, 3])
def test_a_full_queue_goes_on(bench: Bench, mark: int) -> None:
    """All comes in one segment: no descriptor tells of the rest."""
    hub = bench.hub(PULL)
    hub.set(HubOption.RECV_HWM, mark)
    _, far = bench.link(hub)
    for _ in range(3):
        sleeper = _sleeper(hub)
        far.sendall(b"".join(frame(b"%d" % number) for number in range(20)))
        assert sleeper.result() == IN
        assert [bench.recv(hub) for _ in range(20)] == [[b"%d" % n] for n in range(20)]


def test_input_stops_at_the_mark(bench: Bench) -> None:
    hub = bench.hub(PULL)
    hub.set(HubOption.RECV_HWM, 10)
    _, far = bench.link(hub)
    _lend(hub)
    far.setblocking(False)
    wire = frame(b"x" * 200) * 1000
    sent = 0

    def blocked() -> bool:
        nonlocal sent
        with contextlib.suppress(BlockingIOError):
            sent += far.send(wire[sent % 202 :])
            return False
        return True

    until(blocked)
    whole = sent // 202
    assert [bench.recv(hub) for _ in range(whole)] == [[b"x" * 200]] * whole


# Several peers, several waiters.


def test_more_peers_than_can_be_borrowed(bench: Bench) -> None:
    hub = bench.hub(PULL)
    fars = [bench.link(hub)[1] for _ in range(7)]
    sleeper = _sleeper(hub)
    fars += [bench.link(hub)[1] for _ in range(5)]
    fars[-1].sendall(frame(b"new"))
    assert sleeper.result() == IN
    assert bench.recv(hub) == [b"new"]
    for number, far in enumerate(fars):
        reader = Background(lambda: bench.recv(hub))
        far.sendall(frame(b"%d" % number))
        assert reader.result() == [b"%d" % number]


def test_several_waiters(bench: Bench) -> None:
    hub = bench.hub(PULL)
    fars = [bench.link(hub)[1] for _ in range(3)]

    def worker(found: list[bytes]) -> None:
        while hub.wait(IN, LONG) == IN:
            body = hub.recv()
            if body == b"end":
                return
            if not isinstance(body, int):
                found.append(body)

    found: list[list[bytes]] = [[] for _ in range(4)]
    workers = [Background(partial(worker, some)) for some in found]
    for number in range(600):
        fars[number % 3].sendall(frame(b"%d" % number))
    until(lambda: sum(map(len, found)) == 600)
    fars[0].sendall(frame(b"end") * len(workers))
    for work in workers:
        work.result()
    assert Counter(sum(found, [])) == Counter(b"%d" % n for n in range(600))
    for some in found:
        for turn in range(3):
            mine = [int(body) for body in some if int(body) % 3 == turn]
            assert mine == sorted(mine)


def test_a_waiter_takes_what_another_has_read(bench: Bench) -> None:
    hub = bench.hub(PULL)
    _, far = bench.link(hub)
    sleepers = [_sleeper(hub), Background(lambda: hub.wait(IN, LONG))]
    sleepers[1].give(A_WHILE)
    far.sendall(frame(b"a") + frame(b"b"))
    assert [sleeper.result() for sleeper in sleepers] == [IN, IN]
    assert bench.recv(hub) + bench.recv(hub) == [b"a", b"b"]


def test_sends_beside_a_waiter(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    _, far = bench.link(hub)
    sleeper = _sleeper(hub)
    wire = b"".join(frame(b"%d" % number) for number in range(500))
    for number in range(500):
        assert hub.send(b"%d" % number) == 0
    assert read_exactly(far, len(wire)) == wire
    far.sendall(frame(b"done"))
    assert sleeper.result() == IN


# Ends.


@pytest.mark.parametrize("traffic", [False, True], ids=["asleep", "reading"])
def test_stop_wakes_a_waiter(bench: Bench, traffic: bool) -> None:
    """What comes is not subscribed to, so that the waiter reads without end."""
    hub = bench.hub(SUB)
    hub.subscribe(b"wanted")
    pipe, far = bench.link(hub)
    sleeper = _sleeper(hub)
    flood = Background(lambda: _flood(far) if traffic else None)
    hub.stop(errno.ECANCELED)
    assert sleeper.result() == -errno.ECANCELED
    pipe.close(False)
    flood.result()


def _flood(far: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            far.sendall(frame(b"other") * 100)


@pytest.mark.parametrize("drain", [False, True])
def test_a_pipe_that_is_closed_under_a_waiter_ends(bench: Bench, drain: bool) -> None:
    """Who sleeps on a descriptor must not keep the connection from ending."""
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub)
    sleeper = _sleeper(hub)
    pipe.close(drain)
    assert _heard_the_end(far)
    assert sleeper.running
    _, far = bench.link(hub)
    far.sendall(frame(b"x"))
    assert sleeper.result() == IN
    assert bench.recv(hub) == [b"x"]


def test_a_loop_that_stops_under_a_waiter(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    _, far = bench.link(hub)
    sleeper = _sleeper(hub)
    bench.loop.stop()
    assert _heard_the_end(far)
    assert hub.send(b"x") == 0
    hub.stop(errno.ECANCELED)
    assert sleeper.result() == -errno.ECANCELED


@pytest.mark.parametrize(
    ("bad", "error"),
    [(b"\x08\0", errno.EPROTO), (frame(b"x" * 200), errno.EMSGSIZE), (b"", 0)],
    ids=["protocol", "size", "end"],
)
def test_a_fault_while_lent(bench: Bench, bad: bytes, error: int) -> None:
    hub = bench.hub(PULL)
    pipe, far = bench.link(hub, max_size=100)
    _, other = bench.link(hub)
    sleeper = _sleeper(hub)
    far.sendall(bad)
    far.shutdown(socket.SHUT_WR)
    assert bench.event(EventKind.LINK_DOWN, pipe).error == error
    assert sleeper.running
    other.sendall(frame(b"x"))
    assert sleeper.result() == IN
    assert bench.recv(hub) == [b"x"]


def test_a_reset_while_lent(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub)
    sleeper = _sleeper(hub)
    assert hub.send(b"unread") == 0
    until(lambda: select.select([far], [], [], 0)[0])
    far.close()
    assert bench.event(EventKind.LINK_DOWN, pipe).error == errno.ECONNRESET
    assert sleeper.running
    far = bench.attach(pipe)
    far.sendall(frame(b"again"))
    assert sleeper.result() == IN
    assert hub.send(b"back") == 0
    assert read_exactly(far, 6) == frame(b"back")


def test_links_come_and_go_under_a_waiter(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub)
    for number in range(10):
        sleeper = Background(lambda: bench.recv(hub))
        far.sendall(frame(b"%d" % number))
        far.close()
        assert sleeper.result() == [b"%d" % number]
        bench.event(EventKind.LINK_DOWN, pipe)
        far = bench.attach(pipe)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_keeps_off_the_connection(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    _, far = bench.link(hub)
    _lend(hub)
    far.sendall(frame(b"for the parent"))
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        hub.send(b"from the child")
        hub.recv()
        hub.ready()
        hub.wait(IN, 1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert bench.recv(hub) == [b"for the parent"]
    assert hub.send(b"from the parent") == 0
    assert read_exactly(far, 17) == frame(b"from the parent")
