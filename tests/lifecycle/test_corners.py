"""Corners where an end, a name or a descriptor once went astray."""

from __future__ import annotations

import errno
import gc
import os

import pytest
from library import Library
from patience import Background, until


def test_what_was_sent_to_an_unbound_name_waits_for_it(zmq: Library) -> None:
    endpoint = zmq.address("inproc")
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context)
    push.connect(endpoint)
    push.send(b"first", zmq.SNDMORE)
    push.send(b"last")
    push.close()
    pull = zmq.socket(zmq.PULL, context=context)
    pull.bind(endpoint)
    assert pull.recv_multipart() == [b"first", b"last"]


def test_handover_within_a_process(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER, router_handover=1)
    endpoint = zmq.bind(router, "inproc")
    for word in (b"old", b"new"):
        dealer = zmq.socket(zmq.DEALER, routing_id=b"name")
        dealer.connect(endpoint)
        dealer.send(word)
        assert router.recv_multipart() == [b"name", word]
    router.send_multipart([b"name", b"answer"])
    assert dealer.recv() == b"answer"


@pytest.mark.only("pymq")
def test_handover_from_a_connection_of_our_own(zmq: Library) -> None:
    """The ROUTER had connected to the name's first holder; it may do so again."""
    router = zmq.socket(zmq.ROUTER, router_handover=1, router_mandatory=1)
    first = zmq.socket(zmq.DEALER, routing_id=b"name")
    router.connect(zmq.bind(first, "tcp"))
    first.send(b"old")
    assert router.recv_multipart() == [b"name", b"old"]
    second = zmq.socket(zmq.DEALER, routing_id=b"name")
    second.connect(zmq.bind(router, "tcp"))
    for number in range(100):
        second.send(b"%d" % number)
    got = [router.recv_multipart() for _ in range(100)]
    assert got == [[b"name", b"%d" % number] for number in range(100)]


def test_a_closed_socket_says_so_first(zmq: Library) -> None:
    rep, req, xsub = (zmq.socket(kind) for kind in (zmq.REP, zmq.REQ, zmq.XSUB))
    for sock in (rep, req, xsub):
        sock.close()
    with zmq.refused(errno.ENOTSOCK):
        rep.send(b"")
    with zmq.refused(errno.ENOTSOCK):
        req.recv()
    with zmq.refused(errno.ENOTSOCK):
        xsub.send(b"\1topic")


def test_bind_and_connect_can_be_taken_back(zmq: Library, transport: str) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    endpoint = zmq.address(transport)
    with pull.bind(endpoint) as bound:
        assert bound is pull
        with push.connect(zmq.last_endpoint(pull)) as connected:
            assert connected is push
            push.send(b"x")
            assert pull.recv() == b"x"
    with pull.bind(zmq.address(transport)):
        pull.close()


def test_a_dropped_socket_gives_its_name_back(zmq: Library) -> None:
    endpoint = zmq.address("inproc")
    context = zmq.context()
    with pytest.warns(ResourceWarning):
        context.socket(zmq.PULL).bind(endpoint)
        gc.collect()
    zmq.socket(zmq.PULL, context=context).bind(endpoint)


@pytest.mark.only("pymq")
def test_a_requester_that_is_gone_is_no_error(zmq: Library) -> None:
    """libzmq aborts the process."""
    rep = zmq.socket(zmq.REP, router_mandatory=1)
    endpoint = zmq.bind(rep, "inproc")
    for _ in range(2):
        req = zmq.socket(zmq.REQ)
        req.connect(endpoint)
        req.send(b"question")
        assert rep.recv() == b"question"
        req.close()
        rep.send(b"answer", zmq.SNDMORE)
        rep.send(b"for nobody")


@pytest.mark.only("pymq")
def test_long_timeouts(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL, rcvtimeo=2**31 - 1)
    push.connect(zmq.bind(pull, "inproc"))
    waiting = Background(pull.recv)
    push.send(b"x")
    assert waiting.result() == b"x"
    push.send(b"x")
    assert pull.poll(10**12) == zmq.POLLIN


@pytest.mark.only("pymq")
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc here")
def test_closing_under_blocked_threads_leaves_no_descriptor(zmq: Library) -> None:
    context = zmq.context()

    def round_trip() -> int:
        sock = zmq.socket(zmq.PULL, context=context)
        zmq.bind(sock, "inproc")
        blocked = [Background(sock.recv) for _ in range(3)]
        sock.close()
        for one in blocked:
            with zmq.refused(errno.ENOTSOCK):
                one.result()
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    before = round_trip()
    until(lambda: round_trip() <= before + 3)
    assert max(round_trip() for _ in range(20)) <= before + 3


@pytest.mark.only("pymq")
@pytest.mark.parametrize("address", ["tcp://a..b:55", "tcp://127.0.0.1;127.0.0.1:55"])
def test_an_address_that_cannot_be_looked_up(zmq: Library, address: str) -> None:
    """It is tried again like any other; nothing ends, nothing is printed."""
    push, pull = zmq.socket(zmq.PUSH, linger=0), zmq.socket(zmq.PULL)
    push.connect(address)
    push.connect(zmq.bind(pull, "tcp"))
    for _ in range(2):
        push.send(b"x")
    assert pull.recv() == b"x"


@pytest.mark.only("pymq")
def test_io_threads_are_chosen_before_the_first_socket(zmq: Library) -> None:
    context = zmq.context()
    context.set(zmq.IO_THREADS, 2)
    push, pull = (zmq.socket(k, context=context) for k in (zmq.PUSH, zmq.PULL))
    push.connect(zmq.bind(pull, "tcp"))
    push.send(b"x")
    assert pull.recv() == b"x"
    with zmq.refused(errno.EINVAL):
        context.set(zmq.IO_THREADS, 1)
