"""What the workloads share about sockets of the zmq API."""

from __future__ import annotations

from typing import Any, Optional

from harness import Options, announce


def contextual(zmq: Any, sockets: int) -> Any:
    """A context for so many sockets."""
    context = zmq.Context()
    if hasattr(zmq, "MAX_SOCKETS"):
        context.set(zmq.MAX_SOCKETS, max(1023, sockets))
    return context


#: Whoever can read this has them, so they are good for benchmarks.
SERVER_SECRET, CLIENT_SECRET = b"\2" * 32, b"\1" * 32
SERVER = "ce8d3ad1ccb633ec7b70c17814a5c76ecd029685050d344745ba05870e587d59"
CLIENT = "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209"


def socket(zmq: Any, context: Any, kind: int, options: Options) -> Any:
    """A socket with the marks and buffers that the row asks for."""
    made = context.socket(kind)
    made.set(zmq.SNDHWM, options.hwm)
    made.set(zmq.RCVHWM, options.hwm)
    made.set(zmq.LINGER, -1)
    if options.sndbuf:
        made.set(zmq.SNDBUF, options.sndbuf)
    if options.rcvbuf:
        made.set(zmq.RCVBUF, options.rcvbuf)
    return made


def bound(zmq: Any, context: Any, kind: int, options: Options, backlog: int = 0) -> Any:
    """A socket that the other side has been told to connect to."""
    made = socket(zmq, context, kind, options)
    if options.curve:
        made.set(zmq.CURVE_SECRETKEY, SERVER_SECRET)
        made.set(zmq.CURVE_SERVER, 1)
    if backlog:
        try:
            made.set(zmq.BACKLOG, backlog)
        except zmq.ZMQError:  # pyomq has no such option.
            pass
    made.bind(options.endpoint)
    endpoint = made.get(zmq.LAST_ENDPOINT)
    announce(endpoint.decode() if isinstance(endpoint, bytes) else endpoint)
    return made


def connected(
    zmq: Any, context: Any, kind: int, options: Options, topic: Optional[bytes] = None
) -> Any:
    """A socket on its way to the other side, subscribed to `topic`."""
    made = socket(zmq, context, kind, options)
    if topic is not None:
        made.set(zmq.SUBSCRIBE, topic)
    if options.curve:
        made.set(zmq.CURVE_SECRETKEY, CLIENT_SECRET)
        made.set(zmq.CURVE_PUBLICKEY, bytes.fromhex(CLIENT))
        made.set(zmq.CURVE_SERVERKEY, bytes.fromhex(SERVER))
    made.connect(options.endpoint)
    return made
