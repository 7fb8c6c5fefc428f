"""What goes on without the application: an end is an end though nobody looks."""

from __future__ import annotations

import socket

import pytest
from library import Library
from marriage import marry
from patience import Background, until
from rawpeer import RawListener, connect, message

WAITS = "terminations wait for the owner's next call"


@pytest.mark.fails_on("pyzmq", reason=WAITS)
def test_an_idle_socket_lets_go_of_unbound_connections(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, "tcp")
    with connect(endpoint) as peer:
        peer.handshake(b"PUSH")
        pull.unbind(endpoint)
        assert peer.rest() == b""


@pytest.mark.fails_on("pyzmq", reason=WAITS)
def test_an_idle_socket_lets_go_of_a_disconnected_peer(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    with RawListener() as listener:
        pull.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PUSH")
            pull.disconnect(listener.endpoint)
            assert peer.rest() == b""


def test_what_a_disconnected_peer_sent_cannot_be_read(
    zmq: Library, transport: str
) -> None:
    """It is `unbind` that leaves it."""
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    pull.connect(zmq.bind(push, transport))
    push.send(b"unread")
    assert pull.poll(20_000)
    pull.disconnect(zmq.last_endpoint(push))
    assert not pull.poll(50)


@pytest.mark.fails_on("pyzmq", reason="looks at its context once in a while")
def test_the_end_of_the_context_is_noticed_at_once(zmq: Library) -> None:
    """Though there would be room to send, and something to receive."""
    context = zmq.context()
    push, pull, idle = (
        zmq.socket(kind, context=context) for kind in (zmq.PUSH, zmq.PULL, zmq.PULL)
    )
    marry(zmq, push, pull, "inproc")
    for _ in range(200):
        push.send(b"")
    pull.recv()
    waiting = Background(idle.recv)
    ending = Background(context.term)
    with pytest.raises(zmq.ContextTerminated):
        waiting.result()
    for call in (lambda: push.send(b""), pull.recv):
        with pytest.raises(zmq.ContextTerminated):
            call()
    for sock in (push, pull, idle):
        sock.close(linger=0)
    ending.result()


@pytest.mark.parametrize("kind", ["SUB", "XSUB"])
def test_subscriptions_keep_no_context_alive(
    zmq: Library, network: str, kind: str
) -> None:
    """Though nobody was ever there to be told."""
    context = zmq.context()
    sock = zmq.socket(getattr(zmq, kind), context=context)
    sock.connect(zmq.reserved(network))
    for number in range(100):
        if kind == "SUB":
            sock.subscribe(b"%d" % number)
        else:
            sock.send(b"\1%d" % number)
    sock.close()
    Background(context.term).result()


def test_close_returns_at_once(zmq: Library) -> None:
    """However much is still to be sent: it is the context that waits."""
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, linger=-1)
    with RawListener() as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            push.send(bytes(50_000_000))
            Background(push.close).result()
            ending = Background(context.term)
            assert ending.running
            assert peer.recv_message() == [bytes(50_000_000)]
            ending.result()


@pytest.mark.fails_on(
    "pyzmq", reason="a connection that is over its mark never resumes"
)
def test_a_lowered_mark_drops_nothing(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    for number in range(500):
        push.send(b"%d" % number)
    push.set(zmq.SNDHWM, 1)
    pull.set(zmq.RCVHWM, 1)
    assert [pull.recv() for _ in range(500)] == [b"%d" % n for n in range(500)]


def test_a_publisher_that_sends_nothing_learns_of_subscriptions(
    zmq: Library, transport: str
) -> None:
    """When it is asked for something."""
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    sub.connect(zmq.bind(pub, transport))
    for number in range(3):
        sub.subscribe(b"%d" % number)
    until(lambda: pub.get(zmq.EVENTS) and pub.get(zmq.TOPICS_COUNT) == 3)


def test_a_publisher_that_is_bound_later_heard_of_nothing(zmq: Library) -> None:
    """What it sent before is dropped, over inproc too."""
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    sub.subscribe(b"")
    endpoint = zmq.address("inproc")
    pub.connect(endpoint)
    pub.send(b"too early")
    sub.bind(endpoint)
    until(lambda: pub.send(b"heard") or sub.poll(1))
    assert sub.recv() == b"heard"


def test_a_reader_is_never_given_half_a_message(zmq: Library) -> None:
    """Of one whose sender was cut off by its LINGER."""
    context = zmq.context()
    push = zmq.socket(zmq.PUSH, context=context, linger=50, sndbuf=4096)
    pull = zmq.socket(zmq.PULL, rcvhwm=1, rcvbuf=4096)
    push.connect(zmq.bind(pull, "tcp"))
    for _ in range(20):
        push.send_multipart([bytes(100_000), b"tail"])
    push.close()
    Background(context.term).result()
    other = zmq.socket(zmq.PUSH)
    other.connect(zmq.last_endpoint(pull))
    other.send(b"end")
    while (got := pull.recv_multipart()) != [b"end"]:
        assert got == [bytes(100_000), b"tail"]


# Requests


def test_a_request_is_not_sent_twice(zmq: Library) -> None:
    """Its server has gone: the requester waits, and may not ask another question."""
    req = zmq.socket(zmq.REQ, reconnect_ivl=10)
    with RawListener() as listener:
        req.connect(listener.endpoint)
        with listener.accept() as server:
            server.handshake(b"REP")
            req.send(b"question")
            assert server.recv_message() == [b"", b"question"]
        with listener.accept() as server:
            server.handshake(b"REP")
            server.sock.settimeout(0.1)
            with pytest.raises(socket.timeout):
                server.recv(1)
        req.set(zmq.RCVTIMEO, 50)
        with pytest.raises(zmq.Again):
            req.recv()
        with zmq.refused(zmq.EFSM):
            req.send(b"another")


def test_anybody_may_answer_for_who_is_gone(zmq: Library) -> None:
    req = zmq.socket(zmq.REQ)
    routers = [zmq.socket(zmq.ROUTER) for _ in range(2)]
    for router in routers:
        req.connect(zmq.bind(router, "inproc"))
    req.send(b"who are you?")
    routers[0].send_multipart([routers[0].recv_multipart()[0], b"", b"me"])
    req.recv()
    req.send(b"who are you?")
    second = routers[1].recv_multipart()[0]
    routers[1].send_multipart([second, b"", b"me"])
    req.recv()
    req.send(b"question")
    assert routers[0].recv_multipart()[1:] == [b"", b"question"]
    routers[0].close()
    assert not req.poll(50)
    routers[1].send_multipart([second, b"", b"answer"])
    assert req.recv() == b"answer"


@pytest.mark.fails_on("pyzmq", reason="swallows the next reply, or a part of it")
def test_a_bad_request_of_one_that_left_spoils_no_reply(zmq: Library) -> None:
    rep = zmq.socket(zmq.REP)
    endpoint = zmq.bind(rep, "tcp")
    req = zmq.socket(zmq.REQ)
    req.connect(endpoint)
    for _ in range(5):
        with connect(endpoint) as peer:
            peer.handshake(b"REQ")
            peer.send(message(b"no", b"delimiter") + message(b"none"))
        req.send(b"question")
        assert rep.recv() == b"question"
        rep.send(b"answer")
        assert req.recv() == b"answer"
