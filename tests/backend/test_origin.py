"""A frame that is received with its pipe, also one that was received ahead."""

from __future__ import annotations

import errno
from typing import Union

from workbench import PULL, PUSH, Bench

from pymq.properties import REMEMBERED, Connections, Properties


def test_frames_behind_those_that_are_ahead(bench: Bench) -> None:
    pull = bench.hub(PULL)
    pull.looks_ahead = True
    expected: dict[bytes, int] = {}
    for name in (b"one", b"two", b"three"):
        push = bench.hub(PUSH)
        expected[name] = bench.join(pull, push)[0].id
        assert push.send_many([name] * 100) == 100
    counted = dict.fromkeys(expected, 0)
    for turn in range(300):
        if turn % 3 == 0:  # which receives ahead
            frame = pull.recv()
            assert isinstance(frame, bytes)
        else:
            found = pull.recv_from()
            assert isinstance(found, tuple)
            frame = bytes(found[0])
            assert found[1] == expected[frame], turn
        counted[frame] += 1
    assert counted == dict.fromkeys(expected, 100)
    assert pull.recv_from() == -errno.EAGAIN


def test_what_else_is_asked_while_frames_are_ahead(bench: Bench) -> None:
    pull = bench.hub(PULL)
    pull.looks_ahead = True
    pushes = [bench.hub(PUSH), bench.hub(PUSH)]
    pipes = [bench.join(pull, push)[0] for push in pushes]
    for push, name in zip(pushes, (b"a", b"b")):
        assert push.send_many([b"%s%d" % (name, number) for number in range(40)]) == 40
    received: list[list[bytes]] = [[], []]

    def take(name: Union[bytes, int]) -> None:
        assert not isinstance(name, int)
        received[name[:1] == b"b"].append(name)

    take(pull.recv())  # which receives ahead
    for _ in range(5):
        for _ in range(3):
            found = pull.recv_from()
            assert not isinstance(found, int)
            assert found[1] == pipes[bytes(found[0][:1]) == b"b"].id
            take(bytes(found[0]))
        assert pull.ready() & 1
        assert pull.wait(1, 0) == 1
        take(pull.recv())
        found = pull.recv_from()
        assert not isinstance(found, int)
        take(bytes(found[0]))
        for body in pull.recv_many(2):
            take(body)
    found = pull.recv_from()
    assert not isinstance(found, int)
    take(bytes(found[0]))
    pipes[0].close(False)
    while pull.ready() & 1:
        take(pull.recv())
    count = len(received[0])
    assert 0 < count < 40
    assert received[0] == [b"a%d" % number for number in range(count)]
    assert received[1] == [b"b%d" % number for number in range(40)]


def test_frames_of_a_message(bench: Bench) -> None:
    pull, push = bench.hub(PULL), bench.hub(PUSH)
    pipe = bench.join(pull, push)[0].id
    body = bytes(100_000)
    assert push.send_message([b"one", body, b""]) == 0
    frames = []
    for more in (True, True, False):
        found = pull.recv_from()
        assert isinstance(found, tuple)
        assert found[1:] == (pipe, more)
        assert pull.more == more
        frames.append(bytes(found[0]))
    assert frames == [b"one", body, b""]


def test_so_many_connections_are_remembered() -> None:
    known = Connections()
    count = REMEMBERED + 10
    every = [Properties(pipe, {}) for pipe in range(count)]
    for pipe in range(count):
        known.add(pipe, every[pipe])
    for pipe in range(1, count):
        known.end(pipe)
        known.end(pipe)
    assert known.get(0) is every[0]
    assert known.get(9) is None
    assert known.get(10) is every[10]
    assert known.get(count) is None
    known.end(count)
