"""unbind, disconnect, and connections that are not made again."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library
from loopback import ipv6
from marriage import marry, settle
from patience import until
from watching import Watch, names


def _refused(zmq: Library, sock: Any) -> bool:
    """Whether there is nobody to send to."""
    try:
        sock.send(b"x", zmq.DONTWAIT)
    except zmq.Again:
        return True
    return False


def _until_there(zmq: Library, doer: Any, reader: Any) -> None:
    """Wait for what a call has begun; libzmq goes on with it in the next calls."""
    until(lambda: (doer.get(zmq.EVENTS), reader.poll(0))[1])


@pytest.mark.parametrize("kind", ["PUSH", "DEALER", "PAIR"])
def test_after_unbind_nobody_is_left(zmq: Library, network: str, kind: str) -> None:
    other = "PULL" if kind == "PUSH" else kind
    binder, peer = zmq.socket(getattr(zmq, kind)), zmq.socket(getattr(zmq, other))
    binder.unbind(marry(zmq, binder, peer, network))
    until(lambda: _refused(zmq, binder))
    assert binder.get(zmq.EVENTS) & zmq.POLLOUT == 0


@pytest.mark.parametrize("kind", ["PUSH", "DEALER", "PAIR"])
def test_after_disconnect_nobody_is_left(
    zmq: Library, transport: str, kind: str
) -> None:
    other = "PULL" if kind == "PUSH" else kind
    binder, peer = zmq.socket(getattr(zmq, other)), zmq.socket(getattr(zmq, kind))
    peer.disconnect(marry(zmq, binder, peer, transport))
    assert _refused(zmq, peer)


WILDCARDS = [
    ("tcp://*:*", 0),
    ("tcp://127.0.0.1:*", 0),
    ("tcp://127.0.0.1:0", 0),
    pytest.param("tcp://*:*", 1, marks=ipv6),
    pytest.param("tcp://[::]:*", 1, marks=ipv6),
    pytest.param("tcp://[::1]:*", 1, marks=ipv6),
]


@pytest.mark.parametrize(("address", "six"), WILDCARDS)
def test_a_wildcard_is_unbound_by_what_it_became(
    zmq: Library, address: str, six: int
) -> None:
    first, second = (zmq.socket(zmq.REP, ipv6=six) for _ in range(2))
    first.bind(address)
    endpoint = zmq.last_endpoint(first)
    assert "*" not in endpoint
    assert not endpoint.endswith(":0")
    if address.endswith("*"):  # libzmq takes port 0 for the port it gave
        with zmq.refused(errno.ENOENT):
            first.unbind(address)
    with zmq.refused(errno.EADDRINUSE):
        second.bind(endpoint)
    first.unbind(endpoint)
    zmq.bind_again(second, endpoint)
    with zmq.refused(errno.ENOENT):
        first.unbind(endpoint)


def test_last_endpoint_is_of_the_last(zmq: Library) -> None:
    sock = zmq.socket(zmq.ROUTER)
    for endpoint in (zmq.reserved("tcp"), zmq.reserved("tcp"), zmq.address("ipc")):
        sock.bind(endpoint)
        assert zmq.last_endpoint(sock) == endpoint


def test_a_subscriber_that_disconnects_takes_its_topics_along(
    zmq: Library, transport: str
) -> None:
    xpub, sub = zmq.socket(zmq.XPUB), zmq.socket(zmq.SUB)
    endpoint = marry(zmq, xpub, sub, transport)
    for _ in range(3):
        sub.subscribe(b"topic")
        assert xpub.recv() == b"\1topic"
        xpub.send_multipart([b"topic", b"news"])
        assert sub.recv_multipart() == [b"topic", b"news"]
        sub.disconnect(endpoint)
        _until_there(zmq, sub, xpub)
        assert xpub.recv() == b"\0topic"
        xpub.send_multipart([b"topic", b"lost"])
        sub.unsubscribe(b"topic")
        sub.connect(endpoint)
        settle(xpub, sub)


@pytest.mark.fails_on("pyzmq", reason="now and then its context does not end after it")
def test_without_an_interval_only_connect_connects(zmq: Library, network: str) -> None:
    """The server unbinds, which ends the connection, and comes back in vain."""
    server, client = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH, reconnect_ivl=-1)
    watched = Watch(zmq, server, zmq.EVENT_LISTENING | zmq.EVENT_HANDSHAKE_SUCCEEDED)
    watching = Watch(zmq, client, zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED)
    endpoint = marry(zmq, server, client, network)
    server.unbind(endpoint)
    _until_there(zmq, server, watching.socket)
    assert watching.next().name == "DISCONNECTED"
    zmq.bind_again(server, endpoint)
    until(lambda: _refused(zmq, client))
    client.connect(endpoint)
    settle(server, client)
    once = ["LISTENING", "HANDSHAKE_SUCCEEDED"]
    assert names([watched.next() for _ in range(4)]) == 2 * once
    assert not watching.socket.poll(0)
