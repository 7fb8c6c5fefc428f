"""One socket, many threads: every message arrives once, whole, and in order.

libzmq's sockets are for one thread at a time.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from typing import Any, Callable

import pytest
from library import Library
from marriage import marry
from patience import Background

pytestmark = pytest.mark.only("pymq")

THREADS = 8
EACH = 60  # messages of one thread
LONG = 20_000  # bytes: lent, where anything is
SIZES = (0, 1, 30, 300, 5000, LONG)

Parts = list[bytes]


def _body(sender: int, number: int) -> bytes:
    return b"%d:%d:" % (sender, number) + bytes(SIZES[(sender + number) % len(SIZES)])


def _message(sender: int, number: int) -> Parts:
    """All of it can be told from any frame."""
    return [_body(sender, number)] * (2 + (number % 10))


def _origin(body: bytes) -> tuple[int, int]:
    sender, number = body.split(b":")[:2]
    return int(sender), int(number)


def _send_single(sock: Any, sender: int, number: int) -> None:
    body = _body(sender, number)
    way = number % 4
    if way == 0:
        sock.send(body)
    elif way == 1:
        sock.send(bytearray(body))
    elif way == 2:
        sock.send(body, copy=False)
    else:
        assert sock.send_many([body]) == 1


def _send_whole(sock: Any, sender: int, number: int) -> None:
    parts = _message(sender, number)
    way = number % 4
    if way == 0:
        sock.send_multipart(parts)
    elif way == 1:
        sock.send_multipart([memoryview(parts[0]), *map(bytearray, parts[1:])])
    elif way == 2:
        sock.send_multipart(parts, copy=False)
    else:
        assert sock.send_many([tuple(parts)]) == 1


def _receive(sock: Any, way: int) -> list[Parts]:
    if way == 0:
        return [sock.recv_multipart()]
    if way == 1:
        return [[bytes(frame) for frame in sock.recv_multipart(copy=False)]]
    return [m if isinstance(m, list) else [m] for m in sock.recv_many(3)]


Read = Background[list[Parts]]


def _readers(zmq: Library, sock: Any, total: int) -> list[Read]:
    """Threads that receive until all of them have received so many."""
    arrived: list[int] = []
    sock.set(zmq.RCVTIMEO, 20)

    def read(seed: int) -> list[Parts]:
        ways, found = random.Random(seed), []
        while sum(arrived) < total:
            try:
                some = _receive(sock, ways.randrange(3))
            except zmq.Again:
                continue
            found += some
            arrived.append(len(some))
        return found

    return [Background(partial(read, seed)) for seed in range(THREADS)]


def _senders(send: Callable[..., None], sock: Any) -> list[Background[None]]:
    def work(sender: int) -> None:
        for number in range(EACH):
            send(sock, sender, number)

    return [Background(partial(work, sender)) for sender in range(THREADS)]


def _check(readers: list[Read], expected: Callable[[int, int], Parts]) -> None:
    """Each message of each sender came once, as it was sent, and in order."""
    counted: Counter[tuple[int, int]] = Counter()
    for reader in readers:
        last = dict.fromkeys(range(THREADS), -1)
        for parts in reader.result():
            sender, number = _origin(parts[-1])
            assert parts == expected(sender, number)
            assert last[sender] < number
            last[sender] = number
            counted[sender, number] += 1
    every = [(sender, n) for sender in range(THREADS) for n in range(EACH)]
    assert counted == Counter(every)


KINDS = {
    "single": (_send_single, lambda *key: [_body(*key)]),
    "whole": (_send_whole, _message),
}


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Any:
    """How to send, and what is received."""
    return KINDS[request.param]


@pytest.mark.core
def test_push_pull(zmq: Library, transport: str, kind: Any) -> None:
    send, expected = kind
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    readers = _readers(zmq, pull, THREADS * EACH)
    for sender in _senders(send, push):
        sender.result()
    _check(readers, expected)


def test_dealer_router(zmq: Library, transport: str, kind: Any) -> None:
    """There, and what the router's threads send back, if it was one frame, too."""
    send, expected = kind
    dealer, router = zmq.socket(zmq.DEALER), zmq.socket(zmq.ROUTER)
    dealer.set(zmq.ROUTING_ID, b"name")
    marry(zmq, router, dealer, transport)
    requests = _readers(zmq, router, THREADS * EACH)
    for sender in _senders(send, dealer):
        sender.result()
    _check(requests, lambda *key: [b"name", *expected(*key)])
    replies = _readers(zmq, dealer, THREADS * EACH)

    def answer(sock: Any, sender: int, number: int) -> None:
        sock.send_multipart([b"name", *expected(sender, number)])

    for sender in _senders(answer, router):
        sender.result()
    _check(replies, expected)


def test_pub_sub(zmq: Library, transport: str, kind: Any) -> None:
    send, expected = kind
    pub, sub = zmq.socket(zmq.PUB, sndhwm=0), zmq.socket(zmq.SUB, rcvhwm=0)
    sub.subscribe(b"")
    marry(zmq, pub, sub, transport)
    readers = _readers(zmq, sub, THREADS * EACH)
    for sender_thread in _senders(send, pub):
        sender_thread.result()
    _check(readers, expected)


def test_a_message_waits_for_room_as_a_whole(zmq: Library, transport: str) -> None:
    """Every sender finds the queue full again and again."""
    push, pull = zmq.socket(zmq.PUSH, sndhwm=1), zmq.socket(zmq.PULL, rcvhwm=1)
    marry(zmq, pull, push, transport)
    senders = _senders(_send_whole, push)
    _check(_readers(zmq, pull, THREADS * EACH), _message)
    for sender in senders:
        sender.result()
