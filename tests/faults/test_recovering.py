"""What a pattern promises for the time after a connection broke."""

from __future__ import annotations

import itertools
from typing import Any, Optional

import pytest
from faultplans import Fault
from faultproxy import FaultProxy
from library import Library
from marriage import settle
from patience import until
from watching import Watch

GREETED = 300  # bytes: the handshake is over, something is under way
MUTE = "a second holder of a routing id stays connected, and mute"


# REQ


@pytest.mark.fails_on("pyzmq", reason="ends the connection with each new request")
@pytest.mark.parametrize("back", [False, True], ids=["request", "reply"])
@pytest.mark.parametrize("kind", ["cut", "reset", "forsake"])
@pytest.mark.parametrize("peer", ["REP", "ROUTER"])
def test_a_relaxed_req_asks_again(
    zmq: Library, peer: str, kind: str, back: bool
) -> None:
    """Its request, or the reply, got lost on the way; answers are never mixed up."""
    relaxed = {"req_relaxed": 1, "req_correlate": 1, "reconnect_ivl": 5}
    req, rep = zmq.socket(zmq.REQ, **relaxed), zmq.socket(getattr(zmq, peer))
    plans = [[Fault(kind, GREETED, back=back)] for _ in range(3)]
    with FaultProxy(zmq.bind(rep, "tcp"), plans) as proxy:
        req.connect(proxy.endpoint)
        numbers = itertools.count()
        until(lambda: _answered_once(zmq, req, rep, proxy, next(numbers)))
        assert len(proxy.passages) == 4


def _answered_once(
    zmq: Library, req: Any, rep: Any, proxy: FaultProxy, number: int
) -> bool:
    """Ask, until that is answered or the connection gone; whether it was answered, and
    there are no more faults to come."""
    question = b"%d." % number * 50
    before = len(proxy.passages)
    until(lambda: _asked(zmq, req, question))

    def heard() -> bool:
        _answer(rep)
        return req.poll(5) or not before == len(proxy.passages) == _living(proxy)

    until(heard)
    answer = _received(zmq, req)
    assert answer in (None, b"re " + question)
    return answer is not None and bool(proxy.spent)


def _asked(zmq: Library, req: Any, question: bytes) -> bool:
    try:
        req.send(question, zmq.DONTWAIT)
    except zmq.Again:
        return False
    return True


def _received(zmq: Library, req: Any) -> Optional[bytes]:
    """libzmq is readable too where there is another question's answer only."""
    try:
        answer: bytes = req.recv(zmq.DONTWAIT)
    except zmq.Again:
        return None
    return answer


def _living(proxy: FaultProxy) -> int:
    """The number of the latest connection while it lives, counted from 1."""
    return len(proxy.passages) if proxy.living else -1


def _answer(rep: Any) -> None:
    if rep.poll(0):
        *envelope, question = rep.recv_multipart()
        rep.send_multipart([*envelope, b"re " + question])


# ROUTER


@pytest.mark.parametrize("kind", ["cut", "reset"])
@pytest.mark.fails_on("pyzmq", reason=MUTE)
def test_a_router_frees_names(zmq: Library, kind: str) -> None:
    """The same peer comes back under its name, again and again."""
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"same", reconnect_ivl=1)
    plans = [[Fault(kind, GREETED + 37 * number)] for number in range(20)]
    with FaultProxy(zmq.bind(router, "tcp"), plans) as proxy:
        dealer.connect(proxy.endpoint)
        while not proxy.spent:
            if dealer.poll(1, zmq.POLLOUT):
                dealer.send(b"x" * 50)
            while router.poll(0):
                assert router.recv_multipart()[0] == b"same"
        _answered(router, dealer)
        dealer.close(linger=0)
        until(lambda: _unreachable(zmq, router))


def _answered(router: Any, dealer: Any) -> None:
    """What goes over a connection that is then refused is lost, so more than once."""
    body = b""
    while body != b"last":
        dealer.send(b"last")
        while body != b"last" and router.poll(20):
            name, body = router.recv_multipart()
            assert name == b"same"
    router.send_multipart([name, b"re last"])
    assert dealer.recv() == b"re last"


def _unreachable(zmq: Library, router: Any) -> bool:
    try:
        router.send_multipart([b"same", b""])
    except zmq.ZMQError as error:
        assert error.errno == zmq.EHOSTUNREACH
        return True
    return False


@pytest.mark.fails_on("pyzmq", reason=MUTE)
def test_heartbeats_free_the_name_of_who_vanished(zmq: Library) -> None:
    """The router is told nothing; the newcomer has to wait until it has found out."""
    options = {"heartbeat_ivl": 50, "heartbeat_timeout": 100}
    router = zmq.socket(zmq.ROUTER, **options)
    dealer = zmq.socket(zmq.DEALER, routing_id=b"same", reconnect_ivl=10)
    plans = [[Fault("forsake", GREETED)]]
    with FaultProxy(zmq.bind(router, "tcp"), plans) as proxy:
        dealer.connect(proxy.endpoint)
        dealer.send(b"x" * 2 * GREETED)
        until(lambda: proxy.spent)
        _answered(router, dealer)


# SUB


@pytest.mark.fails_on("pyzmq", reason="subscribes again only when it is called")
@pytest.mark.parametrize("kinds", [("XPUB", "SUB"), ("XPUB", "XSUB")], ids="-".join)
@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_subscribers_subscribe_again(
    zmq: Library, kinds: tuple[str, str], kind: str
) -> None:
    """To what they want by then."""
    publisher = zmq.socket(getattr(zmq, kinds[0]), sndhwm=0)
    subscriber = zmq.socket(getattr(zmq, kinds[1]), rcvhwm=0, reconnect_ivl=1)
    wanted = [b"%03d" % number for number in range(30)]
    for topic in wanted:
        _want(zmq, subscriber, topic)
    plans = [[Fault(kind, 1000 + 77 * n, back=True)] for n in range(8)]
    with FaultProxy(zmq.bind(publisher, "tcp"), plans) as proxy:
        subscriber.connect(proxy.endpoint)
        for number in range(len(plans)):
            while not _ended(proxy, number):
                _publish(publisher)
            _want(zmq, subscriber, wanted.pop(0), False)
            wanted.append(b"%03d" % (30 + number))
            _want(zmq, subscriber, wanted[-1])
        settle(publisher, subscriber)
        publisher.send(wanted[0] + b"now")
        while subscriber.recv() != wanted[0] + b"now":
            pass
        for number in range(30 + len(plans)):
            publisher.send(b"%03d" % number)
        assert [subscriber.recv() for _ in wanted] == wanted


def _want(zmq: Library, subscriber: Any, topic: bytes, really: bool = True) -> None:
    if int(subscriber.type) == zmq.XSUB:
        subscriber.send((b"\1" if really else b"\0") + topic)
    else:
        subscriber.set(zmq.SUBSCRIBE if really else zmq.UNSUBSCRIBE, topic)


def _publish(publisher: Any) -> None:
    for number in range(40):
        publisher.send(b"%03d" % number)


def _ended(proxy: FaultProxy, number: int) -> bool:
    return len(proxy.passages) > number and bool(proxy.passages[number].ended)


# All who connect


@pytest.mark.parametrize(
    "options",
    [{"reconnect_ivl": 20}, {"reconnect_ivl": 10, "reconnect_ivl_max": 80}],
    ids=["same", "growing"],
)
def test_the_next_connection_comes_when_it_was_said_to(
    zmq: Library, options: dict[str, int]
) -> None:
    """Not earlier than the monitor tells, and that is as configured."""
    sock, pull = zmq.socket(zmq.PUSH, **options), zmq.socket(zmq.PULL)
    watch = Watch(zmq, sock, zmq.EVENT_CONNECT_RETRIED)
    plans = [[Fault("reset", 10)] for _ in range(6)]
    with FaultProxy(zmq.bind(pull, "tcp"), plans) as proxy:
        sock.connect(proxy.endpoint)
        waits = [watch.next().value for _ in plans]
        until(lambda: len(proxy.passages) > len(plans))
        times = [passage.began for passage in proxy.passages]
    gaps = [(after - before) * 1000 for before, after in zip(times, times[1:])]
    assert all(gap >= wait - 2 for gap, wait in zip(gaps, waits)), (gaps, waits)
    least = options["reconnect_ivl"] // (1 + ("reconnect_ivl_max" in options))
    assert min(waits) >= least
    most = options.get("reconnect_ivl_max", 2 * 32 * options["reconnect_ivl"])
    assert max(waits) <= most
