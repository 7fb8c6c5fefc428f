"""Socket.peers and Socket.stats, which pyzmq does not have."""

from __future__ import annotations

import sys
import time
from typing import Any, Callable

import pytest
import rawpeer
from library import Library
from marriage import marry
from patience import Background, until

pytestmark = pytest.mark.only("pymq")

SIZES = [0, 1, 255, 256, 5000, 70_000, 300_000]
TOTAL = sum(size + (2 if size < 256 else 9) for size in SIZES)


def _sent(zmq: Library, transport: str) -> tuple[Any, Any]:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    pull.connect(zmq.bind(push, transport))
    until(lambda: push.poll(0, zmq.POLLOUT))
    for size in SIZES:
        push.send(bytes(size))
    return push, pull


@pytest.mark.core
def test_messages_and_bytes_are_counted(zmq: Library, transport: str) -> None:
    push, pull = _sent(zmq, transport)
    until(lambda: pull.stats().messages_in == len(SIZES))
    assert pull.stats() == (1, len(SIZES), TOTAL, len(SIZES), 0, 0, 0, 0)
    for left, size in zip(reversed(range(len(SIZES))), SIZES):
        assert len(pull.recv()) == size
        assert pull.stats().waiting_in == left
    until(lambda: push.stats().waiting_out == 0)
    assert push.stats() == (1, 0, 0, 0, len(SIZES), TOTAL, 0, 0)
    push.send_multipart([b"a", b"", b"bc"])
    assert pull.recv_multipart() == [b"a", b"", b"bc"]
    assert pull.stats().messages_in == len(SIZES) + 1
    assert pull.stats().bytes_in == TOTAL + 3 + 2 + 4


def test_what_was_received_ahead_waits(zmq: Library, transport: str) -> None:
    """Many short messages are fetched at once; to the user they still wait."""
    senders = [zmq.socket(zmq.PUSH) for _ in range(2)]
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, transport)
    for sender in senders:
        sender.connect(endpoint)
        for number in range(300):
            sender.send(b"%d" % number)
    until(lambda: pull.stats().messages_in == 600)
    for received in range(1, 600):
        pull.recv()
        assert pull.stats().waiting_in == 600 - received
        if received % 50 == 0:
            assert sum(peer.waiting_in for peer in pull.peers()) == 600 - received


def test_who_is_there(zmq: Library, network: str) -> None:
    router = zmq.socket(zmq.ROUTER)
    endpoint = zmq.bind(router, network)
    dealers = [zmq.socket(zmq.DEALER, routing_id=b"%d" % n) for n in range(3)]
    before = time.time()
    for dealer in dealers:
        dealer.connect(endpoint)
    until(lambda: [peer.connected for peer in router.peers()] == [True] * 3)
    found = router.peers()
    assert sorted(peer.routing_id for peer in found) == [b"0", b"1", b"2"]
    for peer in found:
        assert (peer.socket_type, peer.mechanism, peer.user_id) == (
            "DEALER",
            "NULL",
            "",
        )
        assert peer.address == "127.0.0.1" or network == "ipc"
        assert peer.connected
        assert before - 1 < peer.since < time.time() + 1
    (theirs,) = until(lambda: dealers[0].peers()[0].connected and dealers[0].peers())
    assert theirs.socket_type == "ROUTER"


def test_a_peer_that_is_awaited(zmq: Library, network: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, network)
    pull.unbind(endpoint)
    push.connect(endpoint)
    push.send(b"x")
    (peer,) = push.peers()
    assert (peer.connected, peer.since, peer.waiting_out) == (False, 0, 1)
    pull.bind(endpoint)
    assert pull.recv() == b"x"
    (peer,) = push.peers()
    assert peer.connected


def test_a_peer_that_comes_again_may_be_another(zmq: Library, network: str) -> None:
    dealer, router = zmq.socket(zmq.DEALER), zmq.socket(zmq.ROUTER, routing_id=b"one")
    endpoint = zmq.bind(router, network)
    dealer.connect(endpoint)
    until(lambda: dealer.peers()[0].routing_id == b"one")
    router.close()
    until(lambda: not dealer.peers()[0].connected)
    assert dealer.peers()[0].routing_id == b"one"
    zmq.socket(zmq.ROUTER, routing_id=b"two").bind(endpoint)
    until(lambda: dealer.peers()[0].routing_id == b"two")


def test_a_peer_that_is_gone_is_still_counted(zmq: Library, transport: str) -> None:
    push, pull = _sent(zmq, transport)
    for _ in SIZES[2:]:
        pull.recv()
    until(lambda: pull.stats().waiting_in == 2)
    push.close()
    until(lambda: not any(one.connected for one in pull.peers()))
    inproc = transport == "inproc"  # elsewhere it is awaited again
    if inproc:
        assert [one.waiting_in for one in pull.peers()] == [2]
    for _ in SIZES[:2]:
        pull.recv()
    assert len(pull.peers()) == int(not inproc)
    assert pull.stats()[1:] == (len(SIZES), TOTAL, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("sends", [0, 1])
def test_what_was_conflated_away_does_not_wait(
    zmq: Library, transport: str, sends: int
) -> None:
    push, pull = zmq.socket(zmq.PUSH, conflate=sends), zmq.socket(zmq.PULL, conflate=1)
    marry(zmq, push, pull, transport)
    for number in range(100):
        push.send(b"%d" % number)
    while pull.recv() != b"99":
        pass
    until(lambda: push.stats().waiting_out == 0)
    assert pull.stats().waiting_in == 0
    push.send(b"x")
    until(lambda: pull.stats().waiting_in == 1)
    assert pull.recv() == b"x"
    assert pull.stats().waiting_in == 0


def test_subscriptions_that_wait_are_none(zmq: Library) -> None:
    """Not while the kernel takes no more of them, nor when the link breaks then."""
    sub = zmq.socket(zmq.SUB, reconnect_ivl=-1)
    with rawpeer.RawListener(receive_buffer=4096) as listener:
        sub.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.handshake(b"PUB")
            until(lambda: any(one.connected for one in sub.peers()))
            for number in range(100):
                sub.subscribe(b"%d" % number + bytes(100_000))
            assert sub.stats()[1:] == (0, 0, 0, 0, 0, 0, 0)
            assert peer.recv_frame()[0] & rawpeer.COMMAND
        until(lambda: not any(one.connected for one in sub.peers()))
        assert sub.stats()[1:] == (0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("minor", [0, 1])
def test_what_a_subscriber_sends_besides(zmq: Library, minor: int) -> None:
    """Subscriptions, to an older peer too, are no messages, read or unread; when the
    link breaks those that were not sent are dropped."""
    xsub = zmq.socket(zmq.XSUB, reconnect_ivl=-1, sndbuf=4096)
    with rawpeer.RawListener(receive_buffer=4096) as listener:
        xsub.connect(listener.endpoint)
        with listener.accept() as peer:
            peer.minor = minor
            peer.handshake(b"XPUB")
            until(lambda: xsub.peers()[0].connected)
            xsub.send(b"\1first")
            xsub.send(b"sent")
            until(lambda: xsub.stats().waiting_out == 0)
            for number in range(30):
                xsub.send(b"\1%d" % number + bytes(100_000))
                xsub.send_multipart([b"%d" % number, b"\1", bytes(100_000)])
            until(lambda: xsub.stats().waiting_out == 30)
            assert peer.recv_frame()[1].endswith(b"first")
            assert peer.recv_frame()[1] == b"sent"
        until(lambda: not any(one.connected for one in xsub.peers()))
        stats = xsub.stats()
        assert (stats.messages_out, stats.waiting_out, stats.dropped) == (31, 0, 30)


def test_what_there_was_no_room_for_is_counted(zmq: Library, transport: str) -> None:
    pub, sub = zmq.socket(zmq.PUB, sndhwm=2), zmq.socket(zmq.SUB, rcvhwm=2)
    sub.subscribe(b"")
    marry(zmq, pub, sub, transport)
    while sub.poll(1):
        sub.recv()
    before = pub.stats()
    body = bytes(100_000)
    while pub.stats().dropped < before.dropped + 7:
        pub.send(body)
    after = pub.stats()
    for _ in range(after.messages_out - before.messages_out):
        assert sub.recv() == body
    assert not sub.poll(1)
    assert pub.stats().dropped == after.dropped


def test_a_router_counts_what_a_full_peer_missed(zmq: Library, network: str) -> None:
    router = zmq.socket(zmq.ROUTER, sndhwm=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"d", rcvhwm=1)
    marry(zmq, router, dealer, network)
    before = router.stats()
    while router.stats().dropped == before.dropped:
        router.send_multipart([b"d", bytes(100_000)])
    for _ in range(router.stats().messages_out - before.messages_out):
        dealer.recv()
    assert not dealer.poll(1)


def test_subscriptions_are_no_messages(zmq: Library, network: str) -> None:
    pub, sub = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    for number in range(100):
        sub.subscribe(b"%d" % number)
    sub.connect(zmq.bind(pub, network))
    assert sub.wait_subscribed()
    assert pub.stats() == (1, 0, 0, 0, 0, 0, 0, 0)
    assert sub.stats() == (1, 0, 0, 0, 0, 0, 0, 0)


def test_from_any_thread(zmq: Library, network: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, push, pull, network)
    before = push.stats()
    sending = Background(lambda: [push.send(b"x" * 100) for _ in range(20_000)])
    receiving = Background(lambda: [pull.recv() for _ in range(20_000)])
    while sending.running or receiving.running:
        ours, (peer,) = push.stats(), pull.peers()
        assert ours.bytes_out - before.bytes_out == 102 * (
            ours.messages_out - before.messages_out
        )
        assert 0 <= peer.waiting_in <= peer.messages_in
    assert pull.stats().messages_in == push.stats().messages_out
    assert push.stats().messages_out == before.messages_out + 20_000


def test_many_peers_take_few_calls(zmq: Library) -> None:
    """Of Python's functions: none for each peer."""
    router = zmq.socket(zmq.ROUTER)
    endpoint = zmq.bind(router, "tcp")
    calls: list[int] = []
    for _ in range(6):
        zmq.socket(zmq.DEALER).connect(endpoint)
        until(lambda: sum(one.connected for one in router.peers()) == len(calls) + 1)
        # Once more where a finalizer came in between.
        calls.append(min(_calls(router.peers) for _ in range(3)))
    assert calls == [calls[0]] * 6


def _calls(function: Callable[[], object]) -> int:
    events: list[str] = []
    before = sys.getprofile()
    sys.setprofile(lambda _frame, event, _about: events.append(event))
    try:
        function()
    finally:
        sys.setprofile(before)
    return events.count("call")


def test_over_inproc_there_is_no_handshake(zmq: Library) -> None:
    a, b = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    marry(zmq, a, b, "inproc")
    (peer,) = a.peers()
    assert peer[:5] == ("", b"", "", "", "")
    assert peer.connected
    b.close()
    assert not any(peer.connected for peer in a.peers())


def test_closed_sockets_have_none(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    push.close()
    for call in (push.peers, push.stats):
        with pytest.raises(zmq.ZMQError):
            call()
