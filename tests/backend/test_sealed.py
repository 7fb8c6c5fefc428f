"""Links on which every frame is sealed (CURVE): what goes in, what comes out."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from workbench import DEALER, PAIR, PULL, PUSH, SUB, XPUB, Bench, read_exactly

from pymq.backend.abc import EventKind, Heartbeat, HubOption, Pipe
from pymq.zmtp import command, frame, sodium
from pymq.zmtp.frame import COMMAND, MORE, Decoder
from pymq.zmtp.sealing import Keys, Sealer

pytestmark = pytest.mark.skipif(not sodium.available(), reason="PyNaCl is not there")

KEY = bytes(range(32))
SIZES = (0, 1, 221, 222, 223, 255, 256, 479, 480, 4096, 16384, 70000, 1 << 20)


class Peer:
    """The far end of a link, a client that seals."""

    def __init__(self, far: socket.socket) -> None:
        self.far = far
        self.sealer = Sealer(Keys(KEY, False, 2, 1))
        self._decoder = Decoder()
        self._frames: list[tuple[int, bytes]] = []

    def send(self, *parts: bytes, flags: int = 0) -> None:
        """A message, or a command."""
        last = len(parts) - 1
        self.far.sendall(
            b"".join(
                self.sealer.seal(flags or (MORE if n < last else 0), part)
                for n, part in enumerate(parts)
            )
        )

    def next(self) -> tuple[int, bytes]:
        """The next frame, opened."""
        while not self._frames:
            data = self.far.recv(1 << 16)
            assert data, "the link has ended"
            self._frames += self._decoder.feed(data)
        flags, body = self._frames.pop(0)
        assert flags == 0  # outside there are none
        return self.sealer.open(body)


def link(bench: Bench, hub: Any, **fields: Any) -> tuple[Pipe, Peer]:
    pipe, far = bench.link(hub, sealing=Keys(KEY, True, 1, 2), **fields)
    return pipe, Peer(far)


@pytest.mark.parametrize("easy", [True, False], ids=["", "older PyNaCl"])
def test_messages_are_sealed_and_opened(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, easy: bool
) -> None:
    if not easy:
        monkeypatch.setattr(sodium, "_OPEN_EASY", "there is none")
    hub = bench.hub(PAIR)
    _, peer = link(bench, hub)
    for size in SIZES:
        body = b"x" * size
        assert hub.send(body, True) == 0
        assert hub.send(body) == 0
        assert peer.next() == (MORE, body)
        assert peer.next() == (0, body)
        peer.send(body, b"", body)
        assert bench.recv(hub) == [body, b"", body]


def test_many_at_once(bench: Bench) -> None:
    hub = bench.hub(DEALER)
    hub.set(HubOption.SEND_HWM, 0)
    hub.set(HubOption.RECV_HWM, 0)
    _, peer = link(bench, hub)
    bodies = [b"%d" % n * (n % 50) for n in range(3000)]
    for body in bodies:
        assert hub.send(body) == 0
    assert [peer.next()[1] for _ in bodies] == bodies
    peer.far.sendall(b"".join(peer.sealer.seal(0, body) for body in bodies))
    assert [bench.recv(hub)[0] for _ in bodies] == bodies


def test_a_byte_at_a_time(bench: Bench) -> None:
    hub = bench.hub(PULL)
    _, peer = link(bench, hub)
    for octet in peer.sealer.seal(MORE, b"a" * 300) + peer.sealer.seal(0, b"b"):
        peer.far.sendall(bytes((octet,)))
    assert bench.recv(hub) == [b"a" * 300, b"b"]


def test_what_came_with_the_handshake(bench: Bench) -> None:
    hub = bench.hub(PULL)
    early = Sealer(Keys(KEY, False, 2, 1)).seal(0, b"early")
    link(bench, hub, leftover=early)
    assert bench.recv(hub) == [b"early"]


def test_flags_outside_count_for_nothing(bench: Bench) -> None:
    hub = bench.hub(PULL)
    _, peer = link(bench, hub)
    for flags in (MORE, COMMAND, MORE | COMMAND):
        sealed = peer.sealer.seal(0, b"%d" % flags)
        peer.far.sendall(bytes((flags,)) + sealed[1:])
        assert bench.recv(hub) == [b"%d" % flags]


def test_pings_are_sealed_too(bench: Bench) -> None:
    for routing in (PULL, PUSH):  # which takes no messages
        hub = bench.hub(routing)
        _, peer = link(bench, hub)
        for context in (b"a", b"b"):
            peer.send(command.ping(0, context), flags=COMMAND)
        for context in (b"a", b"b"):
            assert peer.next() == (COMMAND, command.pong(context))


def test_a_link_asks_for_signs_of_life(bench: Bench) -> None:
    hub = bench.hub(PULL)
    pipe, peer = link(bench, hub, heartbeat=Heartbeat(20, 60000, 0))
    for _ in range(3):
        assert peer.next() == (COMMAND, command.ping(0))
        peer.send(command.pong(), flags=COMMAND)


def test_pongs_between_long_messages(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    _, peer = link(bench, hub)
    body = b"z" * (8 << 20)
    assert hub.send(body) == 0
    ping = command.ping(0, b"ctx")
    pings = [peer.sealer.seal(COMMAND, ping) for _ in range(100)]
    peer.far.sendall(b"".join(pings))
    assert hub.send(b"last") == 0
    found = [peer.next() for _ in range(102)]
    assert [one for one in found if not one[0]] == [(0, body), (0, b"last")]
    assert found.count((COMMAND, command.pong(b"ctx"))) == 100


@pytest.mark.parametrize("minor", [0, 1])
def test_subscriptions(bench: Bench, minor: int) -> None:
    hub = bench.hub(SUB)
    hub.subscribe(b"T")
    _, peer = link(bench, hub, minor=minor)
    hub.unsubscribe(b"T")
    if minor:
        assert peer.next() == (COMMAND, command.subscribe(b"T"))
        assert peer.next() == (COMMAND, command.cancel(b"T"))
    else:
        assert peer.next() == (0, b"\1T")
        assert peer.next() == (0, b"\0T")


def test_subscribers(bench: Bench) -> None:
    hub = bench.hub(XPUB)
    _, peer = link(bench, hub)
    peer.send(command.subscribe(b"T"), flags=COMMAND)
    assert bench.recv(hub) == [b"\1T"]
    assert hub.send(b"no") == hub.send(b"Topic") == 0
    assert peer.next() == (0, b"Topic")
    peer.send(b"\0T")
    assert bench.recv(hub) == [b"\0T"]


def test_a_mark_holds_the_peer_back(bench: Bench) -> None:
    """What was opened before the mark was noticed is not opened again."""
    hub = bench.hub(PULL)
    hub.set(HubOption.RECV_HWM, 3)
    _, peer = link(bench, hub)
    seal = peer.sealer.seal
    sealed = [seal(MORE, b"%d" % n) + seal(0, b"x" * n) for n in range(100)]
    peer.far.sendall(b"".join(sealed))  # one piece: many fill a socket's buffer
    for n in range(100):
        assert bench.recv(hub) == [b"%d" % n, b"x" * n]


def test_the_limit_is_of_what_was_sealed(bench: Bench) -> None:
    hub = bench.hub(PULL)
    pipe, peer = link(bench, hub, max_size=100)
    peer.send(b"x" * 100)
    assert bench.recv(hub) == [b"x" * 100]
    peer.send(b"x" * 101)
    assert bench.event(EventKind.LINK_DOWN, pipe).error == errno.EMSGSIZE


def tampered(peer: Peer) -> dict[str, bytes]:
    """What somebody in between might make of two messages."""
    one, two = peer.sealer.seal(0, b"one"), peer.sealer.seal(0, b"two")
    flip = one[:-1] + bytes((one[-1] ^ 1,))
    forged = one[:10] + b"\xff" + one[11:]
    return {
        "replayed": one + one,
        "reordered": two + one,
        "flipped": flip,
        "nonce": forged,
        "clear": frame.encode(b"hello"),
        "short": frame.encode(one[2:34]),
        "name": frame.encode(b"\7MESSAGF" + one[10:]),
        "own": Sealer(Keys(KEY, True, 9, 2)).seal(0, b"one"),
        "flags": _with_flags(4),
        "reserved": b"\x08" + one[1:],
    }


def _with_flags(inner: int) -> bytes:
    nonce = (3).to_bytes(8, "big")
    box = sodium.seal(bytes((inner,)) + b"x", b"CurveZMQMESSAGEC" + nonce, KEY)
    return frame.encode(b"\7MESSAGE" + nonce + box)


CASES = [
    *("replayed", "reordered", "flipped", "nonce", "clear"),
    *("short", "name", "own", "flags", "reserved"),
]


@pytest.mark.parametrize("case", CASES)
def test_tampering_ends_the_link(bench: Bench, case: str) -> None:
    hub = bench.hub(PULL)
    pipe, peer = link(bench, hub)
    peer.far.sendall(tampered(peer)[case])
    assert bench.event(EventKind.LINK_DOWN, pipe).error == errno.EPROTO
    good = {"replayed": b"one", "reordered": b"two"}.get(case)
    if good is not None:
        assert hub.recv() == good
    assert hub.recv() == -errno.EAGAIN


def test_no_bit_of_a_message_may_be_flipped(bench: Bench) -> None:
    size = len(Sealer(Keys(KEY, False, 2, 1)).seal(0, b"hello"))
    for at in range(2, size):
        hub = bench.hub(PULL)
        pipe, peer = link(bench, hub)
        sealed = bytearray(peer.sealer.seal(0, b"hello"))
        sealed[at] ^= 1
        peer.far.sendall(sealed)
        assert bench.event(EventKind.LINK_DOWN, pipe).error == errno.EPROTO
        assert hub.recv() == -errno.EAGAIN


def test_a_closed_pipe_drains(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    pipe, peer = link(bench, hub)
    for n in range(10):
        assert hub.send(b"%d" % n * 200000) == 0
    assert not pipe.close(drain=True)
    for n in range(10):
        assert peer.next() == (0, b"%d" % n * 200000)
    assert peer.far.recv(1) == b""
    peer.far.close()
    bench.event(EventKind.PIPE_CLOSED, pipe)


def test_what_the_kernel_has_nothing_of_waits_for_the_next_link(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    pipe, peer = link(bench, hub)
    peer.far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
    body = b"y" * (4 << 20)
    assert hub.send(body) == 0
    for n in range(5):
        assert hub.send(b"%d" % n) == 0
    read_exactly(peer.far, 1000)
    peer.far.close()
    bench.event(EventKind.LINK_DOWN, pipe)
    other = Peer(bench.attach(pipe, sealing=Keys(KEY, True, 1, 2)))
    assert [other.next() for _ in range(5)] == [(0, b"%d" % n) for n in range(5)]
