"""Messages that go from one hub to another, as in a proxy."""

from __future__ import annotations

import errno
import random
from functools import partial
from typing import Union

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
    XSUB,
    Bench,
    frame,
    read_exactly,
)

from pymq.backend.abc import Hub, HubOption, Moved, Routing

IDLE, FULL, BY_HAND = -errno.EAGAIN, -errno.ENOBUFS, -errno.EALREADY


class Line:
    """Who writes, two hubs between which messages move, and who reads."""

    def __init__(self, bench: Bench, into: Routing = PULL, out: Routing = PUSH) -> None:
        self.source = bench.hub(out if into is not XSUB else XPUB)
        self.into, self.out = bench.hub(into), bench.hub(out)
        self.drain = bench.hub(SUB if out in (PUB, XPUB) else PULL)
        for hub in (self.source, self.into, self.out, self.drain):
            hub.set(HubOption.SEND_HWM, 0)
            hub.set(HubOption.RECV_HWM, 0)
        self.first, _ = bench.join(self.into, self.source)
        self.last, _ = bench.join(self.out, self.drain)

    def received(self) -> list[list[bytes]]:
        """All that has come through."""
        found: list[list[bytes]] = []
        message: Union[list[bytes], int] = self.drain.recv_message()
        while isinstance(message, list):
            found.append(message)
            message = self.drain.recv_message()
        return found


def moved(source: Hub, to: Hub) -> int:
    """Move until nothing does; how many messages that were."""
    count = 0
    while True:
        found = source.move(to, 1000)
        count += found.messages
        if found.result:
            assert found.result == IDLE
            return count


def test_nothing_is_there(bench: Bench) -> None:
    line = Line(bench)
    assert line.into.move(line.out, 10) == Moved(0, 0, 0, IDLE)


def test_what_is_counted(bench: Bench) -> None:
    line = Line(bench)
    messages = [[b"one"], [b"two", b"", b"three"], [b""]]
    for message in messages:
        assert line.source.send_message(message) == 0
    assert line.into.move(line.out, 2) == Moved(2, 4, 11, 0)
    assert line.received() == messages[:2]
    assert line.into.move(line.out, 2) == Moved(1, 1, 0, IDLE)
    assert line.received() == messages[2:]


def test_no_room(bench: Bench) -> None:
    line = Line(bench)
    line.out.set(HubOption.SEND_HWM, 2)
    line.drain.set(HubOption.RECV_HWM, 1)
    for number in range(9):
        assert line.source.send_message([b"%d" % number, b"more"]) == 0
    found = line.into.move(line.out, 100)
    assert found == Moved(3, 6, 15, FULL)
    assert line.into.move(line.out, 100) == Moved(0, 0, 0, FULL)
    # What was not moved is where it was.
    assert line.into.recv_message() == [b"3", b"more"]
    assert [m[0] for m in line.received()] == [b"0", b"1", b"2"]
    found = line.into.move(line.out, 100)
    assert 0 < found.messages <= 3
    assert found.result == FULL
    after = [b"%d" % (4 + number) for number in range(found.messages)]
    assert [m[0] for m in line.received()] == after


def test_names(bench: Bench) -> None:
    """As of ROUTER and DEALER."""
    client, router, dealer, worker = map(bench.hub, (DEALER, ROUTER, DEALER, DEALER))
    pipe, _ = bench.join(router, client)
    assert pipe.name(b"client") == 0
    bench.join(dealer, worker)
    assert client.send_message([b"", b"question"]) == 0
    assert router.move(dealer, 10) == Moved(1, 3, 14, IDLE)
    assert worker.recv_message() == [b"client", b"", b"question"]
    for name in (b"client", b"nobody"):
        assert worker.send_message([name, b"", b"answer"]) == 0
    assert worker.send(b"client") == 0  # a name alone is ignored
    assert dealer.move(router, 10) == Moved(3, 7, 30, IDLE)
    assert client.recv_message() == [b"", b"answer"]
    assert client.recv() == -errno.EAGAIN


@pytest.mark.parametrize("peer", [b"full", b"nobody"])
def test_peers_that_must_be_there(bench: Bench, peer: bytes) -> None:
    """With MANDATORY a message to one that is full stays, one to nobody is lost."""
    source, pull, router, drain = map(bench.hub, (PUSH, PULL, ROUTER, DEALER))
    router.set(HubOption.MANDATORY, 1)
    router.set(HubOption.SEND_HWM, 1)
    drain.set(HubOption.RECV_HWM, 1)
    bench.join(source, pull)
    pipe, _ = bench.join(router, drain)
    assert pipe.name(b"full") == 0
    for _ in range(2):
        assert router.send_message([b"full", b"before"]) == 0
    assert source.send_message([peer, b"text"]) == 0
    assert source.send_message([b"full", b"next"]) == 0
    found = pull.move(router, 10)
    assert (found.messages, found.frames) == (0, 0)
    wanted = {b"full": FULL, b"nobody": -errno.EHOSTUNREACH}[peer]
    assert found.result == wanted
    if peer == b"full":
        assert pull.recv_message() == [peer, b"text"]
    assert pull.recv_message() == [b"full", b"next"]


def test_in_the_middle_of_a_message(bench: Bench) -> None:
    line = Line(bench)
    for _ in range(2):
        assert line.source.send_message([b"a", b"b"]) == 0
    assert line.into.recv() == b"a"
    assert line.into.move(line.out, 10) == Moved(0, 0, 0, BY_HAND)
    assert line.into.recv() == b"b"
    assert line.out.send(b"c", True) == 0
    assert line.into.move(line.out, 10) == Moved(0, 0, 0, BY_HAND)
    assert line.out.send(b"d") == 0
    assert line.into.move(line.out, 10).messages == 1
    assert line.received() == [[b"c", b"d"], [b"a", b"b"]]


def test_what_was_received_ahead_comes_first(bench: Bench) -> None:
    line = Line(bench)
    line.into.looks_ahead = True
    assert line.source.send_many([b"%d" % number for number in range(100)]) == 100
    assert line.into.recv() == b"0"
    line.into.looks_ahead = False
    for _ in range(99):
        if line.into.move(line.out, 1).messages == 0:
            body = line.into.recv()
            assert not isinstance(body, int)
            assert line.out.send(body) == 0
    assert line.received() == [[b"%d" % number] for number in range(1, 100)]


@pytest.mark.parametrize("stopped", ["into", "out"])
def test_a_hub_that_is_stopped(bench: Bench, stopped: str) -> None:
    line = Line(bench)
    assert line.source.send(b"x") == 0
    getattr(line, stopped).stop(errno.ENOTSOCK)
    assert line.into.move(line.out, 10) == Moved(0, 0, 0, -errno.ENOTSOCK)


def test_who_cannot(bench: Bench) -> None:
    line = Line(bench)
    pair = bench.hub(PAIR)
    assert line.source.send(b"x") == 0
    assert line.out.move(pair, 10) == Moved(0, 0, 0, BY_HAND)
    assert pair.move(pair, 10) == Moved(0, 0, 0, BY_HAND)
    found = line.into.move(line.drain, 10)
    assert found.messages == 0
    assert found.result not in (0, IDLE)


def test_topics(bench: Bench) -> None:
    line = Line(bench, XSUB, XPUB)
    line.drain.subscribe(b"news")
    assert line.out.recv() == b"\1news"
    line.into.subscribe(b"")
    for message in ([b"news", b"1"], [b"other", b"2"], [b"newsletter"]):
        assert line.source.send_message(message) == 0
    assert line.into.move(line.out, 10) == Moved(3, 5, 21, IDLE)
    assert line.received() == [[b"news", b"1"], [b"newsletter"]]


def test_a_peer_that_has_gone(bench: Bench) -> None:
    line = Line(bench)
    source, second = bench.hub(PUSH), bench.hub(PUSH)
    pipe, _ = bench.join(source, line.into)
    bench.join(second, line.into)
    for hub in (source, second, line.source):
        assert hub.send(b"last") == 0
    pipe.close(True, True)
    assert moved(line.into, line.out) == 3
    assert second.send(b"x") == 0
    assert moved(line.into, line.out) == 1
    assert line.received() == [[b"last"]] * 3 + [[b"x"]]


def test_turns(bench: Bench) -> None:
    """One message from each peer, one to each peer."""
    line = Line(bench)
    other, drain = bench.hub(PUSH), bench.hub(PULL)
    bench.join(other, line.into)
    bench.join(line.out, drain)
    for number in range(4):
        assert line.source.send(b"a%d" % number) == 0
        assert other.send(b"b%d" % number) == 0
    assert moved(line.into, line.out) == 8
    assert line.received() == [[b"a%d" % number] for number in range(4)]
    for number in range(4):
        assert drain.recv() == b"b%d" % number


SIZES = (0, 1, 255, 256, 4096, 5000, 16383, 16384, 70_000, 300_000)


@pytest.mark.parametrize("seed", range(4))
def test_bodies_of_all_sizes(bench: Bench, seed: int) -> None:
    """Between processes, and those that are lent between threads."""
    chance = random.Random(seed)
    line = Line(bench)
    _, far = bench.link(line.into)
    near = bench.hub(PULL)
    reader, _ = bench.join(line.out, near)
    messages = [
        [chance.randbytes(chance.choice(SIZES)) for _ in range(chance.randrange(1, 4))]
        for _ in range(60)
    ]
    wire = [
        b"".join(frame(body, at < len(message)) for at, body in enumerate(message, 1))
        for message in messages
    ]
    writing = Background(lambda: far.sendall(b"".join(wire)))
    reader.close(True)
    for message in messages:
        assert line.source.send_message(list(message)) == 0
    count = 0
    while count < 2 * len(messages):
        assert line.into.wait(1, 30_000) == 1
        count += moved(line.into, line.out)
    writing.result()
    assert sorted(line.received()) == sorted(messages * 2)


def test_from_link_to_link(bench: Bench) -> None:
    pull, push = bench.hub(PULL), bench.hub(PUSH)
    _, left = bench.link(pull)
    _, right = bench.link(push)
    bodies = [bytes([size % 251]) * size for size in (*SIZES, 2_000_000)]
    wire = b"".join(frame(body, size) for size, body in zip([1, 1, 0] * 9, bodies))
    wire += frame(b"end")
    writing = Background(lambda: left.sendall(wire))
    reading = Background(lambda: read_exactly(right, len(wire)))
    while reading.running:
        assert pull.wait(1, 50) in (0, 1)
        moved(pull, push)
    writing.result()
    assert reading.result() == wire


def test_two_threads_both_ways(bench: Bench) -> None:
    """Hubs are locked in the same order whichever way messages go."""
    one, other = bench.hub(DEALER), bench.hub(DEALER)
    ends = [bench.hub(DEALER), bench.hub(DEALER)]
    bench.join(one, ends[0])
    bench.join(other, ends[1])
    count = 2000

    def carry(source: Hub, to: Hub) -> None:
        left = count
        while left:
            left -= source.move(to, 7).messages

    def talk(end: Hub) -> list[bytes]:
        found: list[bytes] = []
        sent = 0
        while len(found) < count:
            if sent < count and end.send(b"%d" % sent) == 0:
                sent += 1
            body = end.recv()
            found += [] if isinstance(body, int) else [body]
        return found

    threads = [
        Background(lambda: carry(one, other)),
        Background(lambda: carry(other, one)),
    ]
    talking = [Background(partial(talk, end)) for end in ends]
    for talk_of in talking:
        assert talk_of.result() == [b"%d" % number for number in range(count)]
    for thread in threads:
        thread.result()
