"""RCVTIMEO, SNDTIMEO and DONTWAIT: three ways not to wait for ever."""

from __future__ import annotations

import time

import pytest
from library import Library
from marriage import marry
from patience import Background


@pytest.mark.core
@pytest.mark.parametrize("kind", ["PULL", "SUB", "REP", "DEALER", "ROUTER", "PAIR"])
def test_nothing_to_receive(zmq: Library, kind: str) -> None:
    sock = zmq.socket(getattr(zmq, kind))
    zmq.bind(sock, "tcp")
    with pytest.raises(zmq.Again):
        sock.recv(zmq.DONTWAIT)
    for timeout in (0, 20):
        sock.set(zmq.RCVTIMEO, timeout)
        with pytest.raises(zmq.Again):
            sock.recv()


@pytest.mark.core
@pytest.mark.parametrize("kind", ["PUSH", "REQ", "DEALER", "PAIR"])
def test_nobody_to_send_to(zmq: Library, kind: str) -> None:
    sock = zmq.socket(getattr(zmq, kind))
    zmq.bind(sock, "tcp")
    with pytest.raises(zmq.Again):
        sock.send(b"", zmq.DONTWAIT)
    for timeout in (0, 20):
        sock.set(zmq.SNDTIMEO, timeout)
        with pytest.raises(zmq.Again):
            sock.send(b"")


def test_a_timeout_is_waited_for(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL, rcvtimeo=150)
    zmq.bind(pull, "inproc")
    began = time.monotonic()
    with pytest.raises(zmq.Again):
        pull.recv()
    assert time.monotonic() - began >= 0.145


def test_what_comes_in_time_is_received(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    waiting = Background(pull.recv)
    push.send(b"in time")
    assert waiting.result() == b"in time"


def test_a_timed_out_request_leaves_the_state_alone(zmq: Library) -> None:
    req, rep = zmq.socket(zmq.REQ), zmq.socket(zmq.REP)
    marry(zmq, rep, req, "inproc")
    req.send(b"?")
    with pytest.raises(zmq.Again):
        req.recv(zmq.DONTWAIT)
    with zmq.refused(zmq.EFSM):
        req.send(b"again?")
    assert rep.recv() == b"?"
    with zmq.refused(zmq.EFSM):
        rep.recv(zmq.DONTWAIT)
    rep.send(b"!")
    assert req.recv() == b"!"


def test_a_failed_send_may_be_repeated(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH, sndhwm=1)
    pull = zmq.socket(zmq.PULL, rcvhwm=1)
    push.connect(zmq.bind(pull, "inproc"))
    push.send_multipart([b"0", b"a"])
    push.send_multipart([b"1", b"a"])
    with pytest.raises(zmq.Again):
        push.send(b"2", zmq.SNDMORE | zmq.DONTWAIT)
    assert pull.recv_multipart() == [b"0", b"a"]
    assert pull.recv_multipart() == [b"1", b"a"]
    push.send_multipart([b"2", b"a"])
    assert pull.recv_multipart() == [b"2", b"a"]
