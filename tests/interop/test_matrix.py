"""Real files between every ordered pair of implementations, by every pattern.

One side sends from a thread, the other receives; what arrives must be the same
messages, frame by frame, in the same order.  The same with each mechanism, in both
roles, of less: and nothing where keys, users or domains are wrong.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional

import pytest
from guard import MECHANISMS, STRANGER, Guard, secure
from library import Library
from marriage import PROBE, settle
from patience import Background, until
from traffic import Ledger, Message, digest, messages, verify
from watching import Watch

from pymq.zmtp import sodium

LARGE, SMALL, LITTLE = 20_000_000, 1_500_000, 100_000
Flow = Callable[[Any, Any, tuple[Message, ...]], list[Message]]


def _one_way(west: Any, east: Any, files: tuple[Message, ...]) -> list[Message]:
    sending = Background(lambda: [west.send_multipart(parts) for parts in files])
    received = [east.recv_multipart() for _ in files]
    sending.result()
    return received


def _there_and_back(west: Any, east: Any, files: tuple[Message, ...]) -> list[Message]:
    """What comes back is what counts; the way there is in it."""
    there = _one_way(west, east, files)
    assert digest(there) == digest(files)
    return _one_way(east, west, tuple(there))


def _requests(west: Any, east: Any, files: tuple[Message, ...]) -> list[Message]:
    """One at a time, each answered by itself.  The envelope stays on."""

    def serve() -> None:
        for _ in files:
            east.send_multipart(east.recv_multipart())

    serving = Background(serve)
    received = []
    for parts in files:
        west.send_multipart(parts)
        received.append(west.recv_multipart())
    serving.result()
    return received


def _pipelined(west: Any, east: Any, files: tuple[Message, ...]) -> list[Message]:
    """Requests without waiting for the answers, in a DEALER's own envelope.

    Each socket stays in one thread: libzmq's are not for two.
    """

    def serve() -> None:
        for _ in files:
            east.send_multipart(east.recv_multipart())

    serving = Background(serve)
    for parts in files:
        west.send_multipart([b"", *parts])
    received = [west.recv_multipart()[1:] for _ in files]
    serving.result()
    return received


def _by_name(west: Any, east: Any, files: tuple[Message, ...]) -> list[Message]:
    """Between two ROUTERs; they drop what goes to a full peer, so in lock-step."""
    received = []
    for parts in files:
        west.send_multipart([b"east", *parts])
        name, *echo = east.recv_multipart()
        assert name == b"west"
        east.send_multipart([b"west", *echo])
        received.append(west.recv_multipart()[1:])
    return received


@dataclass(frozen=True)
class Pattern:
    """Socket types of both sides, who binds, how much goes which way."""

    west: str
    east: str
    flow: Flow
    west_binds: bool = False
    size: int = SMALL

    @property
    def name(self) -> str:
        return f"{self.west}-{self.east}"


PATTERNS = [
    Pattern("PUSH", "PULL", _one_way, size=LARGE),
    Pattern("PUB", "SUB", _one_way, west_binds=True),
    Pattern("XPUB", "XSUB", _one_way, west_binds=True),
    Pattern("REQ", "REP", _requests),
    Pattern("REQ", "ROUTER", _requests),
    Pattern("DEALER", "REP", _pipelined),
    Pattern("DEALER", "ROUTER", _pipelined),
    Pattern("PAIR", "PAIR", _there_and_back),
    Pattern("ROUTER", "ROUTER", _by_name),
]
patterns = pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: str(p.name))


Protect = Callable[[Any, Any], None]


def _sockets(
    pattern: Pattern,
    west: Library,
    east: Library,
    transport: str,
    protect: Optional[Protect] = None,
) -> tuple[Any, Any]:
    """Two sockets without marks that carry messages.  A mark would drop some of
    what is published, and stop none of the rest sooner.  `protect` gets who binds,
    and who connects."""
    marks = {"sndhwm": 0, "rcvhwm": 0}
    a = west.socket(getattr(west, pattern.west), routing_id=b"west", **marks)
    b = east.socket(getattr(east, pattern.east), routing_id=b"east", **marks)
    binder, connector = (a, b) if pattern.west_binds else (b, a)
    if protect is not None:
        protect(binder, connector)
    library = west if pattern.west_binds else east
    connector.connect(library.bind(binder, transport))
    if pattern.east in ("SUB", "XSUB"):
        b.subscribe(b"") if pattern.east == "SUB" else b.send(b"\1")
    if pattern.name == "ROUTER-ROUTER":
        until(lambda: a.send_multipart([b"east", PROBE]) or b.poll(1))
        while b.poll(50):
            b.recv_multipart()
    else:
        settle(a, b)
    return a, b


def _move(
    pattern: Pattern,
    west: Library,
    east: Library,
    transport: str,
    protect: Optional[Protect] = None,
) -> list[Message]:
    files = messages(pattern.size)
    a, b = _sockets(pattern, west, east, transport, protect)
    received = pattern.flow(a, b, files)
    for parts in received:
        verify(parts)
    assert digest(received) == digest(files)
    return received


@patterns
def test_over_the_network(
    couple: tuple[Library, Library], network: str, pattern: Pattern, ledger: Ledger
) -> None:
    west, east = couple
    received = _move(pattern, west, east, network)
    ledger.enter(f"{network:7}{west.tag} > {east.tag}", pattern.name, received)


@patterns
def test_within_a_context(zmq: Library, pattern: Pattern, ledger: Ledger) -> None:
    received = _move(pattern, zmq, zmq, "inproc")
    ledger.enter(f"{'inproc':7}{zmq.tag} > {zmq.tag}", pattern.name, received)


# By mechanism


def _usable(mechanism: str, *sides: Library) -> None:
    """CURVE takes libsodium; libzmq has its own."""
    if mechanism == "CURVE" and not sodium.available():
        pytest.skip("PyNaCl is not there")
    for side in sides:
        if mechanism == "CURVE" and not side.has("curve"):
            pytest.skip(f"{side.tag} has no CURVE")


mechanisms = pytest.mark.parametrize("mechanism", MECHANISMS)
roles = pytest.mark.parametrize("serves", ["binder", "connecter"])


@patterns
@mechanisms
@roles
def test_by_mechanism(
    couple: tuple[Library, Library],
    mechanism: str,
    serves: str,
    pattern: Pattern,
    ledger: Ledger,
) -> None:
    west, east = couple
    _usable(mechanism, west, east)
    pattern = replace(pattern, size=LITTLE)

    def protect(binder: Any, connecter: Any) -> None:
        pair = (binder, connecter) if serves == "binder" else (connecter, binder)
        secure(mechanism, *pair)

    with Guard(west if pattern.west_binds == (serves == "binder") else east):
        received = _move(pattern, west, east, "tcp", protect)
    row = f"{mechanism:6}{serves[0]} {west.tag} > {east.tag}"
    ledger.enter(row, pattern.name, received)


@patterns
def test_sealed_over_ipc(couple: tuple[Library, Library], pattern: Pattern) -> None:
    west, east = couple
    _usable("CURVE", west, east)
    with Guard(west if pattern.west_binds else east):
        little = replace(pattern, size=LITTLE)
        _move(little, west, east, "ipc", lambda *pair: secure("CURVE", *pair))


@patterns
@mechanisms
def test_inproc_has_no_mechanism(
    zmq: Library, mechanism: str, pattern: Pattern
) -> None:
    """Whoever is in a context is let in, with whatever keys; nobody is asked."""
    _usable(mechanism, zmq)
    wrong = {"key": STRANGER, "server_key": STRANGER, "user": b"nobody"}
    little = replace(pattern, size=LITTLE)
    _move(little, zmq, zmq, "inproc", lambda *pair: secure(mechanism, *pair, **wrong))


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("NULL", {"domain": b"elsewhere"}),
    ("PLAIN", {"domain": b"elsewhere"}),
    ("PLAIN", {"user": b"nobody"}),
    ("PLAIN", {"password": b"wrong"}),
    ("CURVE", {"domain": b"elsewhere"}),
    ("CURVE", {"key": STRANGER}),
    ("CURVE", {"server_key": STRANGER}),
]


@pytest.mark.parametrize(
    ("mechanism", "wrong"), FAULTS, ids=[f"{m}-{next(iter(w))}" for m, w in FAULTS]
)
@roles
def test_refused(
    couple: tuple[Library, Library], mechanism: str, wrong: dict[str, Any], serves: str
) -> None:
    """The server says so, and neither side gets anything."""
    guarded, other = couple
    _usable(mechanism, guarded, other)
    server, client = guarded.socket(guarded.DEALER), other.socket(other.DEALER)
    secure(mechanism, server, client, **wrong)
    watch = Watch(guarded, server)
    with Guard(guarded):
        if serves == "binder":
            client.connect(guarded.bind(server, "tcp"))
        else:
            server.connect(other.bind(client, "tcp"))
            # libzmq takes the pipe away when it refuses, which may be already.
            with contextlib.suppress(guarded.Again):
                server.send(b"message", guarded.DONTWAIT)
        while not watch.next().name.startswith("HANDSHAKE_FAILED"):
            pass
    assert not server.poll(0)
    assert not client.poll(0)


# What is sealed besides


@pytest.fixture
def sealed(couple: tuple[Library, Library]) -> tuple[Any, Any]:
    """Two PAIRs with heartbeats."""
    west, east = couple
    _usable("CURVE", west, east)
    beat = {"heartbeat_ivl": 10, "heartbeat_timeout": 10_000}
    one, two = west.socket(west.PAIR, **beat), east.socket(east.PAIR, **beat)
    secure("CURVE", one, two)
    one.zap_domain = b"there is no handler"
    two.connect(west.bind(one, "tcp"))
    return one, two


def test_large_sealed_messages(sealed: tuple[Any, Any]) -> None:
    for sender, receiver in (sealed, sealed[::-1]):
        for size in (255, 256, 65535, 65536, 16 << 20):
            body = bytes(range(256)) * (size // 256 + 1)
            whole = [body[:size], b"", body[: size // 2]]
            sending = Background(lambda: sender.send_multipart(whole))  # noqa: B023
            assert receiver.recv_multipart() == whole
            sending.result()


def test_sealed_heartbeats(sealed: tuple[Any, Any]) -> None:
    """Some twenty of them on either side, in between messages."""
    one, two = sealed
    for n in range(20):
        one.send(b"%d" % n)
        assert two.recv() == b"%d" % n
        assert not one.poll(10)
        two.send(b"back")
        assert one.recv() == b"back"


def test_sealed_subscriptions(couple: tuple[Library, Library]) -> None:
    west, east = couple
    _usable("CURVE", west, east)
    for serves in (0, 1):
        xpub, sub = west.socket(west.XPUB), east.socket(east.SUB)
        secure("CURVE", *((xpub, sub) if serves else (sub, xpub)))
        topics = {b"%d" % n * (n + 1) for n in range(40)} | {b"t" * 300}
        for topic in topics:
            sub.subscribe(topic)
        sub.connect(west.bind(xpub, "tcp"))
        assert {xpub.recv() for _ in topics} == {b"\1" + topic for topic in topics}
        for topic in topics:
            xpub.send_multipart([topic, b"body"])
            assert sub.recv_multipart() == [topic, b"body"]
            sub.unsubscribe(topic)
            assert xpub.recv() == b"\0" + topic
