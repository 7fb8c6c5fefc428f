"""Bodies that are sent without a copy: who holds their owner, and until when."""

from __future__ import annotations

import errno
import gc
import socket
import sys
from typing import Union
from weakref import ref

import pytest
from patience import until
from workbench import (
    PAIR,
    PUB,
    PULL,
    PUSH,
    SUB,
    Bench,
    command,
    frame,
    read_all,
    read_exactly,
)

from pymq.backend.abc import Backend, Buffer, EventKind, Hub, HubOption, Link, Pipe

LONG = 300_000  # bytes: never copied
SIZES = (16_383, 16_384, 65_535, 65_536, 65_537, 262_144, 1_048_577, 5_000_000)


class Owner:
    """Something to be kept."""


class Loan:
    """A buffer that was sent with an owner."""

    def __init__(self, backend: Backend, size: int = LONG) -> None:
        self._backend = backend
        self._owner: Union[Owner, None] = Owner()
        self._ref = ref(self._owner)
        self.data = bytearray(range(256)) * (size // 256 + 1)

    def send(self, hub: Hub, more: bool = False) -> int:
        """Send the buffer; the backend alone has the owner then."""
        owner, self._owner = self._owner, None
        return hub.send(self.data, more, owner)

    @property
    def over(self) -> bool:
        """Whether the owner is gone."""
        self._backend.settle()
        gc.collect()
        return self._ref() is None


@pytest.fixture
def loan(backend: Backend) -> Loan:
    return Loan(backend)


def _body(hub: Hub) -> Buffer:
    """What is there to receive, where it lies."""
    found = hub.recv_from()
    assert isinstance(found, tuple)
    return found[0]


def _narrow(bench: Bench, pipe: Pipe) -> socket.socket:
    """A link with little room in the kernel."""
    near, far = bench.descriptors()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    pipe.attach(Link(near.detach()))
    return far


@pytest.mark.parametrize("size", SIZES)
def test_every_size_arrives(bench: Bench, backend: Backend, size: int) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    near, far = socket.socketpair()
    for end, hub in ((near, push), (far, pull)):
        end.setblocking(False)
        bench.pipe(hub).attach(Link(end.detach()))
    loan = Loan(backend, size)
    body = bytes(loan.data[:size])
    for _ in range(3):
        assert push.send(b"first", True) == 0
        assert push.send(body, True) == 0
        assert push.send(memoryview(loan.data)[:size], True, loan) == 0
        assert push.send(body) == 0
        assert bench.recv(pull) == [b"first", body, body, body]


def test_the_kernel_has_it(bench: Bench, loan: Loan) -> None:
    hub = bench.hub(PUSH)
    far = _narrow(bench, bench.pipe(hub))
    assert loan.send(hub) == 0
    wire = frame(bytes(loan.data))
    assert read_exactly(far, 1000) == wire[:1000]
    assert not loan.over
    assert read_exactly(far, len(wire) - 1000) == wire[1000:]
    until(lambda: loan.over)


def test_it_lingers(bench: Bench, loan: Loan) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    far = _narrow(bench, pipe)
    assert loan.send(hub) == 0
    assert not pipe.close(drain=True)
    hub.stop(1)
    hub.free()
    assert not loan.over
    assert read_all(far) == frame(bytes(loan.data))
    bench.event(EventKind.PIPE_CLOSED, pipe)
    until(lambda: loan.over)


@pytest.mark.parametrize("attached", [True, False])
def test_it_is_dropped(bench: Bench, loan: Loan, attached: bool) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    if attached:
        _narrow(bench, pipe)
    assert loan.send(hub) == 0
    assert not loan.over
    pipe.close(drain=False)
    hub.stop(1)
    hub.free()
    until(lambda: loan.over)


def test_an_unfinished_message_is_dropped(bench: Bench, loan: Loan) -> None:
    hub = bench.hub(PUSH)
    pipe, far = bench.link(hub)
    assert hub.send(b"whole") == 0
    assert loan.send(hub, more=True) == 0
    pipe.close(drain=True)
    assert read_all(far) == frame(b"whole")
    until(lambda: loan.over)


def test_a_link_breaks(bench: Bench, backend: Backend) -> None:
    hub = bench.hub(PUSH)
    pipe = bench.pipe(hub)
    far = _narrow(bench, pipe)
    loans = [Loan(backend), Loan(backend)]
    for loan in loans:
        assert loan.send(hub) == 0
    read_exactly(far, 1000)
    far.close()
    bench.event(EventKind.LINK_DOWN, pipe)
    until(lambda: loans[0].over)
    assert not loans[1].over
    far = bench.attach(pipe)
    wire = frame(bytes(loans[1].data))
    assert read_exactly(far, len(wire)) == wire
    until(lambda: loans[1].over)


def test_the_pipe_is_full(bench: Bench, loan: Loan) -> None:
    hub = bench.hub(PUSH)
    hub.set(HubOption.SEND_HWM, 1)
    bench.pipe(hub)
    assert hub.send(b"x") == 0
    assert loan.send(hub) == -errno.EAGAIN
    until(lambda: loan.over)


def test_without_an_owner_it_is_copied(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    data = bytearray(b"a" * LONG)
    assert push.send(data) == 0
    data[:] = b"b" * LONG
    assert bench.recv(pull) == [b"a" * LONG]


def test_an_answer_waits_for_the_end_of_a_body(bench: Bench, loan: Loan) -> None:
    hub = bench.hub(PAIR)
    far = _narrow(bench, bench.pipe(hub))
    assert loan.send(hub) == 0
    wire = frame(bytes(loan.data))
    assert read_exactly(far, 1) == wire[:1]
    far.sendall(command(b"PING", b"\0\0me"))
    assert hub.send(b"next") == 0
    rest = wire[1:] + command(b"PONG", b"me") + frame(b"next")
    assert sorted(read_exactly(far, len(rest))) == sorted(rest)
    until(lambda: loan.over)


def test_the_receiver_lets_go(bench: Bench, loan: Loan) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    assert loan.send(push) == 0
    assert pull.wait(1, 10_000) == 1
    view = _body(pull)
    assert view == loan.data
    assert isinstance(view, memoryview)
    assert view.readonly
    assert not loan.over
    del view
    until(lambda: loan.over)


def test_the_last_of_many_receivers_lets_go(bench: Bench, loan: Loan) -> None:
    pub = bench.hub(PUB)
    subs = [bench.hub(SUB) for _ in range(3)]
    for sub in subs:
        bench.join(pub, sub)
        sub.subscribe(b"")
    assert loan.send(pub) == 0
    for sub in subs:
        assert not loan.over
        assert bench.recv(sub) == [bytes(loan.data)]
    until(lambda: loan.over)


def test_bytes_go_through_a_process_as_they_are(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    body = bytes(LONG)
    assert push.send(body) == 0
    assert bench.recv(pull)[0] is body


@pytest.mark.skipif(
    not hasattr(sys, "getrefcount"), reason="there are no reference counts here"
)
@pytest.mark.parametrize("joined", [True, False])
def test_bytes_are_let_go_of(bench: Bench, backend: Backend, joined: bool) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    near, far = bench.pipe(push), bench.pipe(pull)
    if joined:
        near.join(far)
    else:
        for end, pipe in zip(bench.descriptors(), (near, far)):
            pipe.attach(Link(end.detach()))
    body = b"%d" % LONG * LONG
    before = sys.getrefcount(body)
    for _ in range(3):
        assert push.quick_send(body) == 0
        assert push.send_message([b"", body, body]) == 0
    assert sys.getrefcount(body) > before
    for _ in range(3):
        assert bench.recv(pull) == [body]
        assert bench.recv(pull) == [b"", body, body]

    def over() -> bool:
        backend.settle()
        return sys.getrefcount(body) == before

    until(over)


@pytest.mark.skipif(
    not hasattr(sys, "getrefcount"), reason="there are no reference counts here"
)
@pytest.mark.parametrize("size", [4_096, 4_097, 16_384, LONG])
def test_many_bytes_are_let_go_of(bench: Bench, backend: Backend, size: int) -> None:
    """Also those that there was no room for."""
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    push.set(HubOption.SEND_HWM, 4)
    pull.set(HubOption.RECV_HWM, 3)
    bench.join(push, pull)
    body = b"x" * size
    before = sys.getrefcount(body)
    messages = [body, b"", body, body, b"short", body, body, body, body]
    assert push.send_many(messages) == 7
    assert push.send_many(messages[7:]) == -errno.EAGAIN
    assert pull.recv_many(2) == messages[:2]
    assert pull.recv_many(99) == messages[2:7]
    del messages

    def over() -> bool:
        backend.settle()
        return sys.getrefcount(body) == before

    until(over)


@pytest.mark.parametrize("size", [4_097, LONG])
def test_many_long_and_short_in_order(bench: Bench, size: int) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    for end, hub in zip(bench.descriptors(), (push, pull)):
        bench.pipe(hub).attach(Link(end.detach()))
    messages = [b"%d" % number * (size if number % 3 else 1) for number in range(60)]
    assert push.send_many(messages) == 60
    found: list[bytes] = []
    while len(found) < 60:
        assert pull.wait(1, 10_000) == 1
        found += pull.recv_many(7)
    assert found == messages


def test_more_than_bytes(bench: Bench) -> None:
    class Text(bytes):
        pass

    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.pipe(push).join(bench.pipe(pull))
    assert push.send(Text(LONG)) == 0
    [body] = bench.recv(pull)
    assert type(body) is bytes
    assert body == bytes(LONG)


def test_a_view_outlives_everything(bench: Bench) -> None:
    hub = bench.hub(PULL)
    pipe, far = bench.link(hub)
    body = bytes(range(256)) * 2000
    far.sendall(frame(body) * 2)
    views = []
    for _ in range(2):
        assert hub.wait(1, 10_000) == 1
        views.append(_body(hub))
    pipe.close(drain=False)
    hub.stop(1)
    hub.free()
    bench.loop.stop()
    assert views == [body, body]


def test_a_short_body_is_no_view(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    for body in (b"", b"short", bytes(5000)):
        assert push.send(body) == 0
        assert _body(pull) == body
    assert pull.recv_from() == -errno.EAGAIN


def test_the_class_of_a_body_makes_empty_ones(bench: Bench) -> None:
    """A view leads to it, so anybody may call it."""
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    assert push.send(bytearray(LONG)) == 0
    found = pull.recv_from()
    assert not isinstance(found, int)
    kind = type(memoryview(found[0]).obj)
    assert bytes(kind()) == b""
