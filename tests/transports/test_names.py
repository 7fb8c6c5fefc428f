"""Names of hosts: looked up at each attempt, and never waited for by anybody else."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import PATIENCE

NAME = "moving.invalid"


@pytest.mark.only("pymq")
def test_a_name_is_looked_up_at_each_attempt(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As libzmq does, whose lookups no test can replace."""
    real, asked = socket.getaddrinfo, []

    def lookup(host: Any, *rest: Any) -> Any:
        if host != NAME:
            return real(host, *rest)
        asked.append(host)
        return real("127.0.0.2" if len(asked) < 3 else "127.0.0.1", *rest)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH, reconnect_ivl=1)
    push.connect(zmq.bind(pull, "tcp").replace("127.0.0.1", NAME))
    push.send(b"found")
    assert pull.recv() == b"found"
    assert len(asked) >= 3


@pytest.mark.only("pymq")
def test_nobody_else_waits_for_a_name(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libzmq's I/O thread serves no other socket meanwhile."""
    real, go_on = socket.getaddrinfo, threading.Event()

    def lookup(host: Any, *rest: Any) -> Any:
        if host == NAME:
            assert go_on.wait(PATIENCE)
            raise socket.gaierror(socket.EAI_AGAIN, "for the test")
        return real(host, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    waiting = zmq.socket(zmq.PUSH, linger=0)
    waiting.connect(f"tcp://{NAME}:1")
    for network in ("tcp", "ipc"):
        marry(zmq, zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH), network)
    go_on.set()
