"""A frame that is received with its pipe, also one that was received ahead."""

from __future__ import annotations

import errno

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
    for pipe in range(count):
        known.add(pipe, Properties(pipe, {}))
    for pipe in range(1, count):
        known.end(pipe)
        known.end(pipe)
    assert known.get(0) == Properties(0, {})
    assert known.get(9) is None
    assert known.get(10) == Properties(10, {})
    assert known.get(count) is None
    known.end(count)
