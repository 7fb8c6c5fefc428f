"""Corners in which the backends once differed, found by test_equal.py."""

from __future__ import annotations

import errno
import os
import signal
import threading

import pytest
from patience import Background
from workbench import DEALER, PAIR, PULL, PUSH, REP, REQ, ROUTER, XPUB, XSUB, Bench

from pymq.backend.abc import HubOption, Moved

IDLE, FULL = -errno.EAGAIN, -errno.ENOBUFS


def test_nothing_to_move_to_who_is_full(bench: Bench) -> None:
    into, out = bench.hub(PULL), bench.hub(PUSH)
    assert into.move(out, 1) == Moved(0, 0, 0, IDLE)
    source = bench.hub(PUSH)
    bench.join(source, into)
    assert source.send(b"x") == 0
    assert into.move(out, 1) == Moved(0, 0, 0, FULL)
    assert into.recv() == b"x"


def test_what_is_refused_is_lost(bench: Bench) -> None:
    source, into, out = bench.hub(PUSH), bench.hub(PULL), bench.hub(ROUTER)
    bench.join(source, into)
    out.set(HubOption.MANDATORY, 1)
    assert source.send_message([b"nobody", b"x"]) == 0
    assert into.move(out, 1) == Moved(0, 0, 0, -errno.EHOSTUNREACH)
    assert into.recv() == IDLE
    assert source.send(b"x") == 0
    assert into.move(bench.hub(PULL), 1) == Moved(0, 0, 0, -errno.ENOTSUP)
    assert into.recv() == IDLE


def test_what_was_moved_is_not_moved_again(bench: Bench) -> None:
    one, other = bench.hub(PAIR), bench.hub(PAIR)
    bench.join(one, other)
    assert one.send(b"x") == 0
    assert other.move(one, 10) == Moved(1, 1, 1, IDLE)
    assert other.move(one, 10) == Moved(1, 1, 1, IDLE)
    assert other.recv() == b"x"


def test_a_hub_that_is_stopped_and_its_own(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    hub.stop(errno.ENOTSOCK)
    assert hub.move(hub, 1) == Moved(0, 0, 0, -errno.ENOTSOCK)


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("by_peer", [True, False])
def test_xpub_has_all_of_a_peer_that_has_gone(
    bench: Bench, keeps: bool, by_peer: bool
) -> None:
    """Above its mark, too; as libzmq's, which has taken it from the pipe."""
    xpub, xsub = bench.hub(XPUB), bench.hub(XSUB)
    xpub.set(HubOption.RECV_HWM, 1)
    mine, its = bench.join(xpub, xsub)
    xsub.subscribe(b"a")
    for number in range(3):
        assert xsub.send(b"%d" % number) == 0
    assert xpub.ready() & 1
    if by_peer:
        its.close(True)
    else:
        mine.close(True, keeps)
    assert mine.gone()
    assert xpub.topics() == 0
    expected = [b"\1a", b"0", b"1", b"2", b"\0a"]
    assert [xpub.recv() for _ in range(6)] == [*expected, IDLE]


def test_a_peer_whose_last_message_is_being_received(bench: Bench) -> None:
    pull, push = bench.hub(PULL), bench.hub(PUSH)
    mine, its = bench.join(pull, push)
    assert push.send_message([b"a", b"b"]) == 0
    assert pull.recv() == b"a"
    its.close(True)
    assert (pull.totals().peers, pull.totals().waiting_in) == (1, 1)
    assert not mine.gone()
    assert pull.recv() == b"b"
    assert (pull.totals().peers, pull.totals().waiting_in) == (0, 0)
    assert mine.gone()


def test_a_peer_whose_last_message_was_received(bench: Bench) -> None:
    for receive in ("recv", "quick_recv", "recv_many", "recv_message"):
        pull, push = bench.hub(PULL), bench.hub(PUSH)
        mine, its = bench.join(pull, push)
        assert push.send(b"a") == 0
        its.close(True)
        assert pull.totals().peers == 1
        getattr(pull, receive)(*[1] * (receive == "recv_many"))
        assert pull.totals().peers == 0
        assert mine.gone()


def test_those_who_share_a_topic_are_served_as_they_came(bench: Bench) -> None:
    xpub, xsub = bench.hub(XPUB), bench.hub(XSUB)
    pipes = [bench.join(xsub, xpub) for _ in range(4)]
    xsub.subscribe(b"")
    for left in (pipes, pipes[1:]):
        assert xpub.send(b"x") == 0
        came = []
        for _ in left:
            found = xsub.recv_from()
            assert not isinstance(found, int)
            came.append(found[1])
        assert came == [mine.id for mine, _ in left]
        pipes[0][0].close(True)


def test_the_same_request_when_there_was_none(bench: Bench) -> None:
    """Then it is a new one; and has a number, as all of `ask`."""
    asks, answers = bench.hub(REQ), bench.hub(ROUTER)
    bench.join(asks, answers)
    assert asks.ask([b"x"], True) == 0
    found = answers.recv_message()
    assert isinstance(found, list)
    assert [len(frame) for frame in found[1:]] == [4, 0, 1]


def test_a_subscription_as_a_message_is_one(bench: Bench) -> None:
    dealer, xpub = bench.hub(DEALER), bench.hub(XPUB)
    bench.join(dealer, xpub)
    assert dealer.send(b"\1a") == 0
    assert dealer.totals().messages_out == 1
    assert xpub.recv() == b"\1a"


def test_subscriptions_count_in_the_middle_of_a_message(bench: Bench) -> None:
    xpub, xsub = bench.hub(XPUB), bench.hub(XSUB)
    bench.join(xpub, xsub)
    assert xsub.send_message([b"a", b"b"]) == 0
    assert xpub.recv() == b"a"
    xsub.subscribe(b"x")
    assert xpub.ready() == 3
    assert xpub.send(b"x") == 0
    assert xsub.recv() == b"x"


def test_what_follows_a_message_that_was_given_up(bench: Bench) -> None:
    """`more` is right whichever way the next one is received."""
    for receive in ("recv", "recv_message"):
        asks, answers = bench.hub(REQ), bench.hub(REP)
        _, its = bench.join(asks, answers)
        assert its.name(b"n") == 0
        asks.set(HubOption.RELAXED, 1)
        for reply in ([b"a", b"b"], [b"c"]):
            assert asks.send(b"x") == 0
            assert answers.recv() == b"x"
            assert answers.send_message(reply) == 0
            if len(reply) > 1:
                assert asks.recv() == b"a"
                assert asks.more
        getattr(asks, receive)()
        assert not asks.more


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_lets_go_of_a_bell(bench: Bench) -> None:
    """A thread that it does not have may hold the hub's lock, as those here do."""
    pull, over = bench.hub(PULL), threading.Event()

    def look() -> None:
        while not over.is_set():
            pull.wait(1, 0)

    looking = [Background(look) for _ in range(2)]
    try:
        for _ in range(100):
            bell = pull.bell(1)
            pid = os.fork()
            if not pid:
                signal.alarm(20)
                bell.hush()
                bell.close()
                os._exit(0)
            bell.close()
            assert os.waitpid(pid, 0)[1] == 0
    finally:
        over.set()
    for thread in looking:
        thread.result()


def test_who_waits_for_another_thing_receives_nothing(bench: Bench) -> None:
    dealer, rep = bench.hub(DEALER), bench.hub(REP)
    bench.join(dealer, rep)
    assert dealer.send(b"no delimiter") == 0
    assert rep.wait(8, 0) == 8
    assert rep.totals().waiting_in == 1
    assert rep.wait(1, 0) == 0
    assert rep.totals().waiting_in == 0
