"""Many subscriptions of one subscriber: their memory, and matching against them."""

from __future__ import annotations

import time
from typing import Any

from harness import Clock, Options, Result, announce, hold, resident
from sockets import connected, socket

#: What the subscriber is sent when it shall begin, and at the end.
END = b"end"
#: Messages that match, out of all that the publisher sends while it is timed.
HITS = 20000
MISSES = 200000


def topic(number: int) -> bytes:
    """As programs have them: a path that ends in what differs."""
    return b"market/quotes/%08d" % number


def publisher(zmq: Any, options: Options) -> Result:
    """Takes `count` subscriptions; then publishes what nobody wants, and what one
    subscription matches."""
    context, clock = zmq.Context(), Clock()
    xpub = socket(zmq, context, zmq.XPUB, options)
    xpub.bind(options.endpoint)
    announce(xpub.get(zmq.LAST_ENDPOINT).decode())
    before = resident()
    xpub.recv()
    xpub.send(END)
    clock.start()
    for _ in range(options.count - 1):
        xpub.recv()
    result = clock.stop(options.count - 1)
    memory = resident() - before
    missed = publish(xpub, topic(options.count), MISSES)
    publish(xpub, topic(options.count // 2), HITS)
    xpub.send(END)
    hold()
    xpub.close()
    context.term()
    return {
        **result,
        "subscribe_s": result["seconds"],
        "bytes_each": memory / options.count,
        "match_rate": MISSES / missed,
    }


def publish(xpub: Any, message: bytes, count: int) -> float:
    """Seconds that sending took."""
    before = time.perf_counter()
    for _ in range(count):
        xpub.send(message)
    return time.perf_counter() - before


def subscriber(zmq: Any, options: Options) -> Result:
    """Subscribes to `count` topics, and receives what matches.

    It waits for the connection: thousands of topics of a program that does not would
    arrive at once, and be known before the publisher's clock starts.
    """
    context, clock = zmq.Context(), Clock()
    sub = connected(zmq, context, zmq.SUB, options, topic=END)
    sub.recv()
    for number in range(options.count - 1):
        sub.set(zmq.SUBSCRIBE, topic(number))
    sub.recv()
    clock.start()
    for _ in range(HITS - 1):
        sub.recv()
    result = clock.stop(HITS - 1)
    assert sub.recv() == END
    sub.close()
    context.term()
    return {**result, "hit_rate": (HITS - 1) / result["seconds"]}


SIDES = {
    ("subscriptions", "publisher"): publisher,
    ("subscriptions", "subscriber"): subscriber,
}
