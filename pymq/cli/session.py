"""One run of a socket command: make the socket, move messages, close it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

import pymq as zmq

from .delimiter import Delimiter
from .kind import Kind
from .stream import Sink, Source, ignore, opened
from .traffic import STYLES, Job


@dataclass
class Request:
    """What the command line asks for.  Times are in seconds."""

    endpoints: list[str]
    bind: Union[bool, None] = None
    file: Union[Path, None] = None
    stdin: bool = False
    data: list[str] = field(default_factory=list)
    delimiter: Delimiter = Delimiter.LINE
    count: Union[int, None] = None
    topic: list[str] = field(default_factory=list)
    subscribers: int = 0
    routing_id: str = ""
    backend: Union[str, None] = None
    linger: Union[float, None] = None
    timeout: Union[float, None] = None


def run(kind: Kind, request: Request) -> None:
    """Do it.  Raises what sockets and files raise; TimeoutError or `pymq.Again` when
    the timeout has passed, or LINGER with messages left over."""
    timeout = _milliseconds(request.timeout)
    linger = timeout if request.linger is None else _milliseconds(request.linger)
    context = zmq.Context(backend=request.backend)
    try:
        with _source(kind, request) as source:
            socket = _socket(context, kind, request)
            socket.setsockopt(zmq.SNDTIMEO, timeout)
            socket.setsockopt(zmq.RCVTIMEO, timeout)
            sink = Sink(request.delimiter)
            job = Job(socket, source, sink, request.count, timeout, request.subscribers)
            try:
                STYLES[kind.style](job)
            finally:
                sink.flush()
    except BaseException:
        context.destroy(0 if request.linger is None else linger)
        raise
    _deliver(context, linger)


def _deliver(context: zmq.Context, linger: int) -> None:
    """Close everything.  Only what is still undelivered makes that last so long."""
    start = time.monotonic()
    context.destroy(linger)
    if 0 < linger <= (time.monotonic() - start) * 1000:
        raise TimeoutError("timeout: not everything was delivered")


def _milliseconds(seconds: Union[float, None]) -> int:
    return -1 if seconds is None or seconds < 0 else round(seconds * 1000)


def _socket(context: zmq.Context, kind: Kind, request: Request) -> zmq.Socket:
    name = "XPUB" if request.subscribers else kind.name.upper()
    socket = context.socket(getattr(zmq, name))
    if request.subscribers:
        socket.setsockopt(zmq.XPUB_VERBOSE, 1)
    if kind.name == "router":
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    if request.routing_id:
        socket.setsockopt(zmq.ROUTING_ID, _bytes(request.routing_id))
    if kind.name == "sub":
        for topic in request.topic or [""]:
            socket.setsockopt(zmq.SUBSCRIBE, _bytes(topic))
    binds = kind.binds if request.bind is None else request.bind
    for endpoint in request.endpoints:
        if binds:
            _bind(socket, endpoint)
        else:
            socket.connect(endpoint)
    return socket


def _bind(socket: zmq.Socket, endpoint: str) -> None:
    """Bind, and tell what a wildcard in the endpoint has become."""
    socket.bind(endpoint)
    bound = socket.getsockopt_string(zmq.LAST_ENDPOINT)
    if bound != endpoint:
        print(f"pymq: bound {bound}", file=sys.stderr, flush=True)


@contextmanager
def _source(kind: Kind, request: Request) -> Iterator[Source]:
    given = [[_bytes(text)] for text in request.data]
    prefix = [_bytes(topic) for topic in request.topic] if kind.name == "pub" else []
    if kind.name == "xsub":
        topics = request.topic or [""]
        given = [[b"\1" + _bytes(topic)] for topic in topics] + given
    reads = request.stdin or (kind.reads and not request.data)
    if request.file is not None:
        with opened(request.file) as (fd, advance):
            yield Source(fd, request.delimiter, given, prefix, advance)
    else:
        fd_or_none = sys.stdin.fileno() if reads else None
        yield Source(fd_or_none, request.delimiter, given, prefix, ignore)


def _bytes(text: str) -> bytes:
    """Arguments as the shell gave them, whatever their encoding."""
    return text.encode(sys.getfilesystemencoding(), "surrogateescape")
