"""Round trips: REQ to REP, or DEALER to ROUTER, one at a time."""

from __future__ import annotations

import time
from typing import Any

from harness import Clock, Options, Result, body, latencies
from sockets import bound, connected

#: The first round trips connect, and warm caches; nobody counts them.
WARM_UP = 20


def server(zmq: Any, options: Options) -> Result:
    """Sends every message back."""
    context, clock = zmq.Context(), Clock()
    router = options.pattern == "dealerrouter"
    kind = zmq.ROUTER if router else zmq.REP
    socket = bound(zmq, context, kind, options)
    clock.start()
    if router:
        for _ in range(options.count + WARM_UP):
            socket.send_multipart(socket.recv_multipart())
    else:
        for _ in range(options.count + WARM_UP):
            socket.send(socket.recv())
    result = clock.stop(options.count)
    socket.close()
    context.term()
    return result


def client(zmq: Any, options: Options) -> Result:
    """Times every round trip; rests `gap_ms` before each, if asked to."""
    context = zmq.Context()
    kind = zmq.DEALER if options.pattern == "dealerrouter" else zmq.REQ
    socket = connected(zmq, context, kind, options)
    result = timed(socket, options)
    socket.close()
    context.term()
    return result


def timed(socket: Any, options: Options) -> Result:
    """What a connected socket's round trips take, after those that warm up."""
    clock, spent = Clock(), []
    message = body(options.size)
    for _ in range(WARM_UP):
        socket.send(message)
        socket.recv()
    now, gap = time.perf_counter_ns, options.gap_ms / 1000
    clock.start()
    for _ in range(options.count):
        if gap:
            time.sleep(gap)
        before = now()
        socket.send(message)
        socket.recv()
        spent.append(now() - before)
    return {**clock.stop(options.count), **latencies(spent)}


SIDES = {
    ("roundtrip", "server"): server,
    ("roundtrip", "client"): client,
}
