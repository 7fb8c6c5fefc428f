"""The sockets under attack, and the table of what is tried on them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import Any, Callable

import attacker
import rawpeer
from attacker import as_client
from library import Library
from oldpeer import OldPeer
from patience import until
from rawpeer import RawPeer, greeting
from sanitized import SANITIZED
from watching import Watch
from zaphandler import Handler

from pymq.constants import SocketOption
from pymq.zmtp import command, sodium
from pymq.zmtp.sealing import Keys, Sealer

HONEST = b"honest"
REFUSED = "refused"
BOUNDED = "refused; no memory is taken for it"
MIB = 1 << 20


class Scene:
    """Sockets under attack."""

    def __init__(self, zmq: Library) -> None:
        self.zmq = zmq
        self.endpoint = ""
        self.socket: Any = None
        self._handler: Any = None
        self._peers: list[RawPeer] = []

    def close(self) -> None:
        """End the attackers."""
        for peer in self._peers:
            peer.sock.close()

    def serve(self, mechanism: str, kind: str = "DEALER", **options: Any) -> Watch:
        """Bind a socket that is to be attacked."""
        made = self.zmq.socket(getattr(self.zmq, kind), **options)
        if mechanism == "CURVE":
            made.set(SocketOption.CURVE_SECRETKEY, attacker.SERVER_SECRET)
            made.set(SocketOption.CURVE_SERVER, 1)
        if mechanism == "PLAIN":
            made.set(SocketOption.PLAIN_SERVER, 1)
        self.socket = made
        watch = Watch(self.zmq, made)
        self.endpoint = self.zmq.bind(made, "tcp")
        return watch

    def client(self, mechanism: str, **options: Any) -> Any:
        """An honest socket, or one to be attacked; it does not try again."""
        options.setdefault("reconnect_ivl", -1)
        made = self.zmq.socket(self.zmq.DEALER, **options)
        if mechanism == "CURVE":
            made.set(SocketOption.CURVE_SECRETKEY, attacker.CLIENT_SECRET)
            public = sodium.public(attacker.CLIENT_SECRET)
            made.set(SocketOption.CURVE_PUBLICKEY, public)
            server = sodium.public(attacker.SERVER_SECRET)
            made.set(SocketOption.CURVE_SERVERKEY, server)
        if mechanism == "PLAIN":
            made.set(SocketOption.PLAIN_USERNAME, attacker.USER)
            made.set(SocketOption.PLAIN_PASSWORD, attacker.PASSWORD)
        return made

    @property
    def handler(self) -> Handler:
        """The context's ZAP handler."""
        if self._handler is None:
            self._handler = Handler(self.zmq)
        return self._handler  # type: ignore[no-any-return]

    def peer(self) -> RawPeer:
        """An attacker, connected."""
        made = rawpeer.connect(self.endpoint)
        self._peers.append(made)
        return made

    def old(self, version: str) -> OldPeer:
        """One that speaks an older ZMTP."""
        return OldPeer(self.peer(), version)

    def received(self, mechanism: str) -> set[bytes]:
        """What the socket got beside a message of an honest client, which it gets."""
        honest = self.client(mechanism, reconnect_ivl=10)
        honest.connect(self.endpoint)
        honest.send(HONEST)
        if mechanism == "PLAIN":
            until(self._heard)
        found = {self.socket.recv()}
        while HONEST not in found or self.socket.poll(20):
            found.add(self.socket.recv())
        return found - {HONEST}

    def _heard(self) -> bool:
        """Whether a message is there.  Who asks to come in meanwhile may: a client that
        is slow does so again."""
        if self.handler.socket.poll(0):
            self.handler.judge()
        return bool(self.socket.poll(0))

    def refuses(self, mechanism: str, data: bytes) -> str:
        """What becomes of a connection that said this; the answer may have none of
        what only an accepted peer hears.  With NULL that is nothing."""
        with self.peer() as peer:
            with contextlib.suppress(ConnectionError):
                peer.send(data)
            rest = peer.rest()
        for word in () if mechanism == "NULL" else (b"WELCOME", b"READY"):
            assert word not in rest, rest
        assert self.received(mechanism) == set()
        return REFUSED


Run = Callable[[Scene], str]


@dataclass(frozen=True)
class Attack:
    """A row.  `outcome` is what `run` has to return, on both backends."""

    id: str
    text: str
    against: str
    outcome: str
    run: Run

    @property
    def sealed(self) -> bool:
        """Whether it takes libsodium."""
        return "CURVE" in self.against


ATTACKS: list[Attack] = []


def attack(text: str, against: str, outcome: str = REFUSED) -> Callable[[Run], Run]:
    """Adds a row."""

    def add(run: Run) -> Run:
        name = f"{run.__name__.strip('_')}-{against.replace(' ', '-')}"
        ATTACKS.append(Attack(name, text, against, outcome, run))
        return run

    return add


def each(
    names: tuple[str, ...], text: str, outcome: str = REFUSED, role: str = "server"
) -> Callable[[Callable[[Scene, str], str]], None]:
    """Adds a row for each mechanism; the function takes it."""

    def add(run: Callable[[Scene, str], str]) -> None:
        for name in names:

            def one(scene: Scene, name: str = name) -> str:
                return run(scene, name)

            one.__name__ = run.__name__
            attack(text, f"{name} {role}", outcome)(one)

    return add


def accepted(scene: Scene, mechanism: str = "CURVE") -> tuple[RawPeer, Sealer]:
    """A client that was let in, and how it seals."""
    peer, side = scene.peer(), attacker.client(mechanism)
    script = as_client(peer, side)
    while side.sealing is None:
        with contextlib.suppress(StopIteration):
            piece = next(script)
        if side.sealing is None:
            peer.send(piece)
    assert isinstance(side.sealing, Keys)
    return peer, Sealer(side.sealing)


BEGIN = {name: greeting(name.encode()) for name in ("NULL", "PLAIN", "CURVE")}
WORDS = {
    "INITIATE": b"\x08INITIATE" + bytes(248),
    "READY": b"\5READY" + attacker.metadata(b"DEALER"),
    "WELCOME": b"\7WELCOME" + bytes(160),
    "MESSAGE": b"\7MESSAGE" + bytes(40),
    "PING": command.ping(1, b"x"),
    "SUBSCRIBE": command.subscribe(b"x"),
    "ERROR": command.error("400"),
    "nothing": b"",
    "no name": b"\0abc",
}


def resident() -> int:
    """Bytes of memory that the process has, or 0 where the system does not tell.  Nor
    does a sanitizer, which keeps what was freed."""
    if SANITIZED:
        return 0
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
