"""PUSH and PULL: round robin out, fair queueing in, nothing lost."""

from __future__ import annotations

import errno
from collections import Counter
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import Background, until


@pytest.mark.core
@pytest.mark.parametrize("binder", ["push", "pull"])
def test_messages_arrive_in_order(zmq: Library, transport: str, binder: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    ends = (push, pull) if binder == "push" else (pull, push)
    marry(zmq, *ends, transport)
    for number in range(500):
        push.send(b"%d" % number)
    assert [pull.recv() for _ in range(500)] == [b"%d" % n for n in range(500)]


@pytest.mark.core
def test_connect_before_bind(zmq: Library, transport: str) -> None:
    endpoint = zmq.reserved(transport)
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    push.connect(endpoint)
    for number in range(10):
        push.send(b"%d" % number)
    pull.bind(endpoint)
    assert [pull.recv() for _ in range(10)] == [b"%d" % n for n in range(10)]


def test_a_pull_may_connect_before_the_push_binds(zmq: Library, transport: str) -> None:
    endpoint = zmq.reserved(transport)
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    pull.connect(endpoint)
    push.bind(endpoint)
    push.send(b"late")
    assert pull.recv() == b"late"


def test_connected_peers_are_served_in_turn(zmq: Library, transport: str) -> None:
    push = zmq.socket(zmq.PUSH)
    pulls = [zmq.socket(zmq.PULL) for _ in range(3)]
    for pull in pulls:
        push.connect(zmq.bind(pull, transport))
    for number in range(9):
        push.send(b"%d" % number)
    for turn, pull in enumerate(pulls):
        assert [pull.recv() for _ in range(3)] == [
            b"%d" % n for n in (turn, turn + 3, turn + 6)
        ]


def test_accepted_peers_are_served_in_turn(zmq: Library, transport: str) -> None:
    push = zmq.socket(zmq.PUSH)
    endpoint = zmq.bind(push, transport)
    pulls = [zmq.socket(zmq.PULL) for _ in range(3)]
    for pull in pulls:
        pull.connect(endpoint)
    known: set[Any] = set()

    def everyone_heard() -> bool:
        push.send(b"probe")
        known.update(pull for pull in pulls if pull.poll(1))
        return len(known) == len(pulls)

    until(everyone_heard)
    for number in range(6):
        push.send(b"%d" % number)
    taken = []
    for pull in pulls:
        received = [pull.recv() for _ in range(2)]
        while len(numbers := [m for m in received if m != b"probe"]) < 2:
            received.append(pull.recv())
        taken.append(numbers)
    assert sorted(map(tuple, taken)) == [(b"0", b"3"), (b"1", b"4"), (b"2", b"5")]


def test_a_multipart_message_goes_to_one_peer(zmq: Library, transport: str) -> None:
    push = zmq.socket(zmq.PUSH)
    pulls = [zmq.socket(zmq.PULL) for _ in range(2)]
    for pull in pulls:
        push.connect(zmq.bind(pull, transport))
    for number in range(10):
        push.send_multipart([b"%d" % number, b"", b"tail"])
    for turn, pull in enumerate(pulls):
        for number in range(turn, 10, 2):
            assert pull.recv_multipart() == [b"%d" % number, b"", b"tail"]


def test_every_peer_is_heard_in_turn(zmq: Library, transport: str) -> None:
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, transport)
    pushes = [zmq.socket(zmq.PUSH) for _ in range(3)]
    for push in pushes:
        push.connect(endpoint)
        push.send(b"hello")
        assert pull.recv() == b"hello"
    for number, push in enumerate(pushes):
        for _ in range(100):
            push.send(b"%d" % number)
    counts = Counter(pull.recv() for _ in range(300))
    assert counts == {b"0": 100, b"1": 100, b"2": 100}


def test_a_flood_does_not_starve_a_quiet_peer(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, "inproc")
    flood, quiet = zmq.socket(zmq.PUSH), zmq.socket(zmq.PUSH)
    flood.connect(endpoint)
    quiet.connect(endpoint)
    for _ in range(100):
        flood.send(b"flood")
    quiet.send(b"quiet")
    assert b"quiet" in [pull.recv() for _ in range(3)]


@pytest.mark.core
@pytest.mark.parametrize(("sending", "receiving"), [(2, 3), (1, 1), (0, 5), (5, 0)])
def test_marks_add_up_over_inproc(zmq: Library, sending: int, receiving: int) -> None:
    push = zmq.socket(zmq.PUSH, sndhwm=sending)
    pull = zmq.socket(zmq.PULL, rcvhwm=receiving)
    push.connect(zmq.bind(pull, "inproc"))
    room = sending + receiving if sending and receiving else 5000
    for _ in range(room):
        push.send(b"x", zmq.DONTWAIT)
    if room != 5000:  # a mark of 0 on either side is no mark at all
        with pytest.raises(zmq.Again):
            push.send(b"x", zmq.DONTWAIT)
    assert [pull.recv() for _ in range(room)] == [b"x"] * room


@pytest.mark.parametrize("first", ["bind", "connect"])
def test_marks_count_messages_not_frames(zmq: Library, first: str) -> None:
    push = zmq.socket(zmq.PUSH, sndhwm=1)
    pull = zmq.socket(zmq.PULL, rcvhwm=1)
    endpoint = zmq.address("inproc")
    if first == "bind":
        pull.bind(endpoint)
        push.connect(endpoint)
    else:
        push.connect(endpoint)
        pull.bind(endpoint)
    for number in range(2):
        push.send_multipart([b"%d" % number] * 50, zmq.DONTWAIT)
    with pytest.raises(zmq.Again):
        push.send(b"2", zmq.DONTWAIT)
    for number in range(2):
        assert pull.recv_multipart() == [b"%d" % number] * 50


@pytest.mark.core
def test_a_message_counts_until_its_last_frame_is_received(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH, sndhwm=1), zmq.socket(zmq.PULL, rcvhwm=1)
    push.connect(zmq.bind(pull, "inproc"))
    for _ in range(2):
        push.send_multipart([b"first", b"last"], zmq.DONTWAIT)
    assert pull.recv() == b"first"
    assert not push.poll(0, zmq.POLLOUT)
    assert pull.recv() == b"last"
    assert push.poll(0, zmq.POLLOUT)


def test_the_mark_before_the_bind_is_the_senders_own(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, sndhwm=2)
    endpoint = zmq.address("inproc")
    push.connect(endpoint)
    push.send(b"0", zmq.DONTWAIT)
    push.send(b"1", zmq.DONTWAIT)
    with pytest.raises(zmq.Again):
        push.send(b"2", zmq.DONTWAIT)
    pull = zmq.socket(zmq.PULL, rcvhwm=2)
    pull.bind(endpoint)
    push.send(b"2")
    push.send(b"3")
    assert [pull.recv() for _ in range(4)] == [b"0", b"1", b"2", b"3"]


def test_reading_half_of_a_full_queue_opens_it_again(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, sndhwm=5)
    pull = zmq.socket(zmq.PULL, rcvhwm=5)
    push.connect(zmq.bind(pull, "inproc"))
    for _ in range(10):
        push.send(b"", zmq.DONTWAIT)
    assert push.poll(0, zmq.POLLOUT) == 0
    for _ in range(5):
        pull.recv(zmq.DONTWAIT)
    assert push.poll(20_000, zmq.POLLOUT) == zmq.POLLOUT
    for _ in range(5):
        push.send(b"", zmq.DONTWAIT)
    with pytest.raises(zmq.Again):
        push.send(b"", zmq.DONTWAIT)


def test_a_changed_mark_acts_at_once(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, sndhwm=1)
    pull = zmq.socket(zmq.PULL, rcvhwm=1)
    push.connect(zmq.bind(pull, "inproc"))
    push.send(b"0", zmq.DONTWAIT)
    push.set(zmq.SNDHWM, 4)
    for number in range(1, 5):
        push.send(b"%d" % number, zmq.DONTWAIT)
    with pytest.raises(zmq.Again):
        push.send(b"5", zmq.DONTWAIT)
    assert [pull.recv() for _ in range(5)] == [b"%d" % n for n in range(5)]


def test_a_full_peer_is_passed_over(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, sndhwm=1)
    small = zmq.socket(zmq.PULL, rcvhwm=1)
    large = zmq.socket(zmq.PULL, rcvhwm=9)
    for pull in (small, large):
        push.connect(zmq.bind(pull, "inproc"))
    for _ in range(12):
        push.send(b"", zmq.DONTWAIT)
    with pytest.raises(zmq.Again):
        push.send(b"", zmq.DONTWAIT)
    for pull, count in ((small, 2), (large, 10)):
        for _ in range(count):
            pull.recv(zmq.DONTWAIT)
        with pytest.raises(zmq.Again):
            pull.recv(zmq.DONTWAIT)


def test_a_peer_that_stops_reading_blocks_the_sender(
    zmq: Library, network: str
) -> None:
    push = zmq.socket(zmq.PUSH, sndhwm=10)
    pull = zmq.socket(zmq.PULL, rcvhwm=10)
    marry(zmq, pull, push, network)
    body = bytes(100_000)
    sent = 0
    # The kernel holds some megabytes besides; a sender that never blocks is a bug.
    while push.poll(200, zmq.POLLOUT):
        push.send(body)
        sent += 1
        assert sent < 5_000, "500 MB went out to a peer that does not read"
    waiting = Background(lambda: push.send(b"last"))
    for _ in range(sent):
        assert pull.recv() == body
    waiting.result()
    assert pull.recv() == b"last"


def test_what_a_peer_left_behind_is_read_after_its_end(
    zmq: Library, transport: str
) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    push.connect(zmq.bind(pull, transport))
    for number in range(20):
        push.send(b"%d" % number)
    push.close()
    assert [pull.recv() for _ in range(20)] == [b"%d" % n for n in range(20)]


def test_after_a_peer_leaves_the_others_get_everything(
    zmq: Library, network: str
) -> None:
    push = zmq.socket(zmq.PUSH)
    endpoint = zmq.bind(push, network)
    leaving, staying = zmq.socket(zmq.PULL), zmq.socket(zmq.PULL)
    for pull in (leaving, staying):
        pull.connect(endpoint)

    def both_heard() -> bool:
        push.send(b"probe")
        return bool(leaving.poll(1) and staying.poll(1))

    until(both_heard)
    leaving.close(linger=0)

    def alone() -> bool:
        """Two messages in a row to the one that is left: the other is gone."""
        while staying.poll(10):
            staying.recv()
        push.send(b"1")
        push.send(b"2")
        return bool(staying.poll(100) and staying.recv() == b"1" and staying.poll(100))

    until(alone)
    assert staying.recv() == b"2"
    for number in range(10):
        push.send(b"%d" % number)
    assert [staying.recv() for _ in range(10)] == [b"%d" % n for n in range(10)]


def test_a_message_of_which_no_last_part_was_sent_is_not_delivered(
    zmq: Library, transport: str
) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    push.connect(zmq.bind(pull, transport))
    push.send_multipart([b"whole", b"message"])
    push.send(b"half", zmq.SNDMORE)
    push.close()
    assert pull.recv_multipart() == [b"whole", b"message"]
    after = zmq.socket(zmq.PUSH)
    after.connect(zmq.last_endpoint(pull))
    after.send(b"next")
    assert pull.recv_multipart() == [b"next"]


@pytest.mark.core
def test_directions(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    with zmq.refused(errno.ENOTSUP):
        push.recv()
    with zmq.refused(errno.ENOTSUP):
        pull.send(b"")
