"""XPUB and XSUB: subscriptions as messages."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from library import Library
from marriage import marry, settle
from patience import until


@pytest.mark.core
def test_subscriptions_are_messages(zmq: Library, transport: str) -> None:
    xpub, xsub = zmq.socket(zmq.XPUB), zmq.socket(zmq.XSUB)
    xsub.connect(zmq.bind(xpub, transport))
    xsub.send(b"\1topic")
    assert xpub.recv() == b"\1topic"
    xpub.send_multipart([b"topic!", b"body"])
    assert xsub.recv_multipart() == [b"topic!", b"body"]
    xsub.send(b"\0topic")
    assert xpub.recv() == b"\0topic"
    xpub.send(b"topic")
    with pytest.raises(zmq.Again):
        xsub.recv(zmq.DONTWAIT)


def test_a_sub_is_heard_too(zmq: Library, transport: str) -> None:
    xpub, sub = zmq.socket(zmq.XPUB), zmq.socket(zmq.SUB)
    sub.connect(zmq.bind(xpub, transport))
    for topic in (b"", b"a", b"\0\1\2", b"t" * 255, b"t" * 300):
        sub.subscribe(topic)
        assert xpub.recv() == b"\1" + topic
    for topic in (b"a", b"", b"t" * 300):
        sub.unsubscribe(topic)
        assert xpub.recv() == b"\0" + topic


def test_subscriptions_made_before_the_connection_arrive(
    zmq: Library, transport: str
) -> None:
    endpoint = zmq.reserved(transport)
    xpub, sub = zmq.socket(zmq.XPUB), zmq.socket(zmq.SUB)
    sub.subscribe(b"before connect")
    sub.connect(endpoint)
    sub.subscribe(b"before bind")
    xpub.bind(endpoint)
    notices = {xpub.recv(), xpub.recv()}
    assert notices == {b"\1before connect", b"\1before bind"}


@pytest.mark.core
def test_only_the_first_and_the_last_are_passed_on(
    zmq: Library, transport: str
) -> None:
    xpub = zmq.socket(zmq.XPUB)
    endpoint = zmq.bind(xpub, transport)
    first, second = zmq.socket(zmq.SUB), zmq.socket(zmq.SUB)
    for sub in (first, second):
        sub.connect(endpoint)
        settle(xpub, sub)
    for sub in (first, first, second):
        sub.subscribe(b"t")
    second.subscribe(b"u")
    assert xpub.recv() == b"\1t"
    assert xpub.recv() == b"\1u"
    first.unsubscribe(b"t")
    first.unsubscribe(b"t")
    settle(xpub, first)
    second.unsubscribe(b"t")
    assert xpub.recv() == b"\0t"


def test_a_peer_that_goes_takes_its_subscriptions_along(
    zmq: Library, transport: str
) -> None:
    xpub = zmq.socket(zmq.XPUB)
    endpoint = zmq.bind(xpub, transport)
    leaving, staying = zmq.socket(zmq.SUB), zmq.socket(zmq.SUB)
    staying.subscribe(b"both")
    leaving.subscribe(b"both")
    leaving.subscribe(b"alone")
    staying.connect(endpoint)
    assert xpub.recv() == b"\1both"
    leaving.connect(endpoint)
    assert xpub.recv() == b"\1alone"
    leaving.close()
    assert xpub.recv() == b"\0alone"
    staying.close()
    assert xpub.recv() == b"\0both"


@pytest.mark.parametrize("verbose", [0, 1])
def test_verbose_passes_duplicates_on(
    zmq: Library, transport: str, verbose: int
) -> None:
    xpub = zmq.socket(zmq.XPUB, xpub_verbose=verbose)
    xsub = zmq.socket(zmq.XSUB)
    xsub.connect(zmq.bind(xpub, transport))
    xsub.send(b"\1t")
    assert xpub.recv() == b"\1t"
    xsub.send(b"\1t")
    xsub.send(b"\1last")
    expected = [b"\1t", b"\1last"] if verbose else [b"\1last"]
    assert [xpub.recv() for _ in expected] == expected


def test_messages_may_go_upstream(zmq: Library, transport: str) -> None:
    xpub, xsub = zmq.socket(zmq.XPUB), zmq.socket(zmq.XSUB)
    marry(zmq, xpub, xsub, transport)
    xsub.send(b"user message")
    xsub.send(b"")
    assert xpub.recv() == b"user message"
    assert xpub.recv() == b""


def test_a_pub_drops_what_goes_upstream(zmq: Library, transport: str) -> None:
    pub, xsub = zmq.socket(zmq.PUB), zmq.socket(zmq.XSUB)
    marry(zmq, pub, xsub, transport)
    xsub.send(b"user message")
    settle(pub, xsub)
    with zmq.refused(errno.ENOTSUP):
        pub.recv(zmq.DONTWAIT)


@pytest.mark.core
def test_who_closes_in_the_middle_of_a_message_leaves_it(
    zmq: Library, transport: str
) -> None:
    """What follows is the peer's, and was taken for an address of ours."""
    xpub, xsub = zmq.socket(zmq.XPUB), zmq.socket(zmq.XSUB)
    xsub.connect(zmq.bind(xpub, transport))
    for number in range(2):
        xsub.send_multipart([b"%d" % number, b"A" * 16, b"B" * 100, b""])
    assert xpub.recv() == b"0" and xpub.rcvmore
    xpub.close(linger=0)


def test_an_xsub_does_not_filter_what_arrives(zmq: Library) -> None:
    xpub, xsub = zmq.socket(zmq.XPUB), zmq.socket(zmq.XSUB)
    xsub.connect(zmq.bind(xpub, "inproc"))
    xsub.send(b"\1t")
    assert xpub.recv() == b"\1t"
    xpub.send(b"t under way")
    xsub.send(b"\0t")
    assert xsub.recv() == b"t under way"


def test_an_xsub_that_unsubscribes_from_the_unknown_is_not_heard(
    zmq: Library, transport: str
) -> None:
    xpub, xsub = zmq.socket(zmq.XPUB), zmq.socket(zmq.XSUB)
    xsub.connect(zmq.bind(xpub, transport))
    xsub.send(b"\0unknown")
    xsub.send(b"\1known")
    assert xpub.recv() == b"\1known"


def test_an_xsub_hears_and_speaks_to_all(zmq: Library, transport: str) -> None:
    xsub = zmq.socket(zmq.XSUB)
    xpubs = [zmq.socket(zmq.XPUB) for _ in range(3)]
    for xpub in xpubs:
        xsub.connect(zmq.bind(xpub, transport))
    xsub.send(b"\1t")
    for number, xpub in enumerate(xpubs):
        assert xpub.recv() == b"\1t"
        xpub.send(b"t%d" % number)
    assert {xsub.recv() for _ in xpubs} == {b"t0", b"t1", b"t2"}


def test_a_restarted_publisher_hears_each_subscription_once(
    zmq: Library, network: str
) -> None:
    endpoint = zmq.reserved(network)
    sub = zmq.socket(zmq.SUB, reconnect_ivl=10)
    for topic in (b"a", b"a", b"b"):
        sub.subscribe(topic)
    sub.connect(endpoint)
    for _ in range(2):
        _publish_once(zmq, sub, endpoint)


def _publish_once(zmq: Library, sub: Any, endpoint: str) -> None:
    context = zmq.context()
    xpub = zmq.socket(zmq.XPUB, context=context, xpub_verbose=1)
    xpub.bind(endpoint)
    heard: list[bytes] = []
    while len(heard) < 2:
        # libzmq announces topics again when the SUB next enters the library.
        until(lambda: sub.poll(0) or xpub.poll(10))
        heard.append(xpub.recv())
    assert sorted(heard) == [b"\1a", b"\1b"]
    xpub.send(b"a1")
    assert sub.recv() == b"a1"
    assert not xpub.poll(0)
    xpub.close(linger=0)
    context.term()
