"""The worker for pynng: the same patterns of another family of protocols.

Its buffers are counted in messages too, but end at 8192; it has neither multipart
messages nor routers.
"""

from __future__ import annotations

import threading
import time
from importlib import import_module
from typing import Any

import harness
from harness import Clock, Options, Result, body, hold
from roundtrips import WARM_UP, timed

LONGEST = 8192


def prepare(nng: Any, socket: Any, options: Options) -> Any:
    """Its buffers, and no limit of a message's size."""
    for name in ("send_buffer_size", "recv_buffer_size"):
        try:
            setattr(socket, name, min(LONGEST, options.hwm or LONGEST))
        except nng.NotSupported:  # REQ and REP, and one direction of the others.
            pass
    socket.recv_max_size = 0
    return socket


def bound(nng: Any, socket: Any, options: Options) -> Any:
    """A socket that the other side has been told to dial."""
    prepare(nng, socket, options).listen(options.endpoint.replace(":*", ":0"))
    harness.announce(socket.listeners[0].url)
    return socket


def dialled(nng: Any, socket: Any, options: Options) -> Any:
    """A socket on its way to the other side."""
    prepare(nng, socket, options).dial(options.endpoint, block=True)
    return socket


def receiver(nng: Any, options: Options) -> Result:
    """PULL; time runs from the first message to the last."""
    with bound(nng, nng.Pull0(), options) as pull:
        return received(pull, options)


def received(pull: Any, options: Options) -> Result:
    """Receive `count` messages."""
    clock, recv = Clock(), pull.recv
    for _ in range(options.warm):
        recv()
    assert len(recv()) == options.size
    clock.start()
    for _ in range(options.count - 1):
        recv()
    return clock.stop(options.count - 1)


def sender(nng: Any, options: Options) -> Result:
    """PUSH."""
    clock = Clock()
    with dialled(nng, nng.Push0(), options) as push:
        clock.start()
        feed(push, options)
        hold()
    return clock.stop(options.count + options.warm)


def feed(push: Any, options: Options) -> None:
    """Send `count` messages."""
    message, send = body(options.size), push.send
    for _ in range(options.count + options.warm):
        send(message)


def both(nng: Any, options: Options) -> Result:
    """inproc: a thread for each side."""
    with (
        prepare(nng, nng.Pull0(), options) as pull,
        prepare(nng, nng.Push0(), options) as push,
    ):
        pull.listen(options.endpoint)
        push.dial(options.endpoint, block=True)
        thread = threading.Thread(target=feed, args=(push, options))
        thread.start()
        result = received(pull, options)
        thread.join()
    return result


def server(nng: Any, options: Options) -> Result:
    """Sends every message back."""
    clock = Clock()
    with bound(nng, nng.Rep0(), options) as rep:
        clock.start()
        for _ in range(options.count + WARM_UP):
            rep.send(rep.recv())
        result = clock.stop(options.count)
        # Closing drops what is not yet in the kernel.
        time.sleep(0.1)
    return result


def client(nng: Any, options: Options) -> Result:
    """Times every round trip."""
    if options.pattern != "reqrep":
        harness.unsupported("no DEALER and ROUTER")
    with dialled(nng, nng.Req0(), options) as req:
        return timed(req, options)


SIDES: harness.Sides = {
    ("throughput", "receiver"): receiver,
    ("throughput", "sender"): sender,
    ("throughput", "both"): both,
    ("roundtrip", "server"): server,
    ("roundtrip", "client"): client,
}

if __name__ == "__main__":
    harness.main(SIDES, lambda options: import_module(options.library))
