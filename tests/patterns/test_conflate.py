"""CONFLATE: of what waits in a pipe, only the last message is kept."""

from __future__ import annotations

from typing import Any

import pytest
from library import Library
from marriage import PROBE
from patience import Background, until

#: 3 of 300 times: a write while the other end reads waits for the next write.
LOST = "the last message may stay behind for ever"


def pair(zmq: Library, transport: str, **options: int) -> tuple[Any, Any]:
    """A PUSH and a PULL, connected; options begin with the name of their socket."""
    sockets = []
    for name in ("push", "pull"):
        own = {k[5:]: v for k, v in options.items() if k.startswith(name)}
        sockets.append(zmq.socket(getattr(zmq, name.upper()), **own))
    push, pull = sockets
    push.connect(zmq.bind(pull, transport))
    push.send(PROBE)
    assert pull.recv() == PROBE
    return push, pull


def last_of(pull: Any, wanted: bytes) -> list[bytes]:
    """What is received until that message."""
    received = [pull.recv()]
    while received[-1] != wanted:
        received.append(pull.recv())
    return received


@pytest.mark.core
def test_only_the_last_is_received(zmq: Library) -> None:
    """Over inproc, where all have been sent when the first is received.  Each turn
    refills the pipe: nothing may have been received ahead."""
    push, pull = pair(zmq, "inproc", push_conflate=1, pull_conflate=1)
    for turn in range(3):
        for number in range(500):
            push.send(b"%d.%d" % (turn, number))
        assert pull.recv() == b"%d.499" % turn
        assert not pull.poll(0)
        with pytest.raises(zmq.Again):
            pull.recv(zmq.DONTWAIT)


@pytest.mark.fails_on("pyzmq", reason=LOST)
@pytest.mark.parametrize("end", ["push", "pull"])
def test_over_a_connection(zmq: Library, network: str, end: str) -> None:
    """A receiver that stays away gets what is newest and little else."""
    push, pull = pair(zmq, network, **{f"{end}_conflate": 1, "pull_rcvhwm": 10})
    body = b"x" * 1000
    for number in range(20_000):
        push.send(b"%d " % number + body)
    push.send(b"end")
    received = last_of(pull, b"end")
    numbers = [int(body.split()[0]) for body in received[:-1]]
    assert numbers == sorted(set(numbers))
    assert len(numbers) < 20_000  # of PUSH, the oldest: they are with the kernel


@pytest.mark.fails_on("pyzmq", reason="only the connecter's option counts")
@pytest.mark.parametrize("end", ["push", "pull"])
@pytest.mark.parametrize("binder", ["push", "pull"])
def test_over_inproc_either_end_may_ask(zmq: Library, end: str, binder: str) -> None:
    push = zmq.socket(zmq.PUSH, conflate=int(end == "push"))
    pull = zmq.socket(zmq.PULL, conflate=int(end == "pull"))
    first, second = (push, pull) if binder == "push" else (pull, push)
    second.connect(zmq.bind(first, "inproc"))
    for number in range(10):
        push.send(b"%d" % number)
    assert pull.recv() == b"9"
    assert not pull.poll(0)


@pytest.mark.only("pymq")
@pytest.mark.parametrize("end", ["push", "pull"])
def test_what_was_sent_before_the_bind(zmq: Library, end: str) -> None:
    endpoint = zmq.reserved("inproc")
    push = zmq.socket(zmq.PUSH, conflate=int(end == "push"))
    push.connect(endpoint)
    for number in range(10):
        push.send(b"%d" % number)
    pull = zmq.socket(zmq.PULL, conflate=int(end == "pull"))
    pull.bind(endpoint)
    assert pull.recv() == b"9"
    assert not pull.poll(0)


def test_no_mark_stops_the_sender(zmq: Library, network: str) -> None:
    """Not over inproc: libzmq aborts the process when it ends such a context."""
    push = zmq.socket(zmq.PUSH, conflate=1, sndhwm=1)
    push.connect(zmq.reserved(network))
    for number in range(1000):
        push.send(b"%d" % number, zmq.DONTWAIT)
    assert push.poll(0, zmq.POLLOUT)


def test_the_last_waits_for_its_receiver(zmq: Library, network: str) -> None:
    endpoint = zmq.reserved(network)
    push = zmq.socket(zmq.PUSH, conflate=1, reconnect_ivl=10)
    push.connect(endpoint)
    for number in range(100):
        push.send(b"%d" % number)
    pull = zmq.socket(zmq.PULL)
    pull.bind(endpoint)
    assert pull.recv() == b"99"
    assert not pull.poll(50)


@pytest.mark.fails_on("pyzmq", reason="the end of the pipe replaces the message")
def test_the_last_is_sent_after_close(zmq: Library, transport: str) -> None:
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, transport)
    push = zmq.socket(zmq.PUSH, conflate=1)
    push.connect(endpoint)
    for number in range(1000):
        push.send(b"%d" % number)
    push.close()
    assert last_of(pull, b"999")[-1] == b"999"


def test_readiness(zmq: Library) -> None:
    """A look at a message does not fix it."""
    push, pull = pair(zmq, "inproc", push_conflate=1, pull_conflate=1)
    for number in range(5):
        push.send(b"%d" % number)
        assert pull.poll(0) == zmq.POLLIN
        assert pull.get(zmq.EVENTS) & zmq.POLLIN
    assert pull.recv() == b"4"
    assert not pull.get(zmq.EVENTS) & zmq.POLLIN


@pytest.mark.fails_on("pyzmq", reason=LOST)
def test_a_waiting_receiver_is_woken(zmq: Library, transport: str) -> None:
    push, pull = pair(zmq, transport, push_conflate=1, pull_conflate=1)
    for number in range(200):
        waiting = Background(pull.recv)
        push.send(b"%d" % number)
        assert waiting.result() == b"%d" % number


def test_bodies_of_all_sizes(zmq: Library) -> None:
    """Short ones share memory, long ones have their own."""
    push, pull = pair(zmq, "inproc", push_conflate=1, pull_conflate=1)
    sizes = [0, 1, 300, 5000, 20_000, 100_000, 3, 70_000, 0, 17_000, 40]
    for first in range(len(sizes)):
        for count in range(1, len(sizes)):
            chosen = [sizes[(first + i) % len(sizes)] for i in range(count)]
            for size in chosen:
                push.send(b"x" * size)
            assert len(pull.recv()) == chosen[-1]
            assert not pull.poll(0)


@pytest.mark.parametrize("end", ["pub", "sub"])
def test_pub_and_sub(zmq: Library, transport: str, end: str) -> None:
    """The connecter asks, so that libzmq's inproc obeys."""
    pub = zmq.socket(zmq.PUB, conflate=int(end == "pub"))
    sub = zmq.socket(zmq.SUB, conflate=int(end == "sub"))
    sub.subscribe(b"")
    if end == "pub":
        pub.connect(zmq.bind(sub, transport))
    else:
        sub.connect(zmq.bind(pub, transport))

    def heard() -> int:
        pub.send(b"hello")
        ready: int = sub.poll(5)
        return ready

    until(heard)
    while sub.poll(0):  # libzmq keeps what it has looked at
        sub.recv()
    for number in range(5000):
        pub.send(b"%d" % number)
    if transport == "inproc":
        assert sub.recv() == b"4999"
        assert not sub.poll(0)

    def ended() -> bool:
        pub.send(b"end")  # a PUB that does not conflate drops what is too much
        return bool(sub.poll(5) and sub.recv() == b"end")

    until(ended)


@pytest.mark.fails_on("pyzmq", reason="subscriptions are conflated, too")
def test_a_conflating_sub_keeps_its_subscriptions(zmq: Library, transport: str) -> None:
    xpub, sub = zmq.socket(zmq.XPUB), zmq.socket(zmq.SUB, conflate=1)
    topics = {b"%d" % number for number in range(1000)}
    for topic in topics:
        sub.subscribe(topic)
    sub.connect(zmq.bind(xpub, transport))
    assert {xpub.recv()[1:] for _ in topics} == topics


@pytest.mark.fails_on("pyzmq", reason="subscriptions are conflated, too")
@pytest.mark.parametrize("kind", ["SUB", "XSUB"])
def test_a_conflating_pub_hears_every_subscription(
    zmq: Library, transport: str, kind: str
) -> None:
    pub, sub = zmq.socket(zmq.PUB, conflate=1), zmq.socket(getattr(zmq, kind))
    sub.connect(zmq.bind(pub, transport))
    for number in range(1000):
        if kind == "SUB":
            sub.subscribe(b"%d." % number)
        else:
            sub.send(b"\1%d." % number)
    until(lambda: pub.get(zmq.TOPICS_COUNT) == 1000)


def test_dealers_both_ways(zmq: Library) -> None:
    a, b = (zmq.socket(zmq.DEALER, conflate=1) for _ in range(2))
    b.connect(zmq.bind(a, "inproc"))
    for sender, receiver in ((a, b), (b, a)):
        for number in range(100):
            sender.send(b"%d" % number)
        assert receiver.recv() == b"99"
        assert not receiver.poll(0)


def test_each_peer_has_its_last(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL, conflate=1)
    endpoint = zmq.bind(pull, "inproc")
    pushes = [zmq.socket(zmq.PUSH, conflate=1) for _ in range(3)]
    for push in pushes:
        push.connect(endpoint)
    for number in range(10):
        for index, push in enumerate(pushes):
            push.send(b"%d.%d" % (index, number))
    assert sorted(pull.recv() for _ in pushes) == [b"0.9", b"1.9", b"2.9"]
    assert not pull.poll(0)


@pytest.mark.fails_on("pyzmq", reason="keeps the last frame, not the last message")
def test_messages_stay_whole(zmq: Library, transport: str) -> None:
    push, pull = pair(zmq, transport, push_conflate=1, pull_conflate=1)
    for number in range(1000):
        push.send_multipart([b"%d" % number] * (number % 4 + 1))
        if number % 100 == 50 and pull.poll(0):
            frames = pull.recv_multipart()
            assert len(frames) == int(frames[0]) % 4 + 1
    push.send_multipart([b"end", b"tail"])
    while True:
        frames = pull.recv_multipart()
        if frames[0] == b"end":
            break
        assert frames == [frames[0]] * (int(frames[0]) % 4 + 1)
    assert frames == [b"end", b"tail"]


@pytest.mark.fails_on("pyzmq", reason="keeps the last frame, not the last message")
def test_a_message_that_is_being_received_is_left_alone(zmq: Library) -> None:
    push, pull = pair(zmq, "inproc", push_conflate=1, pull_conflate=1)
    push.send_multipart([b"a", b"b", b"c" * 20_000])
    assert pull.recv() == b"a"
    for number in range(100):
        push.send(b"%d" % number)
        push.send_multipart([b"%d" % number, b"x"])
    assert pull.recv_multipart() == [b"b", b"c" * 20_000]
    assert pull.recv_multipart() == [b"99", b"x"]


@pytest.mark.only("pymq")
def test_a_batch_is_many_messages(zmq: Library) -> None:
    push, pull = pair(zmq, "inproc", push_conflate=1, pull_conflate=1)
    for _ in range(3):
        push.send_many([b"%d" % number for number in range(100)])
        assert pull.recv_many() == [b"99"]


@pytest.mark.fails_on("pyzmq", reason=LOST)
def test_in_order_and_each_once(zmq: Library, transport: str) -> None:
    """And the last one comes, while another thread sends."""
    push, pull = pair(zmq, transport, push_conflate=1, pull_conflate=1)
    bodies = [b"%d " % number * (number % 7 + 1) for number in range(20_000)]
    sending = Background(lambda: [push.send(body) for body in bodies])
    received = last_of(pull, bodies[-1])
    sending.result()
    numbers = [int(body.split()[0]) for body in received]
    assert numbers == sorted(set(numbers))
    assert [bodies[number] for number in numbers] == received
    assert not pull.poll(0)


def test_other_types_ignore_it(zmq: Library) -> None:
    a, b = (zmq.socket(zmq.PAIR, conflate=1) for _ in range(2))
    b.connect(zmq.bind(a, "inproc"))
    for number in range(10):
        a.send(b"%d" % number)
    assert [b.recv() for _ in range(10)] == [b"%d" % n for n in range(10)]


def test_it_concerns_later_connections(zmq: Library) -> None:
    push, pull = pair(zmq, "inproc")
    push.set(zmq.CONFLATE, 1)
    for number in range(10):
        push.send(b"%d" % number)
    assert [pull.recv() for _ in range(10)] == [b"%d" % n for n in range(10)]
