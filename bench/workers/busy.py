"""``send`` while another Python thread computes.

Nobody receives meanwhile: the kernel's buffers fill up, the I/O threads come to rest,
and what is left is the call and the two threads that want the GIL.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

from harness import Clock, Options, Result, body, hold, latencies
from sockets import bound, connected

#: Seconds for the connection to be there, and for what fills it to come to rest.
SETTLE = 0.2
#: Calls that are timed one by one.
EACH = 2000


def receiver(zmq: Any, options: Options) -> Result:
    """Takes next to nothing."""
    context, clock = zmq.Context(), Clock()
    clock.start()
    pull = bound(zmq, context, zmq.PULL, replace(options, hwm=1))
    hold()
    pull.close()
    context.term()
    return clock.stop(0)


def sender(zmq: Any, options: Options) -> Result:
    """Times half of the calls together, for the mean, and then some of the others one
    by one: looking at the clock costs as much as the call."""
    context, clock, spent = zmq.Context(), Clock(), []
    push = connected(zmq, context, zmq.PUSH, options)
    message, now = body(options.size), time.perf_counter_ns
    push.send(message)
    time.sleep(SETTLE)
    thread = threading.Thread(target=compute, args=(stop := threading.Event(),))
    thread.start()
    half = max(1, options.count // 2)
    clock.start()
    for _ in range(half):
        push.send(message)
    result = clock.stop(half)
    for _ in range(min(half, EACH)):
        before = now()
        push.send(message)
        spent.append(now() - before)
    stop.set()
    thread.join()
    push.close(linger=0)
    context.term()
    times = latencies(spent)
    return {
        **result,
        "send_ns": times["p50_us"] * 1000,
        "send_p99_ns": times["p99_us"] * 1000,
        "send_mean_ns": result["seconds"] * 1e9 / half,
    }


def compute(stop: threading.Event) -> None:
    """Pure Python, that never waits and so keeps the GIL as long as it may."""
    while not stop.is_set():
        sum(number * number for number in range(100))


SIDES = {
    ("busy", "receiver"): receiver,
    ("busy", "sender"): sender,
}
