"""What a monitor hears of connections that have no handshake, or go through a proxy."""

from __future__ import annotations

from typing import Any

import pytest
import rawpeer
from library import Library
from socksproxy import SocksProxy
from watching import Watch, names

pytestmark = pytest.mark.core


def _ended(watch: Watch) -> list[str]:
    """libzmq says in between that there was no handshake; here that is no failure."""
    found = names(watch.until("DISCONNECTED"))
    return [name for name in found if name != "HANDSHAKE_FAILED_NO_DETAIL"]


def _raw_router(zmq: Library) -> Any:
    return zmq.socket(zmq.ROUTER, router_raw=1, linger=0)


def _stream(zmq: Library) -> Any:
    return zmq.socket(zmq.STREAM, linger=0)


@pytest.mark.parametrize("make", [_stream, _raw_router])
def test_an_accepted_connection(zmq: Library, make: Any) -> None:
    sock = make(zmq)
    watch = Watch(zmq, sock)
    with rawpeer.connect(zmq.bind(sock, "tcp")):
        assert names(watch.until("ACCEPTED")) == ["LISTENING", "ACCEPTED"]
    assert _ended(watch) == ["DISCONNECTED"]


def test_a_connection_that_was_made(zmq: Library) -> None:
    stream = _stream(zmq)
    watch = Watch(zmq, stream)
    with rawpeer.RawListener() as listener:
        stream.connect(listener.endpoint)
        with listener.accept():
            assert names(watch.until("CONNECTED")) == ["CONNECT_DELAYED", "CONNECTED"]
        assert _ended(watch) == ["DISCONNECTED"]
        assert watch.next().name == "CONNECT_RETRIED"


def test_a_proxy_that_connects(zmq: Library) -> None:
    with SocksProxy().start() as proxy:
        push = zmq.socket(zmq.PUSH, socks_proxy=proxy.address.encode(), linger=0)
        watch = Watch(zmq, push)
        push.connect(zmq.bind(zmq.socket(zmq.PULL), "tcp"))
        found = names(watch.until("HANDSHAKE_SUCCEEDED"))
        assert found == ["CONNECT_DELAYED", "CONNECTED", "HANDSHAKE_SUCCEEDED"]


@pytest.mark.only("pymq")
def test_a_proxy_that_refuses(zmq: Library) -> None:
    """libzmq aborts the process afterwards."""
    with SocksProxy(login=(b"someone", b"secret")).start() as proxy:
        push = zmq.socket(zmq.PUSH, socks_proxy=proxy.address.encode(), linger=0)
        watch = Watch(zmq, push)
        push.connect("tcp://127.0.0.1:9")
        found = watch.until("CONNECT_RETRIED")
        assert names(found) == ["CONNECT_DELAYED", "CLOSED", "CONNECT_RETRIED"]
        assert found[1].value > 0


def test_properties_of_a_connection(zmq: Library) -> None:
    stream = _stream(zmq)
    with rawpeer.connect(zmq.bind(stream, "tcp")) as peer:
        peer.send(b"hello")
        frames = stream.recv_multipart(copy=False)
        assert frames[-1].get("Peer-Address") == "127.0.0.1"
