"""Socket.request, which pyzmq does not have: a request until there is a reply."""

from __future__ import annotations

import errno
from functools import partial
from typing import Any

import pytest
from library import Library
from patience import Background

pytestmark = pytest.mark.only("pymq")


def _answering(rep: Any, count: int) -> Background[None]:
    def answer() -> None:
        for _ in range(count):
            rep.send_multipart([b"re", *rep.recv_multipart()])

    return Background(answer)


@pytest.mark.core
def test_a_reply_comes(zmq: Library, transport: str) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    req.connect(zmq.bind(rep, transport))
    answering = _answering(rep, 3)
    assert req.request(b"a") == [b"re", b"a"]
    assert req.request([b"a", memoryview(b"b")]) == [b"re", b"a", b"b"]
    assert req.request(bytearray(b"c"), timeout=20_000) == [b"re", b"c"]
    answering.result()
    rep.setsockopt(zmq.RCVTIMEO, 20_000)
    echoing = Background(lambda: rep.send(rep.recv()))
    assert req.request(b"x" * 100_000) == b"x" * 100_000
    echoing.result()


def _asked(router: Any, request: bytes) -> list[bytes]:
    """It, when it comes; others may still be asked once more."""
    while True:
        frames: list[bytes] = router.recv_multipart()
        if frames[-1] == request:
            return frames


def test_lost_requests_are_sent_again(zmq: Library, transport: str) -> None:
    """A reply to any try is the reply; one to another request is none."""
    req, router = zmq.socket(zmq.REQ), zmq.socket(zmq.ROUTER)
    req.connect(zmq.bind(router, transport))
    for number in range(5):
        request = b"%d" % number
        asking = Background(partial(req.request, request, 10, 2000))
        first, second = _asked(router, request), _asked(router, request)
        assert first == second
        assert first[2:] == [b"", request]
        router.send_multipart([*first[:3], b"re " + request])
        assert asking.result() == b"re " + request
        router.send_multipart([*second[:3], b"late"])


def test_another_server_is_asked(zmq: Library, network: str) -> None:
    req = zmq.socket(zmq.REQ)
    mute, rep = zmq.socket(zmq.ROUTER), zmq.socket(zmq.REP)
    for server in (mute, rep):
        req.connect(zmq.bind(server, network))
    answering = _answering(rep, 5)
    for number in range(5):
        assert req.request(b"%d" % number, 50, 400) == [b"re", b"%d" % number]
    answering.result()


def test_a_server_that_comes_back(zmq: Library, network: str) -> None:
    req, rep = zmq.socket(zmq.REQ, reconnect_ivl=1), zmq.socket(zmq.REP)
    endpoint = zmq.bind(rep, network)
    req.connect(endpoint)
    answering = _answering(rep, 1)
    assert req.request(b"1") == [b"re", b"1"]
    answering.result()
    rep.close()
    asking = Background(lambda: req.request(b"2", 20, 1000))
    asking.give(0.05)
    rep = zmq.socket(zmq.REP)
    rep.bind(endpoint)
    _answering(rep, 1)
    assert asking.result() == [b"re", b"2"]


def test_in_the_end_it_raises(zmq: Library, network: str) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    with pytest.raises(zmq.Again):
        req.request(b"nobody is there", 5, 1)
    endpoint = zmq.bind(rep, network)
    req.connect(endpoint)
    with pytest.raises(zmq.Again):
        req.request(b"lost", 5)
    _answering(rep, 3)
    while True:
        try:
            assert req.request(b"found", 100, 100) == [b"re", b"found"]
        except zmq.Again:
            continue
        break
    req.setsockopt(zmq.RCVTIMEO, 5)
    req.disconnect(endpoint)
    with pytest.raises(zmq.Again):
        req.request(b"RCVTIMEO counts")


def test_between_other_requests(zmq: Library) -> None:
    """send and recv go on as if nothing was; an unfinished request is left alone."""
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    req.connect(zmq.bind(rep, "inproc"))
    req.send(b"given up")
    answering = _answering(rep, 3)
    assert req.request(b"1") == [b"re", b"1"]
    with pytest.raises(zmq.ZMQError) as caught:
        req.recv()
    assert caught.value.errno == zmq.EFSM
    req.send(b"2", zmq.SNDMORE)
    with pytest.raises(zmq.ZMQError) as caught:
        req.request(b"x")
    assert caught.value.errno == zmq.EFSM
    req.send(b"3")
    assert req.recv_multipart() == [b"re", b"2", b"3"]
    answering.result()


def test_threads_take_turns(zmq: Library, network: str) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    req.connect(zmq.bind(rep, network))
    answering = _answering(rep, 40)

    def ask(thread: int) -> None:
        for number in range(10):
            request = b"%d %d" % (thread, number)
            assert req.request(request) == [b"re", request]

    for asking in [Background(partial(ask, thread)) for thread in range(4)]:
        asking.result()
    answering.result()


def test_a_close_ends_it(zmq: Library, network: str) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    req.connect(zmq.bind(rep, network))
    asking = Background(lambda: req.request(b"x"))
    rep.recv()
    req.close()
    with pytest.raises(zmq.ZMQError) as caught:
        asking.result()
    assert caught.value.errno == errno.ENOTSOCK


def test_only_req_asks(zmq: Library) -> None:
    with pytest.raises(zmq.ZMQError) as caught:
        zmq.socket(zmq.DEALER).request(b"x")
    assert caught.value.errno == errno.ENOTSUP
