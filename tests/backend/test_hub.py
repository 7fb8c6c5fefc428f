"""Policies, marks and waiting, on hubs that are joined to each other."""

from __future__ import annotations

import errno
import select
import threading

import pytest
from workbench import DEALER, PAIR, PUB, PULL, PUSH, ROUTER, SUB, XPUB, XSUB, Bench

from pymq.backend.abc import EventKind, Hub, HubOption, Routing

IN, OUT = 1, 2


def _count(hub: Hub) -> int:
    """Send until it would block."""
    sent = 0
    while hub.send(b"%d" % sent) == 0:
        sent += 1
    return sent


@pytest.mark.parametrize(("sender", "reader"), [(PUSH, PULL), (PAIR, PAIR)])
def test_messages_queued_before_the_join_arrive(
    bench: Bench, sender: Routing, reader: Routing
) -> None:
    one, other = bench.hub(sender), bench.hub(reader)
    pipe = bench.pipe(one)
    assert one.send(b"a", True) == 0
    assert one.send(b"b") == 0
    pipe.join(bench.pipe(other))
    assert one.send(b"c") == 0
    assert bench.recv(other) == [b"a", b"b"]
    assert bench.recv(other) == [b"c"]


def test_directions(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    assert pull.send(b"x") == -errno.ENOTSUP
    assert push.recv() == -errno.ENOTSUP
    assert push.ready() == OUT
    assert pull.ready() == 0


@pytest.mark.parametrize(
    ("send", "receive", "room"), [(3, 4, 7), (1, 1, 2), (1000, 1000, 2000)]
)
def test_a_joined_pipe_holds_both_marks(
    bench: Bench, send: int, receive: int, room: int
) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    push.set(HubOption.SEND_HWM, send)
    pull.set(HubOption.RECV_HWM, receive)
    bench.join(push, pull)
    assert _count(push) == room
    assert push.ready() == 0
    # Room is given back in steps of half the mark.
    step = (room + 1) // 2
    for _ in range(step - 1):
        bench.recv(pull)
    assert push.send(b"x") == -errno.EAGAIN
    bench.recv(pull)
    assert push.wait(OUT, 10_000) == OUT
    assert _count(push) == step


def test_no_mark_on_either_side_is_no_mark(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    push.set(HubOption.SEND_HWM, 0)
    bench.join(push, pull)
    for _ in range(5000):
        assert push.send(b"x") == 0


def test_marks_change_at_once(bench: Bench) -> None:
    push = bench.hub(PUSH)
    push.set(HubOption.SEND_HWM, 2)
    bench.pipe(push)
    assert _count(push) == 2
    push.set(HubOption.SEND_HWM, 5)
    assert push.ready() == OUT
    assert _count(push) == 3


def test_the_rest_of_a_message_always_fits(bench: Bench) -> None:
    push = bench.hub(PUSH)
    push.set(HubOption.SEND_HWM, 1)
    bench.pipe(push)
    for _ in range(10):
        assert push.send(b"part", True) == 0
    assert push.ready() == OUT
    assert push.send(b"end") == 0
    assert push.send(b"x", True) == -errno.EAGAIN


def test_in_turn(bench: Bench) -> None:
    push = bench.hub(PUSH)
    pulls = [bench.hub(PULL) for _ in range(3)]
    pipes = [bench.join(push, pull)[0] for pull in pulls]
    for number in range(6):
        assert push.send(b"%d" % number, True) == 0
        assert push.send(b"") == 0
        assert push.chosen == pipes[number % 3].id
    for index, pull in enumerate(pulls):
        assert bench.recv(pull) == [b"%d" % index, b""]
        assert bench.recv(pull) == [b"%d" % (index + 3), b""]


def test_fair_queueing(bench: Bench) -> None:
    pull = bench.hub(PULL)
    pushes = [bench.hub(PUSH) for _ in range(3)]
    for push in pushes:
        bench.join(push, pull)
    for push, name in zip(pushes, (b"a", b"b", b"c")):
        for _ in range(2):
            push.send(name, True)
            push.send(name)
    got = [bench.recv(pull) for _ in range(6)]
    assert got == [[n, n] for n in (b"a", b"b", b"c", b"a", b"b", b"c")]


def test_one_peer_at_a_time(bench: Bench) -> None:
    pair, peer = bench.hub(PAIR), bench.hub(PAIR)
    assert pair.send(b"x") == -errno.EAGAIN
    mine, _ = bench.join(pair, peer)
    assert pair.open() is None
    mine.close(False)
    assert pair.open() is not None


def test_by_name(bench: Bench) -> None:
    router, dealer = bench.hub(ROUTER), bench.hub(DEALER)
    mine, theirs = bench.pipe(router), bench.pipe(dealer)
    assert mine.name(b"peer") == 0
    mine.join(theirs)
    dealer.send(b"hello")
    assert bench.recv(router) == [b"peer", b"hello"]
    assert router.send(b"nobody", True) == 0
    assert router.send(b"lost") == 0
    assert router.send(b"peer") == 0  # a name alone is ignored
    assert router.send(b"peer", True) == 0
    assert router.send(b"answer") == 0
    assert bench.recv(dealer) == [b"answer"]
    assert dealer.recv() == -errno.EAGAIN


def test_names_are_unique_and_generated(bench: Bench) -> None:
    router = bench.hub(ROUTER)
    one, other, third = (bench.pipe(router) for _ in range(3))
    assert one.name(b"x") == 0
    assert other.name(b"x") == -errno.EADDRINUSE
    assert other.name(b"x", handover=True) == one.id
    assert third.name(b"") == 0
    other.close(False)
    assert one.name(b"x") == 0


def test_a_generated_name_has_five_octets(bench: Bench) -> None:
    router = bench.hub(ROUTER)
    names = []
    for _ in range(2):
        dealer = bench.hub(DEALER)
        mine, theirs = bench.pipe(router), bench.pipe(dealer)
        assert mine.name(b"") == 0
        mine.join(theirs)
        dealer.send(b"")
        names.append(bench.recv(router)[0])
    assert all(len(name) == 5 and name[0] == 0 for name in names)
    first, second = (int.from_bytes(name[1:], "big") for name in names)
    assert second == (first + 1) % 2**32


def test_a_generated_name_avoids_those_in_use(bench: Bench) -> None:
    router = bench.hub(ROUTER)
    names: list[bytes] = []
    for _ in range(2):
        dealer = bench.hub(DEALER)
        mine, theirs = bench.pipe(router), bench.pipe(dealer)
        assert mine.name(_after(names[0]) if names else b"") == 0
        mine.join(theirs)
        dealer.send(b"")
        names.append(bench.recv(router)[0])
    third, dealer = bench.pipe(router), bench.hub(DEALER)
    assert third.name(b"") == 0
    third.join(bench.pipe(dealer))
    dealer.send(b"")
    assert bench.recv(router)[0] == _after(names[1])


def _after(name: bytes) -> bytes:
    """The name that would be generated next."""
    number = (int.from_bytes(name[1:], "big") + 1) % 2**32
    return b"\0" + number.to_bytes(4, "big")


def test_mandatory(bench: Bench) -> None:
    router, dealer = bench.hub(ROUTER), bench.hub(DEALER)
    router.set(HubOption.MANDATORY, 1)
    router.set(HubOption.SEND_HWM, 1)
    dealer.set(HubOption.RECV_HWM, 1)
    assert router.ready() == 0
    assert router.send(b"peer", True) == -errno.EHOSTUNREACH
    mine, theirs = bench.pipe(router), bench.pipe(dealer)
    mine.name(b"peer")
    mine.join(theirs)
    for _ in range(2):
        assert router.ready() == OUT
        assert router.send(b"peer", True) == 0
        assert router.send(b"x") == 0
    assert router.send(b"peer", True) == -errno.EAGAIN
    assert router.ready() == 0
    bench.recv(dealer)
    assert router.wait(OUT, 10_000) == OUT
    assert router.send(b"peer", True) == 0


def test_a_name_wakes_who_waits_to_send(bench: Bench) -> None:
    router = bench.hub(ROUTER)
    router.set(HubOption.MANDATORY, 1)
    pipe = bench.pipe(router)
    fd = router.fileno()
    assert router.ready() == 0
    assert pipe.name(b"peer") == 0
    assert select.select([fd], [], [], 10)[0] == [fd]
    assert router.ready() == OUT


def test_a_blocked_mandatory_send_waits_for_its_own_peer(bench: Bench) -> None:
    router = bench.hub(ROUTER)
    router.set(HubOption.MANDATORY, 1)
    router.set(HubOption.SEND_HWM, 1)
    for name in (b"full", b"free"):
        bench.pipe(router).name(name)
    assert router.send(b"full", True) == 0
    assert router.send(b"x") == 0
    assert router.send(b"full", True) == -errno.EAGAIN
    assert router.ready() == OUT
    assert router.wait(OUT, 20) == 0


def test_to_all(bench: Bench) -> None:
    pub = bench.hub(PUB)
    subs = [bench.hub(SUB) for _ in range(3)]
    for sub, topic in zip(subs, (b"", b"ab", b"b")):
        sub.subscribe(topic)
        bench.join(pub, sub)
    for body in (b"abc", b"b"):
        assert pub.send(body, True) == 0
        assert pub.send(b"!") == 0
    assert bench.recv(subs[0]) == [b"abc", b"!"]
    assert bench.recv(subs[0]) == [b"b", b"!"]
    assert bench.recv(subs[1]) == [b"abc", b"!"]
    assert bench.recv(subs[2]) == [b"b", b"!"]
    assert [sub.recv() for sub in subs] == [-errno.EAGAIN] * 3
    assert pub.topics() == 3


def test_large_messages_to_all(bench: Bench) -> None:
    pub = bench.hub(PUB)
    subs = [bench.hub(SUB) for _ in range(3)]
    for sub in subs:
        sub.subscribe(b"")
        bench.join(pub, sub)
    parts = [bytes(70_000), b"small", bytes(range(256)) * 1000]
    for part in parts[:-1]:
        pub.send(part, True)
    pub.send(parts[-1])
    for sub in subs:
        assert bench.recv(sub) == parts


def test_a_full_subscriber_misses_whole_messages(bench: Bench) -> None:
    pub, slow, fast = bench.hub(PUB), bench.hub(SUB), bench.hub(SUB)
    pub.set(HubOption.SEND_HWM, 1)
    slow.set(HubOption.RECV_HWM, 1)
    for sub in (slow, fast):
        sub.subscribe(b"")
        bench.join(pub, sub)
    for number in range(10):
        assert pub.send(b"%d" % number, True) == 0
        assert pub.send(b"!") == 0
    assert [bench.recv(slow) for _ in range(2)] == [[b"0", b"!"], [b"1", b"!"]]
    assert slow.recv() == -errno.EAGAIN
    assert [bench.recv(fast)[0] for _ in range(10)] == [b"%d" % n for n in range(10)]


def test_subscriptions_do_not_count(bench: Bench) -> None:
    pub, sub = bench.hub(PUB), bench.hub(SUB)
    sub.set(HubOption.SEND_HWM, 1)
    pub.set(HubOption.RECV_HWM, 1)
    bench.join(pub, sub)
    for number in range(5000):
        sub.subscribe(b"%d." % number)
    assert pub.topics() == 5000
    assert sub.topics() == 5000
    pub.send(b"4999.x")
    assert bench.recv(sub) == [b"4999.x"]


def test_notices(bench: Bench) -> None:
    xpub, sub, other = bench.hub(XPUB), bench.hub(SUB), bench.hub(XSUB)
    pipe, _ = bench.join(sub, xpub)
    bench.join(other, xpub)
    sub.subscribe(b"t")
    other.subscribe(b"t")
    other.send(b"user")
    other.subscribe(b"alone")
    assert [bench.recv(xpub) for _ in range(3)] == [[b"\1t"], [b"user"], [b"\1alone"]]
    assert xpub.recv() == -errno.EAGAIN
    other.unsubscribe(b"t")
    assert xpub.recv() == -errno.EAGAIN
    pipe.close(False)
    assert bench.recv(xpub) == [b"\0t"]


def test_verbose(bench: Bench) -> None:
    xpub, sub = bench.hub(XPUB), bench.hub(SUB)
    xpub.set(HubOption.VERBOSE, 1)
    bench.join(sub, xpub)
    sub.subscribe(b"t")
    sub.subscribe(b"t")
    assert [bench.recv(xpub) for _ in range(2)] == [[b"\1t"]] * 2


def test_unsubscribing_filters_what_is_queued(bench: Bench) -> None:
    pub, sub = bench.hub(PUB), bench.hub(SUB)
    bench.join(pub, sub)
    sub.subscribe(b"a")
    sub.subscribe(b"b")
    pub.send(b"a1")
    pub.send(b"b1")
    sub.unsubscribe(b"a")
    assert sub.ready() == IN
    assert bench.recv(sub) == [b"b1"]
    assert sub.ready() == 0


def test_what_a_closed_peer_sent_stays_readable(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    pipe, far = bench.join(push, pull)
    push.send(b"1")
    push.send(b"2", True)
    assert pipe.close(drain=True)
    push.stop(errno.ENOTSOCK)
    push.free()
    assert bench.recv(pull) == [b"1"]
    assert pull.recv() == -errno.EAGAIN
    assert not pull.has(far.id)


def test_a_message_to_a_pipe_that_closes_is_swallowed(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    _, far = bench.join(push, pull)
    assert push.send(b"a", True) == 0
    far.close(False)
    assert push.send(b"b", True) == 0
    assert push.send(b"c") == 0
    assert push.send(b"d") == -errno.EAGAIN


def test_wait_times_out(bench: Bench) -> None:
    pull = bench.hub(PULL)
    assert pull.wait(IN, 0) == 0
    assert pull.wait(IN | OUT, 10) == 0


def test_several_threads_may_wait(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    got: list[bytes] = []

    def receive() -> None:
        while isinstance(body := pull.recv(), int):
            assert pull.wait(IN, 30_000) == IN
        got.append(body)

    threads = [threading.Thread(target=receive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(4):
        push.send(b"%d" % number)
    for thread in threads:
        thread.join(30)
    assert sorted(got) == [b"0", b"1", b"2", b"3"]


def test_stop_ends_every_call(bench: Bench) -> None:
    pull = bench.hub(PULL)
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(pull.wait(IN, -1)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    pull.stop(errno.ECANCELED)
    for thread in threads:
        thread.join(30)
    assert results == [-errno.ECANCELED] * 3
    assert pull.recv() == -errno.ECANCELED
    assert pull.ready() == pull.send(b"") == -errno.ECANCELED


def test_the_descriptor_wakes(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    fd = pull.fileno()
    assert pull.ready() == 0
    assert select.select([fd], [], [], 0)[0] == []
    push.send(b"x")
    assert select.select([fd], [], [], 10)[0] == [fd]
    assert pull.ready() == IN
    assert pull.recv() == b"x"


def test_the_descriptor_outlives_the_end(bench: Bench) -> None:
    """Cleared or closed at `free`, it would leave a thread that polls it asleep."""
    pull = bench.hub(PULL)
    fd = pull.fileno()
    assert pull.ready() == 0
    pull.stop(errno.ECANCELED)
    pull.free()
    assert select.select([fd], [], [], 10)[0] == [fd]
    assert pull.ready() == -errno.ECANCELED
    assert pull.fileno() == fd
    assert select.select([fd], [], [], 10)[0] == [fd]


def test_a_stream_of_messages_between_threads(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    bench.join(push, pull)
    count = 20_000

    def send() -> None:
        for number in range(count):
            while push.send(b"%d" % number) < 0:
                push.wait(OUT, 30_000)

    thread = threading.Thread(target=send)
    thread.start()
    for number in range(count):
        assert bench.recv(pull) == [b"%d" % number]
    thread.join(30)


def test_a_closed_joined_pipe_may_keep_its_input(bench: Bench) -> None:
    one, other = bench.hub(PAIR), bench.hub(PAIR)
    mine, _ = bench.join(one, other)
    other.send(b"kept")
    one.send(b"sent")
    assert mine.close(drain=False, keep_input=True)
    assert mine.close(drain=False, keep_input=True)
    assert not mine.gone()
    assert bench.recv(one) == [b"kept"]
    assert one.recv() == -errno.EAGAIN
    assert mine.gone()
    assert bench.recv(other) == [b"sent"]
    assert other.send(b"x") == -errno.EAGAIN


def test_a_pipe_that_drains_may_still_be_joined(bench: Bench) -> None:
    push, pull = bench.hub(PUSH), bench.hub(PULL)
    pipe, far = bench.pipe(push), bench.pipe(pull)
    push.send(b"late")
    assert not pipe.close(drain=True)
    pipe.join(far)
    bench.event(EventKind.PIPE_CLOSED, pipe)
    assert bench.recv(pull) == [b"late"]
    assert not pull.has(far.id)


def test_who_receives_nothing_keeps_nothing(bench: Bench) -> None:
    push, dealer = bench.hub(PUSH), bench.hub(DEALER)
    pipe, far = bench.pipe(push), bench.pipe(dealer)
    dealer.send(b"queued before the join")
    pipe.join(far)
    dealer.send(b"sent")
    far.close(drain=True)
    assert pipe.gone()
