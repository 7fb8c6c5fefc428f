"""``zmq.auth`` of an implementation, and sockets that want to know who is there."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from library import Library

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
