"""The loops that move messages: one for each way of using a socket."""

from __future__ import annotations

import errno
import itertools
import sys
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple, Union

import pymq as zmq

from .delimiter import Message
from .stream import Sink, Source

# Messages waiting for room in the socket; above this no more input is read.
BACKLOG = 1000


class Job(NamedTuple):
    """A socket, ready to use, and what to do with it.

    `limit` is in messages, None = no limit; `timeout` in milliseconds, -1 = none,
    and already set as the socket's SNDTIMEO and RCVTIMEO; `subscribers` is how many
    subscriptions a publisher waits for.
    """

    socket: zmq.Socket
    source: Source
    sink: Sink
    limit: Union[int, None]
    timeout: int
    subscribers: int


def send(job: Job) -> None:
    """Send the input: push, pub."""
    publishes = job.subscribers > 0
    for _ in range(job.subscribers):
        while not job.socket.recv().startswith(b"\1"):
            pass
    for message in itertools.islice(job.source, job.limit):
        job.socket.send_multipart(message)
        while publishes and job.socket.poll(0, zmq.POLLIN):
            job.socket.recv()  # later subscriptions; here they only take up room


def receive(job: Job) -> None:
    """Write what arrives: pull, sub."""
    for _ in _rounds(job.limit):
        job.sink.write(_next(job))


def request(job: Job) -> None:
    """Send each message of the input and write its reply: req."""
    for message in itertools.islice(job.source, job.limit):
        job.socket.send_multipart(message)
        job.sink.write(job.socket.recv_multipart())
        job.sink.flush()


def reply(job: Job) -> None:
    """Write each request; reply with the next message of the input, or echo: rep."""
    echo = job.source.ended and not job.source.given
    replies = iter(job.source)
    for _ in _rounds(job.limit):
        answer = None if echo else next(replies, None)
        if answer is None and not echo:
            return
        message = job.socket.recv_multipart()
        job.sink.write(message)
        job.sink.flush()
        job.socket.send_multipart(message if answer is None else answer)


def both(job: Job) -> None:
    """Send the input and write what arrives, each when it can: pair and the rest.

    Ends when `limit` messages have arrived and all input is sent.
    """
    left = job.limit
    pending = deque(job.source.given)
    poller = zmq.Poller()
    while left != 0 or pending or not job.source.ended:
        poller.register(job.socket, _events(left, pending))
        if not job.source.ended:
            room = len(pending) < BACKLOG
            poller.register(job.source.fileno(), zmq.POLLIN if room else 0)
        ready = dict(poller.poll(job.timeout))
        if not ready:
            raise zmq.Again()
        events = ready.get(job.socket, 0)
        if events & zmq.POLLOUT:
            _send_some(job.socket, pending)
        if events & zmq.POLLIN:
            left = _receive_some(job, left)
        if not job.source.ended and job.source.fileno() in ready:
            _read_some(poller, job.source, pending)


def _events(left: Union[int, None], pending: deque[Message]) -> int:
    receiving = 0 if left == 0 else zmq.POLLIN
    return receiving | (zmq.POLLOUT if pending else 0)


def _read_some(poller: zmq.Poller, source: Source, pending: deque[Message]) -> None:
    pending.extend(source.read())
    if source.ended:
        poller.unregister(source.fileno())


def _send_some(socket: zmq.Socket, pending: deque[Message]) -> None:
    while pending:
        try:
            socket.send_multipart(pending[0], zmq.NOBLOCK)
        except zmq.Again:
            return
        except zmq.ZMQError as error:
            if error.errno != errno.EHOSTUNREACH:
                raise
            name = pending[0][0]
            print(f"pymq: no peer is named {name!r}: dropped", file=sys.stderr)
        pending.popleft()


def _receive_some(job: Job, left: Union[int, None]) -> Union[int, None]:
    while left != 0:
        try:
            message = job.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            break
        job.sink.write(message)
        left = None if left is None else left - 1
    job.sink.flush()
    return left


def _next(job: Job) -> Message:
    """Wait for a message, but not before what came earlier has been seen."""
    try:
        return job.socket.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        job.sink.flush()
        return job.socket.recv_multipart()


def _rounds(count: Union[int, None]) -> Iterable[int]:
    return itertools.count() if count is None else range(count)


STYLES: dict[str, Callable[[Job], None]] = {
    "send": send,
    "receive": receive,
    "request": request,
    "reply": reply,
    "both": both,
}
