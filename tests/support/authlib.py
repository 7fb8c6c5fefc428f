"""``zmq.auth`` of an implementation, sockets that want to know who is there, and who
judges that."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Any, Callable

import pytest
from library import Library

from pymq.auth import Applicant
from pymq.zmtp import sodium

needs_curve = pytest.mark.skipif(not sodium.available(), reason="PyNaCl is not there")


def part(zmq: Library, name: str) -> Any:
    """A module of an implementation, such as ``auth.thread``."""
    return import_module(f"{zmq.implementation.module.__name__}.{name}")


class Keys:
    """A pair of keys, and the sockets that have them."""

    def __init__(self, zmq: Library) -> None:
        self.public, self.secret = zmq.curve_keypair()

    def server(self, zmq: Library, kind: int, **options: Any) -> Any:
        """A socket that is a server of CURVE."""
        keys = {"curve_secretkey": self.secret, "curve_server": 1}
        return zmq.socket(kind, **keys, **options)

    def client(self, zmq: Library, kind: int, server: bytes, **options: Any) -> Any:
        """A socket that is a client of the server with that public key."""
        keys = {"curve_publickey": self.public, "curve_secretkey": self.secret}
        return zmq.socket(kind, **keys, curve_serverkey=server, **options)


class Door:
    """Lets in whom `judge` lets in, and remembers who came."""

    def __init__(self, judge: Callable[[Applicant], Any] = lambda peer: True) -> None:
        self.seen: list[Applicant] = []
        self.threads: list[threading.Thread] = []
        self._judge = judge

    def __call__(self, peer: Applicant) -> Any:
        self.seen.append(peer)
        self.threads.append(threading.current_thread())
        return self._judge(peer)


def bind(zmq: Library, server: Any, auth: Any, transport: str = "tcp") -> str:
    """Where `auth` is asked."""
    server.bind(zmq.address(transport), auth=auth)
    return zmq.last_endpoint(server)


def plain(zmq: Library, kind: int, user: bytes = b"joe", **options: Any) -> Any:
    """A client of PLAIN."""
    words = {"plain_username": user, "plain_password": b"pw"}
    return zmq.socket(kind, **words, **options)


def arrives(client: Any, server: Any) -> Any:
    """The frame, once the client's message is there."""
    client.send(b"hello")
    frame = server.recv_multipart(copy=False)[-1]
    assert frame.bytes == b"hello"
    return frame
