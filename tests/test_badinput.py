"""What comes off the wire is not trusted: the bad connection ends, others go on."""

from __future__ import annotations

import os
import struct
import warnings
from pathlib import Path
from typing import Any, Iterator

import pytest
from library import Library
from marriage import marry, settle
from patience import until
from rawpeer import (
    GREETING_SIZE,
    RawListener,
    RawPeer,
    connect,
    frame,
    greeting,
    message,
    ready,
)

PUSH_READY = ready(b"PUSH")

# Sent instead of a handshake.  All of it ends the connection, in libzmq too.
HANDSHAKES = {
    "another mechanism": greeting(b"PLAIN"),
    "an unknown mechanism": greeting(b"NOSUCH"),
    "text after the mechanism": greeting(b"NULL\0x"),
    "an incompatible socket type": greeting() + ready(b"PUB"),
    "an unknown socket type": greeting() + ready(b"NOSUCH"),
    "a lower-case socket type": greeting() + ready(b"push"),
    "a message before READY": greeting() + message(b"too soon"),
    "a PING before READY": greeting() + frame(b"\x04PING\0\0", command=True),
    "an unknown command": greeting() + frame(b"\x05HELLO", command=True),
    "an empty command": greeting() + frame(b"", command=True),
    "a stray byte in READY": greeting() + frame(b"\x05READY\x05", command=True),
    "a value longer than READY": greeting()
    + frame(b"\x05READY\x01a\0\0\0\x09short", command=True),
    "an endless READY": greeting() + b"\x06" + b"\xff" * 8 + b"\x05READY",
}

# libzmq takes these for peers of ZMTP 1.0, and leaves their connections open.
NOT_ZMTP = {
    "garbage": bytes(range(1, 200)),
    "an HTTP request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".ljust(100, b"x"),
    "a signature that does not end": b"\xff" + bytes(9) + bytes(64),
    "a long routing id": b"\xff" + bytes(7) + b"\x80\0" + bytes(200),
    "flags in a routing id": b"\xff" + bytes(8) + b"\x7f\x01\x08\x01\x01x",
    "the end of all": b"\xff" * 9 + b"\0" + bytes(64),
}

# Sent after the handshake; these end the connection in libzmq too.
TRAFFIC = {
    "a frame above MAXMSGSIZE": frame(bytes(1001)),
    "a part above MAXMSGSIZE": frame(b"fine", more=True) + frame(bytes(1001)),
    "only the length of a frame above MAXMSGSIZE": struct.pack(">BQ", 2, 1 << 40),
    "a length of 2**63": struct.pack(">BQ", 2, 1 << 63),
}

RESERVED = {
    f"flags {flags:#04x}": struct.pack(">BB", flags, 3) + b"abc"
    for flags in (0x08, 0x10, 0x20, 0x40, 0x80, 0xF8)
}


def _cases(table: dict[str, bytes]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("data", table.values(), ids=table.keys())


class Server:
    """A bound PULL, and a well-behaved PUSH that must not notice anything."""

    def __init__(self, zmq: Library, transport: str, **options: int) -> None:
        self.zmq = zmq
        self.pull, self.push = zmq.socket(zmq.PULL, **options), zmq.socket(zmq.PUSH)
        self.endpoint = marry(zmq, self.pull, self.push, transport)
        self.raw: list[RawPeer] = []

    def attack(self) -> RawPeer:
        """A new connection that has not said anything yet."""
        self.raw.append(connect(self.endpoint))
        return self.raw[-1]

    def check(self) -> None:
        """Old and new connections work, and nothing else has arrived."""
        self.push.send_multipart([b"old", b"peer"])
        assert self.pull.recv_multipart() == [b"old", b"peer"]
        late = self.zmq.socket(self.zmq.PUSH)
        late.connect(self.endpoint)
        late.send_multipart([b"new", b"peer"])
        assert self.pull.recv_multipart() == [b"new", b"peer"]


@pytest.fixture
def server(zmq: Library, network: str) -> Iterator[Server]:
    """A PULL that accepts frames up to 1000 bytes."""
    made = Server(zmq, network, maxmsgsize=1000)
    yield made
    for peer in made.raw:
        peer.sock.close()


@pytest.mark.core
@_cases(HANDSHAKES)
def test_a_bad_handshake_ends_the_connection(server: Server, data: bytes) -> None:
    peer = server.attack()
    peer.send(data)
    peer.rest()
    server.check()


@pytest.mark.core
@pytest.mark.only("pymq")
@_cases(NOT_ZMTP)
def test_what_is_not_zmtp_ends_the_connection(server: Server, data: bytes) -> None:
    """Older protocols allow for anything, but not for any flags."""
    peer = server.attack()
    peer.send(data)
    peer.rest()
    server.check()


@pytest.mark.only("pymq")
def test_an_error_ends_the_connection(server: Server) -> None:
    """libzmq leaves the closing to the peer that sent it."""
    peer = server.attack()
    peer.send(greeting() + frame(b"\x05ERROR\x03why", command=True))
    peer.rest()
    server.check()


@pytest.mark.core
@_cases(TRAFFIC)
def test_a_bad_frame_ends_the_connection(server: Server, data: bytes) -> None:
    peer = server.attack()
    peer.handshake(b"PUSH")
    peer.send(message(b"good"))
    assert server.pull.recv_multipart() == [b"good"]
    peer.send(data)
    peer.rest()
    server.check()


@pytest.mark.only("pymq")
@_cases(RESERVED)
def test_reserved_bits_end_the_connection(server: Server, data: bytes) -> None:
    """RFC 37: they must be zero.  libzmq does not look at them."""
    peer = server.attack()
    peer.handshake(b"PUSH")
    peer.send(data)
    peer.rest()
    server.check()


@pytest.mark.core
@pytest.mark.parametrize("size", [0, 1, 10, 11, 12, 63, 64, 70])
def test_a_peer_that_stalls_is_given_up(zmq: Library, network: str, size: int) -> None:
    server = Server(zmq, network, handshake_ivl=200)
    with server.attack() as peer:
        peer.send((greeting() + PUSH_READY)[:size])
        peer.rest()
        server.check()


def test_a_listener_that_stalls_is_given_up(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, handshake_ivl=200, reconnect_ivl=10)
    with RawListener() as listener:
        push.connect(listener.endpoint)
        for _ in range(3):
            with listener.accept() as peer:
                peer.rest()
        push.send(b"queued")
        with listener.accept() as peer:
            peer.handshake(b"PULL")
            assert peer.recv_message() == [b"queued"]


@pytest.mark.core
@_cases(HANDSHAKES)
def test_a_bad_listener_does_not_disturb(zmq: Library, data: bytes) -> None:
    push, pull = zmq.socket(zmq.PUSH, immediate=1), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, "tcp")
    with RawListener() as listener:
        push.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.send(data.replace(b"PUSH", b"PULL"))
            peer.rest()
    for number in range(10):
        push.send(b"%d" % number)
        assert pull.recv() == b"%d" % number


@pytest.mark.core
@pytest.mark.parametrize("cut", [1, 3, 6, 9, 12])
def test_a_peer_that_vanishes_in_a_message(server: Server, cut: int) -> None:
    """Whole messages are delivered, of a part of one nothing is."""
    peer = server.attack()
    peer.handshake(b"PUSH")
    peer.send(message(b"whole", b"one") + message(b"half", b"one")[:-cut])
    peer.sock.close()
    assert server.pull.recv_multipart() == [b"whole", b"one"]
    server.check()


def test_a_peer_that_vanishes_in_a_long_message(server: Server) -> None:
    for _ in range(20):
        peer = server.attack()
        peer.handshake(b"PUSH")
        peer.send(frame(bytes(900), more=True) * 5)
        peer.sock.close()
    server.check()


@pytest.mark.core
def test_a_handshake_may_come_byte_by_byte(server: Server) -> None:
    peer = server.attack()
    for value in greeting() + PUSH_READY:
        peer.send(bytes((value,)))
    peer.recv(GREETING_SIZE)
    assert peer.recv_frame()[1].startswith(b"\x05READY")
    for value in message(b"one", b"message") + message(b""):
        peer.send(bytes((value,)))
    assert server.pull.recv_multipart() == [b"one", b"message"]
    assert server.pull.recv_multipart() == [b""]
    server.check()


@pytest.mark.only("pymq")
def test_messages_may_follow_a_handshake_at_once(server: Server) -> None:
    """libzmq drops a peer that does not wait for its READY."""
    peer = server.attack()
    peer.send(greeting() + PUSH_READY + message(b"early", b"bird"))
    assert server.pull.recv_multipart() == [b"early", b"bird"]
    server.check()


def _patched(offset: int, value: int) -> bytes:
    data = bytearray(greeting())
    data[offset] = value
    return bytes(data)


@pytest.mark.parametrize(
    "hello",
    [
        _patched(5, 1),
        greeting(minor=0),
        greeting(minor=9),
        greeting(major=4, minor=0),
        _patched(32, 1),
        _patched(63, 1),
    ],
    ids=["padding", "3.0", "3.9", "4.0", "as-server", "filler"],
)
def test_unusual_greetings_are_accepted(server: Server, hello: bytes) -> None:
    peer = server.attack()
    peer.send(hello)
    peer.recv(GREETING_SIZE)
    peer.send(PUSH_READY)
    assert peer.recv_frame()[1].startswith(b"\x05READY")
    peer.send(message(b"welcome"))
    assert server.pull.recv() == b"welcome"
    server.check()


@pytest.mark.parametrize(
    "command",
    [b"\x07UNKNOWNdata", b"\x05READY", b"", b"\xffshort", b"\x04PONG"],
    ids=["unknown", "READY", "empty", "name too long", "PONG"],
)
def test_unknown_commands_are_skipped(server: Server, command: bytes) -> None:
    """Also between the parts of a message."""
    peer = server.attack()
    peer.handshake(b"PUSH")
    data = frame(command, command=True)
    peer.send(data + frame(b"one", more=True) + data + frame(b"message") + data)
    assert server.pull.recv_multipart() == [b"one", b"message"]
    server.check()


def test_a_ping_is_answered(server: Server) -> None:
    peer = server.attack()
    peer.handshake(b"PUSH")
    peer.send(frame(b"\x04PING\0\0context", command=True))
    assert peer.recv_frame() == (4, b"\x04PONGcontext")
    server.check()


@pytest.mark.core
def test_many_bad_peers_at_once(zmq: Library) -> None:
    server = Server(zmq, "tcp", maxmsgsize=1000)
    peers = [server.attack() for _ in range(40)]
    for peer, data in zip(peers, list(HANDSHAKES.values()) * 5):
        peer.send(data)
    server.check()
    for peer in peers:
        peer.rest()
        peer.sock.close()
    server.check()


def test_a_malformed_reply_is_not_delivered(zmq: Library) -> None:
    """libzmq ends the connection, pymq skips the message, as both do over inproc."""
    req = zmq.socket(zmq.REQ)
    zmq.bind(req, "tcp")
    with connect(zmq.last_endpoint(req)) as peer:
        peer.handshake(b"REP")
        req.send(b"question")
        assert peer.recv_message() == [b"", b"question"]
        peer.send(message(b"no delimiter") + message(b"no", b"delimiter"))
        assert not req.poll(50)
        if zmq.tag == "pyzmq":
            peer.rest()
        else:
            peer.send(message(b"", b"reply"))
            assert req.recv_multipart() == [b"reply"]


class Program:
    """What its pickle does to who reads it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._path),)


@pytest.mark.fails_on("pyzmq", reason="runs whatever comes, without a word")
def test_a_pickle_of_a_stranger_may_be_refused(zmq: Library, tmp_path: Path) -> None:
    """Each of them, by who makes errors of warnings."""
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, "tcp")
    push.send_pyobj(Program(tmp_path / "ran"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(Warning, match="recv_pyobj"):
                pull.recv_pyobj()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("identity", [b"\0mine", b"x" * 256])
@pytest.mark.only("pymq")
def test_a_peer_may_not_take_a_generated_name(zmq: Library, identity: bytes) -> None:
    """A routing id is 1 to 255 bytes and does not begin with 0; libzmq takes it."""
    router, dealer = zmq.socket(zmq.ROUTER), zmq.socket(zmq.DEALER)
    endpoint = marry(zmq, router, dealer, "tcp")
    with connect(endpoint) as peer:
        peer.send(greeting())
        peer.recv(GREETING_SIZE)
        peer.send(ready(b"DEALER", identity) + message(b"hello"))
        _refused_or_renamed(router, peer, identity)
    settle(dealer, router)


def _refused_or_renamed(router: Any, peer: RawPeer, identity: bytes) -> None:
    until(lambda: router.poll(10) or _at_end(peer))
    if router.poll(0):
        assert router.recv_multipart()[0] != identity


def _at_end(peer: RawPeer) -> bool:
    peer.sock.setblocking(False)
    try:
        while peer.sock.recv(1000):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        peer.sock.setblocking(True)
    return True
