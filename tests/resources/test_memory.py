"""What a peer can make us allocate: what it has sent, and little more.

The receiver is a process of its own, whose resident size is looked at.  Of what is
small that is a rough measure: with the order in which things come, it changes what the
allocator leaves between them.
"""

from __future__ import annotations

import os
import random
import struct
from typing import Callable

import pytest
from library import Library
from patience import until
from rawpeer import connect, crowd, frame, greeting
from sanitized import SANITIZED
from scripts import Script

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/statm"), reason="there is no /proc here"
)

KIB = 1024
PEERS = 60
#: Bytes of a peer that has completed its handshake and sent nothing.
PEER = 16 * KIB
#: Bytes that a frame costs beside what it is on the wire: objects of Python, for pure.
FRAME = {"native": 0, "pure": 100}

RECEIVER = """
import gc
context = zmq.Context()
sock = context.socket(getattr(zmq, endpoint))
print(sock.bind_to_random_port("tcp://127.0.0.1"), flush=True)
for line in sys.stdin:
    if endpoint == "XPUB":
        sock.get(zmq.EVENTS)
    gc.collect()
    print(size(), flush=True)
"""
RESIDENT = """
import os
def size():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
"""
ALLOCATED = """
import tracemalloc
tracemalloc.start()
def size():
    return tracemalloc.get_traced_memory()[0]
"""


class Receiver:
    """A process that receives, and does not read."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.endpoint = f"tcp://127.0.0.1:{script.line()}"

    def size(self) -> int:
        """Its size in bytes."""
        stdin = self._script.process.stdin
        assert stdin is not None
        stdin.write(b"\n")
        stdin.flush()
        return int(self._script.line())

    def grown(self, least: int, most: int, since: int) -> int:
        """By how much, once that is at least so much: it has read what came.  What is
        too much shows at once, and stays."""
        until(lambda: self.size() - since >= least)
        found = self.size() - since
        assert found <= most, (found, most)
        return found


Bytes = Callable[[], bytes]


def _announced(size: int, sent: int) -> bytes:
    return struct.pack(">BQ", 2, size) + bytes(sent)


#: What each peer sends behind its handshake, and in how many frames.
SENT: dict[str, tuple[Bytes, int]] = {
    "nothing": (lambda: b"", 0),
    "an announcement": (lambda: _announced(2**62, 0), 1),
    "the beginning of a huge frame": (lambda: _announced(2**40, 100_000), 1),
    "half a frame": (lambda: _announced(400_000, 200_000), 1),
    "whole frames, but no message": (lambda: frame(bytes(1000), more=True) * 200, 200),
    "small frames, but no message": (lambda: frame(b"12", more=True) * 20_000, 20_000),
    "empty frames, but no message": (lambda: frame(b"", more=True) * 20_000, 20_000),
    "messages": (lambda: frame(bytes(300)) * 900, 900),
    "PINGs without end": (lambda: frame(b"\4PING\0\0", command=True) * 500, 0),
}


@pytest.mark.only("pymq")
@pytest.mark.parametrize("what", SENT)
def test_no_more_than_was_sent(zmq: Library, what: str) -> None:
    data, frames = SENT[what][0](), SENT[what][1]
    with Script(zmq, RESIDENT + RECEIVER, "PULL") as script:
        receiver = Receiver(script)
        with crowd(receiver.endpoint, PEERS + 1) as (first, *peers):
            for peer in (first, *peers):
                peer.handshake(b"PUSH")
            first.send(data)  # code that runs for the first time needs memory, too
            before = receiver.size()
            for peer in peers:
                peer.send(data)
            most = PEERS * (len(data) + frames * FRAME[zmq.tag] + PEER) + 4 * 2**20
            least = 0 if len(data) < 10 * KIB else PEERS * len(data) // 2
            least = 0 if "PING" in what else least
            receiver.grown(least, most, before)


COMMAND = greeting() + struct.pack(">BQ", 6, 48 * KIB) + b"\5READY"


#: Of each peer: what is allocated, and with what lies between.
MEASURES = [(ALLOCATED, 64), (RESIDENT, 96)]


@pytest.mark.only("pymq")
@pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps what was freed")
@pytest.mark.parametrize(("measure", "kib"), MEASURES, ids=["allocated", "resident"])
def test_64_kib_before_the_handshake(zmq: Library, measure: str, kib: int) -> None:
    """However slowly they come: a peer's share is its socket's buffer, and these."""
    if measure is ALLOCATED:
        pytest.importorskip("tracemalloc")  # PyPy has none
    with Script(zmq, measure + RECEIVER, "PULL") as script:
        receiver = Receiver(script)
        with crowd(receiver.endpoint, PEERS) as peers:
            for peer in peers:
                peer.recv(10)  # it has been accepted
            before = receiver.size()
            data = COMMAND + bytes(48 * KIB - 10)
            for at in range(0, len(data), 5000):
                for peer in peers:
                    peer.send(data[at : at + 5000])
            grown = receiver.grown(PEERS * 40 * KIB, PEERS * kib * KIB, before)
            print(f"{zmq.tag}: {grown / PEERS / KIB:.1f} KiB for each")
            peers[0].send(bytes(10))
            peers[0].rest()  # it ends: these are no metadata


TOPICS: dict[str, Callable[[int], bytes]] = {
    "in a row": lambda number: b"%06d" % number,
    "at random": lambda number: random.Random(number).randbytes(30),
}


@pytest.mark.fails_on("pyzmq", reason="1,400 bytes for each that begins as no other")
@pytest.mark.parametrize("name", TOPICS.values(), ids=TOPICS)
def test_subscriptions(zmq: Library, name: Callable[[int], bytes]) -> None:
    """Each costs what it is on the wire, and less than 400 bytes; the same one again
    costs nothing once the publisher has looked."""
    topics = [b"\x09SUBSCRIBE" + name(number) for number in range(5000)]
    data = b"".join(frame(topic, command=True) for topic in topics)
    with Script(zmq, RESIDENT + RECEIVER, "XPUB") as script:
        receiver = Receiver(script)
        with connect(receiver.endpoint) as peer:
            peer.handshake(b"SUB")
            receiver.size()
            before = receiver.size()
            peer.send(data)
            receiver.grown(0, len(data) + 400 * len(topics) + 2**20, before)
