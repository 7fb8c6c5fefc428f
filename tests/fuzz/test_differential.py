"""The native engine against the pure one: same bytes, same frames, same errors.

Inputs are those of decoder.c: kind, size of a piece, limit and mark, bytes of a peer.
PYMQ_FUZZ_EXAMPLES says how many new ones are tried.
"""

from __future__ import annotations

import contextlib
import os
import socket
from importlib import import_module
from typing import Any, Iterator, Mapping, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inputs import load
from workbench import PULL, XPUB, Bench

from pymq.backend.abc import EventKind, Hub, HubOption, Pipe, Routing
from pymq.zmtp import sodium
from pymq.zmtp.error import ProtocolError
from pymq.zmtp.frame import parse_header
from pymq.zmtp.sealing import NONCE, OVERHEAD, Keys

pytest.importorskip("pymq._core")

EXAMPLES = int(os.environ.get("PYMQ_FUZZ_EXAMPLES", "150"))
HEADER = 3
PIECES = 40  # some 80, however small, fill a socket that nobody reads
TURNS = 10_000


class Kind(NamedTuple):
    """What the engine is made to be."""

    major: int = 3
    routing: Routing = PULL
    sealed: bool = False
    link: Mapping[str, bool] = {}

    def fields(self) -> dict[str, Any]:
        """Of its link."""
        sealing = Keys(KEY, True, 0, 0) if self.sealed else None
        return {"major": self.major, "sealing": sealing, **self.link}

    def bytes_of(self, data: bytes) -> bytes:
        """What the peer sends."""
        return _sealed(data) if self.sealed else data

    def seen(self, frames: list[tuple[bytes, bool]]) -> Any:
        """What has to be equal.  At the end of a link all topics are cancelled, in any
        order; what comes without frames is the kernel's to cut."""
        if self.routing is XPUB:
            return sorted(frames)
        if self.link:
            bodies = [body for body, _ in frames]
            ends = bodies[:1], bodies[-1:]
            return ends, b"".join(bodies), bodies.count(b"")
        return frames


# By decoder.c's numbers.
KINDS = [
    Kind(),
    Kind(2),
    Kind(1),
    Kind(link={"raw": True, "notifies": True}),
    Kind(routing=XPUB),
    Kind(sealed=True),
]
BOX = 16  # octets of a tag; in decoder.c's boxes anybody's will do but for one
MESSAGE = b"\7MESSAGE"
KEY = bytes(range(32))
_CLIENT = b"CurveZMQMESSAGEC"  # what it seals

Outcome = tuple[Any, int]


@pytest.fixture(scope="module")
def benches() -> Iterator[list[Bench]]:
    made = [Bench(import_module(f"pymq.backend.{name}")) for name in ("native", "pure")]
    yield made
    for bench in made:
        bench.close()


def _sealed(data: bytes) -> bytes:
    """With real boxes in the place of decoder.c's, which are as long."""
    made, at = bytearray(data), 0
    while True:
        try:
            found = parse_header(data, at)
        except ProtocolError:
            return bytes(made)
        if found is None or found[2] > len(data):
            return bytes(made)
        _, start, at = found
        box = start + len(MESSAGE) + NONCE
        whole = at - start >= OVERHEAD and data[start:].startswith(MESSAGE)
        if whole and data[box] != 0xFF:
            nonce = _CLIENT + data[box - NONCE : box]
            made[box:at] = sodium.seal(data[box + BOX : at], nonce, KEY)


def _send(far: socket.socket, data: bytes, piece: int) -> None:
    """An engine that has had enough may leave in the middle."""
    size = max(piece or len(data), len(data) // PIECES + 1)
    with contextlib.suppress(OSError):
        for at in range(0, len(data), size):
            far.sendall(data[at : at + size])
        far.shutdown(socket.SHUT_WR)


def _receive(hub: Hub, into: list[tuple[bytes, bool]]) -> None:
    while not isinstance(frame := hub.recv(), int):
        into.append((bytes(frame), hub.more))


def _run(bench: Bench, hub: Hub, pipe: Pipe) -> Outcome:
    """Frames, and why the link ended."""
    frames: list[tuple[bytes, bool]] = []
    for _ in range(TURNS):
        _receive(hub, frames)
        for event in bench.loop.take_events():
            if event.pipe == pipe.id and event.kind is EventKind.LINK_DOWN:
                _receive(hub, frames)
                return frames, event.error
        hub.wait(1, 5)
    raise AssertionError("the link does not end")


def outcome(bench: Bench, data: bytes) -> Outcome:
    """What becomes of an input."""
    kind = KINDS[data[0] % len(KINDS)]
    hub = bench.backend.hub(bench.loop, kind.routing)
    hub.set(HubOption.RECV_HWM, 2 if data[2] & 0x80 else 0)
    near, far = bench.descriptors()
    pipe = bench.pipe(hub)
    limit = data[2] * 4 if data[2] % 4 else -1
    bench.attach_fd(pipe, near.detach(), max_size=limit, **kind.fields())
    _send(far, kind.bytes_of(data[HEADER:]), data[1])
    frames, error = _run(bench, hub, pipe)
    pipe.close(False)
    hub.stop(1)
    hub.free()
    far.close()
    return kind.seen(frames), error


def _agree(benches: list[Bench], data: bytes) -> None:
    if len(data) <= HEADER:
        return
    if KINDS[data[0] % len(KINDS)].sealed and not sodium.available():
        return
    native, pure = (outcome(bench, data) for bench in benches)
    assert native == pure


def _long(parts: tuple[int, int, bytes]) -> bytes:
    flags, size, body = parts
    return bytes((flags | 2,)) + size.to_bytes(8, "big") + body


def _short(parts: tuple[int, bytes]) -> bytes:
    flags, body = parts
    return bytes((flags, len(body))) + body


def _old(parts: tuple[int, bytes]) -> bytes:
    flags, body = parts
    return bytes((len(body) + 1, flags)) + body


def _box(parts: tuple[int, int, int, int, bytes]) -> bytes:
    """A sealed frame, for `_sealed`."""
    flags, nonce, tag, inner, body = parts
    head = MESSAGE + nonce.to_bytes(NONCE, "big")
    plain = head + bytes((tag,)) + bytes(BOX - 1) + bytes((inner,)) + body
    return _long((flags, len(plain), plain))


FLAGS = st.one_of(st.sampled_from((0, 1, 4)), st.integers(0, 255))
BODY = st.one_of(
    st.binary(max_size=40),
    st.sampled_from((b"\4PING\0\0", b"\4PING\0\0abc", b"\4PING\0", b"\4PONG")),
    st.sampled_from((b"\x09SUBSCRIBEa", b"\6CANCELa", b"\1a", b"\0a", b"\1", b"\0")),
    st.integers(200, 9000).map(bytes),
)
SIZE = st.one_of(st.integers(0, 300), st.integers(0, (1 << 64) - 1))
NONCES = st.one_of(st.integers(0, 30), st.integers(0, (1 << 64) - 1))
BOXES = st.tuples(
    st.sampled_from((0, 0, 0, 1, 4, 5)),
    NONCES,
    st.sampled_from((0, 0, 0, 0, 0xFF)),
    st.sampled_from((0, 0, 1, 2, 3, 4, 0xFF)),
    BODY,
).map(_box)
PIECE = st.one_of(
    BOXES,
    st.tuples(FLAGS, BODY.filter(lambda body: len(body) < 256)).map(_short),
    st.tuples(FLAGS, BODY.filter(lambda body: len(body) < 255)).map(_old),
    st.tuples(FLAGS, BODY).map(lambda it: _long((it[0], len(it[1]), it[1]))),
    st.tuples(FLAGS, SIZE, BODY).map(_long),
    st.binary(max_size=20),
)
INPUT = st.tuples(
    st.integers(0, len(KINDS) - 1),
    st.integers(0, 255),
    st.integers(0, 255),
    st.lists(PIECE, min_size=1, max_size=20),
).map(lambda it: bytes(it[:3]) + b"".join(it[3]))


def test_what_was_found_before(benches: list[Bench]) -> None:
    for data in load("decoder.txt"):
        _agree(benches, data)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="PYMQ_FUZZ_EXAMPLES" not in os.environ,
)
@given(data=INPUT)
def test_whatever_comes(benches: list[Bench], data: bytes) -> None:
    _agree(benches, data)
