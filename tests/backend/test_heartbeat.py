"""Heartbeats of an engine: whom it asks, whom it gives up, and whom it must not.

Time passes until a link that nobody answers on is given up: no test sleeps.
"""

from __future__ import annotations

import errno
import select
import socket
import time

import pytest
from workbench import (
    PAIR,
    PULL,
    PUSH,
    SECONDS,
    Bench,
    command,
    frame,
    read_exactly,
)

from pymq.backend.abc import EventKind, Heartbeat, HubOption, Pipe

PING = command(b"PING", b"\0\0")
PONG = command(b"PONG")
SOON = Heartbeat(10, 10)


def ping(ttl: int) -> bytes:
    return command(b"PING", ttl.to_bytes(2, "big"))


def down(bench: Bench, pipe: Pipe) -> int:
    """Why a link ended; waits for that."""
    return bench.event(EventKind.LINK_DOWN, pipe).error


def let_pass(bench: Bench, milliseconds: int) -> None:
    """Until a silent peer with that patience is given up."""
    pipe, _ = bench.link(bench.hub(PULL), heartbeat=Heartbeat(10, milliseconds))
    assert down(bench, pipe) == errno.ETIMEDOUT


def frames(end: socket.socket, last: bytes) -> list[tuple[int, bytes]]:
    """Frames of at most 255 octets, up to one with that body."""
    got = [(0, b"")]
    while got[-1][1] != last:
        flags, size = read_exactly(end, 2)
        got.append((flags, read_exactly(end, size)))
    return got[1:]


@pytest.mark.parametrize(
    ("ttl", "octets"), [(0, b"\0\0"), (1500, b"\0\x0f"), (6553500, b"\xff\xff")]
)
def test_pings_are_those_of_libzmq(bench: Bench, ttl: int, octets: bytes) -> None:
    _, far = bench.link(bench.hub(PULL), heartbeat=Heartbeat(5, 0, ttl))
    assert read_exactly(far, 27) == command(b"PING", octets) * 3


def test_a_silent_peer_is_given_up(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    pipe, far = bench.link(hub, heartbeat=SOON)
    assert hub.send(b"lost") == 0
    assert down(bench, pipe) == errno.ETIMEDOUT
    data = far.recv(1000)
    assert frame(b"lost") in data  # behind a PING, on a machine that stalls
    assert PING in data


def test_what_is_not_sent_waits_for_the_next_link(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    pipe, _ = bench.link(hub, heartbeat=SOON)
    assert down(bench, pipe) == errno.ETIMEDOUT
    assert hub.send(b"kept") == 0
    far = bench.attach(pipe)
    assert read_exactly(far, 6) == frame(b"kept")


@pytest.mark.parametrize("sign", [PONG, b"x", frame(b"message")])
def test_any_input_is_a_sign_of_life(bench: Bench, sign: bytes) -> None:
    """Even a part of a frame that is long in coming."""
    hub = bench.hub(PULL)
    pipe, far = bench.link(hub, heartbeat=Heartbeat(50, 1000))
    if sign == b"x":
        far.sendall(b"\2" + (1 << 20).to_bytes(8, "big"))
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        assert read_exactly(far, len(PING)) == PING
        far.sendall(sign)
    assert not bench.loop.take_events()
    assert down(bench, pipe) == errno.ETIMEDOUT


def test_without_a_timeout_nobody_is_given_up(bench: Bench) -> None:
    _, far = bench.link(bench.hub(PULL), heartbeat=Heartbeat(5, 0))
    let_pass(bench, 100)
    assert not bench.loop.take_events()
    assert read_exactly(far, 90) == PING * 10


@pytest.mark.parametrize("later", [b"", PONG, frame(b"message")])
def test_the_ttl_of_the_peer(bench: Bench, later: bytes) -> None:
    """libzmq forgets it with the next sign of life: whoever sends much can then
    vanish unnoticed."""
    hub = bench.hub(PULL)
    pipe, far = bench.link(hub)
    far.sendall(ping(1))
    assert read_exactly(far, len(PONG)) == PONG
    far.sendall(later)
    assert down(bench, pipe) == errno.ETIMEDOUT


@pytest.mark.parametrize("ttl", [0, 656, 65535])
def test_a_long_ttl(bench: Bench, ttl: int) -> None:
    """65.6 s are 64 ms to libzmq, which counts in 16 bits."""
    hub = bench.hub(PULL)
    _, far = bench.link(hub)
    far.sendall(ping(1) + ping(ttl))
    let_pass(bench, 200)
    far.sendall(frame(b"alive"))
    assert bench.recv(hub) == [b"alive"]


@pytest.mark.parametrize("again", [0, 10])
def test_a_reader_at_its_mark_blames_nobody(bench: Bench, again: int) -> None:
    """The answers are there, behind messages that nobody wants yet; whether the system
    still has these, or the engine."""
    hub = bench.hub(PULL)
    hub.set(HubOption.RECV_HWM, 1)
    _, far = bench.link(hub, heartbeat=SOON)
    far.sendall(ping(1))
    far.sendall(b"".join(frame(b"%03d" % number) for number in range(100)))
    assert read_exactly(far, 7) in (PONG, PING[:7])
    far.sendall(PONG * again)
    let_pass(bench, 300)
    assert [bench.recv(hub) for _ in range(100)] == [
        [b"%03d" % number] for number in range(100)
    ]


def test_pings_go_between_the_parts_of_a_message(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    _, far = bench.link(hub, heartbeat=Heartbeat(10, 0))
    count = 40_000
    for number in range(count):
        assert hub.send(b"%0250d" % number, number < count - 1) == 0
    let_pass(bench, 50)
    got = frames(far, b"%0250d" % (count - 1))
    parts = [body for flags, body in got if not flags & 4]
    assert parts == [b"%0250d" % number for number in range(count)]
    assert (4, b"\4PING\0\0") in got


def test_a_ping_that_was_not_sent_needs_no_answer(bench: Bench) -> None:
    """A long body is on its way: the peer hears nothing else meanwhile."""
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    body = bytes(20_000_000)
    assert hub.send(body) == 0
    far = bench.attach(pipe, heartbeat=Heartbeat(500, 50))  # the body comes first
    let_pass(bench, 800)
    assert read_exactly(far, len(body) + 9) == frame(body)
    assert read_exactly(far, len(PING)) == PING


def test_a_drained_pipe_waits_for_nothing(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    pipe, far = bench.link(hub, heartbeat=Heartbeat(1000, 1000))
    assert hub.send(b"last") == 0
    closed = pipe.close(drain=True)
    assert read_exactly(far, 6) == frame(b"last")
    assert far.recv(10) == b""
    if not closed:
        bench.event(EventKind.PIPE_CLOSED, pipe)


def test_who_does_not_read_answers_is_not_read(bench: Bench) -> None:
    """Else it could fill our memory with them."""
    hub = bench.hub(PULL)
    _, far = bench.link(hub)
    many, sent = PING * 10_000, 0
    far.setblocking(False)
    while select.select([], [far], [], 0.5)[1]:
        sent += far.send(many[sent % len(PING) :])
        assert sent < 100_000_000
    far.settimeout(SECONDS)
    data, left = bytearray(), len(PING) - sent % len(PING)
    size = (sent + left) // len(PING) * len(PONG)
    while len(data) < size:
        data += far.recv(1 << 20)
        if left and len(data) > size // 2:
            far.sendall(PING[-left:])
            left = 0
    assert bytes(data) == PONG * (size // len(PONG))


def test_many_pings_do_not_pile_up(bench: Bench) -> None:
    """Each names another time, and nobody reads the answers for a while."""
    hub = bench.hub(PULL)
    _, far = bench.link(hub, heartbeat=Heartbeat(1, 0))
    for ttl in range(100, 2100):
        far.sendall(ping(ttl))
        if ttl % 50 == 0:
            far.recv(1 << 16)
    far.sendall(frame(b"end"))
    assert bench.recv(hub) == [b"end"]
