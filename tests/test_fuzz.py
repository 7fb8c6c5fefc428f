"""Random endpoints, random bytes: errors, never more than that."""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path
from typing import Any, Iterator

import pytest
from library import Library
from marriage import marry
from rawpeer import RawListener, connect, greeting, message, ready

# libzmq looks names up that are none, and takes its time; and noise from the network
# aborts it now and then, and with it the tests.
pytestmark = pytest.mark.only("pymq")

# Changed ones name no other port and no file outside the current folder.
ENDPOINTS = (
    "tcp://127.0.0.1:*",
    "tcp://[::1]:*",
    "tcp://*:*",
    "tcp://127.0.0.1:*;127.0.0.1:*",
    "tcp://lo:*",
    "ipc://*",
    "ipc://@pymq-fuzz",
    "ipc://pymq-fuzz",
    "inproc://pymq-fuzz",
    "tipc://{4242,0,0}",
    "tipc://<*>",
    "vsock://*:*",
    "vsock://@:*",
    "udp://127.0.0.1:*",
    "ws://127.0.0.1:*",
)
SIGNS = "[]{}<>%*;:,@-!\0 \N{SNOWMAN}"
SEEDS = 300


def _changed(dice: random.Random) -> str:
    """One of them with some characters gone, doubled, or new."""
    scheme, _, rest = dice.choice(ENDPOINTS).partition("://")
    text = list(rest)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(text) + 1)
        choice = dice.randrange(3)
        if choice == 0:
            text[at:at] = dice.choice(SIGNS)
        elif choice == 1:
            del text[at : at + 1]
        else:
            text[at:at] = text[at : at + 1] * (not rest[at : at + 1].isdigit())
    return scheme + dice.choice(["://"] * 9 + [":/", "//", ""]) + "".join(text)


@pytest.mark.parametrize("method", ["bind", "connect"])
def test_random_endpoints(
    zmq: Library, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dice = random.Random(42)
    for _ in range(SEEDS):
        endpoint = _changed(dice)
        with zmq.main.socket(zmq.DEALER) as sock:
            sock.linger = 0
            with contextlib.suppress(zmq.ZMQError):
                getattr(sock, method)(endpoint)
                if method == "bind":
                    sock.unbind(zmq.last_endpoint(sock))
    marry(zmq, zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH), "tcp")


def _bytes(dice: random.Random) -> bytes:
    """Nothing but noise, or noise behind a good beginning."""
    starts = (b"", b"\xff" + bytes(8), greeting(), greeting() + ready(b"DEALER"))
    return dice.choice(starts) + dice.randbytes(dice.randint(1, 400))


def _noise(number: int) -> Iterator[bytes]:
    dice = random.Random(number)
    return (_bytes(dice) for _ in range(40))


def _say(peer: socket.socket, data: bytes) -> None:
    """And leave at once."""
    with contextlib.suppress(OSError):
        peer.sendall(data)
    peer.close()


def _drain(zmq: Library, sock: Any, last: bytes) -> None:
    """Receive until what a good peer sent."""
    while last not in sock.recv_multipart():
        pass


@pytest.mark.core
@pytest.mark.parametrize("kind", ["DEALER", "ROUTER", "REP", "XPUB", "SUB"])
def test_noise_from_who_connects(zmq: Library, network: str, kind: str) -> None:
    server = zmq.socket(getattr(zmq, kind))
    endpoint = zmq.bind(server, network)
    for data in _noise(1):
        _say(connect(endpoint).sock, data)
    server.close()
    good, other = zmq.socket(zmq.ROUTER), zmq.socket(zmq.DEALER)
    marry(zmq, good, other, network)


def test_a_good_peer_beside_the_noise(zmq: Library, network: str) -> None:
    pull, push = zmq.socket(zmq.PULL), zmq.socket(zmq.PUSH)
    endpoint = marry(zmq, pull, push, network)
    for data in _noise(2):
        _say(connect(endpoint).sock, data)
    push.send(b"good peer")
    _drain(zmq, pull, b"good peer")


def test_noise_from_who_is_connected_to(zmq: Library) -> None:
    """A good listener comes after many bad ones, in the same place."""
    push = zmq.socket(zmq.PUSH, reconnect_ivl=1)
    with RawListener() as listener:
        push.connect(listener.endpoint)
        for data in (dice.randbytes(9) for dice in map(random.Random, range(20))):
            _say(listener.accept().sock, b"\xff" + data[:8])
        push.send(b"queued")
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            assert peer.recv_message() == [b"queued"]


@pytest.mark.parametrize("side", ["bind", "connect"])
def test_noise_to_a_stream(zmq: Library, side: str) -> None:
    """It is what it is."""
    stream = zmq.socket(zmq.STREAM)
    with contextlib.ExitStack() as stack:
        if side == "bind":
            peer = stack.enter_context(connect(zmq.bind(stream, "tcp")))
        else:
            listener = stack.enter_context(RawListener())
            stream.connect(listener.endpoint)
            peer = stack.enter_context(listener.accept())
        assert stream.recv_multipart()[1] == b""
        data = b"".join(_noise(3)) + message(b"end")
        peer.send(data)
        found = b""
        while len(found) < len(data):
            found += stream.recv_multipart()[1]
        assert found == data
