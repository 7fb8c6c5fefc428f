"""Peers that know ZMTP and its mechanisms, and break their rules at a chosen octet."""

from __future__ import annotations

import contextlib
import socket
from typing import Callable, Iterator, Optional

import rawpeer
from rawpeer import RawPeer

from pymq.zmtp import command, frame, greeting, sodium
from pymq.zmtp.mechanisms import Mechanism, Step, curve, plain
from pymq.zmtp.mechanisms.null import Null
from pymq.zmtp.sealing import Keys, Sealer

SERVER_SECRET, CLIENT_SECRET = b"\2" * 32, b"\1" * 32
USER, PASSWORD = b"admin", b"secret"

#: What somebody is about to say; what is to be said instead.
Twist = Callable[[bytes, int], bytes]
#: What an honest peer says, piece by piece, as the other side answers.
Script = Iterator[bytes]


def client(name: str) -> Mechanism:
    """An honest client's side of a mechanism."""
    if name == "CURVE":
        public = sodium.public(CLIENT_SECRET)
        return curve.Client(public, CLIENT_SECRET, sodium.public(SERVER_SECRET))
    return plain.Client(USER, PASSWORD) if name == "PLAIN" else Null()


def server(name: str) -> Mechanism:
    """An honest server's."""
    if name == "CURVE":
        return curve.Server(SERVER_SECRET, asks=False)
    return plain.Server() if name == "PLAIN" else Null()


def metadata(kind: bytes, more: bytes = b"") -> bytes:
    """What a peer says of itself."""
    return b"\x0bSocket-Type" + len(kind).to_bytes(4, "big") + kind + more


def frames(step: Step) -> bytes:
    """Replies, as they are on the wire."""
    return b"".join(frame.encode(body, frame.COMMAND) for body in step.replies)


def heard(peer: RawPeer) -> command.Command:
    """The next command."""
    return command.parse(peer.recv_frame()[1])


def message(side: Mechanism, body: bytes) -> bytes:
    """A message of one frame, sealed where the mechanism does so."""
    if side.sealing is None:
        return frame.encode(body)
    assert isinstance(side.sealing, Keys)
    return Sealer(side.sealing).seal(0, body)


def as_client(
    peer: RawPeer,
    side: Mechanism,
    body: bytes = b"",
    own: bytes = metadata(b"DEALER"),
) -> Script:
    """All that a client says, up to a message; its greeting goes with its HELLO."""
    yield greeting.encode(side.name) + frames(side.start(own))
    peer.recv(greeting.SIZE)
    while True:
        step = side.receive(heard(peer))
        if step.metadata is not None:
            break
        yield frames(step)
    yield message(side, body)


def as_server(peer: RawPeer, side: Mechanism, body: bytes = b"") -> Script:
    """All that a server says; its message goes with its READY, as libzmq's may."""
    yield greeting.encode(side.name)
    peer.recv(greeting.SIZE)
    said = frames(side.start(metadata(b"DEALER")))
    while True:
        step = side.receive(heard(peer))
        said += frames(step)
        if step.credentials is not None:
            said += frames(side.accept())
        if step.metadata is not None:
            break
        if said:
            yield said
            said = b""
    yield said + message(side, body)


def play(peer: RawPeer, script: Script) -> None:
    """Say all of it."""
    for piece in script:
        peer.send(piece)


def twisted(script: Script, twist: Twist, at: int) -> Script:
    """The whole of it, with what `twist` makes of the piece with octet `at`."""
    begin = 0
    for piece in script:
        spoilt = begin <= at < begin + len(piece)
        yield twist(piece, at - begin) if spoilt else piece
        begin += len(piece)


def spoil(peer: RawPeer, script: Script, twist: Twist, at: int) -> Optional[bytes]:
    """Say what `twist` makes of the piece with octet `at`, then no more, and return
    what the other side says to that.  None if the script has ended before."""
    begin = 0
    for piece in script:
        if at < begin + len(piece):
            with contextlib.suppress(ConnectionError):
                peer.send(twist(piece, at - begin))
                peer.sock.shutdown(socket.SHUT_WR)
            return peer.rest()
        peer.send(piece)
        begin += len(piece)
    return None


def flip(data: bytes, at: int) -> bytes:
    """One bit of an octet, another one each time."""
    return data[:at] + bytes((data[at] ^ 1 << at % 8,)) + data[at + 1 :]


def cut(data: bytes, at: int) -> bytes:
    """Nothing from there on."""
    return data[:at]


#: Octets of a greeting that anybody may change: what is no version and no mechanism.
#: Of those with a meaning `flip` leaves the bits that have it: 9 keeps its lowest, 10
#: becomes version 7 and 11 minor 9, both of which are spoken to as 3.1.
MEANINGLESS = frozenset((*range(1, 12), *range(32, 64)))


def connect(endpoint: str) -> RawPeer:
    """A connection to be misused."""
    return rawpeer.connect(endpoint)
