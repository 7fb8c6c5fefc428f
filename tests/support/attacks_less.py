"""Attacks with less than was asked for: older versions, other mechanisms and keys."""

from __future__ import annotations

import contextlib

import attacker
import rawpeer
from attacker import PASSWORD, as_client
from rawpeer import RawListener, frame, greeting
from scene import (
    BEGIN,
    REFUSED,
    WORDS,
    Scene,
    attack,
    each,
)

DOWN = ("PLAIN", "CURVE")


@each(DOWN, "greetings of ZMTP 1.0 and 2.0 (libzmq #1273)")
def _older(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    if mechanism == "PLAIN":
        assert scene.handler
    signature = b"\xff" + bytes(8) + b"\x7f"
    for begin in (
        b"\1\0",  # 1.0 without a greeting
        signature + b"\0\5" + b"\1\0",
        signature + b"\1\5" + b"\0\0",
        b"\xff" + bytes(8) + b"\x7e",
    ):
        scene.refuses(mechanism, begin + frame(b"message"))
    return REFUSED


@attack("greetings of ZMTP 1.0 and 2.0, where a handler is to judge", "NULL server")
def _unjudged(scene: Scene) -> str:
    scene.serve("NULL", zap_domain=b"here")
    signature = b"\xff" + bytes(8) + b"\x7f"
    for begin in (b"\1\0", signature + b"\0\5\1\0", signature + b"\1\5\0\0"):
        with scene.peer() as peer:
            with contextlib.suppress(ConnectionError):
                peer.send(begin + frame(b"message"))
            peer.rest()
    assert scene.received("NULL") == set()
    return REFUSED


@each(DOWN, "another mechanism in the greeting (libzmq #1190)")
def _another(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    if mechanism == "PLAIN":
        assert scene.handler
    ready = frame(WORDS["READY"], command=True)
    for other in (b"NULL", b"PLAIN", b"CURVE", b"GSSAPI", b"curve", b"", b"CURVE\0x"):
        if other == mechanism.encode():
            continue
        data = greeting(other) + ready + frame(b"message")
        scene.refuses(mechanism, data)
    return REFUSED


SILENT = "refused; it hears neither keys nor passwords"


@each(DOWN, "a server with another mechanism", SILENT, "client")
def _false_server(scene: Scene, mechanism: str) -> str:
    """A server that would rather not have what the client wants."""
    with RawListener() as listener:
        for other in (b"NULL", b"PLAIN", b"CURVE"):
            if other == mechanism.encode():
                continue
            client = scene.client(mechanism)
            client.connect(listener.endpoint)
            client.send(b"message")
            with listener.accept() as peer:
                peer.send(greeting(other) + frame(WORDS["READY"], command=True))
                said = peer.rest()
            assert len(said) <= rawpeer.GREETING_SIZE
            assert not client.poll(0)
            client.close()
    return SILENT


@each(DOWN, "a server of ZMTP 1.0 and 2.0", SILENT, "client")
def _old_server(scene: Scene, mechanism: str) -> str:
    signature = b"\xff" + bytes(8) + b"\x7f"
    with RawListener() as listener:
        for begin in (b"\1\0", signature + b"\0\5\1\0", signature + b"\1\5\0\0"):
            client = scene.client(mechanism)
            client.connect(listener.endpoint)
            client.send(b"message")
            with listener.accept() as peer:
                with contextlib.suppress(ConnectionError):
                    peer.send(begin + frame(b"message"))
                said = peer.rest()
            assert b"HELLO" not in said
            assert b"message" not in said and PASSWORD not in said
            assert not client.poll(0)
            client.close()
    return SILENT


@attack("a server whose key is not the one the client knows", "CURVE client")
def _impostor(scene: Scene) -> str:
    from pymq.zmtp.mechanisms import curve

    client = scene.client("CURVE")
    with RawListener() as listener:
        client.connect(listener.endpoint)
        client.send(b"message")
        with listener.accept() as peer:
            side = curve.Server(b"\x09" * 32, asks=False)
            peer.send(BEGIN["CURVE"])
            peer.recv(rawpeer.GREETING_SIZE)
            side.start(b"")
            hello = attacker.heard(peer)
            with contextlib.suppress(Exception):
                side.receive(hello)
                return "the HELLO opens"
            peer.send(frame(WORDS["WELCOME"], command=True))
            assert peer.rest() == b""
    return REFUSED


@attack("a key of low order, whose secret everybody knows", "CURVE server")
def _low_order(scene: Scene) -> str:
    scene.serve("CURVE")
    for key in (bytes(32), b"\1" + bytes(31)):
        hello = b"\5HELLO\1\0" + bytes(72) + key + (1).to_bytes(8, "big") + bytes(80)
        scene.refuses("CURVE", BEGIN["CURVE"] + frame(hello, command=True))
    return REFUSED


@attack("User-Id in a peer's own metadata", "CURVE server", "not believed")
def _claims(scene: Scene) -> str:
    scene.serve("CURVE")
    more = b"\7User-Id\0\0\0\4root"
    own = attacker.metadata(b"DEALER", more)
    with scene.peer() as peer:
        attacker.play(peer, as_client(peer, attacker.client("CURVE"), b"in", own))
        part = scene.socket.recv(copy=False)
    with contextlib.suppress(Exception):
        return str(part["User-Id"])
    return "not believed"
