"""Real files between every ordered pair of implementations, by every pattern.

One side sends from a thread, the other receives; what arrives must be the same
messages, frame by frame, in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import pytest
from library import Library
from marriage import PROBE, settle
from patience import Background, until
from traffic import Ledger, Message, digest, messages, verify

LARGE, SMALL = 20_000_000, 1_500_000
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


def _sockets(
    pattern: Pattern, west: Library, east: Library, transport: str
) -> tuple[Any, Any]:
    """Two sockets without marks that carry messages.  A mark would drop some of
    what is published, and stop none of the rest sooner."""
    marks = {"sndhwm": 0, "rcvhwm": 0}
    a = west.socket(getattr(west, pattern.west), routing_id=b"west", **marks)
    b = east.socket(getattr(east, pattern.east), routing_id=b"east", **marks)
    binder, connector = (a, b) if pattern.west_binds else (b, a)
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
    pattern: Pattern, west: Library, east: Library, transport: str, ledger: Ledger
) -> None:
    files = messages(pattern.size)
    a, b = _sockets(pattern, west, east, transport)
    received = pattern.flow(a, b, files)
    for parts in received:
        verify(parts)
    assert digest(received) == digest(files)
    row = f"{transport:7}{west.tag} > {east.tag}"
    ledger.enter(row, pattern.name, received)


@patterns
def test_over_the_network(
    couple: tuple[Library, Library], network: str, pattern: Pattern, ledger: Ledger
) -> None:
    west, east = couple
    _move(pattern, west, east, network, ledger)


@patterns
def test_within_a_context(zmq: Library, pattern: Pattern, ledger: Ledger) -> None:
    _move(pattern, zmq, zmq, "inproc", ledger)
