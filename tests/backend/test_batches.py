"""Many messages with one call of the contract: send_many and recv_many."""

from __future__ import annotations

import errno
import socket
import sys
from typing import Any

import pytest
from patience import Background
from workbench import (
    DEALER,
    PAIR,
    PUB,
    PULL,
    PUSH,
    ROUTER,
    SUB,
    XPUB,
    Bench,
    frame,
    read_exactly,
)

from pymq.backend.abc import Hub, HubOption

IN, OUT = 1, 2
NUMBERS = [b"%d" % number for number in range(3000)]
BATCHES = {
    "none": [],
    "one": [b"x"],
    "empty": [b""] * 20,
    "equal": [b"x" * 9] * 900,
    "different": [b"x" * number for number in range(300)],
    "long": [b"%d" % number * 9000 for number in range(30)],
    "mixed": [b"a"] * 99 + [b"b" * 100_000] + [b"c"] * 99,
}


def _one(hub: Hub) -> list[bytes]:
    frame = hub.recv()
    assert not isinstance(frame, int)
    return [frame]


def _all(hub: Hub, count: int, most: int = 1000) -> list[bytes]:
    """That many messages; waits for them."""
    found: list[bytes] = []
    while len(found) < count:
        assert hub.wait(IN, 30_000) == IN
        some = hub.recv_many(min(most, count - len(found)))
        found += some or _one(hub)
    return found


@pytest.mark.parametrize("batch", BATCHES)
def test_a_batch_is_its_messages(bench: Bench, batch: str) -> None:
    """On the wire, and back from it."""
    hub = bench.hub(PAIR)
    _, far = bench.link(hub)
    assert hub.send_many(BATCHES[batch]) == len(BATCHES[batch])
    wire = b"".join(map(frame, BATCHES[batch]))
    assert read_exactly(far, len(wire)) == wire
    far.sendall(wire)
    assert _all(hub, len(BATCHES[batch])) == BATCHES[batch]


@pytest.mark.parametrize("size", [1, 300, 5000, 15_000])
def test_batches_that_fill_the_queue(bench: Bench, size: int) -> None:
    """Their sender may write for itself, up to where the kernel takes no more."""
    hub = bench.hub(PUSH)
    hub.set(HubOption.SEND_HWM, 10)
    _, far = bench.link(hub)
    bodies = [b"%03d" % number * size for number in range(300)]
    sent, reader = 0, None
    while sent < len(bodies):
        result = hub.send_many(bodies[sent : sent + 10])
        if result > 0:
            sent += result
            continue
        assert result == -errno.EAGAIN
        if hub.wait(OUT, 100) == 0 and reader is None:
            reader = _reader(far, bodies)
    _check(reader or _reader(far, bodies), bodies)


def _reader(far: socket.socket, bodies: list[bytes]) -> Background[bytes]:
    size = sum(map(len, map(frame, bodies)))
    return Background(lambda: read_exactly(far, size))


def _check(reader: Background[bytes], bodies: list[bytes]) -> None:
    assert reader.result() == b"".join(map(frame, bodies))


@pytest.mark.skipif(sys.platform != "linux", reason="a link's first turn is its home's")
def test_who_fills_the_queue_need_not_wait(bench: Bench) -> None:
    """Native: there is room at once, though nobody else has run meanwhile."""
    hub = bench.hub(PUSH)
    if "pure" in type(hub).__module__:
        pytest.skip("pure has one thread for all that is written")
    hub.set(HubOption.SEND_HWM, 10)
    _, far = bench.link(hub)
    bodies = [b"%d" % number for number in range(100)]
    for first in range(0, 100, 10):
        assert hub.send_many(bodies[first : first + 10]) == 10
    wire = b"".join(map(frame, bodies))
    assert read_exactly(far, len(wire)) == wire


@pytest.mark.parametrize("most", [1, 7, 5000])
def test_no_more_than_asked_for(bench: Bench, most: int) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    push.set(HubOption.SEND_HWM, 0)
    bench.join(push, pull)
    assert push.send_many(NUMBERS) == len(NUMBERS)
    got = []
    while some := pull.recv_many(most):
        assert len(some) <= most
        got += some
    assert got == NUMBERS
    assert pull.recv() == -errno.EAGAIN


@pytest.mark.parametrize("bad", [["text"], [b"", 1], [[b"x"]]])
def test_bytes_only(bench: Bench, bad: list[Any]) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    with pytest.raises(TypeError):
        push.send_many(bad)
    assert pull.recv() == -errno.EAGAIN


@pytest.mark.parametrize("mark", [1, 2, 3, 10])
def test_as_many_as_fit(bench: Bench, mark: int) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    for hub in (push, pull):
        hub.set(HubOption.SEND_HWM, mark)
        hub.set(HubOption.RECV_HWM, mark)
    bench.join(push, pull)
    assert push.send_many(NUMBERS) == 2 * mark
    assert push.send_many(NUMBERS) == -errno.EAGAIN
    assert pull.recv_many(mark) == NUMBERS[:mark]
    assert push.wait(OUT, 30_000) == OUT
    assert push.send_many(NUMBERS) == mark
    assert len(pull.recv_many(5000)) == 2 * mark


def test_not_in_the_middle_of_a_message(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    assert push.send(b"a", True) == 0
    assert push.send_many([b"x"]) == -errno.EINVAL
    assert push.send_many([b"x" * 10_000]) == -errno.EINVAL
    assert push.send(b"b") == 0
    assert push.send_many([b"c"]) == 1
    assert pull.recv_many(9) == []
    assert pull.recv() == b"a"
    assert pull.recv_many(9) == []
    assert pull.recv() == b"b"
    assert pull.recv_many(9) == [b"c"]


def test_a_message_of_several_frames_ends_a_batch(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    push.send_many([b"a", b"b"])
    push.send(b"c", True)
    push.send(b"d")
    push.send(b"e")
    assert pull.recv_many(9) == [b"a", b"b"]
    assert bench.recv(pull) == [b"c", b"d"]
    assert pull.recv_many(9) == [b"e"]


def test_in_turn(bench: Bench) -> None:
    push = bench.hub(PUSH)
    pulls = [bench.hub(PULL) for _ in range(3)]
    for pull in pulls:
        bench.join(push, pull)
    assert push.send_many(NUMBERS[:9]) == 9
    for turn, pull in enumerate(pulls):
        assert pull.recv_many(9) == NUMBERS[turn:9:3]


def test_fair_queueing(bench: Bench) -> None:
    pull = bench.hub(PULL)
    for name in (b"a", b"b"):
        push = bench.hub(PUSH)
        bench.join(push, pull)
        assert push.send_many([name] * 3) == 3
    assert pull.recv_many(9) == [b"a", b"b"] * 3


def test_to_all_who_subscribe(bench: Bench) -> None:
    pub, subs = bench.hub(PUB), [bench.hub(SUB) for _ in range(2)]
    for sub, topic in zip(subs, (b"1", b"")):
        sub.subscribe(topic)
        bench.join(pub, sub)
    pub.ready()
    assert pub.send_many(NUMBERS[:20]) == 20
    assert subs[0].recv_many(99) == [b for b in NUMBERS[:20] if b[:1] == b"1"]
    assert subs[1].recv_many(99) == NUMBERS[:20]


def test_who_cannot(bench: Bench) -> None:
    for routing in (PUSH, PUB):
        hub = bench.hub(routing)
        assert hub.recv_many(9) == []
    pull = bench.hub(PULL)
    assert pull.send_many([b"x"]) == -errno.ENOTSUP
    assert bench.hub(DEALER).send_many([b"x"]) == -errno.EAGAIN
    for routing in (ROUTER, XPUB):
        assert bench.hub(routing).recv_many(9) == []


def test_after_stop(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    bench.link(hub)
    hub.stop(errno.ECANCELED)
    assert hub.send_many([b"x"]) == -errno.ECANCELED
    assert hub.send_many([b"x" * 10_000]) == -errno.ECANCELED
    assert hub.recv_many(9) == []
