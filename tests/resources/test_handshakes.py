"""Peers that do not get on with their handshake: so long, so many, and no more."""

from __future__ import annotations

import contextlib
import errno
from functools import partial
from typing import Any

import pytest
from library import Library
from patience import Background, until
from rawpeer import RawPeer, connect, crowd, greeting
from watching import Watch, names
from zaphandler import Handler

pytestmark = pytest.mark.only("pymq")

FEW = 5


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as this test has descriptors for."""
    monkeypatch.setattr("pymq.session.listener.HANDSHAKES", FEW)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may take any time while others wait."""
    monkeypatch.setattr("pymq.session.listener.PATIENT", 0.0)


def _left(peers: list[RawPeer]) -> list[bool]:
    """Which of them were given up."""
    found = []
    for peer in peers:
        peer.sock.settimeout(0.001)
        try:
            data = b"."
            while data:
                data = peer.sock.recv(100)
            found.append(True)
        except TimeoutError:
            found.append(False)
    return found


@pytest.mark.usefixtures("few", "hasty")
@pytest.mark.parametrize("said", [b"", greeting()[:9], greeting()])
def test_the_slowest_makes_room(zmq: Library, network: str, said: bytes) -> None:
    pull = zmq.socket(zmq.PULL)
    watch = Watch(zmq, pull)
    endpoint = zmq.bind(pull, network)
    with contextlib.ExitStack() as stack:
        peers = []
        for _ in range(4 * FEW):
            peers.append(stack.enter_context(connect(endpoint)))
            peers[-1].send(said)
            watch.until("ACCEPTED")
        push = zmq.socket(zmq.PUSH)
        push.connect(endpoint)
        push.send(b"not kept out")
        assert pull.recv() == b"not kept out"
        stay = FEW - 1  # the one that got on made room as well
        until(lambda: sum(_left(peers)) == len(peers) - stay)
        assert _left(peers) == [True] * (len(peers) - stay) + [False] * stay


@pytest.mark.usefixtures("few", "hasty")
def test_the_monitor_is_told(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    watch = Watch(zmq, pull)
    endpoint = zmq.bind(pull, "tcp")
    with crowd(endpoint, FEW + 1):
        seen = watch.until("HANDSHAKE_FAILED_NO_DETAIL")
        assert seen[-1].value == errno.ECONNABORTED
        assert names(seen[:-1]) == ["LISTENING"] + ["ACCEPTED"] * FEW
        assert watch.next().name == "DISCONNECTED"
        assert watch.next().name == "ACCEPTED"


@pytest.mark.usefixtures("few")
def test_who_is_quick_is_not_hurried(zmq: Library) -> None:
    """So many come at once that some wait to be accepted; each gets its time."""
    router = zmq.socket(zmq.ROUTER)
    endpoint = zmq.bind(router, "tcp")
    with crowd(endpoint, 4 * FEW) as peers:
        handshakes = [Background(partial(peer.handshake, b"DEALER")) for peer in peers]
        for handshake in handshakes:
            handshake.result()


@pytest.mark.usefixtures("few")
def test_who_waits_for_zap_stays(zmq: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the peers that are slow.  What waits behind them is accepted later."""
    monkeypatch.setattr("pymq.session.listener.PATIENT", 0.3)
    handler = Handler(zmq)
    server = zmq.socket(zmq.PULL, plain_server=1, zap_domain=b"z")
    watch = Watch(zmq, server)
    endpoint = zmq.bind(server, "tcp")
    clients: list[Any] = []
    for _ in range(2 * FEW):
        client = zmq.socket(zmq.PUSH, plain_username=b"u", plain_password=b"p")
        client.connect(endpoint)
        client.send(b"x")
        clients.append(client)
    assert not server.poll(600)
    seen = [watch.next() for _ in range(FEW + 1)]
    assert names(seen) == ["LISTENING"] + ["ACCEPTED"] * FEW
    assert not watch.socket.poll(0)
    received = 0
    while received < len(clients):
        if handler.socket.poll(5):
            handler.judge()
        received += len(server.recv_many()) if server.poll(5) else 0


def test_an_idle_handshake_ends(zmq: Library, network: str) -> None:
    """After HANDSHAKE_IVL, also if it gets on, but slowly."""
    pull = zmq.socket(zmq.PULL, handshake_ivl=100)
    endpoint = zmq.bind(pull, network)
    with connect(endpoint) as idle, connect(endpoint) as slow:
        for octet in greeting()[:3]:
            slow.send(bytes((octet,)))
        for peer in (idle, slow):
            assert len(peer.rest()) <= 64


@pytest.mark.slow
def test_as_many_as_there_may_be(zmq: Library) -> None:
    """With the real numbers."""
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, "tcp")
    with crowd(endpoint, 520) as peers:
        push = zmq.socket(zmq.PUSH)
        push.connect(endpoint)
        push.send(b"not kept out")
        assert pull.recv() == b"not kept out"
        until(lambda: sum(_left(peers)) == 21)
