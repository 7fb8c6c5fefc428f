"""The floor of CURVE: plain sockets, and libsodium for each message.

No keys are agreed on: both sides have one from the beginning.  A message is a box as
NaCl makes it, behind 16 octets, for which CurveZMQ has a use.
"""

from __future__ import annotations

import socket
from importlib import import_module
from itertools import repeat
from typing import Any

import harness
from harness import Clock, Options, Result, body
from raw_python import BLOCK, accepted, connected, timed
from roundtrips import WARM_UP

KEY, NONCE, BEFORE = bytes(32), bytes(24), 32


def load(_: Options) -> Any:
    """PyNaCl's CFFI module."""
    try:
        import_module("nacl.bindings")  # has libsodium look at the processor
        return import_module("nacl._sodium")
    except ImportError:
        harness.unsupported("PyNaCl is not there")


class Boxes:
    """A block of messages, which cross with one call.  All loops over them are C's."""

    def __init__(self, sodium: Any, size: int, many: int) -> None:
        self._size, block = size + BEFORE, bytearray((size + BEFORE) * many)
        self.many, self._view = many, memoryview(block)
        starts, pointer = range(0, len(block), self._size), sodium.ffi.from_buffer
        self._boxes = [pointer(self._view[at:]) for at in starts]
        self._bodies = [self._view[at + BEFORE : at + self._size] for at in starts]
        fixed = self._size, pointer(NONCE), pointer(KEY)
        self._fixed = [repeat(one) for one in fixed]
        self._plain = repeat(pointer(bytes(BEFORE) + body(size)))
        self._seal = sodium.lib.crypto_box_afternm
        self._open = sodium.lib.crypto_box_open_afternm

    def send(self, connection: socket.socket, count: int) -> None:
        """Seal each, and send them together."""
        any(map(self._seal, self._boxes[:count], self._plain, *self._fixed))
        connection.sendall(self._view[: count * self._size])

    def receive(self, connection: socket.socket, count: int) -> None:
        """Open each, and make new bytes of it."""
        wanted, boxes = count * self._size, self._boxes[:count]
        if connection.recv_into(self._view, wanted, socket.MSG_WAITALL) < wanted:
            raise ConnectionError("the sender has left")
        if any(map(self._open, boxes, boxes, *self._fixed)):
            raise AssertionError("a box does not open")
        all(map(bytes, self._bodies[:count]))


def blocks(sodium: Any, options: Options) -> Boxes:
    """As many messages as a block has room for."""
    size = options.size + BEFORE
    return Boxes(sodium, options.size, min(options.count, max(1, BLOCK // size)))


def sender(sodium: Any, options: Options) -> Result:
    """Blocks, the last of them perhaps not full."""
    connection, clock = connected(options), Clock()
    boxes = blocks(sodium, options)
    clock.start()
    for left in range(options.count, 0, -boxes.many):
        boxes.send(connection, min(left, boxes.many))
    result = clock.stop(options.count)
    connection.close()
    return result


def receiver(sodium: Any, options: Options) -> Result:
    """The first block starts the clock."""
    connection, clock = accepted(options), Clock()
    boxes = blocks(sodium, options)
    boxes.receive(connection, boxes.many)
    clock.start()
    for left in range(options.count - boxes.many, 0, -boxes.many):
        boxes.receive(connection, min(left, boxes.many))
    result = clock.stop(max(1, options.count - boxes.many))
    connection.close()
    return result


def server(sodium: Any, options: Options) -> Result:
    """Opens every message, and sends it back sealed."""
    connection, clock = accepted(options), Clock()
    box = Boxes(sodium, options.size, 1)
    clock.start()
    for _ in range(options.count + WARM_UP):
        box.receive(connection, 1)
        box.send(connection, 1)
    result = clock.stop(options.count)
    connection.close()
    return result


def client(sodium: Any, options: Options) -> Result:
    """Times every round trip."""
    box = Boxes(sodium, options.size, 1)

    def exchange(connection: socket.socket) -> None:
        box.send(connection, 1)
        box.receive(connection, 1)

    return timed(options, exchange)


SIDES: harness.Sides = {
    ("throughput", "receiver"): receiver,
    ("throughput", "sender"): sender,
    ("roundtrip", "server"): server,
    ("roundtrip", "client"): client,
}

if __name__ == "__main__":
    harness.main(SIDES, load)
