"""IMMEDIATE: a connection has a pipe, and a place in turn, only while it is there."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library
from patience import until


@pytest.mark.parametrize("immediate", [0, 1])
def test_one_live_and_one_dead_peer(zmq: Library, network: str, immediate: int) -> None:
    push, pull = zmq.socket(zmq.PUSH, immediate=immediate), zmq.socket(zmq.PULL)
    push.connect(zmq.reserved(network))
    push.connect(zmq.bind(pull, network))
    for number in range(10):
        push.send(b"%d" % number)
    expected = range(10) if immediate else range(1, 10, 2)
    assert [pull.recv() for _ in expected] == [b"%d" % number for number in expected]
    assert not pull.poll(50)


def test_no_room_without_a_connection(zmq: Library, network: str) -> None:
    endpoint = zmq.reserved(network)
    push = zmq.socket(zmq.PUSH, immediate=1, reconnect_ivl=10)
    push.connect(endpoint)
    for _ in range(2):
        assert not push.poll(0, zmq.POLLOUT)
        with zmq.refused(errno.EAGAIN):
            push.send(b"to nobody", zmq.DONTWAIT)
        context = zmq.context()
        pull = zmq.socket(zmq.PULL, context=context)
        pull.bind(endpoint)
        push.send(b"here")
        assert pull.recv() == b"here"
        pull.close(linger=0)
        context.term()
        until(lambda: not push.poll(0, zmq.POLLOUT))


def test_without_it_messages_wait_for_the_next_connection(
    zmq: Library, network: str
) -> None:
    endpoint = zmq.reserved(network)
    push = zmq.socket(zmq.PUSH, reconnect_ivl=10, sndhwm=10)
    push.connect(endpoint)
    for number in range(10):
        push.send(b"%d" % number, zmq.DONTWAIT)
    with zmq.refused(errno.EAGAIN):
        push.send(b"too many", zmq.DONTWAIT)
    pull = zmq.socket(zmq.PULL)
    pull.bind(endpoint)
    assert [pull.recv() for _ in range(10)] == [b"%d" % n for n in range(10)]


def test_inproc_is_always_there(zmq: Library) -> None:
    endpoint = zmq.reserved("inproc")
    push = zmq.socket(zmq.PUSH, immediate=1)
    push.connect(endpoint)
    push.send(b"early", zmq.DONTWAIT)
    pull = zmq.socket(zmq.PULL)
    pull.bind(endpoint)
    assert pull.recv() == b"early"


def test_it_counts_from_the_next_connect_on(zmq: Library, network: str) -> None:
    push = zmq.socket(zmq.PUSH)
    push.connect(zmq.reserved(network))
    push.set(zmq.IMMEDIATE, 1)
    push.send(b"waits", zmq.DONTWAIT)
    other = zmq.socket(zmq.PUSH, immediate=1)
    other.connect(zmq.reserved(network))
    other.set(zmq.IMMEDIATE, 0)
    with zmq.refused(errno.EAGAIN):
        other.send(b"waits for nobody", zmq.DONTWAIT)


def test_subscriptions_come_with_every_connection(zmq: Library, network: str) -> None:
    endpoint = zmq.reserved(network)
    sub = zmq.socket(zmq.SUB, immediate=1, reconnect_ivl=10)
    sub.subscribe(b"A")
    sub.connect(endpoint)
    for _ in range(2):
        context = zmq.context()
        xpub = zmq.socket(zmq.XPUB, context=context)
        xpub.bind(endpoint)
        until(lambda: (sub.poll(0), xpub.poll(10))[1])  # noqa: B023
        assert xpub.recv() == b"\1A"
        xpub.send(b"A")
        assert sub.recv() == b"A"
        xpub.close(linger=0)
        context.term()


def test_requests_go_to_who_is_there(zmq: Library, network: str) -> None:
    req, rep = zmq.socket(zmq.REQ, immediate=1), zmq.socket(zmq.REP)
    req.connect(zmq.reserved(network))
    req.connect(zmq.bind(rep, network))
    for number in range(4):
        req.send(b"%d" % number)
        assert rep.recv() == b"%d" % number
        rep.send(b"done")
        assert req.recv() == b"done"


@pytest.mark.fails_on("pyzmq", reason="the name is not used with IMMEDIATE")
def test_a_router_names_who_is_there(zmq: Library, network: str) -> None:
    """CONNECT_ROUTING_ID then is for the time when it is."""
    endpoint = zmq.reserved(network)
    router = zmq.socket(zmq.ROUTER, immediate=1, router_mandatory=1, reconnect_ivl=10)
    router.set(zmq.CONNECT_ROUTING_ID, b"given")
    router.connect(endpoint)
    with zmq.refused(errno.EHOSTUNREACH):
        router.send_multipart([b"given", b"early"])
    dealer = zmq.socket(zmq.DEALER)
    dealer.bind(endpoint)
    until(lambda: _sent(zmq, router))
    assert dealer.recv() == b"now"


def _sent(zmq: Library, router: Any) -> bool:
    try:
        router.send_multipart([b"given", b"now"])
    except zmq.ZMQError as error:
        assert error.errno == errno.EHOSTUNREACH
        return False
    return True
