"""The last message of each topic: which are kept, and which a prefix finds."""

from __future__ import annotations

import errno
import random

import pytest
from workbench import PUB, SUB, Bench

from pymq.backend.abc import Hub


def _subscribed(bench: Bench, pub: Hub, *topics: bytes) -> list[list[bytes]]:
    """What a newcomer gets who subscribes to these, one after the other."""
    sub = bench.hub(SUB)
    pipe, _ = bench.join(sub, pub)
    for topic in topics:
        sub.subscribe(topic)
    pub.topics()  # takes them in
    found = []
    while sub.ready() & 1:
        found.append(bench.recv(sub))
    assert sub.recv() == -errno.EAGAIN
    pipe.close(False)
    return found


@pytest.mark.parametrize("limit", [1, 7, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_any_topics_and_prefixes(bench: Bench, seed: int, limit: int) -> None:
    """Topics that begin with one another, with and beside the empty one, come, change
    and are forgotten; a prefix finds those that there are, in order of change."""
    chance = random.Random(seed)
    pub = bench.hub(PUB)
    pub.keep_last(limit)
    kept: dict[bytes, list[bytes]] = {}
    for number in range(1500):
        topic = bytes(chance.choices(b"\x00a\xff", k=chance.randrange(6)))
        pub.send(topic, True)
        pub.send(b"%d" % number)
        kept.pop(topic, None)
        kept[topic] = [topic, b"%d" % number]
        if len(kept) > limit:
            del kept[next(iter(kept))]
        if number % 10 == 0:
            prefix = topic[: chance.randrange(len(topic) + 1)]
            wanted = [kept[topic] for topic in kept if topic.startswith(prefix)]
            assert _subscribed(bench, pub, prefix) == wanted


def test_what_several_topics_find_comes_once(bench: Bench) -> None:
    pub = bench.hub(PUB)
    pub.keep_last(10)
    for topic in (b"b", b"a", b"ab", b"abc"):
        pub.send(topic)
    got = _subscribed(bench, pub, b"ab", b"abc", b"a", b"", b"")
    assert got == [[b"ab"], [b"abc"], [b"a"], [b"b"]]


def test_many_topics_that_differ_in_their_ends(bench: Bench) -> None:
    """Whatever they hash to, what is kept of them is found and forgotten."""
    pub = bench.hub(PUB)
    pub.keep_last(20_000)
    topics = [b"prefix.%05d" % number for number in range(20_000)]
    pub.send_many(topics)
    for topic in topics[::997]:
        assert _subscribed(bench, pub, topic) == [[topic]]
    pub.keep_last(3)
    assert _subscribed(bench, pub, b"prefix") == [[topic] for topic in topics[-3:]]
