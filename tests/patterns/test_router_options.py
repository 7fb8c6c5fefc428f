"""Options of ROUTER: who can be reached, under which name, and what if not."""

from __future__ import annotations

import errno

import pytest
from library import Library
from marriage import marry, reaches
from patience import Background, until

BIG = b"x" * 65536


# ROUTER_MANDATORY.


def test_mandatory_says_when_a_connection_is_full(zmq: Library, network: str) -> None:
    """The name is refused; what the kernel's buffers take is sent."""
    router = zmq.socket(zmq.ROUTER, router_mandatory=1, sndhwm=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"D", rcvhwm=1)
    marry(zmq, router, dealer, network)
    sent = 0
    while True:
        try:
            router.send(b"D", zmq.SNDMORE | zmq.DONTWAIT)
        except zmq.Again:
            if router.poll(200, zmq.POLLOUT):
                continue  # the I/O thread took some on
            break
        router.send_multipart([b"%d" % sent, BIG])
        sent += 1
        assert sent < 10_000
    for number in range(sent):
        assert dealer.recv_multipart() == [b"%d" % number, BIG]
    router.send_multipart([b"D", b"room again"])
    assert dealer.recv_multipart() == [b"room again"]


def test_after_a_refusal_a_message_begins_anew(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1, sndhwm=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"D", rcvhwm=1)
    marry(zmq, router, dealer, "inproc")
    for _ in range(2):
        with zmq.refused(errno.EHOSTUNREACH):
            router.send_multipart([b"nobody", b"lost"])
    count = 0
    while router.poll(0, zmq.POLLOUT):
        router.send_multipart([b"D", b"%d" % count, b"tail"], zmq.DONTWAIT)
        count += 1
    with zmq.refused(errno.EAGAIN):
        router.send_multipart([b"D", b"full", b"tail"], zmq.DONTWAIT)
    with zmq.refused(errno.EHOSTUNREACH):
        router.send_multipart([b"nobody", b"lost"])
    for number in range(count):
        assert dealer.recv_multipart() == [b"%d" % number, b"tail"]
    router.send_multipart([b"D", b"next"])
    assert dealer.recv_multipart() == [b"next"]


def test_a_full_peer_delays_for_sndtimeo(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1, sndhwm=1, sndtimeo=10)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"D", rcvhwm=1)
    marry(zmq, router, dealer, "inproc")
    with zmq.refused(errno.EAGAIN):
        for _ in range(3):
            router.send_multipart([b"D", b"?"])


@pytest.mark.fails_on("pyzmq", reason="a pipe that was full stays full for ever")
def test_a_blocked_send_ends_when_its_peer_leaves(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1, sndhwm=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"D", rcvhwm=1)
    marry(zmq, router, dealer, "inproc")

    def send() -> int:
        try:
            while True:
                router.send_multipart([b"D", b"?"])
        except zmq.ZMQError as error:
            return int(error.errno)

    sending = Background(send)
    sending.give(0.05)
    assert sending.running
    dealer.close(linger=0)
    assert sending.result() == errno.EHOSTUNREACH


def test_mandatory_may_change(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER)
    for mandatory in (1, 0, 1):
        router.set(zmq.ROUTER_MANDATORY, mandatory)
        if mandatory:
            with zmq.refused(errno.EHOSTUNREACH):
                router.send_multipart([b"nobody", b"?"])
        else:
            router.send_multipart([b"nobody", b"?"])


def test_mandatory_and_pollout(zmq: Library) -> None:
    """While any peer has room; without it always."""
    router = zmq.socket(zmq.ROUTER)
    assert router.poll(0, zmq.POLLOUT)
    router.set(zmq.ROUTER_MANDATORY, 1)
    assert not router.poll(0, zmq.POLLOUT)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"D")
    marry(zmq, router, dealer, "inproc")
    assert router.poll(0, zmq.POLLOUT)


# ROUTER_HANDOVER.


def test_handover_may_change(zmq: Library, network: str) -> None:
    router = zmq.socket(zmq.ROUTER, router_handover=1)
    endpoint = zmq.bind(router, network)
    for name in (b"first", b"second"):
        dealer = zmq.socket(zmq.DEALER, routing_id=b"N")
        dealer.reconnect_ivl = -1
        dealer.connect(endpoint)
        dealer.send(name)
        assert router.recv_multipart() == [b"N", name]
    router.set(zmq.ROUTER_HANDOVER, 0)
    late = zmq.socket(zmq.DEALER, routing_id=b"N", reconnect_ivl=-1)
    late.connect(endpoint)
    late.send(b"late")
    assert not router.poll(100)
    router.send_multipart([b"N", b"for the second"])
    assert dealer.recv() == b"for the second"


# CONNECT_ROUTING_ID.


def test_it_counts_more_than_the_peers_own(zmq: Library, transport: str) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"own")
    endpoint = zmq.bind(dealer, transport)
    router.set(zmq.CONNECT_ROUTING_ID, b"given")
    router.connect(endpoint)
    router.send_multipart([b"given", b"question"])
    assert dealer.recv() == b"question"
    dealer.send(b"answer")
    assert router.recv_multipart() == [b"given", b"answer"]
    with zmq.refused(errno.EHOSTUNREACH):
        router.send_multipart([b"own", b"?"])


@pytest.mark.parametrize("first", ["bind", "connect"])
def test_it_is_not_for_who_connects_to_us(zmq: Library, first: str) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"own")
    router.set(zmq.CONNECT_ROUTING_ID, b"given")
    endpoint = zmq.address("inproc")
    if first == "bind":
        router.bind(endpoint)
    dealer.connect(endpoint)
    if first == "connect":
        router.bind(endpoint)
    router.send_multipart([b"own", b"question"])
    assert dealer.recv() == b"question"


def test_it_is_for_one_connection(zmq: Library, transport: str) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    dealers = []
    for name in (b"first", b"second", b"third"):
        dealer = zmq.socket(zmq.DEALER, routing_id=b"own " + name)
        dealers.append((name, dealer))
        if name != b"third":
            router.set(zmq.CONNECT_ROUTING_ID, name)
        router.connect(zmq.bind(dealer, transport))
    until(lambda: reaches(zmq, router, b"own third"))
    assert dealers.pop()[1].recv() == b"known?"
    for name, dealer in dealers:
        router.send_multipart([name, b"for " + name])
        assert dealer.recv() == b"for " + name


def test_a_connect_that_failed_leaves_it(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    router.set(zmq.CONNECT_ROUTING_ID, b"given")
    with zmq.refused(errno.EINVAL):
        router.connect("tcp://no such host")
    dealer = zmq.socket(zmq.DEALER)
    router.connect(zmq.bind(dealer, "tcp"))
    router.send_multipart([b"given", b"hello"])
    assert dealer.recv() == b"hello"


def test_it_stays_over_a_reconnect(zmq: Library, network: str) -> None:
    endpoint = zmq.reserved(network)
    router = zmq.socket(zmq.ROUTER, reconnect_ivl=10)
    router.set(zmq.CONNECT_ROUTING_ID, b"given")
    router.connect(endpoint)
    for _ in range(2):
        context = zmq.context()
        dealer = zmq.socket(zmq.DEALER, context=context, routing_id=b"own")
        dealer.bind(endpoint)
        dealer.send(b"here")
        assert router.recv_multipart() == [b"given", b"here"]
        dealer.close(linger=0)
        context.term()


def test_unread_input_does_not_mislead(zmq: Library, network: str) -> None:
    """Of another peer, while the new one is addressed."""
    router = zmq.socket(zmq.ROUTER)
    endpoint = zmq.bind(router, network)
    other = zmq.socket(zmq.DEALER, routing_id=b"other")
    other.connect(endpoint)
    other.send(b"unread")
    assert router.poll(20_000)
    dealer = zmq.socket(zmq.DEALER)
    router.set(zmq.CONNECT_ROUTING_ID, b"given")
    router.connect(zmq.bind(dealer, network))
    router.send_multipart([b"given", b"for the new one"])
    assert dealer.recv() == b"for the new one"
    assert router.recv_multipart() == [b"other", b"unread"]
    assert not other.poll(0)


@pytest.mark.only("pymq")
def test_a_taken_name_is_an_error(zmq: Library, transport: str) -> None:
    """libzmq aborts the process."""
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"taken")
    other = zmq.socket(zmq.DEALER, routing_id=b"own")
    marry(zmq, router, dealer, transport)
    endpoint = zmq.bind(other, transport)
    router.set(zmq.CONNECT_ROUTING_ID, b"taken")
    with zmq.refused(errno.EADDRINUSE):
        router.connect(endpoint)
    router.send_multipart([b"taken", b"still yours"])
    assert dealer.recv() == b"still yours"
    router.connect(endpoint)  # the name was for that one attempt
    until(lambda: reaches(zmq, router, b"own"))


def test_values_of_connect_routing_id(zmq: Library) -> None:
    """libzmq takes longer ones too, which no peer could have; pymq does not."""
    for kind in (zmq.ROUTER, zmq.REP):
        sock = zmq.socket(kind)
        for value in (b"x", b"x" * 255, b"\0x"):
            sock.set(zmq.CONNECT_ROUTING_ID, value)
        with zmq.refused(errno.EINVAL):
            sock.set(zmq.CONNECT_ROUTING_ID, b"")
        with zmq.refused(errno.EINVAL):
            sock.get(zmq.CONNECT_ROUTING_ID)
        with pytest.raises(TypeError):
            sock.set(zmq.CONNECT_ROUTING_ID, 1)
    for kind in (zmq.DEALER, zmq.REQ, zmq.PUSH):
        with zmq.refused(errno.EINVAL):
            zmq.socket(kind).set(zmq.CONNECT_ROUTING_ID, b"x")
