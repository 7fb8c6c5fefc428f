"""The floor for Python: plain sockets, and nothing that a message library adds.

Messages have no framing: both sides know their size.  Only where connections are made
they shake hands, as ZMTP has it.
"""

from __future__ import annotations

import socket
import time
from typing import Any, Callable

import harness
from connecting import PING, exactly, shake_hands
from harness import Clock, Options, Result, body, latencies
from roundtrips import WARM_UP

BLOCK = 65536


def address(endpoint: str) -> tuple[socket.AddressFamily, Any]:
    """The family and address of ``tcp://HOST:PORT`` or ``ipc://PATH``."""
    scheme, _, rest = endpoint.partition("://")
    if scheme == "ipc":
        return socket.AF_UNIX, rest
    host, _, port = rest.rpartition(":")
    return socket.AF_INET, (host, 0 if port == "*" else int(port))


def prepare(family: int, options: Options) -> socket.socket:
    """A stream socket with the buffers that the row asks for."""
    made = socket.socket(family, socket.SOCK_STREAM)
    if options.sndbuf:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, options.sndbuf)
    if options.rcvbuf:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.rcvbuf)
    return made


def accepted(options: Options) -> socket.socket:
    """The connection of the other side."""
    family, where = address(options.endpoint)
    listener = prepare(family, options)
    listener.bind(where)
    listener.listen(1)
    if family == socket.AF_UNIX:
        harness.announce(options.endpoint)
    else:
        harness.announce("tcp://{}:{}".format(*listener.getsockname()))
    made, _ = listener.accept()
    listener.close()
    return at_once(made)


def connected(options: Options) -> socket.socket:
    """A connection to the other side."""
    family, where = address(options.endpoint)
    made = prepare(family, options)
    made.connect(where)
    return at_once(made)


def at_once(made: socket.socket) -> socket.socket:
    """No Nagle, as every ZeroMQ."""
    if made.family == socket.AF_INET:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def receiver(_: Any, options: Options) -> Result:
    """Reads all there is, in blocks; time runs from the first to the last."""
    if options.fresh:
        return fresh_receiver(options)
    connection, clock = accepted(options), Clock()
    recv_into, limit = connection.recv_into, max(BLOCK, options.size)
    buffer = bytearray(limit)
    total = options.size * options.count
    for _ in range(options.warm):
        if recv_into(buffer, options.size, socket.MSG_WAITALL) < options.size:
            raise ConnectionError("the sender has left")
    first = recv_into(buffer)
    clock.start()
    done = first
    while done < total:
        read = recv_into(buffer)
        if not read:
            raise ConnectionError("the sender has left")
        done += read
    result = clock.stop(max(1, (total - first) // options.size))
    connection.close()
    return result


def fresh_receiver(options: Options) -> Result:
    """A new object for each message, as `recv` of a message library gives."""
    connection, clock = accepted(options), Clock()
    for _ in range(options.warm + 1):
        connection.recv(options.size, socket.MSG_WAITALL)
    clock.start()
    for _ in range(options.count - 1):
        message = connection.recv(options.size, socket.MSG_WAITALL)
        if len(message) < options.size:
            raise ConnectionError("the sender has left")
    result = clock.stop(options.count - 1)
    connection.close()
    return result


def sender(_: Any, options: Options) -> Result:
    """One call for each message, or for each block of them."""
    connection, clock = connected(options), Clock()
    together = max(1, BLOCK // options.size) if options.many else 1
    block, count = body(options.size) * together, options.count + options.warm
    send = connection.sendall
    clock.start()
    for _ in range(count // together):
        send(block)
    if count % together:
        send(body(options.size) * (count % together))
    result = clock.stop(count)
    connection.close()
    return result


def server(_: Any, options: Options) -> Result:
    """Sends every message back."""
    connection, clock = accepted(options), Clock()
    clock.start()
    for _ in range(options.count + WARM_UP):
        connection.sendall(exactly(connection, options.size))
    result = clock.stop(options.count)
    connection.close()
    return result


def client(_: Any, options: Options) -> Result:
    """Times every round trip."""
    message = body(options.size)

    def exchange(connection: socket.socket) -> None:
        connection.sendall(message)
        exactly(connection, options.size)

    return timed(options, exchange)


def timed(options: Options, exchange: Callable[[socket.socket], None]) -> Result:
    """Times every exchange; rests `gap_ms` before each, if asked to."""
    connection, clock, spent = connected(options), Clock(), []
    now, gap = time.perf_counter_ns, options.gap_ms / 1000
    for index in range(options.count + WARM_UP):
        if index == WARM_UP:
            clock.start()
        if gap and index >= WARM_UP:
            time.sleep(gap)
        before = now()
        exchange(connection)
        if index >= WARM_UP:
            spent.append(now() - before)
    result = clock.stop(options.count)
    connection.close()
    return {**result, **latencies(spent)}


def rate_server(_: Any, options: Options) -> Result:
    """Shakes hands with one connection after the other, and answers a message."""
    listener, clock = socket.create_server(address(options.endpoint)[1]), Clock()
    harness.announce("tcp://{}:{}".format(*listener.getsockname()))
    clock.start()
    for _ in range(options.count):
        made, _ = listener.accept()
        with at_once(made):
            shake_hands(made)
            made.sendall(exactly(made, len(PING)))
    result = clock.stop(options.count)
    listener.close()
    return result


def rate_client(_: Any, options: Options) -> Result:
    """One after the other: connect, a message there and back, close."""
    clock = Clock()
    clock.start()
    for _ in range(options.count):
        with connected(options) as made:
            shake_hands(made)
            made.sendall(PING)
            exactly(made, len(PING))
    return clock.stop(options.count)


SIDES: harness.Sides = {
    ("throughput", "receiver"): receiver,
    ("throughput", "sender"): sender,
    ("connect", "server"): rate_server,
    ("connect", "client"): rate_client,
    ("roundtrip", "server"): server,
    ("roundtrip", "client"): client,
}

if __name__ == "__main__":
    harness.main(SIDES, lambda options: None)
