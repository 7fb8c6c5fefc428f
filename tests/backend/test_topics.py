"""Who holds a topic, as subscribers come and go."""

from __future__ import annotations

import errno
import random
from itertools import permutations

import pytest
from workbench import PAIR, SUB, XPUB, XSUB, Bench

from pymq.backend.abc import Hub, HubOption, Pipe

#: Enough that a table must grow, and shrink again, many times.
MANY = 3000


def _publisher(bench: Bench, subscribers: int) -> tuple[Hub, list[tuple[Hub, Pipe]]]:
    """An XPUB, and SUBs with their ends of the pipes to it."""
    xpub = bench.hub(XPUB)
    subs = [bench.hub(SUB) for _ in range(subscribers)]
    return xpub, [(sub, bench.join(sub, xpub)[0]) for sub in subs]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("closes", [False, True])
def test_a_topic_stays_until_its_last_subscriber_leaves(
    bench: Bench, order: tuple[int, ...], closes: bool
) -> None:
    xpub, subs = _publisher(bench, 3)
    for sub, _ in subs:
        sub.subscribe(b"t")
    assert bench.recv(xpub) == [b"\1t"]
    for gone in range(3):
        assert xpub.send(b"t%d" % gone) == 0
        for number in order[gone:]:
            assert bench.recv(subs[number][0]) == [b"t%d" % gone]
        assert xpub.recv() == -errno.EAGAIN
        sub, pipe = subs[order[gone]]
        if closes:
            pipe.close(False)
        else:
            sub.unsubscribe(b"t")
    assert bench.recv(xpub) == [b"\0t"]
    assert xpub.topics() == 0


@pytest.mark.parametrize("seed", range(3))
def test_many_subscribers_of_few_topics(bench: Bench, seed: int) -> None:
    """They come and go in any order, and come twice; messages reach those who stay."""
    chance = random.Random(seed)
    xpub, subs = _publisher(bench, 60)
    topics = [b"a", b"bb", b"ccc"]
    held = {topic: set[int]() for topic in topics}
    for _ in range(600):
        number, topic = chance.randrange(len(subs)), chance.choice(topics)
        if number in held[topic] and chance.random() < 0.5:
            while not subs[number][0].unsubscribe(topic):
                pass
            held[topic].discard(number)
        else:
            subs[number][0].subscribe(topic)
            held[topic].add(number)
    for number in chance.sample(range(len(subs)), 50):
        subs[number][1].close(False)
        for topic in topics:
            held[topic].discard(number)
            assert xpub.send(topic) == 0
            for other in held[topic]:
                assert bench.recv(subs[other][0]) == [topic]
        assert xpub.topics() == sum(map(bool, held.values()))
    assert all(sub.recv() == -errno.EAGAIN for sub, _ in subs)


def test_who_left_may_subscribe_again(bench: Bench) -> None:
    xpub, ((one, _), (other, _)) = _publisher(bench, 2)
    one.subscribe(b"t")
    other.subscribe(b"t")
    one.unsubscribe(b"t")
    one.subscribe(b"t")
    assert bench.recv(xpub) == [b"\1t"]
    assert xpub.send(b"t") == 0
    assert bench.recv(one) == bench.recv(other) == [b"t"]
    assert one.recv() == other.recv() == -errno.EAGAIN


def test_a_peer_takes_only_its_own_topics_with_it(bench: Bench) -> None:
    xpub, ((one, first), (other, second)) = _publisher(bench, 2)
    for number in range(MANY):
        one.subscribe(b"one.%d." % number)
        other.subscribe(b"%d." % number)
        if number % 10 == 0:
            one.subscribe(b"%d." % number)
    assert xpub.topics() == 2 * MANY
    first.close(False)
    assert xpub.topics() == MANY
    for number in range(MANY):
        assert xpub.send(b"%d." % number) == 0
        assert bench.recv(other) == [b"%d." % number]
    second.close(False)
    assert xpub.topics() == 0


def test_topics_are_found_while_others_go(bench: Bench) -> None:
    xpub, ((sub, _),) = _publisher(bench, 1)
    for number in range(MANY):
        sub.subscribe(b"%d." % number)
    for number in range(MANY - 1):
        sub.unsubscribe(b"%d." % number)
        if number % 10 == 0:
            assert xpub.topics() == MANY - 1 - number
            assert xpub.send(b"%d." % (number + 1)) == 0
            assert bench.recv(sub) == [b"%d." % (number + 1)]
    assert xpub.topics() == sub.topics() == 1
    for number in range(MANY):
        sub.subscribe(b"%d." % number)
    assert xpub.topics() == sub.topics() == MANY


def test_who_takes_no_topics_is_told_of_none(bench: Bench) -> None:
    sub, other = bench.hub(SUB), bench.hub(PAIR)
    sub.subscribe(b"before")
    bench.join(sub, other)
    sub.subscribe(b"after")
    assert other.ready() == 2
    assert other.recv() == -errno.EAGAIN


def _flooded(bench: Bench, marks: int) -> tuple[Hub, Hub, Pipe, int]:
    """An XPUB whose user receives nothing, an XSUB, its pipe, and how many messages it
    could send."""
    xpub, xsub = bench.hub(XPUB), bench.hub(XSUB)
    for hub in (xpub, xsub):
        hub.set(HubOption.SEND_HWM, marks)
        hub.set(HubOption.RECV_HWM, marks)
    pipe, _ = bench.join(xsub, xpub)
    for number in range(100):
        assert xsub.send(b"%d" % number) == 0
        assert xpub.ready() & 1
        assert xpub.send(b"") == 0  # it takes in what there is
    return xpub, xsub, pipe, 100 - xsub.totals().dropped


@pytest.mark.parametrize("marks", [1, 2, 5])
def test_a_publisher_keeps_no_more_messages_than_its_mark(
    bench: Bench, marks: int
) -> None:
    """Those that its user does not receive, beside what the pipe holds."""
    xpub, xsub, _, taken = _flooded(bench, marks)
    assert taken <= 4 * marks
    xsub.subscribe(b"t")
    assert xpub.topics() == 0  # it is behind the messages
    assert bench.recv(xpub) == [b"0"]
    for _ in range(200):
        xpub.recv()
    assert xpub.topics() == 1
    assert xsub.send(b"last") == 0
    assert bench.recv(xpub) == [b"last"]
    assert xpub.ready() == 2


@pytest.mark.parametrize("keeps", [False, True])
def test_a_subscription_behind_messages_ends_with_its_subscriber(
    bench: Bench, keeps: bool
) -> None:
    xpub, xsub, pipe, taken = _flooded(bench, 3)
    xsub.subscribe(b"t")
    pipe.close(drain=True, keep_input=keeps)
    found = []
    while not isinstance(body := xpub.recv(), int):
        found.append(body)
    assert found[:taken] == [b"%d" % number for number in range(taken)]
    assert found[taken:] in ([], [b"\1t", b"\0t"])
    assert xpub.topics() == 0
