"""DEALER and ROUTER: round robin on one side, addressed by name on the other."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library
from marriage import marry, reaches
from patience import Background, until


@pytest.mark.core
@pytest.mark.parametrize("binder", ["dealer", "router"])
def test_messages_go_both_ways(zmq: Library, transport: str, binder: str) -> None:
    dealer, router = zmq.socket(zmq.DEALER), zmq.socket(zmq.ROUTER)
    ends = (dealer, router) if binder == "dealer" else (router, dealer)
    marry(zmq, *ends, transport)
    for number in range(100):
        dealer.send_multipart([b"%d" % number, b"", b"tail"])
    for number in range(100):
        peer, *rest = router.recv_multipart()
        assert rest == [b"%d" % number, b"", b"tail"]
        router.send_multipart([peer, b"re", b"%d" % number])
    for number in range(100):
        assert dealer.recv_multipart() == [b"re", b"%d" % number]


@pytest.mark.core
def test_a_peer_is_known_by_its_routing_id(zmq: Library, transport: str) -> None:
    router = zmq.socket(zmq.ROUTER)
    endpoint = zmq.bind(router, transport)
    names = [b"A", b"x" * 255, b"\xff\0\1"]
    dealers = {name: zmq.socket(zmq.DEALER, routing_id=name) for name in names}
    for name, dealer in dealers.items():
        dealer.connect(endpoint)
        dealer.send(b"hello from " + name[:1])
        assert router.recv_multipart() == [name, b"hello from " + name[:1]]
    for name in reversed(names):
        router.send_multipart([name, b"for " + name])
    for name, dealer in dealers.items():
        assert dealer.recv_multipart() == [b"for " + name]


@pytest.mark.core
def test_a_nameless_peer_gets_a_name(zmq: Library, transport: str) -> None:
    router = zmq.socket(zmq.ROUTER)
    endpoint = zmq.bind(router, transport)
    names = set()
    for _ in range(3):
        dealer = zmq.socket(zmq.DEALER)
        dealer.connect(endpoint)
        dealer.send(b"")
        name = router.recv_multipart()[0]
        assert (len(name), name[:1]) == (5, b"\0")
        names.add(name)
    assert len(names) == 3


def test_connect_before_bind(zmq: Library, transport: str) -> None:
    endpoint = zmq.reserved(transport)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"early")
    dealer.connect(endpoint)
    dealer.send(b"1")
    dealer.send(b"2")
    router = zmq.socket(zmq.ROUTER)
    router.bind(endpoint)
    assert router.recv_multipart() == [b"early", b"1"]
    assert router.recv_multipart() == [b"early", b"2"]
    router.send_multipart([b"early", b"3"])
    assert dealer.recv() == b"3"


@pytest.mark.core
def test_messages_to_the_unknown_are_dropped(zmq: Library, transport: str) -> None:
    router, dealer = zmq.socket(zmq.ROUTER), zmq.socket(zmq.DEALER, routing_id=b"D")
    marry(zmq, router, dealer, transport)
    router.send_multipart([b"unknown", b"lost", b"all of it"])
    router.send(b"D")  # a name and nothing else
    router.send_multipart([b"", b"lost"])
    router.send_multipart([b"D", b"found"])
    assert dealer.recv_multipart() == [b"found"]


@pytest.mark.core
def test_mandatory_refuses_the_unknown(zmq: Library, transport: str) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"D")
    marry(zmq, router, dealer, transport)
    with zmq.refused(errno.EHOSTUNREACH):
        router.send(b"unknown", zmq.SNDMORE)
    router.send_multipart([b"D", b"found"])
    assert dealer.recv_multipart() == [b"found"]


def test_mandatory_refuses_a_peer_that_left(zmq: Library, transport: str) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"D")
    marry(zmq, router, dealer, transport)
    dealer.close(linger=0)
    until(lambda: not reaches(zmq, router, b"D"))


def test_mandatory_says_when_a_peer_is_full(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1, sndhwm=2)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"D", rcvhwm=3)
    dealer.connect(zmq.bind(router, "inproc"))
    dealer.send(b"here")
    assert router.recv_multipart() == [b"D", b"here"]
    for number in range(5):
        router.send_multipart([b"D", b"%d" % number], zmq.DONTWAIT)
    assert router.poll(0, zmq.POLLOUT) == 0
    with zmq.refused(errno.EAGAIN):
        router.send_multipart([b"D", b"5"], zmq.DONTWAIT)
    waiting = Background(lambda: router.send_multipart([b"D", b"5"]))
    assert [dealer.recv() for _ in range(6)] == [b"%d" % n for n in range(6)]
    waiting.result()


def test_a_full_peer_misses_whole_messages(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER, sndhwm=1)
    endpoint = zmq.bind(router, "inproc")
    small = zmq.socket(zmq.DEALER, routing_id=b"S", rcvhwm=1)
    large = zmq.socket(zmq.DEALER, routing_id=b"L", rcvhwm=99)
    for dealer in (small, large):
        dealer.connect(endpoint)
        dealer.send(b"here")
        router.recv_multipart()
    for number in range(10):
        for name in (b"S", b"L"):
            router.send_multipart([name, b"%d" % number, b"tail"], zmq.DONTWAIT)
    for dealer, count in ((small, 2), (large, 10)):
        for number in range(count):
            expected = [b"%d" % number, b"tail"]
            assert dealer.recv_multipart(zmq.DONTWAIT) == expected
        with pytest.raises(zmq.Again):
            dealer.recv(zmq.DONTWAIT)


def test_a_name_in_use_stays_with_its_holder(zmq: Library, network: str) -> None:
    router = zmq.socket(zmq.ROUTER)
    holder = zmq.socket(zmq.DEALER, routing_id=b"N")
    endpoint = marry(zmq, router, holder, network)
    second = zmq.socket(zmq.DEALER, routing_id=b"N")
    second.connect(endpoint)
    second.send(b"from the second")
    assert not router.poll(100)
    for _ in range(3):
        router.send_multipart([b"N", b"for the holder"])
        assert holder.recv() == b"for the holder"
    assert not second.poll(0)


def test_handover_gives_the_name_to_the_newcomer(zmq: Library, network: str) -> None:
    router = zmq.socket(zmq.ROUTER, router_handover=1)
    holder = zmq.socket(zmq.DEALER, routing_id=b"N")
    endpoint = marry(zmq, router, holder, network)
    second = zmq.socket(zmq.DEALER, routing_id=b"N")
    second.connect(endpoint)
    second.send(b"mine now")
    assert router.recv_multipart() == [b"N", b"mine now"]
    router.send_multipart([b"N", b"for the second"])
    assert second.recv() == b"for the second"
    assert not holder.poll(0)


def test_a_name_is_free_when_its_holder_has_left(zmq: Library, transport: str) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    first = zmq.socket(zmq.DEALER, routing_id=b"N")
    endpoint = marry(zmq, router, first, transport)
    first.close(linger=0)
    until(lambda: _unreachable(zmq, router, b"N"))
    # A libzmq ROUTER turns the newcomer away while it takes the old pipe down.
    while True:
        second = zmq.socket(zmq.DEALER, routing_id=b"N")
        second.connect(endpoint)
        second.send(b"here")
        if router.poll(200):
            break
    assert router.recv_multipart() == [b"N", b"here"]
    router.send_multipart([b"N", b"welcome"])
    assert second.recv() == b"welcome"


def _unreachable(zmq: Library, router: Any, name: bytes) -> bool:
    try:
        router.send_multipart([name, b"?"], zmq.DONTWAIT)
    except zmq.ZMQError as error:
        return bool(error.errno == errno.EHOSTUNREACH)
    return False


def test_a_named_connection_is_addressed_before_it_exists(
    zmq: Library, transport: str
) -> None:
    endpoint = zmq.reserved(transport)
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    router.set(zmq.CONNECT_ROUTING_ID, b"server")
    router.connect(endpoint)
    router.send_multipart([b"server", b"early"])
    dealer = zmq.socket(zmq.DEALER)
    dealer.bind(endpoint)
    assert dealer.recv_multipart() == [b"early"]
    dealer.send(b"reply")
    assert router.recv_multipart() == [b"server", b"reply"]


def test_a_dealer_serves_its_peers_in_turn(zmq: Library, transport: str) -> None:
    dealer = zmq.socket(zmq.DEALER)
    routers = [zmq.socket(zmq.ROUTER) for _ in range(3)]
    for router in routers:
        dealer.connect(zmq.bind(router, transport))
    for number in range(6):
        dealer.send(b"%d" % number)
    for turn, router in enumerate(routers):
        for number in (turn, turn + 3):
            assert router.recv_multipart()[1:] == [b"%d" % number]


def test_dealers_may_talk_to_each_other(zmq: Library, transport: str) -> None:
    a, b = zmq.socket(zmq.DEALER), zmq.socket(zmq.DEALER)
    marry(zmq, a, b, transport)
    for sender, receiver in ((a, b), (b, a)):
        sender.send_multipart([b"", b"", b"x"])
        assert receiver.recv_multipart() == [b"", b"", b"x"]


def test_routers_may_talk_to_each_other(zmq: Library, transport: str) -> None:
    a = zmq.socket(zmq.ROUTER, routing_id=b"a")
    b = zmq.socket(zmq.ROUTER, routing_id=b"b", router_mandatory=1)
    b.connect(zmq.bind(a, transport))
    until(lambda: not _unreachable(zmq, b, b"a"))
    assert a.recv_multipart() == [b"b", b"?"]
    a.send_multipart([b"b", b"hello", b"there"])
    assert b.recv_multipart() == [b"a", b"hello", b"there"]


def test_a_dealer_blocks_at_its_mark(zmq: Library) -> None:
    dealer = zmq.socket(zmq.DEALER, sndhwm=2)
    router = zmq.socket(zmq.ROUTER, rcvhwm=2)
    dealer.connect(zmq.bind(router, "inproc"))
    for number in range(4):
        dealer.send(b"%d" % number, zmq.DONTWAIT)
    with zmq.refused(errno.EAGAIN):
        dealer.send(b"4", zmq.DONTWAIT)
    assert [router.recv_multipart()[1] for _ in range(4)] == [b"0", b"1", b"2", b"3"]


def test_a_bound_dealer_without_peer_cannot_send(zmq: Library, transport: str) -> None:
    dealer = zmq.socket(zmq.DEALER)
    zmq.bind(dealer, transport)
    with zmq.refused(errno.EAGAIN):
        dealer.send(b"to nobody", zmq.DONTWAIT)
