"""ROUTER: whom it can reach when, and a device made of it by hand."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from library import Library
from marriage import marry, reaches
from patience import Background, until


@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_a_name_without_a_message(zmq: Library, transport: str) -> None:
    """It is nothing, and the next message is not the less for it."""
    router, req = zmq.socket(zmq.ROUTER), zmq.socket(zmq.REQ, routing_id=b"me")
    req.connect(zmq.bind(router, transport))
    req.send(b"question")
    assert router.recv_multipart() == [b"me", b"", b"question"]
    for name in (b"me", b"nobody", b""):
        router.send(name)
    router.send_multipart([b"me", b"", b"answer"])
    assert req.recv_multipart() == [b"answer"]


def test_many_contexts_are_reached_as_soon_as_they_have_connected(
    zmq: Library,
) -> None:
    router = zmq.socket(zmq.ROUTER, router_mandatory=1)
    endpoint = zmq.bind(router, "tcp")
    for number in range(30):
        name = b"%d" % number
        context = zmq.context()
        dealer = zmq.socket(zmq.DEALER, context=context, routing_id=name)
        dealer.connect(endpoint)
        until(partial(reaches, zmq, router, name, b"hello " + name))
        assert dealer.recv() == b"hello " + name
        dealer.close()
        context.term()


def _pass_on(zmq: Library, source: Any, drain: Any) -> None:
    """One message, part by part."""
    while True:
        part = source.recv()
        more = source.get(zmq.RCVMORE)
        drain.send(part, zmq.SNDMORE if more else 0)
        if not more:
            return


def test_a_device_made_by_hand(zmq: Library, transport: str) -> None:
    router, dealer = zmq.socket(zmq.ROUTER), zmq.socket(zmq.DEALER)
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    marry(zmq, dealer, rep, transport)
    req.connect(zmq.bind(router, transport))
    req.send_multipart([b"a", b"", b"b"])
    _pass_on(zmq, router, dealer)
    assert rep.recv() == b"a"
    assert rep.get(zmq.RCVMORE) == 1
    assert rep.recv() == b""
    assert rep.get(zmq.RCVMORE) == 1
    assert rep.recv() == b"b"
    assert rep.get(zmq.RCVMORE) == 0
    rep.send_multipart([b"c", b"d"])
    _pass_on(zmq, dealer, router)
    assert req.recv_multipart() == [b"c", b"d"]


@pytest.mark.only("pymq")
def test_many_threads_send_on_one_socket(zmq: Library, transport: str) -> None:
    """Every socket here may be used so; of libzmq's, only drafts."""
    dealer, router = zmq.socket(zmq.DEALER), zmq.socket(zmq.ROUTER)
    marry(zmq, router, dealer, transport)
    count = 500

    def send(thread: int) -> None:
        for number in range(count):
            dealer.send_multipart([b"%d" % thread, b"%d" % number])

    threads = [Background(partial(send, thread)) for thread in range(2)]
    found = [router.recv_multipart()[1:] for _ in range(2 * count)]
    for thread in threads:
        thread.result()
    for n in range(2):
        assert [b for a, b in found if a == b"%d" % n] == [
            b"%d" % number for number in range(count)
        ]
