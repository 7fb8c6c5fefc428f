"""PROBE_ROUTER: every new connection begins with an empty message."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import until


@pytest.mark.parametrize("kind", ["DEALER", "REQ", "ROUTER"])
def test_a_router_hears_of_a_connection(
    zmq: Library, transport: str, kind: str
) -> None:
    router = zmq.socket(zmq.ROUTER)
    prober = zmq.socket(getattr(zmq, kind), probe_router=1, routing_id=b"P")
    prober.connect(zmq.bind(router, transport))
    assert router.recv_multipart() == [b"P", b""]
    assert not router.poll(0)


@pytest.mark.parametrize("kind", ["DEALER", "ROUTER"])
def test_whoever_connects_is_probed_too(
    zmq: Library, transport: str, kind: str
) -> None:
    prober = zmq.socket(getattr(zmq, kind), probe_router=1, routing_id=b"P")
    endpoint = zmq.bind(prober, transport)
    for _ in range(2):
        router = zmq.socket(zmq.ROUTER)
        router.connect(endpoint)
        _enter_until_heard(prober, router)
        assert router.recv_multipart() == [b"P", b""]


def _enter_until_heard(prober: Any, peer: Any) -> None:
    """A libzmq socket probes who connected when it is next used."""
    until(lambda: (prober.poll(0), peer.poll(10))[1])


def test_two_probing_routers_know_each_other(zmq: Library, transport: str) -> None:
    a = zmq.socket(zmq.ROUTER, probe_router=1, routing_id=b"a", router_mandatory=1)
    b = zmq.socket(zmq.ROUTER, probe_router=1, routing_id=b"b", router_mandatory=1)
    b.connect(zmq.bind(a, transport))
    _enter_until_heard(a, b)
    assert a.recv_multipart() == [b"b", b""]
    assert b.recv_multipart() == [b"a", b""]
    a.send_multipart([b"b", b"hello"])
    assert b.recv_multipart() == [b"a", b"hello"]


def test_a_probe_comes_first(zmq: Library, transport: str) -> None:
    endpoint = zmq.reserved(transport)
    dealer = zmq.socket(zmq.DEALER, probe_router=1, routing_id=b"P")
    dealer.connect(endpoint)
    dealer.send(b"behind it")
    router = zmq.socket(zmq.ROUTER)
    router.bind(endpoint)
    assert router.recv_multipart() == [b"P", b""]
    assert router.recv_multipart() == [b"P", b"behind it"]


def test_a_dealer_gets_an_empty_message(zmq: Library, transport: str) -> None:
    dealer = zmq.socket(zmq.DEALER)
    endpoint = zmq.bind(dealer, transport)
    prober = zmq.socket(zmq.DEALER, probe_router=1)
    prober.connect(endpoint)
    assert dealer.recv_multipart() == [b""]


def test_a_rep_discards_probes(zmq: Library, transport: str) -> None:
    rep, req = zmq.socket(zmq.REP), zmq.socket(zmq.REQ, probe_router=1)
    marry(zmq, rep, req, transport)
    req.send(b"question")
    assert rep.recv() == b"question"


def test_a_rep_may_probe(zmq: Library, transport: str) -> None:
    dealer, rep = zmq.socket(zmq.DEALER), zmq.socket(zmq.REP, probe_router=1)
    rep.connect(zmq.bind(dealer, transport))
    assert dealer.recv_multipart() == [b""]
    dealer.send_multipart([b"", b"question"])
    assert rep.recv() == b"question"


def test_a_probe_counts_against_the_mark(zmq: Library) -> None:
    prober = zmq.socket(zmq.DEALER, probe_router=1, sndhwm=2)
    prober.connect(zmq.reserved("tcp"))
    prober.send(b"1", zmq.DONTWAIT)
    with zmq.refused(errno.EAGAIN):
        prober.send(b"2", zmq.DONTWAIT)


def test_it_concerns_later_connections(zmq: Library, transport: str) -> None:
    router, dealer = zmq.socket(zmq.ROUTER), zmq.socket(zmq.DEALER)
    marry(zmq, router, dealer, transport)
    dealer.set(zmq.PROBE_ROUTER, 1)
    later = zmq.socket(zmq.ROUTER)
    dealer.connect(zmq.bind(later, transport))
    assert later.recv_multipart()[1:] == [b""]
    assert not router.poll(0)
    dealer.set(zmq.PROBE_ROUTER, 0)
    last = zmq.socket(zmq.ROUTER)
    dealer.connect(zmq.bind(last, transport))
    for peer in (router, later, last):
        dealer.send(b"no probe")
        assert peer.recv_multipart()[1:] == [b"no probe"]


@pytest.mark.parametrize("immediate", [0, 1])
def test_after_a_reconnect_only_what_is_immediate_probes_again(
    zmq: Library, network: str, immediate: int
) -> None:
    """With IMMEDIATE every connection has a pipe of its own."""
    endpoint = zmq.reserved(network)
    dealer = zmq.socket(zmq.DEALER, probe_router=1, immediate=immediate)
    dealer.reconnect_ivl = 10
    dealer.connect(endpoint)
    for turn in range(2):
        context = zmq.context()
        router = zmq.socket(zmq.ROUTER, context=context)
        router.bind(endpoint)
        if turn == 0 or immediate:
            _enter_until_heard(dealer, router)
            assert router.recv_multipart()[1:] == [b""]
        _send_until_heard(dealer, router)
        assert router.recv_multipart()[1:] == [b"after it"]
        router.close(linger=0)
        context.term()
        if immediate:
            until(lambda: not dealer.poll(0, zmq.POLLOUT))


def _send_until_heard(dealer: Any, router: Any) -> None:
    """What is sent while the old connection breaks may be lost with it."""

    def heard() -> int:
        dealer.send(b"after it")
        ready: int = router.poll(20)
        return ready

    until(heard)


def test_values(zmq: Library) -> None:
    for kind in (zmq.ROUTER, zmq.DEALER, zmq.REQ, zmq.REP):
        sock = zmq.socket(kind)
        for value in (0, 1, 2):
            sock.set(zmq.PROBE_ROUTER, value)
        with zmq.refused(errno.EINVAL):
            sock.set(zmq.PROBE_ROUTER, -1)
        with zmq.refused(errno.EINVAL):
            sock.get(zmq.PROBE_ROUTER)
    for kind in (zmq.PAIR, zmq.PUSH, zmq.XPUB):
        with zmq.refused(errno.EINVAL):
            zmq.socket(kind).set(zmq.PROBE_ROUTER, 1)
