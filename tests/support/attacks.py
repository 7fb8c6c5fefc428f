"""The table of attacks: what is tried, against whom, and what has to come of it.

python tests/support/attacks.py > docs/attacks.md
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from dataclasses import dataclass
from typing import Any, Callable

import attacker
import rawpeer
from attacker import MEANINGLESS, PASSWORD, as_client, as_server
from library import Library
from oldpeer import OldPeer
from patience import PATIENCE, until
from rawpeer import RawListener, RawPeer, frame, greeting
from watching import Watch
from zaphandler import Handler

from pymq.constants import SocketOption
from pymq.zmtp import command, sodium
from pymq.zmtp.frame import COMMAND, encode
from pymq.zmtp.sealing import Keys, Sealer

HONEST = b"honest"
REFUSED = "refused"
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
            self.handler.judge()
        found = {self.socket.recv()}
        while HONEST not in found or self.socket.poll(20):
            found.add(self.socket.recv())
        return found - {HONEST}

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


# Octet by octet


def _number(at: int) -> bytes:
    return b"%06d" % at


class Spoiler:
    """Changes one octet after the other of what an honest peer would say."""

    def __init__(self, twist: attacker.Twist, good: frozenset[int]) -> None:
        self._twist = twist
        self._good = good  # changes that mean nothing
        self.at = 0
        self.over = False  # that octet was behind the last

    def say(self, peer: RawPeer, script: attacker.Script) -> bool:
        """Whether the other side has to accept it: else it did not."""
        if self.at in self._good:
            attacker.play(peer, attacker.twisted(script, self._twist, self.at))
            return True
        answer = attacker.spoil(peer, script, self._twist, self.at)
        self.over = answer is None
        for word in (b"WELCOME", b"INITIATE", b"READY"):
            assert word not in (answer or b""), (self.at, answer)
        return self.over

    @property
    def outcome(self) -> str:
        """In words."""
        if not self._good:
            return f"each of {self.at} is refused"
        good = len(self._good)
        return f"{self.at - good} of {self.at} are refused, {good} mean nothing"


def _spoil_client(scene: Scene, spoiler: Spoiler, mechanism: str) -> str:
    """Spoil what a client says, in the eyes of a server."""
    scene.serve(mechanism)
    taken = set()
    while not spoiler.over:
        body = _number(spoiler.at)
        with scene.peer() as peer:
            script = as_client(peer, attacker.client(mechanism), body)
            if spoiler.say(peer, script):
                taken.add(body)
        spoiler.at += 1
    received = scene.received(mechanism)
    assert received == taken, received ^ taken
    spoiler.at -= 1
    return spoiler.outcome


def _spoil_server(scene: Scene, spoiler: Spoiler, mechanism: str) -> str:
    """Spoil what a server says, in the eyes of a client."""
    client = scene.client(mechanism)
    with RawListener() as listener:
        while not spoiler.over:
            body = _number(spoiler.at)
            client.connect(listener.endpoint)
            with listener.accept() as peer:
                script = as_server(peer, attacker.server(mechanism), body)
                if spoiler.say(peer, script):
                    assert client.recv() == body
            assert not client.poll(0)
            client.disconnect(listener.endpoint)
            spoiler.at += 1
    spoiler.at -= 1
    return spoiler.outcome


#: Of what a client says, the outer flags of its message; MORE is flipped there.
MESSAGE = 554
FLIPS = "one bit of each octet of greeting, handshake and first message is flipped, in "
CUTS = "greeting, handshake and first message end before each octet, in "


@attack(FLIPS + "turn", "CURVE server", "551 of 595 are refused, 44 mean nothing")
def _flips(scene: Scene) -> str:
    return _spoil_client(
        scene, Spoiler(attacker.flip, MEANINGLESS | {MESSAGE}), "CURVE"
    )


@attack(FLIPS + "turn", "CURVE client", "286 of 329 are refused, 43 mean nothing")
def _flips_(scene: Scene) -> str:
    return _spoil_server(scene, Spoiler(attacker.flip, MEANINGLESS), "CURVE")


@attack(CUTS + "turn", "CURVE server", "each of 595 is refused")
def _cuts(scene: Scene) -> str:
    return _spoil_client(scene, Spoiler(attacker.cut, frozenset()), "CURVE")


@attack(CUTS + "turn", "CURVE client", "each of 329 is refused")
def _cuts_(scene: Scene) -> str:
    return _spoil_server(scene, Spoiler(attacker.cut, frozenset()), "CURVE")


# Again, and in another order


def _accepted(scene: Scene, mechanism: str = "CURVE") -> tuple[RawPeer, Sealer]:
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
    peer, sealer = _accepted(scene)
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
    peer, _ = _accepted(scene)
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
    _, other = _accepted(scene)
    for _ in range(5):
        foreign = other.seal(0, b"five")
    peer, _ = _accepted(scene)
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
    peer, sealer = _accepted(scene)
    body = sealer.seal(0, b"body")
    with peer:
        peer.send(bytes((COMMAND,)) + body[1:])
        peer.send(sealer.seal(COMMAND, command.ping(0, b"x")))
        assert scene.socket.recv() == b"body"
        answer = Sealer(Keys(sealer._key, False, 9, 1)).open(peer.recv_frame()[1])
        assert answer == (COMMAND, command.pong(b"x"))
    return "what is sealed counts"


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
    assert scene.handler
    hello = attacker.frames(attacker.client("PLAIN").start(b""))
    with scene.peer() as peer:
        peer.send(BEGIN["PLAIN"] + hello)
        assert b"WELCOME" not in peer.rest()
    watch.until("HANDSHAKE_FAILED_NO_DETAIL")
    scene.handler.judge()
    assert scene.received("PLAIN") == set()
    return ENDED


# Too much


@each(("NULL", "PLAIN", "CURVE"), "a first command of 2^40, and of 2^63 - 1 octets")
def _endless(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    if mechanism == "PLAIN":
        assert scene.handler
    for size in (1 << 40, (1 << 63) - 1, (1 << 64) - 1):
        head = struct.pack(">BQ", 6, size) + b"\5HELLO"
        scene.refuses(mechanism, BEGIN[mechanism] + head)
    return REFUSED


BOUNDED = "refused; no memory is taken for it"


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


@each(("NULL", "CURVE"), "metadata of 60,000 octets (CVE-2019-13132)", DELIVERED)
def _large_metadata(scene: Scene, mechanism: str) -> str:
    scene.serve(mechanism)
    more = b"\3X-a" + (60000).to_bytes(4, "big") + bytes(60000)
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


# Less than was asked for


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


# Proofs of concept of libzmq's advisories, as far as they are none of the above


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
        peer, _ = _accepted(scene)
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
    publisher.send(HONEST)
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


def resident() -> int:
    """Bytes of memory that the process has, or 0 where the system does not tell.  Nor
    does a sanitizer, which keeps what was freed."""
    if "san.so" in os.environ.get("LD_PRELOAD", ""):
        return 0
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


HEAD = """\
# Attacks that were tried

Each row is a test that runs on both backends, with the same outcome: `pytest
tests/security/test_attacks.py`. *Refused* means that the connection ends, that the
application gets nothing of it, and that an honest client afterwards gets through. What
the mechanisms promise at all is in [security.md](security.md).

Made by `python tests/support/attacks.py`.

| what is tried | against | outcome, native and pure |
| --- | --- | --- |
"""


def page() -> str:
    """docs/attacks.md."""
    rows: dict[tuple[str, str], list[str]] = {}
    for one in ATTACKS:
        rows.setdefault((one.text, one.outcome), []).append(one.against)
    lines = [
        f"| {text} | {', '.join(against)} | {outcome} |\n"
        for (text, outcome), against in rows.items()
    ]
    return HEAD + "".join(lines)


if __name__ == "__main__":
    print(page(), end="")
