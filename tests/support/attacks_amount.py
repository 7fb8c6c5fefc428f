"""Attacks with too much."""

from __future__ import annotations

import contextlib
import struct

import attacker
from attacker import as_client
from rawpeer import frame
from scene import (
    BEGIN,
    BOUNDED,
    MIB,
    REFUSED,
    Scene,
    attack,
    each,
    resident,
)


@each(("NULL", "PLAIN", "CURVE"), "a first command of 2^40, and of 2^63 - 1 octets")
def _endless(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    if mechanism == "PLAIN":
        assert scene.handler
    for size in (1 << 40, (1 << 63) - 1, (1 << 64) - 1):
        head = struct.pack(">BQ", 6, size) + b"\5HELLO"
        scene.refuses(mechanism, BEGIN[mechanism] + head)
    return REFUSED


@each(("NULL", "CURVE"), "metadata of 1 MiB (CVE-2019-13132)", BOUNDED)
def _metadata(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    before = resident()
    more = b"\3X-a" + (1 << 20).to_bytes(4, "big") + bytes(1 << 20)
    with scene.peer() as peer:
        own = attacker.metadata(b"DEALER", more)
        script = as_client(peer, attacker.client(mechanism), b"in", own)
        with contextlib.suppress(ConnectionError, EOFError):
            attacker.play(peer, script)
        peer.rest()
    assert scene.received(mechanism) == set()
    assert resident() - before < 16 * MIB
    return BOUNDED


DELIVERED = "accepted: nothing is wrong with it"


@each(("NULL", "CURVE"), "metadata of 40,000 octets (CVE-2019-13132)", DELIVERED)
def _large_metadata(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    more = b"\3X-a" + (40000).to_bytes(4, "big") + bytes(40000)
    with scene.peer() as peer:
        own = attacker.metadata(b"DEALER", more)
        attacker.play(peer, as_client(peer, attacker.client(mechanism), b"in", own))
        assert scene.socket.recv() == b"in"
    return DELIVERED


BAD_METADATA = (
    b"\x0bSocket-Type\xff\xff\xff\xff",
    b"\x0bSocket-Type\0\0\0\7DEALER",
    b"\xffx",
    b"\0\0\0\0\0",
    attacker.metadata(b"DEALER") * 2,
    attacker.metadata(
        b"DEALER", b"\x08Identity" + (256).to_bytes(4, "big") + bytes(256)
    ),
    attacker.metadata(b"PUB"),
    attacker.metadata(b"DEALER", b"x"),
)


@each(("NULL", "CURVE"), "malformed metadata, of eight kinds")
def _malformed(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    for own in BAD_METADATA:
        with scene.peer() as peer:
            script = as_client(peer, attacker.client(mechanism), b"in", own)
            with contextlib.suppress(ConnectionError, EOFError):
                attacker.play(peer, script)
            peer.rest()
    assert scene.received(mechanism) == set()
    return REFUSED


@attack("HELLO with a user name or a password that runs past its end", "PLAIN server")
def _overrun(scene: Scene) -> str:
    scene.serve("PLAIN")
    assert scene.handler
    for data in (b"", b"\1", b"\1a", b"\1a\1", b"\xffa\1b", b"\1a\1bc", b"\1a\xffb"):
        hello = frame(b"\5HELLO" + data, command=True)
        scene.refuses("PLAIN", BEGIN["PLAIN"] + hello)
    return REFUSED
