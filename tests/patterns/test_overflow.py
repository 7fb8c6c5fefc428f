"""Socket.overflow, which pyzmq does not have: what becomes of a message that there is
no room for."""

from __future__ import annotations

import errno
from typing import Any

import pytest
import rawpeer
from library import Library
from marriage import marry
from patience import Background, until

pytestmark = pytest.mark.only("pymq")

KINDS = ["PUSH PULL", "DEALER DEALER", "PAIR PAIR", "PUB SUB", "XPUB SUB"]


def _pair(zmq: Library, kinds: str, transport: str, **options: Any) -> tuple[Any, Any]:
    """Connected, with marks of 4 at either end."""
    names = kinds.split()
    sender = zmq.socket(getattr(zmq, names[0]), sndhwm=4, **options)
    reader = zmq.socket(getattr(zmq, names[1]), rcvhwm=4)
    marry(zmq, sender, reader, transport)
    if names[1] == "SUB":
        reader.subscribe(b"")
        assert reader.wait_subscribed()
    return sender, reader


def _received(reader: Any, count: int) -> list[bytes]:
    """So many, and no more."""
    found = [reader.recv() for _ in range(count)]
    assert not reader.poll(1)
    return found


def _send_numbers(sender: Any, count: int, size: int) -> list[bytes]:
    messages = [b"%d" % number + bytes(size) for number in range(count)]
    for message in messages:
        sender.send(message)
    return messages


@pytest.mark.core
@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize(("policy", "kept"), [("DROP_NEWEST", 0), ("DROP_OLDEST", -1)])
def test_the_newest_or_the_oldest_are_dropped(
    zmq: Library, transport: str, kinds: str, policy: str, kept: int
) -> None:
    sender, reader = _pair(zmq, kinds, transport)
    sender.overflow = zmq.Overflow[policy]
    before = sender.stats().dropped
    sent = _send_numbers(sender, 200, 60_000)
    dropped = sender.stats().dropped - before
    got = _received(reader, 200 - dropped)
    assert got == [message for message in sent if message in set(got)]
    assert got[kept] == sent[kept]
    assert dropped


def test_while_it_is_read(zmq: Library, transport: str) -> None:
    """Both ends at work: whole messages, in order, none unaccounted for."""
    push, pull = _pair(zmq, "PUSH PULL", transport)
    push.overflow = "drop oldest"
    got: list[int] = []

    def read() -> None:
        while not got or got[-1] != 2999:
            number, body = pull.recv_multipart()
            assert len(body) in (10, 70_000)
            assert body == body[:1] * len(body)
            got.append(int(number))

    before = push.stats().dropped
    reading = Background(read)
    for number in range(3000):
        size = 10 if number % 3 else 70_000
        push.send_multipart([b"%d" % number, b"%d" % (number % 10) * size])
    reading.result()
    assert got == sorted(set(got))
    assert len(got) + push.stats().dropped - before == 3000


def test_what_has_begun_to_go_out_goes_out(zmq: Library) -> None:
    """The kernel has a part of the first message, and takes no more."""
    push = zmq.socket(zmq.PUSH, sndhwm=3, sndbuf=4096)
    push.overflow = zmq.Overflow.DROP_OLDEST
    with rawpeer.connect(zmq.bind(push, "tcp"), receive_buffer=4096) as peer:
        peer.handshake(b"PULL")
        until(lambda: push.peers() and push.peers()[0].connected)
        push.send_multipart([b"0", b"x" * 3_000_000])
        assert peer.recv_frame() == (rawpeer.MORE, b"0")
        for number in range(1, 50):
            push.send_multipart([b"%d" % number, b"x" * 3_000_000])
        numbers = [0]
        while numbers[-1] != 49:
            assert peer.recv_frame()[1] == b"x" * 3_000_000
            flags, number_ = peer.recv_frame()
            assert flags & rawpeer.MORE
            numbers.append(int(number_))
        assert numbers == sorted(numbers)
        assert len(numbers) + push.stats().dropped == 50


def test_sealed(zmq: Library) -> None:
    """What was sealed already has its place in the stream."""
    if not zmq.has("curve"):
        pytest.skip("PyNaCl is not there")
    # More than what is sealed at once.
    push, pull = zmq.socket(zmq.PUSH, sndhwm=10), zmq.socket(zmq.PULL, rcvhwm=1)
    public, secret = zmq.curve_keypair()
    push.curve_server, push.curve_secretkey = True, secret
    pull.curve_serverkey = public
    pull.curve_publickey, pull.curve_secretkey = zmq.curve_keypair()
    marry(zmq, push, pull, "tcp")
    push.overflow = zmq.Overflow.DROP_OLDEST
    before = push.stats().dropped
    sent = _send_numbers(push, 300, 50_000)
    dropped = push.stats().dropped - before
    got = _received(pull, 300 - dropped)
    assert got == [message for message in sent if message in set(got)]
    assert got[-1] == sent[-1]


@pytest.mark.parametrize("kinds", KINDS)
def test_an_error(zmq: Library, transport: str, kinds: str) -> None:
    sender, reader = _pair(zmq, kinds, transport)
    sender.overflow = zmq.Overflow.ERROR
    sent: list[bytes] = []
    with pytest.raises(zmq.ZMQError) as caught:
        while True:
            sender.send(b"%d" % len(sent) + bytes(60_000))
            sent.append(b"%d" % len(sent) + bytes(60_000))
    assert caught.value.errno == errno.ENOBUFS
    assert not isinstance(caught.value, zmq.Again)
    assert _received(reader, len(sent)) == sent


@pytest.mark.parametrize("kinds", ["PUB SUB", "XPUB SUB"])
def test_a_publisher_may_wait(zmq: Library, transport: str, kinds: str) -> None:
    sender, reader = _pair(zmq, kinds, transport)
    assert sender.overflow is zmq.Overflow.DROP_NEWEST
    sender.overflow = zmq.Overflow.DROP_OLDEST
    sender.xpub_nodrop = 0  # what libzmq has for it is the same thing
    assert sender.overflow is zmq.Overflow.DROP_NEWEST
    sender.overflow = zmq.Overflow.BLOCK
    assert sender.overflow is zmq.Overflow.BLOCK
    sending = Background(lambda: _send_numbers(sender, 100, 60_000))
    got = [reader.recv() for _ in range(100)]
    assert got == sending.result()


def test_each_slow_subscriber_has_the_latest(zmq: Library, network: str) -> None:
    pub = zmq.socket(zmq.PUB, sndhwm=4)
    endpoint = zmq.bind(pub, network)
    subs = [zmq.socket(zmq.SUB, rcvhwm=4) for _ in range(3)]
    for sub, topic in zip(subs, [b"a", b"b", b""]):
        sub.subscribe(topic)
        sub.connect(endpoint)
    assert pub.wait_for_subscribers(2, b"a")
    assert pub.wait_for_subscribers(2, b"b")
    pub.overflow = zmq.Overflow.DROP_OLDEST
    for number in range(200):
        pub.send_multipart([b"ab"[number % 2 :][:1], b"%d" % number, bytes(60_000)])
    for sub, last in zip(subs, [198, 199, 199]):
        while int(sub.recv_multipart()[1]) != last:
            pass


def test_all_frames_of_a_message_share_its_fate(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    push.overflow = zmq.Overflow.DROP_NEWEST
    push.send(b"nobody", zmq.SNDMORE)
    push.send(b"is", zmq.SNDMORE)
    push.send(b"there")
    push.send_multipart([b"a", b"b"])
    push.send_many([b"c", [b"d", b"e"]])
    assert push.stats().dropped == 4
    marry(zmq, push, pull, "inproc")
    push.send(b"x")
    assert pull.recv() == b"x"


def test_dontwait_is_no_exception(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    push.overflow = zmq.Overflow.DROP_OLDEST
    push.send(b"x", zmq.DONTWAIT)
    push.overflow = zmq.Overflow.ERROR
    with pytest.raises(zmq.ZMQError) as caught:
        push.send_many([b"x", b"y"], zmq.DONTWAIT)
    assert caught.value.errno == errno.ENOBUFS
    push.overflow = zmq.Overflow.BLOCK
    with pytest.raises(zmq.Again):
        push.send(b"x", zmq.DONTWAIT)
    assert push.stats().dropped == 1


def test_many_at_once(zmq: Library, transport: str) -> None:
    push, pull = _pair(zmq, "PUSH PULL", transport)
    push.overflow = zmq.Overflow.DROP_OLDEST
    before = push.stats().dropped
    messages = [b"%d" % number + bytes(60_000) for number in range(100)]
    assert push.send_many(messages) == 100
    got = _received(pull, 100 - (push.stats().dropped - before))
    assert got[-1] == messages[-1]


def test_not_every_type_can_choose(zmq: Library) -> None:
    for kind in (zmq.REQ, zmq.ROUTER, zmq.SUB, zmq.PULL, zmq.STREAM):
        socket = zmq.socket(kind)
        with pytest.raises(zmq.ZMQError) as caught:
            socket.overflow = zmq.Overflow.DROP_OLDEST
        assert caught.value.errno == errno.EINVAL
    with pytest.raises(ValueError):
        zmq.socket(zmq.PUSH).overflow = "what else"
