"""Many threads that connect, close and end together."""

from __future__ import annotations

from functools import partial

import pytest
from library import Library
from patience import Background


@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_subscribers_come_and_go_while_the_context_ends(
    zmq: Library, transport: str
) -> None:
    for _ in range(5):
        context = zmq.context(io_threads=3)
        pub = zmq.socket(zmq.PUB, context=context)
        endpoint = zmq.bind(pub, transport)

        def visit() -> None:
            sub = context.socket(zmq.SUB)  # noqa: B023 - called within this round
            sub.subscribe(b"")
            sub.connect(endpoint)  # noqa: B023
            sub.close()

        visitors = [Background(visit) for _ in range(20)]
        for visitor in visitors:
            visitor.result()
        pub.close()
        Background(context.term).result()


def test_pairs_of_busy_sockets_end(zmq: Library) -> None:
    """Each pair in a thread of its own, all in one context."""
    kinds = ["PUSH", "PULL"], ["DEALER", "DEALER"], ["PUB", "SUB"], ["PAIR", "PAIR"]
    context = zmq.context()

    def work(pair: list[str]) -> None:
        sender, receiver = (context.socket(getattr(zmq, kind)) for kind in pair)
        sender.linger = receiver.linger = 0
        receiver.connect(zmq.bind(sender, "tcp"))
        sender.poll(20_000, zmq.POLLOUT)
        for _ in range(100):
            try:
                sender.send(b"x" * 1000, zmq.DONTWAIT)
            except zmq.Again:
                break
        sender.close()
        receiver.close()

    for worker in [Background(partial(work, pair)) for pair in kinds * 3]:
        worker.result()
    Background(context.term).result()
