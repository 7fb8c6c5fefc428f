"""Fan-out: one publisher, and many subscribers in one other process."""

from __future__ import annotations

from typing import Any

from harness import Clock, Options, Result, body, descriptors, hold
from sockets import bound, connected, contextual

#: Sockets that libzmq and others keep for themselves.
SPARE = 16


def publisher(zmq: Any, options: Options) -> Result:
    """Waits for all subscriptions, then publishes `count` messages."""
    descriptors(options.subscribers)
    context, clock = contextual(zmq, options.subscribers + SPARE), Clock()
    xpub = bound(zmq, context, zmq.XPUB, options, backlog=options.subscribers + 100)
    # All subscribe to the same; else only the first would be heard of.
    xpub.set(zmq.XPUB_VERBOSE, 1)
    for _ in range(options.subscribers):
        xpub.recv()
    message, send = body(options.size), xpub.send
    clock.start()
    for _ in range(options.count):
        send(message)
    hold()
    xpub.close()
    context.term()
    return clock.stop(options.count)


def subscriber(zmq: Any, options: Options) -> Result:
    """Reads one message of each socket in turn; counts the deliveries to all."""
    descriptors(options.subscribers)
    context, clock = contextual(zmq, options.subscribers + SPARE), Clock()
    subs = [
        connected(zmq, context, zmq.SUB, options, topic=b"")
        for _ in range(options.subscribers)
    ]
    receive = [sub.recv for sub in subs]
    subs[0].recv()
    clock.start()
    for recv in receive[1:]:
        recv()
    for _ in range(options.count - 1):
        for recv in receive:
            recv()
    result = clock.stop(options.count * options.subscribers - 1)
    for sub in subs:
        sub.close()
    context.term()
    return result


SIDES = {
    ("fanout", "publisher"): publisher,
    ("fanout", "subscriber"): subscriber,
}
