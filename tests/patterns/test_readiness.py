"""POLLIN, POLLOUT, EVENTS and FD, type by type."""

from __future__ import annotations

import select
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import PATIENCE, Background, until

IN, OUT = 1, 2

# What a bound socket that has no peer reports.
ALONE = {
    "PAIR": 0,
    "PUB": OUT,
    "SUB": 0,
    "REQ": 0,
    "REP": 0,
    "DEALER": 0,
    "ROUTER": OUT,
    "PULL": 0,
    "PUSH": 0,
    "XPUB": OUT,
    "XSUB": OUT,
}

# What each of two idle sockets reports that are connected to each other.
MARRIED = [
    ("PAIR", OUT, "PAIR", OUT),
    ("PUSH", OUT, "PULL", 0),
    ("PUB", OUT, "SUB", 0),
    ("XPUB", OUT, "XSUB", OUT),
    ("REQ", OUT, "REP", 0),
    ("DEALER", OUT, "ROUTER", OUT),
    ("DEALER", OUT, "DEALER", OUT),
    ("DEALER", OUT, "REP", 0),
    ("REQ", OUT, "ROUTER", OUT),
]


@pytest.mark.core
@pytest.mark.parametrize("kind", ALONE)
def test_alone(zmq: Library, kind: str) -> None:
    sock = zmq.socket(getattr(zmq, kind))
    zmq.bind(sock, "tcp")
    assert sock.get(zmq.EVENTS) == ALONE[kind]
    assert type(sock.get(zmq.EVENTS)) is int
    assert sock.poll(0, IN | OUT) == ALONE[kind]


@pytest.mark.core
@pytest.mark.parametrize("case", MARRIED, ids=lambda case: f"{case[0]}-{case[2]}")
def test_idle(zmq: Library, transport: str, case: tuple[str, int, str, int]) -> None:
    a, b = zmq.socket(getattr(zmq, case[0])), zmq.socket(getattr(zmq, case[2]))
    marry(zmq, a, b, transport)
    assert a.get(zmq.EVENTS) == case[1]
    assert b.get(zmq.EVENTS) == case[3]


@pytest.mark.core
def test_pollin_is_set_while_there_is_something_to_receive(
    zmq: Library, transport: str
) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    push.send_multipart([b"1", b"2"])
    push.send(b"3")
    for body in (b"1", b"2", b"3"):
        assert pull.poll(20_000) == IN
        assert pull.get(zmq.EVENTS) == IN
        assert pull.recv(zmq.DONTWAIT) == body
    assert pull.get(zmq.EVENTS) == 0
    assert pull.poll(0) == 0


def test_req_and_rep_are_ready_in_turn(zmq: Library, transport: str) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    marry(zmq, rep, req, transport)
    assert (req.get(zmq.EVENTS), rep.get(zmq.EVENTS)) == (OUT, 0)
    req.send(b"?")
    assert rep.poll(20_000, IN | OUT) == IN
    assert req.get(zmq.EVENTS) == 0
    rep.recv()
    assert (req.get(zmq.EVENTS), rep.get(zmq.EVENTS)) == (0, OUT)
    rep.send(b"!")
    assert req.poll(20_000, IN | OUT) == IN
    assert rep.get(zmq.EVENTS) == 0
    req.recv()
    assert (req.get(zmq.EVENTS), rep.get(zmq.EVENTS)) == (OUT, 0)


def test_a_sender_at_its_mark_is_not_writable(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, sndhwm=1)
    pull = zmq.socket(zmq.PULL, rcvhwm=1)
    push.connect(zmq.bind(pull, "inproc"))
    assert push.get(zmq.EVENTS) == OUT
    push.send(b"")
    push.send(b"")
    assert push.get(zmq.EVENTS) == 0
    pull.recv()
    pull.recv()
    assert push.poll(20_000, OUT) == OUT


def test_pub_is_writable_whoever_is_full(zmq: Library) -> None:
    pub = zmq.socket(zmq.PUB, sndhwm=1)
    sub = zmq.socket(zmq.SUB, rcvhwm=1)
    sub.subscribe(b"")
    sub.connect(zmq.bind(pub, "inproc"))
    for _ in range(10):
        assert pub.poll(0, OUT) == OUT
        pub.send(b"")


def test_a_filtered_message_is_no_event(zmq: Library) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    sub.subscribe(b"a")
    marry(zmq, pub, sub, "inproc")
    pub.send(b"a")
    sub.unsubscribe(b"a")
    assert sub.get(zmq.EVENTS) == 0


@pytest.mark.core
def test_poll_wakes_up_for_what_comes_later(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    waiting = Background(lambda: pull.poll(20_000))
    push.send(b"")
    assert waiting.result() == IN


def test_a_blocked_send_goes_on_when_there_is_room(zmq: Library, network: str) -> None:
    _block_until_bound(zmq, network)


@pytest.mark.only("pymq")
def test_a_blocked_send_goes_on_when_a_name_is_bound(zmq: Library) -> None:
    """libzmq's binder lifts the mark of a waiting inproc pipe, and wakes nobody."""
    _block_until_bound(zmq, "inproc")


def _block_until_bound(zmq: Library, transport: str) -> None:
    endpoint = zmq.reserved(transport)
    push, pull = zmq.socket(zmq.PUSH, sndhwm=1), zmq.socket(zmq.PULL)
    push.connect(endpoint)
    push.send(b"fills the queue")
    waiting = Background(lambda: push.send(b"waits for the peer"))
    pull.bind(endpoint)
    assert [pull.recv(), pull.recv()] == [b"fills the queue", b"waits for the peer"]
    waiting.result()


@pytest.mark.core
def test_fd_turns_readable_when_events_may_have_changed(
    zmq: Library, transport: str
) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    fd = pull.get(zmq.FD)
    assert isinstance(fd, int)
    for number in range(50):
        assert pull.get(zmq.EVENTS) == 0
        push.send(b"%d" % number)
        _wait_by_fd(zmq, pull, fd, IN)
        assert pull.recv(zmq.DONTWAIT) == b"%d" % number


def test_fd_tells_of_room_to_send(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, sndhwm=1)
    pull = zmq.socket(zmq.PULL, rcvhwm=1)
    push.connect(zmq.bind(pull, "inproc"))
    fd = push.get(zmq.FD)
    push.send(b"")
    push.send(b"")
    assert push.get(zmq.EVENTS) == 0
    pull.recv()
    pull.recv()
    _wait_by_fd(zmq, push, fd, OUT)


def _wait_by_fd(zmq: Library, sock: Any, fd: int, event: int) -> None:
    """The contract of ZMQ_FD: look at EVENTS, then sleep on the descriptor."""

    def arrived() -> bool:
        if sock.get(zmq.EVENTS) & event:
            return True
        readable, _, _ = select.select([fd], [], [], PATIENCE)
        assert readable, "no edge, and the event has not come"
        return bool(sock.get(zmq.EVENTS) & event)

    until(arrived)
