"""Options, subscriptions and endpoints that change while other threads send."""

from __future__ import annotations

import errno
import random
from functools import partial
from typing import Any, Callable, Iterator

import pytest
from library import Library
from marriage import marry
from patience import Background, until

pytestmark = pytest.mark.only("pymq")

ROUNDS = 30


class Traffic:
    """Threads that send on one socket and receive on another until told to stop."""

    def __init__(self, zmq: Library, sender: Any, receiver: Any) -> None:
        self.received = 0
        self.ended = False
        self._zmq = zmq
        work: list[Callable[[], None]] = [
            lambda: self._send(sender),
            lambda: self._send(sender),
            lambda: self._receive(receiver),
            lambda: self._receive(receiver),
        ]
        self._threads = [Background(one) for one in work]

    def _send(self, sock: Any) -> None:
        while not self.ended:
            try:
                sock.send_multipart([b"a", bytes(3000), b"z"], self._zmq.DONTWAIT)
            except self._zmq.Again:
                sock.poll(1, self._zmq.POLLOUT)

    def _receive(self, sock: Any) -> None:
        while not self.ended:
            try:
                parts = sock.recv_multipart(self._zmq.DONTWAIT)
            except self._zmq.Again:
                sock.poll(1)
                continue
            assert parts == [b"a", bytes(3000), b"z"]
            self.received += 1

    def survives(self, change: Callable[[], None]) -> None:
        """Three threads do that, and still more arrives.  Raises what a thread ran
        into."""
        for worker in [Background(change) for _ in range(3)]:
            worker.result()
        before = self.received
        until(lambda: self.received > before)
        self.ended = True
        for thread in self._threads:
            thread.result()


def _changes(zmq: Library, sock: Any, peer: Any) -> Iterator[Callable[[], object]]:
    """What may be asked of a socket, in any order."""
    extra = zmq.address("inproc")
    yield lambda: sock.set(zmq.SNDHWM, random.randrange(1, 2000))
    yield lambda: peer.set(zmq.RCVHWM, random.randrange(1, 2000))
    yield lambda: sock.set(zmq.LINGER, random.randrange(1000))
    yield lambda: sock.get(zmq.EVENTS)
    yield lambda: peer.get(zmq.EVENTS)
    yield lambda: peer.get(zmq.RCVMORE)
    yield lambda: sock.get(zmq.LAST_ENDPOINT)
    yield lambda: zmq.bind(sock, random.choice(("inproc", "tcp")))
    yield lambda: _bind_and_back(zmq, sock, extra)


def _bind_and_back(zmq: Library, sock: Any, address: str) -> None:
    """Another thread may be at the same."""
    try:
        with sock.bind(address):
            pass
    except zmq.ZMQError as error:
        assert error.errno in (errno.EADDRINUSE, errno.ENOENT)


@pytest.mark.core
def test_options_and_endpoints(zmq: Library, transport: str) -> None:
    one, other = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    marry(zmq, one, other, transport)
    traffic = Traffic(zmq, one, other)
    changes = list(_changes(zmq, one, other))

    def change() -> None:
        for _ in range(ROUNDS):
            random.choice(changes)()

    traffic.survives(change)


def test_subscriptions(zmq: Library, transport: str) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    sub.subscribe(b"a")
    marry(zmq, pub, sub, transport)
    traffic = Traffic(zmq, pub, sub)

    def change() -> None:
        for number in range(ROUNDS):
            topic = b"a" * random.randrange(3) + b"%d" % number
            sub.subscribe(topic)
            sub.unsubscribe(topic)

    traffic.survives(change)


def test_peers_come_and_go(zmq: Library, transport: str) -> None:
    one, other = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    marry(zmq, one, other, transport)
    endpoint = zmq.bind(other, transport)
    traffic = Traffic(zmq, one, other)

    def change() -> None:
        for _ in range(ROUNDS // 3):
            with zmq.main.socket(zmq.DEALER) as guest:
                guest.linger = 0
                guest.connect(endpoint)
                guest.send_multipart([b"a", bytes(3000), b"z"])

    traffic.survives(change)


def test_connect_races_with_close(zmq: Library, transport: str) -> None:
    """Nothing is left behind that the context would wait for, or that answers."""
    context = zmq.context()
    for _ in range(ROUNDS):
        pull = zmq.socket(zmq.PULL, context=context)
        address = zmq.address(transport)

        def bind(pull: Any = pull, address: str = address) -> None:
            try:
                while True:
                    with pull.bind(address):
                        pass
            except zmq.ZMQError as error:
                assert error.errno in (errno.ENOTSOCK, errno.EADDRINUSE, errno.ENOENT)

        workers = [Background(bind) for _ in range(2)]
        workers[0].give(random.choice((0, 0.001)))
        pull.close()
        for worker in workers:
            worker.result()
        if transport != "tcp":
            zmq.socket(zmq.PULL, context=context).bind(address)
    context.destroy(linger=0)


def test_requests_take_turns(zmq: Library, transport: str) -> None:
    """Threads that use one REQ and one REP find them in one state or another, but
    what comes back is always an answer to a question."""
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    marry(zmq, rep, req, transport)
    answers: list[bytes] = []
    wanted = 50

    def attempt(call: Callable[..., object], *args: object) -> object:
        try:
            return call(*args, zmq.DONTWAIT)
        except zmq.ZMQError as error:
            assert error.errno in (zmq.EFSM, errno.EAGAIN)
            return None

    def work(sock: Any) -> None:
        while len(answers) < wanted:
            got = attempt(sock.recv_multipart)
            if isinstance(got, list) and sock is req:
                assert len(got) == 2 and got[0] == got[1]
                answers.append(got[0])
            body = b"%d" % random.randrange(1000)
            if sock is req:
                attempt(sock.send_multipart, [body, body])
            elif isinstance(got, list):
                assert len(got) == 2 and got[0] == got[1]
                attempt(sock.send_multipart, got)

    workers = [Background(partial(work, sock)) for sock in (req, rep) * 3]
    for worker in workers:
        worker.result()


def test_every_poller_hears(zmq: Library, transport: str) -> None:
    """Many threads poll one socket, for different things, while another looks at
    EVENTS all the time: what one of them is told is not lost on the others."""
    one, other = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    marry(zmq, one, other, transport)
    for _ in range(ROUNDS):
        ended: list[bool] = []

        def look(ended: list[bool] = ended) -> None:
            while not ended:
                other.get(zmq.EVENTS)

        def poll(flags: int) -> Any:
            poller = zmq.Poller()
            poller.register(other, flags)
            return poller.poll(20_000)

        looker = Background(look)
        pollers = [Background(lambda: poll(zmq.POLLIN)) for _ in range(4)]
        one.send(b"x")
        for poller in pollers:
            assert poller.result() == [(other, zmq.POLLIN)]
        ended.append(True)
        looker.result()
        assert other.recv() == b"x"
