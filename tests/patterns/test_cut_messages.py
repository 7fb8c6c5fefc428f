"""A message whose receiver leaves before its last part: nobody gets any of it."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import until
from watching import Watch

KINDS = [("PUSH", "PULL"), ("DEALER", "DEALER")]


class Cut:
    """A sender that has sent the first part of a message to a peer that then left;
    another peer has come since."""

    def __init__(self, zmq: Library, network: str, kinds: tuple[str, str]) -> None:
        self.sender = zmq.socket(getattr(zmq, kinds[0]))
        watched = Watch(zmq, self.sender, zmq.EVENT_ALL & ~zmq.EVENT_CLOSED)
        gone = zmq.socket(getattr(zmq, kinds[1]))
        endpoint = marry(zmq, self.sender, gone, network)
        self.sender.send(b"cut", zmq.SNDMORE)
        gone.close(linger=0)
        watched.until("DISCONNECTED")
        self.receiver = zmq.socket(getattr(zmq, kinds[1]))
        self.receiver.connect(endpoint)
        watched.until("HANDSHAKE_SUCCEEDED")

    def check(self, zmq: Library) -> None:
        """What arrives is the next message; libzmq may swallow some more, whole."""
        sent = itertools.count()

        def send() -> bool:
            self.sender.send_multipart([b"whole", b"%d" % next(sent)])
            return bool(self.receiver.poll(20))

        until(send)
        whole, number = self.receiver.recv_multipart()
        assert whole == b"whole"
        assert number == b"0" or zmq.tag == "pyzmq"


@pytest.mark.parametrize("kinds", KINDS, ids=lambda kinds: kinds[0])
def test_the_rest_is_dropped(
    zmq: Library, network: str, kinds: tuple[str, str]
) -> None:
    cut = Cut(zmq, network, kinds)
    cut.sender.send(b"of", zmq.SNDMORE)
    cut.sender.send(b"the rest")
    cut.check(zmq)


@pytest.mark.parametrize("kinds", KINDS, ids=lambda kinds: kinds[0])
def test_without_waiting_either(
    zmq: Library, network: str, kinds: tuple[str, str]
) -> None:
    """libzmq may refuse a part meanwhile; it is not delivered then either."""
    cut = Cut(zmq, network, kinds)
    for part, flags in ((b"of", zmq.SNDMORE), (b"the rest", 0)):
        with contextlib.suppress(zmq.Again):
            cut.sender.send(part, flags | zmq.DONTWAIT)
    cut.check(zmq)


@pytest.mark.fails_on("pyzmq", reason="may swallow the next request too")
def test_the_rest_of_a_request_is_dropped(zmq: Library, network: str) -> None:
    req, rep = zmq.socket(zmq.REQ, req_relaxed=1), zmq.socket(zmq.REP)
    watched = Watch(zmq, req, zmq.EVENT_ALL & ~zmq.EVENT_CLOSED)
    endpoint = marry(zmq, req, rep, network)
    req.send(b"cut", zmq.SNDMORE)
    rep.close(linger=0)
    watched.until("DISCONNECTED")
    successor = zmq.socket(zmq.REP)
    successor.connect(endpoint)
    watched.until("HANDSHAKE_SUCCEEDED")
    req.send(b"the rest")
    _asked(req, successor)


def _asked(req: Any, rep: Any) -> None:
    req.send_multipart([b"whole", b"question"])
    assert rep.recv_multipart() == [b"whole", b"question"]
    rep.send(b"answer")
    assert req.recv() == b"answer"
