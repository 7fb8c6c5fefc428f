"""A blocked call ends when another thread closes its socket or terminates its context.

libzmq crashes, or waits for ever, when another thread closes the socket.
"""

from __future__ import annotations

import errno
import random
import threading
from functools import partial
from typing import Any, Callable

import pytest
from library import Library
from patience import Background

pytestmark = pytest.mark.only("pymq")

ROUNDS = 10
THREADS = 3


def _proxy(zmq: Library, sock: Any) -> None:
    other = sock.context.socket(zmq.PUSH)
    try:
        zmq.proxy(sock, other)
    finally:
        other.close(linger=0)


def _poller(zmq: Library, sock: Any) -> None:
    poller = zmq.Poller()
    poller.register(sock, zmq.POLLIN)
    poller.poll()


Call = Callable[[Library, Any], object]

#: What blocks, and on a socket of which type: PUSH has no peer, so no room.
CALLS: dict[str, tuple[str, Call]] = {
    "recv": ("PULL", lambda zmq, sock: sock.recv()),
    "recv frame": ("PULL", lambda zmq, sock: sock.recv(copy=False)),
    "recv_multipart": ("DEALER", lambda zmq, sock: sock.recv_multipart()),
    "recv_many": ("SUB", lambda zmq, sock: sock.recv_many()),
    "recv of REP": ("REP", lambda zmq, sock: sock.recv()),
    "send": ("PUSH", lambda zmq, sock: sock.send(b"x")),
    "send buffer": ("PUSH", lambda zmq, sock: sock.send(bytearray(100))),
    "send_multipart": ("DEALER", lambda zmq, sock: sock.send_multipart([b"x", b"y"])),
    "send of REQ": ("REQ", lambda zmq, sock: sock.send(b"x")),
    "send_many": ("PUSH", lambda zmq, sock: sock.send_many([b"x"])),
    "poll": ("PULL", lambda zmq, sock: sock.poll()),
    "poll both": ("PAIR", lambda zmq, sock: sock.poll(None, 3)),
    "Poller": ("XSUB", lambda zmq, sock: _poller(zmq, sock)),
    "zmq.select": ("PULL", lambda zmq, sock: zmq.select([sock], [], [])),
    "proxy": ("PULL", _proxy),
}
CLOSED = (errno.ENOTSOCK, errno.ENOTSUP)  # the latter: poll, if it comes too late


def _outcome(zmq: Library, call: Background[Any]) -> int:
    with pytest.raises(zmq.ZMQError) as caught:
        call.result()
    return int(caught.value.errno)


def _blocked(zmq: Library, context: Any, name: str) -> tuple[Any, list[Any]]:
    kind, call = CALLS[name]
    sock = zmq.socket(getattr(zmq, kind), context=context)
    sock.set(zmq.RCVTIMEO, -1)
    sock.set(zmq.SNDTIMEO, -1)
    if kind == "XSUB":  # always writable
        sock.set(zmq.SNDHWM, 1)
    zmq.bind(sock, random.choice(("tcp", "inproc")))
    count = 1 if name == "proxy" else THREADS
    calls = [Background(partial(call, zmq, sock)) for _ in range(count)]
    calls[-1].give(random.choice((0, 0, 0.001, 0.003)))
    return sock, calls


@pytest.mark.parametrize("name", CALLS)
def test_close(zmq: Library, name: str) -> None:
    for _ in range(ROUNDS):
        sock, calls = _blocked(zmq, zmq.main, name)
        sock.close(linger=0)
        for call in calls:
            assert _outcome(zmq, call) in CLOSED


@pytest.mark.parametrize("name", CALLS)
def test_term(zmq: Library, name: str) -> None:
    for _ in range(ROUNDS):
        context = zmq.context()
        sock, calls = _blocked(zmq, context, name)
        ending = Background(context.term)
        for call in calls:
            assert _outcome(zmq, call) == zmq.ETERM
        sock.close(linger=0)
        ending.result()


def test_many_close_at_once(zmq: Library, transport: str) -> None:
    """The context must not count a socket twice."""
    for _ in range(ROUNDS):
        context = zmq.context()
        one, other = (zmq.socket(zmq.PAIR, context=context) for _ in range(2))
        zmq.bind(one, transport)
        for closing in [Background(one.close) for _ in range(8)]:
            closing.result()
        ending = Background(context.term)
        with pytest.raises(zmq.ContextTerminated):
            other.recv()
        assert ending.running
        other.close()
        ending.result()


def test_close_during_traffic(zmq: Library, transport: str) -> None:
    """Either end, under threads that send and receive: eight share one of them."""
    for turn in range(ROUNDS):
        one, other = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
        other.connect(zmq.bind(one, transport))

        def send(sock: Any) -> None:
            while True:
                sock.send_multipart([b"1", bytes(5000), b"3"])

        def receive(sock: Any) -> None:
            while True:
                assert len(sock.recv_multipart()) == 3

        users = [one] * 4 + [other]
        calls = [Background(partial(send, sock)) for sock in users]
        calls += [Background(partial(receive, sock)) for sock in users]
        calls[0].give(0.002)
        for sock in (one, other)[:: 1 if turn % 2 else -1]:
            sock.close(linger=0)
        for call in calls:
            assert _outcome(zmq, call) == errno.ENOTSOCK


def test_sockets_come_and_go_while_the_context_ends(zmq: Library) -> None:
    for _ in range(ROUNDS):
        context = zmq.context()

        def work(context: Any = context) -> None:
            while True:
                with context.socket(zmq.PULL) as sock:
                    sock.bind(zmq.address("inproc"))
                    sock.poll(0)

        workers = [Background(work) for _ in range(4)]
        workers[0].give(0.002)
        ending = Background(context.term)
        for worker in workers:
            assert _outcome(zmq, worker) in (zmq.ETERM, errno.ENOTSUP)
        ending.result()


@pytest.mark.parametrize("how", ["term", "destroy"])
def test_several_end_the_context_at_once(zmq: Library, how: str) -> None:
    """Each returns when it has ended."""
    for _ in range(30):
        context = zmq.context()
        with context.socket(zmq.PULL) as sock:
            sock.bind("tcp://127.0.0.1:*")
        ready = threading.Barrier(THREADS)

        def end(ready: threading.Barrier = ready, context: Any = context) -> None:
            ready.wait()
            getattr(context, how)()

        ending = [Background(end) for _ in range(THREADS)]
        for one in ending:
            one.result()
        assert context.closed
