"""Sockets that are secured, and who decides over them: a ZAP handler in a thread."""

from __future__ import annotations

import threading
from typing import Any

from attacker import CLIENT_SECRET, PASSWORD, SERVER_SECRET, USER
from library import Library
from patience import Background

from pymq.zmtp import sodium

MECHANISMS = ("NULL", "PLAIN", "CURVE")
DOMAIN = b"dom"
STRANGER = b"\7" * 32


class Guard:
    """Lets in who `secure` makes: in that domain, one user, one key."""

    def __init__(self, zmq: Library) -> None:
        self._zmq = zmq
        self._socket = zmq.socket(zmq.REP)
        self._socket.bind("inproc://zeromq.zap.01")
        self._over = threading.Event()

    def __enter__(self) -> Guard:
        self._serving = Background(self._serve)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._serving.result()

    def _serve(self) -> None:
        while not self._over.is_set():
            if self._socket.poll(10):
                _, number, domain, _, _, *said = self._socket.recv_multipart()
                status = b"200" if domain == DOMAIN and _known(*said) else b"400"
                self._socket.send_multipart([b"1.0", number, status, b"", b"", b""])


def _known(mechanism: bytes, *credentials: bytes) -> bool:
    if mechanism == b"PLAIN":
        return credentials == (USER, PASSWORD)
    if mechanism == b"CURVE":
        return credentials == (sodium.public(CLIENT_SECRET),)
    return True


def secure(mechanism: str, server: Any, client: Any, **wrong: Any) -> None:
    """Set the options of both, of libzmq or of pymq.  `wrong` is what to set besides,
    of `domain`, `user`, `password`, `key` (the client's secret) and `server_key`."""
    server.zap_domain = wrong.get("domain", DOMAIN)
    if mechanism == "PLAIN":
        server.plain_server = 1
        client.plain_username = wrong.get("user", USER)
        client.plain_password = wrong.get("password", PASSWORD)
    if mechanism == "CURVE":
        server.curve_secretkey = SERVER_SECRET
        server.curve_server = 1
        secret = wrong.get("key", CLIENT_SECRET)
        client.curve_secretkey = secret
        client.curve_publickey = sodium.public(secret)
        expected = wrong.get("server_key", SERVER_SECRET)
        client.curve_serverkey = sodium.public(expected)
