"""What every type must carry: sizes, frame counts, RCVMORE, kinds of buffers."""

from __future__ import annotations

import array
import itertools

import pytest
from library import Library
from marriage import marry

SIZES = (0, 1, 2, 7, 8, 30, 254, 255, 256, 257, 8191, 8192, 8193, 65535, 65536, 1 << 20)


@pytest.mark.core
def test_every_size_arrives_as_it_was_sent(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    for size in SIZES:
        body = bytes(itertools.islice(itertools.cycle(range(251)), size))
        push.send(body)
        assert pull.recv() == body


@pytest.mark.core
def test_multipart(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    messages = [
        [b""],
        [b"", b""],
        [b"a", b"", b"", b"b"],
        [bytes(size) for size in SIZES],
        [b"%d" % number for number in range(1000)],
    ]
    for message in messages:
        push.send_multipart(message)
    for message in messages:
        assert pull.recv_multipart() == message


def test_rcvmore_says_whether_parts_follow(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    push.send(b"1", zmq.SNDMORE)
    push.send(b"2", zmq.SNDMORE)
    push.send(b"3")
    push.send(b"single")
    seen = []
    for _ in range(4):
        seen.append((pull.recv(), pull.get(zmq.RCVMORE)))
    assert seen == [(b"1", 1), (b"2", 1), (b"3", 0), (b"single", 0)]


@pytest.mark.core
def test_nothing_is_received_before_the_last_part_is_sent(
    zmq: Library, transport: str
) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    push.send(b"first", zmq.SNDMORE)
    assert pull.poll(50) == 0
    with pytest.raises(zmq.Again):
        pull.recv(zmq.DONTWAIT)
    push.send(b"last")
    assert pull.recv() == b"first"
    # Once the first part is here the others are: no call may wait for them.
    assert pull.recv(zmq.DONTWAIT) == b"last"


def test_parts_of_two_senders_are_never_mixed(zmq: Library, transport: str) -> None:
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, transport)
    pushes = [zmq.socket(zmq.PUSH) for _ in range(2)]
    for push in pushes:
        push.connect(endpoint)
    for number in range(50):
        for part in range(3):
            for name, push in zip((b"a", b"b"), pushes):
                more = zmq.SNDMORE if part < 2 else 0
                push.send(name + b"%d" % number, more)
    counts = {b"a": 0, b"b": 0}
    for _ in range(100):
        parts = pull.recv_multipart()
        name = parts[0][:1]
        assert parts == [name + b"%d" % counts[name]] * 3
        counts[name] += 1


@pytest.mark.parametrize(
    "make",
    [bytes, bytearray, memoryview, lambda body: array.array("B", body)],
    ids=["bytes", "bytearray", "memoryview", "array"],
)
@pytest.mark.parametrize("size", [0, 1, 1000, 300_000])
def test_any_buffer_may_be_sent(zmq: Library, make: object, size: int) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, "inproc")
    body = bytes(itertools.islice(itertools.cycle(range(251)), size))
    push.send(make(body))  # type: ignore[operator]
    assert pull.recv() == body


def test_a_buffer_may_change_after_it_was_sent(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    for size in (10, 300_000):
        body = bytearray(b"a" * size)
        push.send(body)
        body[:] = b"b" * size
        assert pull.recv() == b"a" * size
