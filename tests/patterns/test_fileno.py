"""fileno: readable if and only if a receive would not block.  FD has edges."""

from __future__ import annotations

import errno
import gc
import select
import selectors
import threading
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from library import Library
from marriage import marry
from patience import PATIENCE, Background, until

KINDS = (
    ("PAIR", "PAIR"),
    ("PUSH", "PULL"),
    ("PUB", "SUB"),
    ("XPUB", "XSUB"),
    ("REQ", "REP"),
    ("REQ", "ROUTER"),
    ("DEALER", "ROUTER"),
    ("DEALER", "REP"),
    ("DEALER", "DEALER"),
)
TOPICS = (b"a", b"ab", b"b", b"\1a", b"\1b", b"\0a", b"")

#: What a socket may be asked to do: which of two, what, and with which bytes.
STEPS = st.tuples(
    st.integers(0, 1),
    st.sampled_from(
        ("send", "send_many_frames", "answer", "recv", "recv_multipart", "recv_many")
        + ("recv_frame", "subscribe", "unsubscribe", "invert")
    ),
    st.sampled_from(TOPICS),
)


def _readable(sock: Any) -> bool:
    return _polled(sock.fileno(), 0)


def _polled(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _loop(sock: Any, count: int, handle: Any) -> None:
    """An event loop of the usual kind: one receive for each time that it wakes up."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        for _ in range(count):
            assert selector.select(PATIENCE), "it sleeps on what is there"
            handle()


def _received(zmq: Library, sock: Any, count: int) -> list[bytes]:
    """So many frames, as such a loop gets them."""
    got: list[bytes] = []
    _loop(sock, count, lambda: got.append(sock.recv(zmq.DONTWAIT)))
    return got


def _agree(sock: Any) -> bool:
    return _readable(sock) == bool(sock.poll(0))


class _Two:
    """Two sockets, and what they are asked to do at random."""

    def __init__(self, zmq: Library, kinds: tuple[str, str]) -> None:
        self._zmq = zmq
        # Not for the fixture to keep: there are hundreds in one test.
        self.sockets = [zmq.main.socket(getattr(zmq, kind)) for kind in kinds]
        endpoint = zmq.bind(self.sockets[1], "inproc")
        self.sockets[0].connect(endpoint)
        self._last: list[bytes] = [b"nobody"]

    def close(self) -> None:
        for sock in self.sockets:
            sock.close(linger=0)
        self.sockets.clear()

    def do(self, step: tuple[int, str, bytes]) -> None:
        which, what, body = step
        try:
            getattr(self, what)(self.sockets[which], body)
        except self._zmq.ZMQError as error:
            expected = (errno.EAGAIN, errno.ENOTSUP, errno.EINVAL, self._zmq.EFSM)
            assert error.errno in expected, (step, error)

    def send(self, sock: Any, body: bytes) -> None:
        sock.send(body, self._zmq.DONTWAIT)

    def send_many_frames(self, sock: Any, body: bytes) -> None:
        sock.send_multipart([b"", body, b"last"], self._zmq.DONTWAIT)

    def answer(self, sock: Any, body: bytes) -> None:
        sock.send_multipart([*self._last[:1], b"", body], self._zmq.DONTWAIT)

    def recv(self, sock: Any, body: bytes) -> None:
        sock.recv(self._zmq.DONTWAIT)

    def recv_multipart(self, sock: Any, body: bytes) -> None:
        self._last = sock.recv_multipart(self._zmq.DONTWAIT)

    def recv_many(self, sock: Any, body: bytes) -> None:
        sock.recv_many(2, flags=self._zmq.DONTWAIT)

    def recv_frame(self, sock: Any, body: bytes) -> None:
        sock.recv(self._zmq.DONTWAIT, copy=False)

    def subscribe(self, sock: Any, body: bytes) -> None:
        sock.subscribe(body)

    def unsubscribe(self, sock: Any, body: bytes) -> None:
        sock.unsubscribe(body)

    def invert(self, sock: Any, body: bytes) -> None:
        sock.set(self._zmq.INVERT_MATCHING, len(body) % 2)

    def check(self) -> None:
        """The descriptors come to say what poll does."""
        for sock in self.sockets:
            until(partial(_agree, sock))

    def check_to_the_end(self) -> None:
        """And what poll says is what a receive does."""
        for sock in self.sockets:
            while _readable(sock):
                sock.recv(self._zmq.DONTWAIT)
                self.check()
            with pytest.raises(self._zmq.ZMQError):
                sock.recv(self._zmq.DONTWAIT)


@pytest.mark.only("pymq")
@pytest.mark.parametrize("kinds", KINDS, ids="-".join)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(early=st.booleans(), steps=st.lists(STEPS, max_size=25))
def test_it_says_what_poll_says(
    zmq: Library,
    kinds: tuple[str, str],
    early: bool,
    steps: list[tuple[int, str, bytes]],
) -> None:
    """Asked for from the beginning, or when much has happened."""
    two = _Two(zmq, kinds)
    try:
        for step in steps:
            two.do(step)
            if early:
                two.check()
        two.check()
        two.check_to_the_end()
    finally:
        two.close()


@pytest.mark.core
@pytest.mark.fails_on(
    "pyzmq", reason="fileno is FD: of two messages that came together it tells once"
)
def test_a_loop_that_receives_one_at_a_time(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    for number in range(100):
        push.send(b"%d" % number)
    assert _received(zmq, pull, 100) == [b"%d" % number for number in range(100)]
    assert not _readable(pull)


@pytest.mark.core
def test_who_keeps_to_the_contract_of_fd_may_sleep_on_it(
    zmq: Library, transport: str
) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    got = []
    with selectors.DefaultSelector() as selector:
        selector.register(pull.fileno(), selectors.EVENT_READ)
        for number in range(30):
            while pull.get(zmq.EVENTS) & zmq.POLLIN:
                got.append(pull.recv(zmq.DONTWAIT))
            push.send(b"%d" % number)
            until(lambda: selector.select(1) and pull.get(zmq.EVENTS) & zmq.POLLIN)
    assert [*got, pull.recv()] == [b"%d" % number for number in range(30)]


@pytest.mark.only("pymq")
def test_the_receive_that_empties_the_socket_clears_it(
    zmq: Library, transport: str
) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    assert not _readable(pull)
    for _ in range(50):
        push.send_multipart([b"1", b"2"])
        until(lambda: _readable(pull))
        assert pull.recv(zmq.DONTWAIT) == b"1"
        assert _readable(pull)
        assert pull.recv(zmq.DONTWAIT) == b"2"
        assert not _readable(pull)


@pytest.mark.only("pymq")
def test_unwanted_topics_are_nothing(zmq: Library, transport: str) -> None:
    pub, sub = zmq.socket(zmq.PUB, sndhwm=0), zmq.socket(zmq.SUB, rcvhwm=0)
    sub.subscribe(b"w")
    marry(zmq, pub, sub, transport)
    sub.subscribe(b"u")  # so that they come ...
    pub.send(b"u")
    until(lambda: _readable(sub) or pub.send(b"u"))
    for _ in range(3000):
        pub.send(b"u")
    sub.unsubscribe(b"u")  # ... and now are nobody's
    pub.send(b"wanted")
    assert _received(zmq, sub, 1) == [b"wanted"]
    assert not _readable(sub)


@pytest.mark.only("pymq")
def test_what_nobody_subscribed_to_does_not_wake(zmq: Library) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    sub.subscribe(b"u")
    marry(zmq, pub, sub, "inproc")
    pub.send(b"u")
    until(lambda: _readable(sub))
    sub.unsubscribe(b"u")
    assert not _readable(sub)


@pytest.mark.only("pymq")
def test_request_and_reply(zmq: Library, transport: str) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    marry(zmq, rep, req, transport)
    for _ in range(10):
        req.send(b"?")
        until(lambda: _readable(rep))
        rep.recv()
        assert not _readable(rep)
        assert not _readable(req)
        rep.send(b"!")
        until(lambda: _readable(req))
        assert req.recv(zmq.DONTWAIT) == b"!"
        assert not _readable(req)


@pytest.mark.only("pymq")
def test_a_second_request_waits_for_the_reply_to_the_first(zmq: Library) -> None:
    rep = zmq.socket(zmq.REP)
    endpoint = zmq.bind(rep, "inproc")
    clients = [zmq.socket(zmq.REQ) for _ in range(2)]
    for client in clients:
        client.connect(endpoint)
        client.send(b"?")
    until(lambda: _readable(rep))
    rep.recv()
    assert not _readable(rep)
    rep.send(b"!")
    assert _readable(rep)
    rep.recv()


@pytest.mark.only("pymq")
def test_a_reply_that_is_dropped_does_not_count(zmq: Library) -> None:
    router, req = zmq.socket(zmq.ROUTER), zmq.socket(zmq.REQ)
    req.connect(zmq.bind(router, "inproc"))
    req.send(b"?")
    name, _, _ = router.recv_multipart()
    assert not _readable(req)
    for wrong in ([b"no envelope"], [b"x", b"", b"wrong"]):
        router.send_multipart([name, *wrong])
    router.send_multipart([name, b"", b"!"])
    until(lambda: _readable(req))
    assert req.recv(zmq.DONTWAIT) == b"!"
    router.send_multipart([name, b"", b"late"])
    assert not _readable(req)


@pytest.mark.only("pymq")
def test_router_and_dealers(zmq: Library, transport: str) -> None:
    router = zmq.socket(zmq.ROUTER)
    endpoint = zmq.bind(router, transport)
    dealers = [zmq.socket(zmq.DEALER) for _ in range(5)]
    for dealer in dealers:
        dealer.connect(endpoint)
        dealer.send_multipart([b"", b"?"])
    _loop(router, 5, lambda: router.send_multipart(router.recv_multipart()))
    assert not _readable(router)
    for dealer in dealers:
        assert _received(zmq, dealer, 2) == [b"", b"?"]
        assert not _readable(dealer)


@pytest.mark.only("pymq")
def test_only_the_last_of_a_conflating_socket(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL, conflate=1)
    push.connect(zmq.bind(pull, "inproc"))
    for body in (b"1", b"2", b"3"):
        push.send(body)
    until(lambda: _readable(pull))
    assert pull.recv(zmq.DONTWAIT) == b"3"
    assert not _readable(pull)


@pytest.mark.only("pymq")
def test_messages_that_were_fetched_ahead(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    for number in range(200):
        push.send(b"%d" % number)
    got = [pull.recv() for _ in range(50)]
    got += _received(zmq, pull, 150)
    assert got == [b"%d" % number for number in range(200)]
    assert not _readable(pull)


@pytest.mark.only("pymq")
def test_what_a_disconnect_drops(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    endpoint = zmq.bind(push, transport)
    pull.connect(endpoint)
    push.send(b"")
    until(lambda: _readable(pull))
    pull.disconnect(endpoint)
    assert not _readable(pull)


@pytest.mark.only("pymq")
def test_fd_is_another_one(zmq: Library) -> None:
    """It tells of room; fileno does not."""
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    push.connect(zmq.bind(pull, "inproc"))
    assert push.fileno() != push.get(zmq.FD)
    assert push.fileno() == push.fileno()
    assert push.poll(0, zmq.POLLOUT)
    assert not _readable(push)


@pytest.mark.only("pymq")
@pytest.mark.parametrize("end", ["close", "term"])
def test_who_polls_it_is_woken_by_the_end(zmq: Library, end: str) -> None:
    context = zmq.context()
    pull = zmq.socket(zmq.PULL, context)
    descriptor = pull.fileno()
    waiting = Background(lambda: _polled(descriptor, PATIENCE))
    ending = Background(pull.close if end == "close" else context.term)
    assert waiting.result()
    pull.close()
    ending.result()
    with zmq.refused(errno.ENOTSOCK):
        pull.fileno()


@pytest.mark.only("pymq")
def test_a_proxy_receives(zmq: Library) -> None:
    frontend, backend = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    push.connect(zmq.bind(frontend, "inproc"))
    pull.connect(zmq.bind(backend, "inproc"))
    control, steering = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    steering.connect(zmq.bind(control, "inproc"))
    running = Background(lambda: zmq.proxy_steerable(frontend, backend, None, control))
    push.send(b"before")
    assert pull.recv() == b"before"
    frontend.fileno()
    push.send(b"after")
    assert pull.recv() == b"after"
    until(lambda: not _readable(frontend))
    steering.send(b"TERMINATE")
    running.result()


@pytest.mark.only("pymq")
def test_threads_share_it(zmq: Library, transport: str) -> None:
    """Four that send, three that sleep on the descriptor; some receive for another."""
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, transport)
    each, lock = 300, threading.Lock()
    got: list[bytes] = []

    def send(number: int) -> None:
        push = zmq.socket(zmq.PUSH)
        push.connect(endpoint)
        for count in range(each):
            push.send(b"%d %d" % (number, count))

    def receive() -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(pull, selectors.EVENT_READ)
            while len(got) < 4 * each:
                if not selector.select(0.1):
                    continue
                try:
                    body = pull.recv(zmq.DONTWAIT)
                except zmq.Again:
                    continue
                with lock:
                    got.append(body)

    work = [Background(receive) for _ in range(3)]
    work += [Background(partial(send, number)) for number in range(4)]
    for one in work:
        one.result()
    assert len(set(got)) == 4 * each
    assert not _readable(pull)


@pytest.mark.only("pymq")
def test_asked_for_while_another_thread_receives(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    receiving = Background(lambda: [pull.recv() for _ in range(1000)])
    for number in range(1000):
        push.send(b"%d" % number)
        if number == 500:
            pull.fileno()
    assert len(receiving.result()) == 1000
    until(lambda: not _readable(pull))
    push.send(b"")
    until(lambda: _readable(pull))


@pytest.mark.only("pymq")
def test_it_goes_with_the_socket(zmq: Library) -> None:
    context = zmq.context()
    before = _lowest_free()
    for _ in range(100):
        with context.socket(zmq.PULL) as pull:
            pull.fileno()
        del pull
    until(lambda: not gc.collect() and _lowest_free() < before + 50)


def _lowest_free() -> int:
    with open("/dev/null") as probe:
        return probe.fileno()
