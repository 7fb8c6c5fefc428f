"""Attacks with what was said before, in another order, too early or too slowly."""

from __future__ import annotations

import contextlib
import socket
from typing import Callable

import attacker
import rawpeer
from attacker import PASSWORD, as_client
from rawpeer import frame
from scene import (
    BEGIN,
    REFUSED,
    WORDS,
    Scene,
    accepted,
    attack,
    each,
)

from pymq.zmtp import command
from pymq.zmtp.frame import COMMAND
from pymq.zmtp.sealing import Keys, Sealer


@attack(
    "all that a client has said is said again, on another connection", "CURVE server"
)
def _replayed_connection(scene: Scene) -> str:
    scene.serve("CURVE")
    said = []
    with scene.peer() as peer:
        for piece in as_client(peer, attacker.client("CURVE"), b"once"):
            said.append(piece)
            peer.send(piece)
        assert scene.socket.recv() == b"once"
    with scene.peer() as peer:
        peer.send(said[0])
        peer.recv(rawpeer.GREETING_SIZE)
        assert attacker.heard(peer).name == command.WELCOME
        peer.send(said[1])
        assert peer.rest() == b""
    assert scene.received("CURVE") == set()
    return REFUSED


def _sealed(scene: Scene, *frames: Callable[[Sealer], bytes]) -> set[bytes]:
    """What is received of the frames of a client that was let in; they have to end
    its connection."""
    scene.serve("CURVE")
    peer, sealer = accepted(scene)
    with peer:
        with contextlib.suppress(ConnectionError):
            peer.send(b"".join(make(sealer) for make in frames))
        peer.rest()
    return scene.received("CURVE")


FIRST = "the first is received, the other one refused"


@attack("a message is sent again (libzmq #1191)", "CURVE server", FIRST)
def _replayed_message(scene: Scene) -> str:
    kept: list[bytes] = []

    def seal(sealer: Sealer) -> bytes:
        kept.append(kept[0] if kept else sealer.seal(0, b"one"))
        return kept[0]

    assert _sealed(scene, seal, seal) == {b"one"}
    return FIRST


@attack("two messages change places", "CURVE server", FIRST)
def _reordered(scene: Scene) -> str:
    def both(sealer: Sealer) -> bytes:
        one, two = sealer.seal(0, b"one"), sealer.seal(0, b"two")
        return two + one

    assert _sealed(scene, both) == {b"two"}
    return FIRST


@attack("what the server has sent is sent back to it", "CURVE server")
def _reflected(scene: Scene) -> str:
    scene.serve("CURVE")
    peer, _ = accepted(scene)
    scene.socket.send(b"ours")
    own = peer.recv_frame()[1]
    with peer:
        peer.send(frame(own))
        peer.rest()
    assert scene.received("CURVE") == set()
    return REFUSED


@attack("a message of another connection, between the same two", "CURVE server")
def _transplanted(scene: Scene) -> str:
    scene.serve("CURVE")
    _, other = accepted(scene)
    for _ in range(5):
        foreign = other.seal(0, b"five")
    peer, _ = accepted(scene)
    with peer:
        peer.send(foreign)
        peer.rest()
    assert scene.received("CURVE") == set()
    return REFUSED


@attack("a message in the clear, after the handshake", "CURVE server")
def _in_the_clear(scene: Scene) -> str:
    assert _sealed(scene, lambda _: frame(b"clear")) == set()
    return REFUSED


@attack("ERROR in the clear, after the handshake", "CURVE server")
def _late_error(scene: Scene) -> str:
    bad = frame(command.error("400"), command=True)
    assert _sealed(scene, lambda _: bad) == set()
    return REFUSED


@attack(
    "the outer frame of a message says that it is a command",
    "CURVE server",
    "what is sealed counts",
)
def _disguised(scene: Scene) -> str:
    """What is inside counts; what is outside might be anybody's."""
    scene.serve("CURVE")
    peer, sealer = accepted(scene)
    body = sealer.seal(0, b"body")
    with peer:
        peer.send(bytes((COMMAND,)) + body[1:])
        peer.send(sealer.seal(COMMAND, command.ping(0, b"x")))
        assert scene.socket.recv() == b"body"
        answer = Sealer(Keys(sealer._key, False, 9, 1)).open(peer.recv_frame()[1])
        assert answer == (COMMAND, command.pong(b"x"))
    return "what is sealed counts"


@each(("PLAIN", "CURVE"), "each other command where HELLO belongs, and a message")
def _first(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    if mechanism == "PLAIN":
        assert scene.handler
    for body in WORDS.values():
        scene.refuses(mechanism, BEGIN[mechanism] + frame(body, command=True))
    return scene.refuses(mechanism, BEGIN[mechanism] + frame(b"message"))


@each(("PLAIN", "CURVE"), "HELLO twice")
def _twice(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    if mechanism == "PLAIN":
        assert scene.handler
    hello = attacker.frames(attacker.client(mechanism).start(b""))
    with scene.peer() as peer:
        peer.send(BEGIN[mechanism] + hello + hello)
        assert b"READY" not in peer.rest()
    assert scene.received(mechanism) == set()
    return REFUSED


@each(
    ("NULL", "PLAIN", "CURVE"), "messages before the handshake is done, 1 MiB of them"
)
def _impatient(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    if mechanism == "PLAIN":
        assert scene.handler
    flood = frame(b"x" * 65536) * 16
    return scene.refuses(mechanism, BEGIN[mechanism] + flood)


@attack("messages while the handler thinks", "PLAIN server")
def _while_judged(scene: Scene) -> str:
    """Neither what came before the verdict nor its sender is let in."""
    scene.serve("PLAIN")
    assert scene.handler
    hello = attacker.frames(attacker.client("PLAIN").start(b""))
    with scene.peer() as peer:
        peer.send(BEGIN["PLAIN"] + hello)
        assert scene.handler.asked().credentials == (attacker.USER, PASSWORD)
        with contextlib.suppress(ConnectionError):
            peer.send(frame(b"early") * 1000)
        assert b"WELCOME" not in peer.rest()
    scene.handler.say()
    assert scene.received("PLAIN") == set()
    return REFUSED


# Slowly


ENDED = "ended at HANDSHAKE_IVL"


@each(("NULL", "PLAIN", "CURVE"), "an octet now and then", ENDED)
def _slow(scene: Scene, mechanism: str) -> str:
    watch = scene.serve(mechanism, handshake_ivl=700)
    if mechanism == "PLAIN":
        assert scene.handler
    hello = attacker.frames(attacker.client(mechanism).start(b"x" * 200))
    with scene.peer() as peer:
        peer.sock.settimeout(0.02)
        with contextlib.suppress(ConnectionError):
            for octet in BEGIN[mechanism] + hello * 4:
                peer.send(bytes((octet,)))
                with contextlib.suppress(socket.timeout):
                    if not peer.sock.recv(4096):
                        break
            else:
                return "let be"
    watch.until("HANDSHAKE_FAILED_NO_DETAIL")
    assert scene.received(mechanism) == set()
    return ENDED


@attack("a handler that does not answer", "PLAIN server", ENDED)
def _unanswered(scene: Scene) -> str:
    watch = scene.serve("PLAIN", handshake_ivl=700)
    hello = attacker.frames(attacker.client("PLAIN").start(b""))
    while not scene.handler.socket.poll(0):  # the peer may be late itself
        with scene.peer() as peer:
            peer.send(BEGIN["PLAIN"] + hello)
            assert b"WELCOME" not in peer.rest()
        watch.until("HANDSHAKE_FAILED_NO_DETAIL")
    scene.handler.judge()
    assert scene.received("PLAIN") == set()
    return ENDED
