"""The floor of CURVE: plain sockets, and libsodium for each message.

Nothing is framed, and no keys are agreed on: both sides have one from the beginning.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import harness
from harness import Clock, Options, Result, body
from raw_python import accepted, connected

KEY, NONCE, TAG = bytes(32), bytes(24), 16


def load(_: Options) -> Any:
    """PyNaCl's CFFI module."""
    try:
        import_module("nacl.bindings")  # has libsodium look at the processor
        return import_module("nacl._sodium")
    except ImportError:
        harness.unsupported("PyNaCl is not there")


def sender(sodium: Any, options: Options) -> Result:
    """Seals each message, and sends it with a call of its own."""
    connection, clock = connected(options), Clock()
    message, box = body(options.size), sodium.ffi.new("char[]", options.size + TAG)
    seal, view = sodium.lib.crypto_box_easy_afternm, sodium.ffi.buffer(box)
    box = sodium.ffi.cast("unsigned char *", box)
    clock.start()
    for _ in range(options.count):
        seal(box, message, options.size, NONCE, KEY)
        connection.sendall(view)
    result = clock.stop(options.count)
    connection.close()
    return result


def receiver(sodium: Any, options: Options) -> Result:
    """Opens each message, into new bytes."""
    connection, clock = accepted(options), Clock()
    size = options.size + TAG
    buffer = bytearray(size)
    box = sodium.ffi.from_buffer("unsigned char[]", buffer)
    view, plain = memoryview(buffer), box + 0
    opened = sodium.lib.crypto_box_open_easy_afternm

    def receive() -> bytes:
        at = 0
        while at < size:
            at += connection.recv_into(view[at:])
        if opened(plain, box, size, NONCE, KEY):
            raise AssertionError("it does not open")
        return bytes(view[: options.size])

    receive()
    clock.start()
    for _ in range(options.count - 1):
        receive()
    result = clock.stop(options.count - 1)
    connection.close()
    return result


SIDES: harness.Sides = {
    ("throughput", "receiver"): receiver,
    ("throughput", "sender"): sender,
}

if __name__ == "__main__":
    harness.main(SIDES, load)
