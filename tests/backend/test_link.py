"""What an engine makes of bytes, and bytes of messages."""

from __future__ import annotations

import errno

import pytest
from workbench import (
    DEALER,
    PAIR,
    PUB,
    PULL,
    PUSH,
    SUB,
    XPUB,
    Bench,
    command,
    frame,
    read_exactly,
)

from pymq.backend.abc import EventKind, HubOption

BIG = bytes(range(256)) * 4096


def test_messages_become_frames(bench: Bench) -> None:
    hub = bench.hub(PUSH)
    _, far = bench.link(hub)
    sent = [(b"", True), (b"a" * 255, True), (b"b" * 256, False), (BIG, False)]
    for body, more in sent:
        assert hub.send(body, more) == 0
    expected = b"".join(frame(body, int(more)) for body, more in sent)
    assert read_exactly(far, len(expected)) == expected


@pytest.mark.parametrize("data", [bytearray(b"abc"), memoryview(b"abc")])
def test_any_buffer_may_be_sent(bench: Bench, data: bytearray) -> None:
    hub = bench.hub(PUSH)
    _, far = bench.link(hub)
    assert hub.send(data) == 0
    assert read_exactly(far, 5) == b"\0\3abc"


def test_frames_become_messages(bench: Bench) -> None:
    hub = bench.hub(PULL)
    pipe, far = bench.link(hub, leftover=frame(b"left") + b"\0")
    far.sendall(b"\1x" + frame(b"a", 1) + frame(b"") + frame(BIG))
    assert bench.recv(hub) == [b"left"]
    assert hub.peer == pipe.id
    assert bench.recv(hub) == [b"x"]
    assert bench.recv(hub) == [b"a", b""]
    assert bench.recv(hub) == [BIG]
    assert hub.recv() == -errno.EAGAIN


def test_a_byte_at_a_time(bench: Bench) -> None:
    hub = bench.hub(PULL)
    _, far = bench.link(hub)
    long_form = b"\2" + (3).to_bytes(8, "big") + b"abc"
    stream = frame(b"a", 1) + command(b"PING", b"\0\0") + frame(b"b" * 300) + long_form
    for index in range(len(stream)):
        far.sendall(stream[index : index + 1])
    assert bench.recv(hub) == [b"a", b"b" * 300]
    assert bench.recv(hub) == [b"abc"]
    assert read_exactly(far, 7) == command(b"PONG")


def test_ping_is_answered_with_its_context(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    _, far = bench.link(hub)
    far.sendall(command(b"PING", b"\0\x0f" + b"c" * 20))
    expected = command(b"PONG", b"c" * 16)
    assert read_exactly(far, len(expected)) == expected


def test_unknown_commands_are_ignored(bench: Bench) -> None:
    hub = bench.hub(PAIR)
    _, far = bench.link(hub)
    odd = command(b"NONSENSE", b"x") + b"\4\0" + frame(b"\xffPI", 4) + frame(b"", 5)
    far.sendall(odd + command(b"SUBSCRIBE", b"t") + frame(b"\1t"))
    assert bench.recv(hub) == [b"\1t"]


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (b"\x08\0", errno.EPROTO),
        (b"\x80\0", errno.EPROTO),
        (b"\2\x80" + bytes(7), errno.EPROTO),
        (frame(b"x" * 101), errno.EMSGSIZE),
        (b"\2" + (1 << 40).to_bytes(8, "big"), errno.EMSGSIZE),
        (command(b"PING", b"\0"), errno.EPROTO),
        (frame(b"a", 1), 0),
    ],
    ids=["reserved", "bit7", "bit63", "limit", "huge", "ping", "none"],
)
def test_faults_end_the_link_and_lose_nothing_whole(
    bench: Bench, stream: bytes, error: int
) -> None:
    hub = bench.hub(PULL)
    pipe, far = bench.link(hub, max_size=100)
    far.sendall(frame(b"a", 1) + frame(b"b") + frame(b"part", 1) + stream)
    far.shutdown(1)
    assert bench.event(EventKind.LINK_DOWN, pipe).error == error
    assert bench.recv(hub) == [b"a", b"b"]
    assert hub.recv() == -errno.EAGAIN


def test_an_announced_size_is_not_allocated(bench: Bench) -> None:
    hub = bench.hub(PULL)
    pipe, far = bench.link(hub)
    far.sendall(b"\2" + ((1 << 63) - 1).to_bytes(8, "big") + b"x" * 100)
    far.close()
    assert bench.event(EventKind.LINK_DOWN, pipe).error == 0


def test_input_stops_at_the_mark_and_goes_on(bench: Bench) -> None:
    hub = bench.hub(PULL)
    hub.set(HubOption.RECV_HWM, 3)
    pipe, far = bench.link(hub)
    far.sendall(b"".join(frame(b"%d" % number) for number in range(300)))
    far.close()
    got = [bench.recv(hub) for _ in range(300)]
    assert got == [[b"%d" % number] for number in range(300)]
    assert bench.event(EventKind.LINK_DOWN, pipe).error == 0


@pytest.mark.parametrize(
    ("minor", "expected"),
    [
        (1, command(b"SUBSCRIBE", b"a") + command(b"CANCEL", b"a")),
        (0, frame(b"\1a") + frame(b"\0a")),
    ],
    ids=["3.1", "3.0"],
)
def test_topics_are_announced(bench: Bench, minor: int, expected: bytes) -> None:
    hub = bench.hub(SUB)
    hub.subscribe(b"a")
    _, far = bench.link(hub, minor=minor)
    hub.subscribe(b"a")
    assert not hub.unsubscribe(b"a")
    assert hub.unsubscribe(b"a")
    assert not hub.unsubscribe(b"a")
    start = expected[: 2 + expected[1]]  # the first frame: once for each subscribe
    assert read_exactly(far, len(start) + len(expected)) == start + expected


@pytest.mark.parametrize("form", ["command", "message"])
def test_subscriptions_are_obeyed(bench: Bench, form: str) -> None:
    hub = bench.hub(PUB)
    _, far = bench.link(hub)
    want = command(b"SUBSCRIBE", b"ab") if form == "command" else frame(b"\1ab")
    far.sendall(want)
    while not hub.topics():
        hub.wait(1, 1)
    for body in (b"a", b"abc", b"b", b"ab"):
        hub.send(body, True)
        hub.send(b"ab")
    expected = b"".join(frame(b, 1) + frame(b"ab") for b in (b"abc", b"ab"))
    assert read_exactly(far, len(expected)) == expected


def test_subscriptions_end_with_the_pipe(bench: Bench) -> None:
    hub = bench.hub(XPUB)
    pipe, far = bench.link(hub)
    far.sendall(command(b"SUBSCRIBE", b"t") + frame(b"user"))
    assert bench.recv(hub) == [b"\1t"]
    assert bench.recv(hub) == [b"user"]
    far.close()
    bench.event(EventKind.LINK_DOWN, pipe)
    assert hub.send(b"to be back") == 0
    far = bench.attach(pipe)
    assert read_exactly(far, 12) == frame(b"to be back")
    assert hub.wait(1, 0) == 0
    pipe.close(drain=False)
    assert bench.recv(hub) == [b"\0t"]
    assert hub.topics() == 0


def test_whole_messages_wait_for_the_next_link(bench: Bench) -> None:
    hub = bench.hub(DEALER)
    pipe, far = bench.link(hub)
    assert hub.send(b"first") == 0
    assert read_exactly(far, 7) == frame(b"first")
    far.close()
    bench.event(EventKind.LINK_DOWN, pipe)
    assert hub.send(b"a", True) == 0
    assert hub.send(b"b") == 0
    far = bench.attach(pipe)
    assert hub.send(b"c") == 0
    assert read_exactly(far, 9) == frame(b"a", 1) + frame(b"b") + frame(b"c")


def test_a_message_cut_by_a_broken_link_is_dropped_whole(bench: Bench) -> None:
    hub = bench.hub(DEALER)
    pipe, far = bench.link(hub)
    for number in range(200):
        assert hub.send(b"%03d" % number, True) == 0
        assert hub.send(b"x" * 20000) == 0
    start = read_exactly(far, 30000)
    assert start.startswith(frame(b"000", 1))
    far.close()
    bench.event(EventKind.LINK_DOWN, pipe)
    far = bench.attach(pipe)
    first = int(read_exactly(far, 5)[2:])
    assert first >= 2
    for number in range(first, 200):
        if number > first:
            assert read_exactly(far, 5) == frame(b"%03d" % number, 1)
        assert read_exactly(far, 20009) == frame(b"x" * 20000)
