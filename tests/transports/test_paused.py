"""A reader that its mark has stopped, and a peer that goes on: it stays alive, and may
not fill our memory."""

from __future__ import annotations

import os
import platform
import select
import socket
import struct

import pytest
from library import Library
from patience import PATIENCE
from rawpeer import RawPeer, connect, frame, message

PING = frame(b"\x04PING\0\0me", command=True)
PONG = frame(b"\x04PONGme", command=True)
MEGABYTES = 6
MEASURED = pytest.mark.skipif(
    "san.so" in os.environ.get("LD_PRELOAD", "")
    or platform.python_implementation() == "PyPy",
    reason="a sanitizer, and PyPy, keep what was freed for a while",
)


def _paused(zmq: Library, kind: str, marks: int) -> tuple[RawPeer, object]:
    """A socket that holds as many messages as its mark allows, all from one peer."""
    sock = zmq.socket(getattr(zmq, kind), rcvhwm=marks, rcvbuf=65536)
    peer = connect(zmq.bind(sock, "tcp"), receive_buffer=65536)
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    peer.handshake(b"DEALER" if kind == "ROUTER" else b"PUSH")
    peer.send(b"".join(message(b"%d" % number) for number in range(marks)))
    return peer, sock


@pytest.mark.parametrize("marks", [1, 2, 10])
@pytest.mark.parametrize("kind", ["PULL", "ROUTER"])
def test_a_full_reader_answers(zmq: Library, kind: str, marks: int) -> None:
    peer, _ = _paused(zmq, kind, marks)
    with peer:
        for _ in range(100):
            peer.send(PING)
            assert peer.recv(len(PONG)) == PONG


def test_what_waits_behind_a_message_is_answered_after_it(zmq: Library) -> None:
    peer, pull = _paused(zmq, "PULL", 2)
    with peer:
        peer.send(message(b"2") + PING + message(b"3") + PING)
        got = [pull.recv() for _ in range(4)]  # type: ignore[attr-defined]
        assert got == [b"0", b"1", b"2", b"3"]
        assert peer.recv(2 * len(PONG)) == 2 * PONG


@MEASURED
@pytest.mark.parametrize("waiting", [False, True])
def test_pongs_that_nobody_asked_for(zmq: Library, waiting: bool) -> None:
    """With a message before them they stay where they are, else they are forgotten."""
    peer, pull = _paused(zmq, "PULL", 2)
    with peer:
        if waiting:
            peer.send(message(b"2"))
        pongs = PONG * (MEGABYTES * 2**20 // len(PONG))
        before = _memory()
        # Who forgets them may be slow at it.
        taken = _take(peer, pongs, 0.5 if waiting else PATIENCE)
        assert _memory() - before < MEGABYTES / 2
        assert taken < MEGABYTES * 2**19 if waiting else taken == len(pongs)
        assert pull.recv() == b"0"  # type: ignore[attr-defined]


@MEASURED
def test_pings_of_who_does_not_read(zmq: Library) -> None:
    """He is not read, either, once he owes us too much."""
    peer, pull = _paused(zmq, "PULL", 2)
    with peer:
        pings = PING * (MEGABYTES * 2**20 // len(PING))
        before = _memory()
        _take(peer, pings)
        assert _memory() - before < MEGABYTES / 2
        assert pull.recv() == b"0"  # type: ignore[attr-defined]


def _take(peer: RawPeer, data: bytes, seconds: float = 0.5) -> int:
    """How many bytes are taken of a peer, until none is for so long."""
    peer.sock.setblocking(False)
    view = memoryview(data)
    while view and select.select([], [peer.sock], [], seconds)[1]:
        view = view[peer.sock.send(view[: 1 << 16]) :]
    return len(data) - len(view)


def _memory() -> float:
    """Megabytes of this process, where the system tells."""
    try:
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.fails_on("pyzmq", reason="answers with up to 16 octets of its own memory")
@pytest.mark.parametrize("body", [b"\x04PING", b"\x04PING\0"])
def test_a_short_ping_is_told_nothing(zmq: Library, body: bytes) -> None:
    pull = zmq.socket(zmq.PULL)
    with connect(zmq.bind(pull, "tcp")) as peer:
        peer.handshake(b"PUSH")
        peer.send(frame(body, command=True))
        assert peer.rest() == b""


@MEASURED
@pytest.mark.only("pymq")  # libzmq allocates what a header announces
def test_what_is_only_announced_takes_no_memory(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    with connect(zmq.bind(pull, "tcp")) as peer:
        peer.handshake(b"PUSH")
        peer.send(message(b"before"))
        assert pull.recv() == b"before"
        before = _memory()
        peer.send(struct.pack(">BQ", 2, 2**40) + bytes(10_000))
        assert not pull.poll(100)
        assert _memory() - before < MEGABYTES / 2
