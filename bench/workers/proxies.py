"""Proxies: what goes through one, from and to plain sockets that speak ZMTP.

The ends are the same for every library and cost next to nothing: what is measured is
the proxy.
"""

from __future__ import annotations

import socket as plain
import threading
from typing import Any

from connecting import opened
from harness import Clock, Options, Result, announce, body, hold
from sockets import socket

#: Bytes that an end gives to one call of the system, or asks for.
BLOCK = 1 << 16
#: Requests under way: half the mark, since a ROUTER drops what is above it.
WINDOW, STEP = 500, 100

KINDS = {"stream": ("PULL", "PUSH"), "requests": ("ROUTER", "DEALER")}


def proxy(zmq: Any, options: Options) -> Result:
    """The proxy, in a process of its own, until its context is terminated."""
    context, clock = zmq.Context(), Clock()
    made = [
        socket(zmq, context, getattr(zmq, kind), options)
        for kind in KINDS[options.pattern]
    ]
    for each in made:
        each.bind(options.endpoint)
    running = threading.Thread(target=run, args=(zmq, *made))
    clock.start()
    running.start()
    announce(",".join(each.get(zmq.LAST_ENDPOINT).decode() for each in made))
    hold()
    context.term()
    running.join()
    return clock.stop(options.count)


def run(zmq: Any, frontend: Any, backend: Any) -> None:
    """In a thread."""
    try:
        zmq.proxy(frontend, backend)
    except zmq.ContextTerminated:
        frontend.close(linger=0)
        backend.close(linger=0)


def framed(size: int, more: bool = False) -> bytes:
    """A frame of `size` bytes."""
    if size < 256:
        return bytes([more, size]) + body(size)
    return bytes([more | 2]) + size.to_bytes(8, "big") + body(size)


def ends(_: Any, options: Options) -> Result:
    """Both ends."""
    one, other = options.endpoint.split(",")
    if options.pattern == "stream":
        return stream(opened(one, b"PUSH"), opened(other, b"PULL"), options)
    return requests(opened(one, b"DEALER"), opened(other, b"ROUTER"), options)


def stream(source: plain.socket, drain: plain.socket, options: Options) -> Result:
    """One thread writes as fast as it can, the other one reads.  The first block that
    arrives starts the clock."""
    frame, count, clock = framed(options.size), options.count, Clock()
    writing = threading.Thread(target=write, args=(source, frame, count))
    into = memoryview(bytearray(4 * BLOCK))
    writing.start()
    left = len(frame) * count
    first = drain.recv_into(into)
    left -= first
    clock.start()
    while left > 0:
        left -= received(drain, into)
    result = clock.stop(count - first // len(frame))
    writing.join()
    return result


def write(source: plain.socket, frame: bytes, count: int) -> None:
    """`count` frames."""
    many = max(1, BLOCK // len(frame))
    block = frame * many
    for _ in range(count // many):
        source.sendall(block)
    source.sendall(frame * (count % many))


def received(connection: plain.socket, into: memoryview) -> int:
    """Bytes that came with one call."""
    size = connection.recv_into(into)
    if size == 0:
        raise ConnectionError("the proxy has closed the connection")
    return size


def requests(client: plain.socket, worker: plain.socket, options: Options) -> Result:
    """Requests, up to WINDOW of them under way, which the worker sends back."""
    request, clock = framed(0, more=True) + framed(options.size), Clock()
    count = -(-options.count // STEP) * STEP
    threading.Thread(target=answer, args=(worker,), daemon=True).start()
    into = memoryview(bytearray(4 * BLOCK))
    block, sent, arrived = request * STEP, 0, 0
    clock.start()
    while arrived < count * len(request):
        while sent < count and sent * len(request) - arrived <= WINDOW * len(request):
            client.sendall(block)
            sent += STEP
        arrived += received(client, into)
    return clock.stop(count)


def answer(worker: plain.socket) -> None:
    """Sends all back as it is: the name of the client, the delimiter, the body."""
    into = memoryview(bytearray(BLOCK))
    worker.settimeout(None)
    while size := worker.recv_into(into):
        worker.sendall(into[:size])


SIDES = {
    ("proxy", "proxy"): proxy,
    ("proxy", "ends"): ends,
}
