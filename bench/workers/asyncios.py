"""The same with asyncio: PUSH to PULL, and REQ to REP, each side in an event loop."""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from typing import Any, Callable, Coroutine

from harness import Clock, Options, Result, body, hold, latencies
from roundtrips import WARM_UP
from sockets import bound, connected
from streams import check

Work = Callable[[Any, Any, Options], Coroutine[Any, Any, Result]]


def side(work: Work) -> Callable[[Any, Options], Result]:
    """One side, in an event loop of its own."""

    def run(zmq: Any, options: Options) -> Result:
        context = import_module(f"{zmq.__name__}.asyncio").Context()
        result = asyncio.run(work(zmq, context, options))
        context.term()
        return result

    return run


async def receiver(zmq: Any, context: Any, options: Options) -> Result:
    """One call for each message; time runs from the first to the last."""
    pull, clock = bound(zmq, context, zmq.PULL, options), Clock()
    check(await pull.recv(), options)
    clock.start()
    for _ in range(options.count - 1):
        await pull.recv()
    result = clock.stop(options.count - 1)
    pull.close()
    return result


async def sender(zmq: Any, context: Any, options: Options) -> Result:
    """One call for each message."""
    push, clock = connected(zmq, context, zmq.PUSH, options), Clock()
    message = body(options.size)
    clock.start()
    for _ in range(options.count):
        await push.send(message)
    result = clock.stop(options.count)
    await asyncio.get_running_loop().run_in_executor(None, hold)
    push.close()
    return result


async def server(zmq: Any, context: Any, options: Options) -> Result:
    """Sends every message back."""
    reply, clock = bound(zmq, context, zmq.REP, options), Clock()
    clock.start()
    for _ in range(options.count + WARM_UP):
        await reply.send(await reply.recv())
    result = clock.stop(options.count)
    reply.close()
    return result


async def client(zmq: Any, context: Any, options: Options) -> Result:
    """Times every round trip."""
    request, clock = connected(zmq, context, zmq.REQ, options), Clock()
    message, spent, now = body(options.size), [], time.perf_counter_ns
    for _ in range(WARM_UP):
        await request.send(message)
        await request.recv()
    clock.start()
    for _ in range(options.count):
        before = now()
        await request.send(message)
        await request.recv()
        spent.append(now() - before)
    result = clock.stop(options.count)
    request.close()
    return {**result, **latencies(spent)}


SIDES = {
    ("asyncio-throughput", "receiver"): side(receiver),
    ("asyncio-throughput", "sender"): side(sender),
    ("asyncio-roundtrip", "server"): side(server),
    ("asyncio-roundtrip", "client"): side(client),
}
