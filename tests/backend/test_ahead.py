"""Messages that are received ahead of their user are as if they still were queued.

A hub that does no such thing is what it is compared with.
"""

from __future__ import annotations

import errno
import select
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library import Library
from lookahead import agree, drain, joined, reader, send_numbers, take
from marriage import marry
from patience import Background, until
from workbench import PAIR, PUB, PUSH, SUB, Bench, frame

from pymq.backend.abc import Hub, HubOption

IN, OUT = 1, 2
LONG = 30_000  # ms: to wait is to hang
# What is received.

SHAPES = {
    "equal": [b"x" * 9] * 3000,
    "empty": [b""] * 3000,
    "different": [b"x" * (number % 50) for number in range(3000)],
    "long": [b"%d" % number * 5000 for number in range(60)],
    "huge": [b"a"] * 50 + [b"b" * (1 << 20)] + [b"c"] * 50,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_the_sizes(bench: Bench, shape: str) -> None:
    pull, (push,) = joined(bench, 1)
    push.set(HubOption.SEND_HWM, 0)
    for body in SHAPES[shape]:
        assert push.send(body) == 0
    assert drain(pull) == SHAPES[shape]


def test_from_a_connection(bench: Bench) -> None:
    hub = reader(bench)
    _, far = bench.link(hub)
    bodies = [b"%d" % number for number in range(5000)]
    writer = Background(lambda: far.sendall(b"".join(map(frame, bodies))))
    got: list[bytes] = []
    while len(got) < len(bodies):
        assert hub.wait(IN, LONG) == IN
        got += drain(hub)
    writer.result()
    assert got == bodies


def test_frames_after_single_messages(bench: Bench) -> None:
    pull, (push,) = joined(bench, 1)
    send_numbers(push, 100)
    for body, more in ((b"a", True), (b"", True), (b"b", False), (b"c", False)):
        assert push.send(body, more) == 0
    send_numbers(push, 100)
    got = []
    for _ in range(204):
        got.append((take(pull), pull.more))
    numbers = [(b"%d" % number, False) for number in range(100)]
    frames = [(b"a", True), (b"", True), (b"b", False), (b"c", False)]
    assert got == numbers + frames + numbers


# Readiness.


def test_ready_and_wait_and_fileno(bench: Bench) -> None:
    pull, (push,) = joined(bench, 1)
    descriptor = pull.fileno()
    send_numbers(push, 100)
    for number in range(100):
        assert pull.ready() == IN
        assert pull.wait(IN, 0) == IN
        assert pull.wait(IN | OUT, LONG) == IN
        assert take(pull) == b"%d" % number
    assert pull.ready() == 0
    assert pull.wait(IN, 0) == 0
    assert not select.select([descriptor], [], [], 0)[0]
    send_numbers(push, 1)
    assert select.select([descriptor], [], [], 30)[0]


@pytest.mark.only("pymq")
def test_polls(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, push, pull, transport)
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    for _ in range(3):
        for number in range(200):
            push.send(b"%d" % number)
        for number in range(200):
            assert pull.poll(20_000) == zmq.POLLIN
            assert poller.poll(20_000) == [(pull, zmq.POLLIN)]
            assert pull.get(zmq.EVENTS) & zmq.POLLIN
            assert pull.recv(zmq.DONTWAIT) == b"%d" % number
            assert not pull.get(zmq.RCVMORE)
        assert pull.poll(0) == 0
        with pytest.raises(zmq.Again):
            pull.recv(zmq.DONTWAIT)


# Marks.


@pytest.mark.parametrize("mark", [1, 2, 3, 10, 100])
def test_senders_block_and_resume_at_the_same_counts(mark: int) -> None:
    def scenario(bench: Bench) -> list[int]:
        pull, (push,) = reader(bench), [bench.hub(PUSH)]
        push.set(HubOption.SEND_HWM, mark)
        pull.set(HubOption.RECV_HWM, mark)
        bench.join(push, pull)
        counts = [_fill(push)]
        for _ in range(5 * mark):
            assert take(pull) is not None
            counts.append(_fill(push))
        return [*counts, len(drain(pull))]

    assert agree(scenario)[0] == 2 * mark


def _fill(hub: Hub) -> int:
    """Send until it would block; how many."""
    return next(count for count in range(10**6) if hub.send(b"x") < 0)


# Other calls.


def test_unsubscribe() -> None:
    def scenario(bench: Bench) -> Any:
        sub, pub = reader(bench, SUB), bench.hub(PUB)
        for topic in (b"a", b"b", b"ab"):
            sub.subscribe(topic)
        bench.join(pub, sub)
        pub.ready()
        for number in range(100):
            for topic in (b"a", b"b", b"ab"):
                pub.send(b"%s%d" % (topic, number))
        first = [take(sub) for _ in range(10)]
        last = sub.unsubscribe(b"a")
        second = [take(sub) for _ in range(10)]
        assert sub.ready() & IN
        return first, last, second, sub.unsubscribe(b"b"), drain(sub)

    first, _, second, _, rest = agree(scenario)
    assert len(first) == len(second) == 10
    assert rest
    assert all(body.startswith(b"ab") for body in rest)


@pytest.mark.parametrize("keep", [False, True])
def test_disconnect(keep: bool) -> None:
    def scenario(bench: Bench) -> Any:
        pull = reader(bench)
        pushes = [bench.hub(PUSH) for _ in range(2)]
        pipes = [bench.join(push, pull)[1] for push in pushes]
        for push, name in zip(pushes, (b"a", b"b")):
            send_numbers(push, 100, name)
        first = [take(pull) for _ in range(11)]
        pipes[0].close(False, keep_input=keep)
        return first, drain(pull)

    _, rest = agree(scenario)
    assert len(rest) == (189 if keep else 95)


def test_disconnect_of_the_only_peer(bench: Bench) -> None:
    pull, push = reader(bench), bench.hub(PUSH)
    pipe = bench.join(push, pull)[1]
    send_numbers(push, 100)
    assert take(pull) == b"0"
    pipe.close(False)
    assert pull.ready() == 0
    assert pull.wait(IN, 0) == 0
    assert take(pull) == -errno.EAGAIN


@pytest.mark.parametrize("error", [errno.ENOTSOCK, errno.ECANCELED])
def test_stop(bench: Bench, error: int) -> None:
    pull, (push,) = joined(bench, 1)
    send_numbers(push, 100)
    assert take(pull) == b"0"
    pull.stop(error)
    assert take(pull) == -error
    assert pull.ready() == -error
    assert pull.wait(IN, LONG) == -error
    assert pull.recv_many(10) == []


@pytest.mark.parametrize("end", ["close", "term"])
def test_the_end_of_a_socket(zmq: Library, end: str) -> None:
    context = zmq.context()
    push, pull = (zmq.socket(kind, context=context) for kind in (zmq.PUSH, zmq.PULL))
    marry(zmq, push, pull, "tcp")
    for number in range(100):
        push.send(b"%d" % number)
    assert pull.recv() == b"0"
    until(lambda: pull.get(zmq.EVENTS) & zmq.POLLIN)
    assert pull.recv() == b"1"
    if end == "close":
        pull.close()
        with zmq.refused(errno.ENOTSOCK):
            pull.recv()
        return
    ending = Background(context.term)
    with zmq.refused(zmq.ETERM):
        for _ in range(101):
            pull.recv()
    push.close(linger=0)
    pull.close()
    ending.result()


# Fairness.


@pytest.mark.parametrize("counts", [(50, 50), (100, 3, 40), (1, 200, 1)])
def test_peers_take_turns(counts: tuple[int, ...]) -> None:
    def scenario(bench: Bench) -> list[bytes]:
        pull, pushes = joined(bench, len(counts))
        for push, count, name in zip(pushes, counts, (b"a", b"b", b"c")):
            send_numbers(push, count, name)
        return drain(pull)

    assert len(agree(scenario)) == sum(counts)


def test_newcomers_do_not_wait_for_long(bench: Bench) -> None:
    """How much is ahead grows with what its user takes in little time."""
    pull, (busy, late) = joined(bench, 2)
    send_numbers(busy, 900)
    assert take(pull) == b"0"
    send_numbers(late, 1, b"late")
    assert drain(pull).index(b"late0") <= 9


# Anything at all.

OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 40), st.integers(0, 3000)),
        st.tuples(st.just("frames"), st.integers(2, 4)),
        st.tuples(st.just("take"), st.integers(1, 60)),
        st.tuples(st.just("many"), st.integers(1, 60)),
        st.tuples(st.just("ready")),
        st.tuples(st.just("close"), st.booleans()),
    ),
    max_size=25,
)


class _Play:
    """Operations on a sender and a reader, and all that can be seen of them."""

    def __init__(self, bench: Bench, mark: int) -> None:
        self.pull, self.push = reader(bench), bench.hub(PAIR)
        self.pull.set(HubOption.RECV_HWM, mark)
        self.push.set(HubOption.SEND_HWM, mark)
        self.pipe = bench.join(self.push, self.pull)[1]

    def send(self, count: int, size: int) -> list[int]:
        """Singles, of sizes from `size` on."""
        return [self.push.send(b"%d" % n * (size + n % 3)) for n in range(count)]

    def frames(self, count: int) -> list[int]:
        """A message of several."""
        first = self.push.send(b"first", True)
        rest = range(1, count) if first == 0 else ()
        return [first, *(self.push.send(b"next", n < count - 1) for n in rest)]

    def take(self, count: int) -> Any:
        """One by one."""
        return [(take(self.pull), self.pull.more) for _ in range(count)]

    def many(self, count: int) -> list[bytes]:
        """At once; how many of those that are there come with one call is nobody's
        business."""
        found: list[bytes] = []
        while some := self.pull.recv_many(count - len(found)):
            found += some
            if len(found) == count:
                break
        return found

    def ready(self) -> list[int]:
        """Everybody."""
        return [hub.ready() for hub in (self.pull, self.push)]

    def close(self, keep: bool) -> bool:
        """The pipe."""
        return self.pipe.close(False, keep)


@settings(max_examples=60, deadline=None)
@given(OPERATIONS, st.sampled_from([0, 1, 2, 3, 10, 1000]))
def test_any_operations(operations: list[Any], mark: int) -> None:
    def scenario(bench: Bench) -> list[Any]:
        play = _Play(bench, mark)
        seen = [getattr(play, name)(*rest) for name, *rest in operations]
        return [*seen, play.take(200)]

    agree(scenario)
