"""Throughput: PUSH to PULL, between processes, threads, or within one thread."""

from __future__ import annotations

import threading
from typing import Any, Callable

from harness import Clock, Options, Result, body, hold
from sockets import bound, connected, socket

#: Bytes in one `send_many`, and messages at most: what a batching program would do.
BATCH_BYTES = 1 << 20
BATCH_MESSAGES = 1000


def batch(options: Options) -> int:
    """Messages in a batch."""
    return max(1, min(BATCH_MESSAGES, BATCH_BYTES // max(1, options.size)))


# -- sending ---------------------------------------------------------------------------


def send_one(push: Any, options: Options, count: int) -> None:
    """One call for each message."""
    message = body(options.size)
    if options.copy:
        for _ in range(count):
            push.send(message)
    else:
        for _ in range(count):
            push.send(message, copy=False)


def send_parts(push: Any, options: Options, count: int) -> None:
    """Messages of several frames."""
    parts = [body(options.size)] * options.parts
    for _ in range(count):
        push.send_multipart(parts)


def send_many(push: Any, options: Options, count: int) -> None:
    """One call for each batch of messages."""
    messages = [body(options.size)] * batch(options)
    whole, rest = divmod(count, len(messages))
    for _ in range(whole):
        push.send_many(messages)
    if rest:
        push.send_many(messages[:rest])


def sending(options: Options) -> Callable[[Any, Options, int], None]:
    """How this row sends."""
    if options.many:
        return send_many
    return send_parts if options.parts > 1 else send_one


# -- receiving -------------------------------------------------------------------------


def receive_one(pull: Any, options: Options, clock: Clock) -> Result:
    """One call for each message; time runs from the first to the last."""
    first = pull.recv()
    clock.start()
    if options.copy:
        for _ in range(options.count - 1):
            pull.recv()
    else:
        for _ in range(options.count - 1):
            pull.recv(copy=False)
    check(first, options)
    return clock.stop(options.count - 1)


def receive_parts(pull: Any, options: Options, clock: Clock) -> Result:
    """Messages of several frames."""
    first = pull.recv_multipart()
    clock.start()
    for _ in range(options.count - 1):
        pull.recv_multipart()
    if len(first) != options.parts:
        raise AssertionError(f"{len(first)} frames, not {options.parts}")
    return clock.stop(options.count - 1)


def receive_many(pull: Any, options: Options, clock: Clock) -> Result:
    """What has arrived, in one call; the first batch starts the clock."""
    limit = batch(options)
    first = pull.recv_many(min(limit, options.count))
    clock.start()
    left = options.count - len(first)
    while left > 0:
        left -= len(pull.recv_many(min(limit, left)))
    check(first[0], options)
    return clock.stop(options.count - len(first))


def warm_up(pull: Any, options: Options) -> None:
    """Receive what no clock sees."""
    for _ in range(options.warm):
        if options.copy:
            pull.recv()
        else:
            pull.recv(copy=False)


def check(message: Any, options: Options) -> None:
    """A fast benchmark of wrong messages is worth nothing."""
    if len(message) != options.size:
        raise AssertionError(f"{len(message)} bytes, not {options.size}")


def receive(pull: Any, options: Options) -> Result:
    """Receive as this row does."""
    warm_up(pull, options)
    clock = Clock()
    if options.many:
        return receive_many(pull, options, clock)
    if options.parts > 1:
        return receive_parts(pull, options, clock)
    return receive_one(pull, options, clock)


# -- the sides -------------------------------------------------------------------------


def receiver(zmq: Any, options: Options) -> Result:
    """PULL, in a process of its own."""
    context = zmq.Context()
    pull = bound(zmq, context, zmq.PULL, options)
    result = receive(pull, options)
    pull.close()
    context.term()
    return result


def sender(zmq: Any, options: Options) -> Result:
    """`threads` PUSH sockets, in as many threads, that share the messages."""
    context, clock = zmq.Context(), Clock()
    clock.start()
    count = options.count + options.warm
    share = count // options.threads
    workers = [
        threading.Thread(target=feed, args=(zmq, context, options, share, hold))
        for _ in range(options.threads - 1)
    ]
    for worker in workers:
        worker.start()
    feed(zmq, context, options, count - share * len(workers), hold)
    for worker in workers:
        worker.join()
    context.term()
    return clock.stop(count)


def feed(
    zmq: Any,
    context: Any,
    options: Options,
    count: int,
    stay: Callable[[], object] = int,
) -> None:
    """One thread's PUSH and its messages; `stay` is called before it closes."""
    push = connected(zmq, context, zmq.PUSH, options)
    sending(options)(push, options, count)
    stay()
    push.close()


def both(zmq: Any, options: Options) -> Result:
    """inproc: a thread for each side."""
    context = zmq.Context()
    pull = socket(zmq, context, zmq.PULL, options)
    pull.bind(options.endpoint)
    count = options.count + options.warm
    worker = threading.Thread(
        target=feed, args=(zmq, context, options, count), daemon=True
    )
    worker.start()
    result = receive(pull, options)
    worker.join()
    pull.close()
    context.term()
    return result


def same(zmq: Any, options: Options) -> Result:
    """inproc: one thread sends and receives in turn through a pair of PAIRs."""
    context, clock = zmq.Context(), Clock()
    left = socket(zmq, context, zmq.PAIR, options)
    right = socket(zmq, context, zmq.PAIR, options)
    left.bind(options.endpoint)
    right.connect(options.endpoint)
    message = body(options.size)
    right.send(message)
    check(left.recv(), options)
    clock.start()
    for _ in range(options.count):
        right.send(message)
        left.recv()
    result = clock.stop(options.count)
    left.close()
    right.close()
    context.term()
    return result


SIDES = {
    ("throughput", "receiver"): receiver,
    ("throughput", "sender"): sender,
    ("throughput", "both"): both,
    ("same", "both"): same,
}
