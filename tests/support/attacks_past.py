"""The proofs of concept of libzmq's advisories, as far as they are no other attack."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import Any

import attacker
from patience import PATIENCE, until
from rawpeer import RawPeer, frame
from scene import (
    BEGIN,
    BOUNDED,
    MIB,
    Scene,
    accepted,
    attack,
    resident,
)

from pymq.constants import SocketOption
from pymq.zmtp import command, sodium
from pymq.zmtp.frame import COMMAND, encode


@attack("lengths that wrap a pointer (CVE-2019-6250)", "NULL server", BOUNDED)
def _wrapping(scene: Scene) -> str:
    scene.serve("NULL")
    before = resident()
    for size in ((1 << 64) - 1, (1 << 64) - 9, 1 << 63):
        with scene.peer() as peer:
            peer.handshake(b"DEALER")
            with contextlib.suppress(ConnectionError):
                peer.send(struct.pack(">BQ", 2, size) + b"x" * 70000)
            peer.rest()
    assert scene.received("NULL") == set()
    assert resident() - before < 16 * MIB
    return BOUNDED


@attack("the same in sealed frames", "CURVE server", BOUNDED)
def _wrapping_sealed(scene: Scene) -> str:
    scene.serve("CURVE")
    before = resident()
    for size in ((1 << 64) - 1, (1 << 64) - 9, 1 << 63):
        peer, _ = accepted(scene)
        with peer:
            with contextlib.suppress(ConnectionError):
                peer.send(struct.pack(">BQ", 2, size) + b"\7MESSAGE" + b"x" * 70000)
            peer.rest()
    assert scene.received("CURVE") == set()
    assert resident() - before < 16 * MIB
    return BOUNDED


SERVED = "the honest one gets all"


@attack("connections that never shake hands (CVE-2020-15166)", "CURVE server", SERVED)
def _starving(scene: Scene) -> str:
    scene.serve("CURVE", "PUSH", sndhwm=5)
    begun = BEGIN["CURVE"]
    for size in (0, 0, 0, 1, 10, 11, 63, 64, 64):
        scene.peer().send(begun[:size])
    pull = scene.client("CURVE")
    pull.close()
    honest = _puller(scene)
    for n in range(100):
        scene.socket.send(b"%d" % n)
        assert honest.recv() == b"%d" % n
    return SERVED


def _puller(scene: Scene) -> Any:
    made = scene.zmq.socket(scene.zmq.PULL)
    made.set(SocketOption.CURVE_SECRETKEY, attacker.CLIENT_SECRET)
    made.set(SocketOption.CURVE_PUBLICKEY, sodium.public(attacker.CLIENT_SECRET))
    made.set(SocketOption.CURVE_SERVERKEY, sodium.public(attacker.SERVER_SECRET))
    made.connect(scene.endpoint)
    return made


TOPICS = "taken, and given back"


@attack("a topic of 4 MiB, to and fro (CVE-2021-20236)", "NULL server", TOPICS)
def _deep(scene: Scene) -> str:
    scene.serve("NULL", "XPUB")
    topic = b"t" * (4 << 20)
    with scene.peer() as peer:
        peer.handshake(b"SUB")
        for make, octet in ((command.subscribe, b"\1"), (command.cancel, b"\0")) * 2:
            peer.send(encode(make(topic), COMMAND))
            assert scene.socket.recv() == octet + topic
    return TOPICS


@attack("long frames of ZMTP 1.0 (CVE-2021-20235)", "NULL server", "received as sent")
def _static_buffer(scene: Scene) -> str:
    scene.serve("NULL")
    for version in ("unversioned", "1.0"):
        with scene.old(version) as peer:
            peer.handshake(b"\5")
            bodies = [b"%d" % n * n for n in (1, 8191, 8192, 8193, 100_000, 300_000)]
            for body in bodies:
                peer.send(peer.frame(body))
                assert scene.socket.recv() == body
            with contextlib.suppress(ConnectionError):
                peer.send(b"\xff" + b"\xff" * 8 + b"\0" + b"x" * 9000)
            peer.rest()
    assert scene.received("NULL") == set()
    return "received as sent"


FLAT = "memory stays as it is"


@attack("messages that never end (CVE-2021-20234)", "NULL server", FLAT)
def _unfinished(scene: Scene) -> str:
    scene.serve("NULL")
    before = resident()
    for _ in range(60):
        with scene.peer() as peer:
            peer.handshake(b"DEALER")
            peer.send(frame(b"x" * MIB, more=True))
            peer.sock.shutdown(socket.SHUT_WR)
            peer.rest()
    assert scene.received("NULL") == set()
    return FLAT if resident() - before < 30 * MIB else "memory grows"


@attack("messages to who only publishes (GHSA-4p5v-h92w-6wxw)", "NULL server", FLAT)
def _to_a_publisher(scene: Scene) -> str:
    watch = scene.serve("NULL", "PUB")
    seen = []
    for _ in range(4):
        with scene.peer() as peer:
            peer.handshake(b"SUB")
            for _ in range(40):
                peer.send(frame(b"\2" + b"x" * MIB))
            peer.send(encode(command.subscribe(b""), COMMAND))
            until(lambda: _hears(scene.socket, peer))  # noqa: B023 - called at once
        watch.until("DISCONNECTED")
        seen.append(resident())
    return FLAT if seen[-1] - seen[0] < 30 * MIB else "memory grows"


def _hears(publisher: Any, peer: RawPeer) -> bool:
    publisher.send(b"heard?")
    peer.sock.settimeout(0.01)
    try:
        return peer.sock.recv(1) == b"\0"
    except socket.timeout:
        return False
    finally:
        peer.sock.settimeout(PATIENCE)


@attack("a PING without a time to live", "NULL server", "refused; nothing is said")
def _short_ping(scene: Scene) -> str:
    scene.serve("NULL")
    for data in (b"", b"\0"):
        with scene.peer() as peer:
            peer.handshake(b"DEALER")
            peer.send(frame(b"\4PING" + data, command=True))
            assert peer.rest() == b""
    assert scene.received("NULL") == set()
    return "refused; nothing is said"
