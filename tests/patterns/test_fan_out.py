"""One publisher, many subscribers: everybody gets his own, in order and unharmed,
whatever the others get.  Pymq's pipes share the bytes of what they get together."""

from __future__ import annotations

import random
from typing import Any

import pytest
from library import Library
from marriage import PROBE, settle

SUBSCRIPTIONS = ([b""], [b""], [b"a"], [b"b", b"end"], [b"a", b"b"])
LENGTHS = (0, 1, 60, 254, 255, 256, 1000, 1100, 5000, 20_000)


def _messages(count: int) -> list[list[bytes]]:
    """Of one frame or several, short ones mostly, of which each is different."""
    chance = random.Random(28)
    sizes = chance.choices(LENGTHS, [2, 4, 60, 8, 8, 8, 4, 4, 1, 1], k=3 * count)
    return [
        [chance.choice((b"a%d", b"b%d", b"c%d")) % number]
        + [b"%d" % at + bytes(sizes.pop()) for at in range(chance.choice((0, 0, 1, 2)))]
        for number in range(count)
    ]


def _subscribers(zmq: Library, publisher: Any, transport: str) -> list[Any]:
    endpoint = zmq.bind(publisher, transport)
    made = [zmq.socket(zmq.SUB) for _ in SUBSCRIPTIONS]
    for subscriber, topics in zip(made, SUBSCRIPTIONS):
        subscriber.connect(endpoint)
        settle(publisher, subscriber)
        for topic in (*topics, b"end"):
            subscriber.subscribe(topic)
        settle(publisher, subscriber)
    return made


def _received(subscriber: Any) -> list[list[bytes]]:
    """Up to the end, but for what the others were settled with."""
    found = []
    while (parts := subscriber.recv_multipart()) != [b"end"]:
        if not parts[0].startswith(PROBE):
            found.append(parts)
    return found


@pytest.mark.core
@pytest.mark.parametrize("kind", ["PUB", "XPUB"])
def test_each_gets_his_own(zmq: Library, transport: str, kind: str) -> None:
    publisher = zmq.socket(getattr(zmq, kind), sndhwm=0)
    subscribers = _subscribers(zmq, publisher, transport)
    messages = _messages(1500)
    for message in messages:
        publisher.send_multipart(message)
    publisher.send(b"end")
    for subscriber, topics in zip(subscribers, SUBSCRIPTIONS):
        wanted = [m for m in messages if m[0].startswith(tuple(topics))]
        assert _received(subscriber) == wanted


def test_who_is_full_misses_whole_messages(zmq: Library, network: str) -> None:
    """And goes on behind them."""
    publisher = zmq.socket(zmq.PUB)
    subscribers = slow, fast = zmq.socket(zmq.SUB, rcvhwm=5), zmq.socket(zmq.SUB)
    for subscriber, mark in zip(subscribers, (5, 0)):
        publisher.sndhwm = mark
        fast.rcvhwm = 0
        subscriber.connect(zmq.bind(publisher, network))
        settle(publisher, subscriber)
        subscriber.subscribe(b"m")
        settle(publisher, subscriber)
    sent = [[b"m%d" % number, bytes(number % 250)] for number in range(10_000)]
    for message in sent:
        publisher.send_multipart(message)
    assert [fast.recv_multipart() for _ in sent] == sent
    found = [slow.recv_multipart()]
    while slow.poll(50):
        found.append(slow.recv_multipart())
    numbers = [int(message[0][1:]) for message in found]
    assert found == [sent[number] for number in sorted(set(numbers))]
