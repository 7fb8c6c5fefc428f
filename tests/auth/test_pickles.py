"""`recv_pyobj` warns once where anybody may send what it runs."""

from __future__ import annotations

import json
import warnings
from typing import Any

import authlib
import pytest
from authlib import Keys, needs_curve
from library import Library

import pymq

pytestmark = pytest.mark.only("pymq")


def warned(zmq: Library, sock: Any, *senders: Any) -> list[str]:
    """What is said when the socket receives an object from each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for sender in senders:
            sender.send_pyobj({"a": 1})
            assert sock.recv_pyobj() == {"a": 1}
    assert all(one.category is pymq.UnsafePickleWarning for one in caught)
    assert all(one.filename == __file__ for one in caught)
    return [str(one.message) for one in caught]


@pytest.mark.core
def test_over_tcp(zmq: Library) -> None:
    server, client = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    endpoint = zmq.bind(server, "tcp")
    client.connect(endpoint)
    (said,) = warned(zmq, server, client, client)
    assert endpoint in said
    assert "recv_serialized" in said
    (said,) = warned(zmq, client, server)
    assert endpoint in said
    assert warned(zmq, server, client) == []


@pytest.mark.core
@pytest.mark.parametrize("transport", ["ipc", "inproc"])
def test_within_the_machine(zmq: Library, transport: str) -> None:
    server, client = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    client.connect(zmq.bind(server, transport))
    assert warned(zmq, server, client, client) == []


def test_an_endpoint_that_comes_later(zmq: Library) -> None:
    server, client = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    client.connect(zmq.bind(server, "ipc"))
    assert warned(zmq, server, client) == []
    zmq.bind(server, "tcp")
    assert len(warned(zmq, server, client, client)) == 1


def test_through_a_shadow(zmq: Library) -> None:
    server, client = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    client.connect(zmq.bind(server, "ipc"))
    shadow = pymq.Socket.shadow(server)
    assert warned(zmq, server, client) == []
    zmq.bind(shadow, "tcp")
    assert len(warned(zmq, server, client)) == 1
    assert warned(zmq, shadow, client) == []


def test_who_asks_for_names(zmq: Library) -> None:
    server = zmq.socket(zmq.PULL)
    server.bind("tcp://127.0.0.1:*", auth=lambda peer: peer.address == "127.0.0.1")
    client = zmq.socket(zmq.PUSH)
    client.connect(zmq.last_endpoint(server))
    assert warned(zmq, server, client) == []


@pytest.mark.parametrize("handler", [False, True])
def test_addresses(zmq: Library, handler: bool) -> None:
    """NULL with a domain: only where there is somebody to ask."""
    auth = authlib.part(zmq, "auth.thread").ThreadAuthenticator(zmq.main)
    if handler:
        auth.start()
        auth.allow("127.0.0.1")
    server, client = zmq.socket(zmq.PULL, zap_domain=b"dom"), zmq.socket(zmq.PUSH)
    client.connect(zmq.bind(server, "tcp"))
    assert len(warned(zmq, server, client)) == (not handler)
    auth.stop()


def test_passwords(zmq: Library) -> None:
    """They tell the server who is there, and its client nothing."""
    auth = authlib.part(zmq, "auth.thread").ThreadAuthenticator(zmq.main)
    auth.start()
    auth.configure_plain("*", {"joe": "pw"})
    server = zmq.socket(zmq.PAIR, plain_server=1)
    client = zmq.socket(zmq.PAIR, plain_username=b"joe", plain_password=b"pw")
    client.connect(zmq.bind(server, "tcp"))
    assert warned(zmq, server, client) == []
    assert len(warned(zmq, client, server)) == 1
    auth.stop()


@needs_curve
@pytest.mark.parametrize("handler", [False, True])
def test_keys(zmq: Library, handler: bool) -> None:
    """A client knows its server; that knows nobody unless somebody is asked."""
    auth = authlib.part(zmq, "auth.thread").ThreadAuthenticator(zmq.main)
    if handler:
        auth.start()
        auth.configure_curve("*", "*")
    us = Keys(zmq)
    server, client = (
        us.server(zmq, zmq.PAIR),
        Keys(zmq).client(zmq, zmq.PAIR, us.public),
    )
    client.connect(zmq.bind(server, "tcp"))
    assert len(warned(zmq, server, client)) == (not handler)
    assert warned(zmq, client, server) == []
    auth.stop()


def test_what_is_safe_instead(zmq: Library) -> None:
    """As the documentation has it."""

    def write(obj: Any) -> list[bytes]:
        return [json.dumps(obj).encode()]

    def read(frames: list[bytes]) -> Any:
        return json.loads(frames[0])

    server, client = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    client.connect(zmq.bind(server, "tcp"))
    client.send_serialized({"a": [1, None]}, write)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert server.recv_serialized(read) == {"a": [1, None]}
