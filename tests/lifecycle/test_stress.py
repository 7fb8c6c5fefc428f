"""Many threads that connect, close and end together."""

from __future__ import annotations

import os
import random
import time
from functools import partial
from typing import Any

import pytest
from library import Library
from patience import Background

#: How long sockets are made, used and closed at random.
SECONDS = float(os.environ.get("PYMQ_STRESS_SECONDS", "1"))
SIZES = (0, 1, 30, 255, 256, 3000, 20_000, 70_000, 400_000)
PATTERNS = (("PUSH", "PULL"), ("DEALER", "ROUTER"), ("PAIR", "PAIR"), ("PUB", "SUB"))


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


class Round:
    """Senders that send, close and end their context with LINGER=-1; a receiver that
    gets every message of each, whole and in order."""

    def __init__(self, zmq: Library, chance: random.Random) -> None:
        self._zmq = zmq
        self._chance = chance
        self._kinds = chance.choice(PATTERNS)
        self._count = 1 if "PAIR" in self._kinds else chance.choice((1, 1, 3))
        self._transport = chance.choice(("tcp", "ipc", "inproc"))
        self._shape = (
            chance.choice((20, 200)),
            chance.choice(SIZES),
            chance.choice(SIZES),
        )
        self._context = self._new_context()
        self._receiver = self._socket(self._context, self._kinds[1], "rcvhwm")

    def _new_context(self) -> Any:
        return self._zmq.implementation.context(io_threads=self._chance.choice((1, 2)))

    def _socket(self, context: Any, kind: str, mark: str) -> Any:
        sock = context.socket(getattr(self._zmq, kind))
        # A publisher that is full drops, which is not what this is about.
        marks = (0,) if "PUB" in self._kinds else (0, 1, 2, 7, 1000)
        setattr(sock, mark, self._chance.choice(marks))
        sock.rcvtimeo = sock.sndtimeo = 100_000
        return sock

    def run(self) -> int:
        """How many messages went through."""
        endpoint = self._zmq.bind(self._receiver, self._transport)
        if self._kinds[1] == "SUB":
            self._receiver.subscribe(b"")
        alone = self._transport == "inproc"
        seeds = [self._chance.random() for _ in range(self._count)]
        contexts = [self._context if alone else self._new_context() for _ in seeds]
        senders = [
            Background(partial(self._send, context, endpoint, number, seed, alone))
            for number, (context, seed) in enumerate(zip(contexts, seeds))
        ]
        received = self._receive()
        for sender in senders:
            sender.result(200)
        self._receiver.close()
        Background(self._context.term).result(200)
        return received

    def _send(
        self, context: Any, endpoint: str, number: int, seed: float, stays: bool
    ) -> None:
        chance, (count, *sizes) = random.Random(seed), self._shape
        sock = self._socket(context, self._kinds[0], "sndhwm")
        sock.linger = -1
        sock.connect(endpoint)
        while self._kinds[0] == "PUB" and not sock.get(self._zmq.TOPICS_COUNT):
            time.sleep(0.001)
        for turn in range(count):
            body = bytes(chance.choice(sizes))
            parts = [b"%d %d" % (number, turn), *[body] * chance.randrange(3)]
            sock.send_multipart([*parts, b"%d" % len(parts)])
            if chance.random() < 0.01:
                time.sleep(0.002)  # lets connections become idle
        sock.send_multipart([b"%d end" % number])
        sock.close()
        if not stays:
            context.term()

    def _receive(self) -> int:
        turns, ended = [0] * self._count, 0
        while ended < self._count:
            parts = self._receiver.recv_multipart()
            if self._kinds[1] == "ROUTER":
                del parts[0]
            number, turn = parts[0].split()
            if turn == b"end":
                ended += 1
                assert turns[int(number)] == self._shape[0]
                continue
            assert int(turn) == turns[int(number)]
            assert int(parts[-1]) == len(parts) - 1
            assert len({len(body) for body in parts[1:-1]}) <= 1
            turns[int(number)] += 1
        return sum(turns)


@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.fails_on("pyzmq", reason="loses messages, and then waits for them")
def test_random_lives(zmq: Library) -> None:
    """PYMQ_STRESS_SECONDS says for how long."""
    seed = random.randrange(10**9) if SECONDS > 1 else 1
    chance, rounds, messages = random.Random(seed), 0, 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        messages += Round(zmq, chance).run()
        rounds += 1
    print(f"{zmq.tag}, seed {seed}: {rounds} rounds, {messages} messages")
