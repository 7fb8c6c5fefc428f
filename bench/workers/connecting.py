"""Connections: how fast they come and go, and what an idle one costs.

The server of `idle` and of its memory is the library under test; its clients are
plain sockets that speak just enough ZMTP, the same for every library.
"""

from __future__ import annotations

import gc
import socket as plain
import time
from typing import Any

from harness import Clock, Options, Result, descriptors, resident
from sockets import bound, connected

#: What a client says at once: greeting 3.0, NULL, then the command READY of its type.
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x05READY\x0bSocket-Type\x00\x00\x00"
PING = b"\x00\x04ping"
MEASURE = b"\x00\x07measure"

#: For allocators and the library's own threads to come to rest before RSS is read.
SETTLE = 0.2


def rate_server(zmq: Any, options: Options) -> Result:
    """Answers one message from each of `count` connections."""
    context, clock = zmq.Context(), Clock()
    router = bound(zmq, context, zmq.ROUTER, options)
    clock.start()
    for _ in range(options.count):
        router.send_multipart(router.recv_multipart())
    result = clock.stop(options.count)
    router.close()
    context.term()
    return result


def rate_client(zmq: Any, options: Options) -> Result:
    """One after the other: socket, connect, a message there and back, close."""
    context, clock = zmq.Context(), Clock()
    clock.start()
    for _ in range(options.count):
        dealer = connected(zmq, context, zmq.DEALER, options)
        dealer.send(b"ping")
        dealer.recv()
        dealer.close()
    result = clock.stop(options.count)
    context.term()
    return result


def idle_server(zmq: Any, options: Options) -> Result:
    """Measures its memory when asked to; then answers every connection."""
    descriptors(options.count)
    context, clock = zmq.Context(), Clock()
    router = bound(zmq, context, zmq.ROUTER, options, backlog=options.count + 100)
    before = memory(router)
    clock.start()
    idle = memory(router) - before
    for _ in range(options.count):
        router.send_multipart(router.recv_multipart())
    used = memory(router) - before
    result = clock.stop(options.count)
    router.close()
    context.term()
    return {
        **result,
        "bytes_each": idle / options.count,
        "bytes_each_used": used / options.count,
    }


def memory(router: Any) -> int:
    """Bytes in use when a client asks."""
    name, _ = router.recv_multipart()
    gc.collect()
    time.sleep(SETTLE)
    size = resident()
    router.send_multipart([name, b"done"])
    return size


def idle_client(_: Any, options: Options) -> Result:
    """Opens `count` connections, and uses each one once at the end."""
    descriptors(options.count)
    clock, asking = Clock(), opened(options.endpoint)
    ask(asking)
    clock.start()
    connections = [opened(options.endpoint) for _ in range(options.count)]
    result = clock.stop(options.count)
    ask(asking)
    for connection in connections:
        connection.sendall(PING)
    for connection in connections:
        exactly(connection, len(PING))
    ask(asking)
    for connection in connections:
        connection.close()
    asking.close()
    return result


def ask(connection: plain.socket) -> None:
    """Have the server look at its memory."""
    connection.sendall(MEASURE)
    exactly(connection, len(b"\x00\x04done"))


def opened(endpoint: str, kind: bytes = b"DEALER") -> plain.socket:
    """A connection whose handshake is done."""
    host, _, port = endpoint.rpartition("://")[2].rpartition(":")
    made = plain.create_connection((host, int(port)))
    made.settimeout(10)
    shake_hands(made, kind)
    return made


def shake_hands(connection: plain.socket, kind: bytes = b"DEALER") -> None:
    """Greetings and READY, there and back."""
    ready = READY + bytes([len(kind)]) + kind
    connection.sendall(GREETING + b"\x04" + bytes([len(ready)]) + ready)
    exactly(connection, len(GREETING))
    _, length = exactly(connection, 2)
    exactly(connection, length)


def exactly(connection: plain.socket, size: int) -> bytes:
    """So many bytes."""
    data = connection.recv(size)
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError("the other side has closed the connection")
        data += more
    return data


SIDES = {
    ("connect", "server"): rate_server,
    ("connect", "client"): rate_client,
    ("idle", "server"): idle_server,
    ("idle", "client"): idle_client,
}
