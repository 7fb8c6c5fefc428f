"""send_many and recv_many, which pyzmq does not have."""

from __future__ import annotations

import errno
import time
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import Background, until

pytestmark = pytest.mark.only("pymq")

NUMBERS = [b"%d" % number for number in range(3000)]
KINDS = ["PUSH PULL", "PAIR PAIR", "DEALER DEALER", "PUB SUB", "XPUB SUB", "PUB XSUB"]


def _pair(zmq: Library, kinds: str, transport: str) -> tuple[Any, Any]:
    sender, reader = (zmq.socket(getattr(zmq, kind)) for kind in kinds.split())
    if kinds.endswith("XSUB"):
        reader.send(b"\1")
    elif kinds.endswith("SUB"):
        reader.subscribe(b"")
    marry(zmq, sender, reader, transport)
    return sender, reader


def _all(reader: Any, count: int) -> list[Any]:
    found: list[Any] = []
    while len(found) < count:
        found += reader.recv_many()
    return found


@pytest.mark.core
@pytest.mark.parametrize("kinds", KINDS)
def test_all_arrive_in_order(zmq: Library, transport: str, kinds: str) -> None:
    sender, reader = _pair(zmq, kinds, transport)
    assert sender.send_many(NUMBERS[:900]) == 900
    assert _all(reader, 900) == NUMBERS[:900]


def test_more_than_fit(zmq: Library, transport: str) -> None:
    """The sender waits for room, again and again."""
    push, pull = zmq.socket(zmq.PUSH, sndhwm=10), zmq.socket(zmq.PULL, rcvhwm=10)
    marry(zmq, push, pull, transport)
    sending = Background(lambda: push.send_many(NUMBERS))
    assert _all(pull, len(NUMBERS)) == NUMBERS
    assert sending.result() == len(NUMBERS)


def test_messages_of_several_frames(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, push, pull, transport)
    messages: list[Any] = [b"a", [b"b", b""], b"c", [b"d"], [b"e"] * 9, b"f" * 10_000]
    assert push.send_many(messages * 20) == 120
    received = [b"a", [b"b", b""], b"c", b"d", [b"e"] * 9, b"f" * 10_000]
    assert _all(pull, 120) == received * 20


@pytest.mark.parametrize("data", [bytearray(b"x"), memoryview(b"x")])
def test_other_buffers(zmq: Library, data: Any) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, push, pull, "inproc")
    assert push.send_many([b"a", data, zmq.Frame(b"b"), (data, b"")]) == 4
    assert _all(pull, 4) == [b"a", b"x", b"b", [b"x", b""]]


def test_any_iterable(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, push, pull, "inproc")
    assert push.send_many(b"%d" % number for number in range(5)) == 5
    assert push.send_many([]) == 0
    assert _all(pull, 5) == NUMBERS[:5]


@pytest.mark.parametrize("bad", ["text", 1, None])
def test_what_is_no_message(zmq: Library, bad: Any) -> None:
    push = zmq.socket(zmq.PUSH)
    zmq.bind(push, "inproc")
    with pytest.raises(TypeError):
        push.send_many([bad])


def test_partly_and_not_at_all(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH, sndhwm=3), zmq.socket(zmq.PULL, rcvhwm=4)
    pull.connect(zmq.bind(push, "inproc"))
    assert push.send_many(NUMBERS, zmq.DONTWAIT) == 7
    with pytest.raises(zmq.Again):
        push.send_many(NUMBERS, zmq.DONTWAIT)
    push.set(zmq.SNDTIMEO, 1)
    with pytest.raises(zmq.Again):
        push.send_many(NUMBERS)
    assert pull.recv_many(4) == NUMBERS[:4]
    assert push.send_many(NUMBERS) == 4
    assert pull.recv_many() == NUMBERS[4:7] + NUMBERS[:4]


def test_nothing_to_receive(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    zmq.bind(pull, "inproc")
    with pytest.raises(zmq.Again):
        pull.recv_many(flags=zmq.DONTWAIT)
    with pytest.raises(zmq.Again):
        pull.recv_many(timeout=1)
    pull.set(zmq.RCVTIMEO, 1)
    with pytest.raises(zmq.Again):
        pull.recv_many()
    with pytest.raises(ValueError, match="positive"):
        pull.recv_many(0)


def test_a_wait_for_the_first(zmq: Library, network: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, push, pull, network)
    reading = Background(lambda: pull.recv_many(timeout=-1))
    reading.give(0.05)
    push.send(b"x")
    assert reading.result() == [b"x"]


def test_mixed_with_recv(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, push, pull, transport)
    push.send_many(NUMBERS[:900])
    got: list[bytes] = []
    while len(got) < 900:
        got.append(pull.recv())
        got += pull.recv_many(3) if len(got) < 897 else []
        if len(got) < 900:
            got.append(pull.recv(copy=False).bytes)
    assert got == NUMBERS[:900]


def test_requests_in_many(zmq: Library, transport: str) -> None:
    """REQ and REP have their turns, also here."""
    rep, req = zmq.socket(zmq.REP), zmq.socket(zmq.REQ)
    marry(zmq, rep, req, transport)
    assert req.send_many([b"question"]) == 1
    assert rep.recv_many(9) == [b"question"]
    with zmq.refused(zmq.EFSM):
        rep.recv_many(9)
    assert rep.send_many([[b"an", b"swer"]]) == 1
    assert req.recv_many(9) == [[b"an", b"swer"]]
    with zmq.refused(zmq.EFSM):
        rep.send_many([b"x"])


def test_envelopes(zmq: Library, network: str) -> None:
    router = zmq.socket(zmq.ROUTER)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"me")
    marry(zmq, router, dealer, network)
    assert dealer.send_many([[b"", b"1"], [b"", b"2"]]) == 2
    got = _all(router, 2)
    assert got == [[b"me", b"", b"1"], [b"me", b"", b"2"]]
    assert router.send_many(got) == 2
    assert _all(dealer, 2) == [[b"", b"1"], [b"", b"2"]]


def test_who_cannot(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    with zmq.refused(errno.ENOTSUP):
        pull.send_many([b"x"])
    with zmq.refused(errno.ENOTSUP):
        push.recv_many()
    for sock in (push, pull):
        sock.close()
    with zmq.refused(errno.ENOTSOCK):
        push.send_many([b"x"])
    with zmq.refused(errno.ENOTSOCK):
        pull.recv_many()


@pytest.mark.parametrize("call", ["send", "receive"])
def test_the_end_of_the_context(zmq: Library, call: str) -> None:
    context = zmq.context()
    sock = zmq.socket(zmq.PAIR, context=context, linger=0)
    zmq.bind(sock, "tcp")
    work = sock.recv_many if call == "receive" else lambda: sock.send_many([b"x"])
    blocked = Background(work)
    blocked.give(0.05)
    ending = Background(context.term)
    with zmq.refused(zmq.ETERM):
        blocked.result()
    sock.close()
    ending.result()


def test_poll_while_there_is_more(zmq: Library, network: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, push, pull, network)
    push.send_many(NUMBERS[:100])
    got: list[bytes] = []
    deadline = time.monotonic() + 20
    while len(got) < 100 and time.monotonic() < deadline:
        if pull.poll(1000):
            got += pull.recv_many(7)
    assert got == NUMBERS[:100]
    until(lambda: pull.get(zmq.EVENTS) & zmq.POLLIN == 0)
