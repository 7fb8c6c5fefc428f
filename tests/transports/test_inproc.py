"""inproc: names within one context, in any order."""

from __future__ import annotations

import errno
from functools import partial

import pytest
from library import Library
from marriage import marry
from patience import Background, until


@pytest.mark.core
def test_a_name_has_one_owner(zmq: Library) -> None:
    first, second = zmq.socket(zmq.PULL), zmq.socket(zmq.PULL)
    endpoint = zmq.bind(first, "inproc")
    with zmq.refused(errno.EADDRINUSE):
        second.bind(endpoint)
    with zmq.refused(errno.EADDRINUSE):
        first.bind(endpoint)


@pytest.mark.core
@pytest.mark.parametrize("how", ["unbind", "close"])
def test_a_name_is_free_again(zmq: Library, how: str) -> None:
    first, second = zmq.socket(zmq.PULL), zmq.socket(zmq.PULL)
    endpoint = zmq.bind(first, "inproc")
    first.unbind(endpoint) if how == "unbind" else first.close()
    zmq.bind_again(second, endpoint)
    push = zmq.socket(zmq.PUSH)
    push.connect(endpoint)
    push.send(b"x")
    assert second.recv() == b"x"


def test_a_name_is_known_in_its_context_only(zmq: Library) -> None:
    endpoint = zmq.address("inproc")
    here, there = zmq.context(), zmq.context()
    for context in (here, there):
        pull = zmq.socket(zmq.PULL, context=context)
        pull.bind(endpoint)
        push = zmq.socket(zmq.PUSH, context=context)
        push.connect(endpoint)
        push.send(repr(context).encode())
        assert pull.recv() == repr(context).encode()


def test_unbind_leaves_connections_alone(zmq: Library) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    endpoint = marry(zmq, pull, push, "inproc")
    pull.unbind(endpoint)
    push.send(b"still here")
    assert pull.recv() == b"still here"


def test_what_was_sent_is_read_after_the_sender_closed(zmq: Library) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    push.connect(zmq.bind(pull, "inproc"))
    for number in range(10):
        push.send_multipart([b"%d" % number, b"tail"])
    push.close()
    assert [pull.recv_multipart()[0] for _ in range(10)] == [
        b"%d" % n for n in range(10)
    ]


def test_several_connect_before_the_bind(zmq: Library) -> None:
    endpoint = zmq.address("inproc")
    pushes = [zmq.socket(zmq.PUSH) for _ in range(5)]
    for number, push in enumerate(pushes):
        push.connect(endpoint)
        push.send_multipart([b"%d" % number, b"tail"])
    pull = zmq.socket(zmq.PULL)
    pull.bind(endpoint)
    received = sorted(pull.recv_multipart()[0] for _ in pushes)
    assert received == [b"0", b"1", b"2", b"3", b"4"]


def test_one_that_waited_in_vain_does_not_disturb(zmq: Library) -> None:
    endpoint = zmq.address("inproc")
    leaving, push = zmq.socket(zmq.PUSH), zmq.socket(zmq.PUSH)
    leaving.connect(endpoint)
    leaving.close(linger=0)
    push.connect(endpoint)
    push.send(b"x")
    pull = zmq.socket(zmq.PULL)
    pull.bind(endpoint)
    assert pull.recv() == b"x"


def test_a_context_without_io_threads_will_do(zmq: Library) -> None:
    context = zmq.context(io_threads=0)
    pull, push = (zmq.socket(kind, context=context) for kind in (zmq.PULL, zmq.PUSH))
    push.connect(zmq.bind(pull, "inproc"))
    push.send(b"x")
    assert pull.recv() == b"x"


def test_a_socket_may_connect_to_itself(zmq: Library) -> None:
    dealer = zmq.socket(zmq.DEALER)
    dealer.connect(zmq.bind(dealer, "inproc"))
    dealer.send(b"1")
    dealer.send(b"2")
    assert {dealer.recv(), dealer.recv()} == {b"1", b"2"}


def test_names_are_compared_exactly(zmq: Library) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH, sndhwm=1)
    pull.bind("inproc://Name")
    push.connect("inproc://name")
    push.send(b"x")
    with pytest.raises(zmq.Again):
        push.send(b"x", zmq.DONTWAIT)
    assert not pull.poll(0)


@pytest.mark.parametrize("name", ["*", "@", "a b", "x" * 200, "with/slash:1"])
def test_a_name_is_any_text(zmq: Library, name: str) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    endpoint = f"inproc://{name}"
    pull.bind(endpoint)
    assert zmq.last_endpoint(pull) == endpoint
    push.connect(endpoint)
    assert zmq.last_endpoint(push) == endpoint
    push.send(b"x")
    assert pull.recv() == b"x"


def test_each_connect_is_a_connection(zmq: Library) -> None:
    """Of those types, too, for which that is so on no other transport."""
    dealer, router = zmq.socket(zmq.DEALER), zmq.socket(zmq.ROUTER)
    endpoint = zmq.bind(router, "inproc")
    dealer.connect(endpoint)
    dealer.connect(endpoint)
    dealer.send(b"1")
    dealer.send(b"2")
    (one, _), (other, _) = (router.recv_multipart() for _ in range(2))
    assert one != other
    dealer.disconnect(endpoint)
    with zmq.refused(errno.ENOENT):
        dealer.disconnect(endpoint)


def test_a_subscription_waits_for_the_bind(zmq: Library) -> None:
    endpoint = zmq.address("inproc")
    sub, pub = zmq.socket(zmq.SUB), zmq.socket(zmq.PUB)
    sub.connect(endpoint)
    sub.subscribe(b"a")
    pub.bind(endpoint)
    pub.send(b"b")
    pub.send(b"a")
    assert sub.recv() == b"a"


@pytest.mark.parametrize("first", ["bind", "connect"])
def test_a_routing_id_is_told(zmq: Library, first: str) -> None:
    endpoint = zmq.address("inproc")
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"D")
    if first == "bind":
        router.bind(endpoint)
    dealer.connect(endpoint)
    if first == "connect":
        router.bind(endpoint)
    router.send_multipart([b"D", b"x"])
    assert dealer.recv() == b"x"


def test_immediate_means_nothing(zmq: Library) -> None:
    endpoint = zmq.address("inproc")
    push, pull = zmq.socket(zmq.PUSH, immediate=1), zmq.socket(zmq.PULL)
    push.connect(endpoint)
    push.send(b"early", zmq.DONTWAIT)
    pull.bind(endpoint)
    assert pull.recv() == b"early"


@pytest.mark.parametrize("how", ["unbind", "close"])
def test_nothing_reconnects(zmq: Library, how: str) -> None:
    first, second = zmq.socket(zmq.PULL), zmq.socket(zmq.PULL)
    push = zmq.socket(zmq.PUSH)
    endpoint = marry(zmq, first, push, "inproc")
    first.unbind(endpoint) if how == "unbind" else first.close()
    zmq.bind_again(second, endpoint)
    if how == "unbind":
        push.send(b"to the first")
        assert first.recv() == b"to the first"
    else:
        until(lambda: not push.poll(0, zmq.POLLOUT))  # libzmq closes in its own time
        with pytest.raises(zmq.Again):
            push.send(b"to nobody", zmq.DONTWAIT)
    assert not second.poll(0)


def test_disconnect_leaves_the_peer_what_was_sent(zmq: Library) -> None:
    dealer, other = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    endpoint = marry(zmq, dealer, other, "inproc")
    other.send(b"sent")
    dealer.send(b"not received")
    assert other.poll(20_000)
    other.disconnect(endpoint)
    assert not other.poll(0)
    assert dealer.recv() == b"sent"


def test_what_left_by_itself_cannot_be_disconnected(zmq: Library) -> None:
    # Not at once: libzmq may need a moment.
    until(lambda: _leave_late(zmq, zmq.address("inproc")) == errno.ENOENT)


def _leave_late(zmq: Library, endpoint: str) -> int:
    """The error of a disconnect from a peer that has just closed, or 0."""
    with zmq.main.socket(zmq.DEALER) as other:
        with zmq.main.socket(zmq.DEALER) as dealer:
            dealer.bind(endpoint)
            other.connect(endpoint)
            other.send(b"connected")
            assert dealer.recv() == b"connected"
        until(lambda: other.get(zmq.EVENTS) == 0)
        try:
            other.disconnect(endpoint)
        except zmq.ZMQError as error:
            return int(error.errno)
    return 0


def test_disconnect_takes_nothing_from_a_peer_that_left(zmq: Library) -> None:
    dealer, other = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    endpoint = marry(zmq, dealer, other, "inproc")
    dealer.send(b"1")
    dealer.send(b"2")
    assert other.recv() == b"1"
    dealer.close()
    until(lambda: not other.get(zmq.EVENTS) & zmq.POLLOUT)
    other.disconnect(endpoint)
    assert other.recv() == b"2"


def test_who_has_bound_and_connected_unbinds_first(zmq: Library) -> None:
    dealer, other = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    endpoint = zmq.bind(dealer, "inproc")
    dealer.connect(endpoint)
    dealer.disconnect(endpoint)
    other.bind(endpoint)
    dealer.send(b"to itself")
    assert dealer.recv() == b"to itself"
    dealer.disconnect(endpoint)
    with zmq.refused(errno.ENOENT):
        dealer.unbind(endpoint)


def test_a_context_ends_while_one_waits_for_a_bind(zmq: Library) -> None:
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context)
    push.connect(zmq.address("inproc"))
    push.send(b"never read")
    push.close(linger=0)
    Background(context.term).result()


def test_connects_in_many_threads_around_the_bind(zmq: Library) -> None:
    endpoint = zmq.address("inproc")
    pull = zmq.socket(zmq.PULL)
    threads = [Background(partial(_send_one, zmq, endpoint, n)) for n in range(20)]
    pull.bind(endpoint)
    for thread in threads:
        thread.result()
    assert sorted(int(pull.recv()) for _ in threads) == list(range(20))


def _send_one(zmq: Library, endpoint: str, number: int) -> None:
    push = zmq.socket(zmq.PUSH)
    push.connect(endpoint)
    push.send(b"%d" % number)
