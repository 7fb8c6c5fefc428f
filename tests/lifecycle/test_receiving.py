"""The receiving twin: the sender has gone, and the kernel still holds what it sent.

libzmq 4.3.5 loses it if RCVHWM pauses its input just then and the transport is ipc.
"""

from __future__ import annotations

import pytest
from library import Library
from marriage import marry
from patience import Background
from rawpeer import connect, message
from scripts import Script

KILLED = """
import os, signal
push = zmq.Context().socket(zmq.PUSH)
push.sndhwm = 0
push.connect(endpoint)
for number in range(1000):
    push.send_multipart([b"%d" % number, bytes(200)])
if push.flush(60_000):
    print("flushed", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
HANGUP = "libzmq 4.3.5 stops reading when ipc hangs up while RCVHWM pauses input"


def _body(number: int) -> bytes:
    return b"%08d" % number + bytes(100)


@pytest.mark.core
@pytest.mark.fails_on("pyzmq", reason=HANGUP)
@pytest.mark.parametrize("mark", [1, 10, 100])
def test_the_end_comes_while_input_is_paused(
    zmq: Library, network: str, mark: int
) -> None:
    pull = zmq.socket(zmq.PULL, rcvhwm=mark)
    with connect(zmq.bind(pull, network)) as peer:
        peer.handshake(b"PUSH")
        peer.send(b"".join(message(_body(number)) for number in range(300)))
    for number in range(300):
        assert pull.recv() == _body(number)


@pytest.mark.only("pymq")
@pytest.mark.parametrize("mark", [1, 10, 100])
def test_a_sender_of_libzmq_ends(zmq: Library, network: str, mark: int) -> None:
    theirs = pytest.importorskip("zmq")
    pull = zmq.socket(zmq.PULL, rcvhwm=mark)
    context = theirs.Context()
    push = context.socket(theirs.PUSH)
    push.sndhwm = 0
    push.connect(zmq.bind(pull, network))
    for number in range(300):
        push.send(_body(number))
    push.close()
    ending = Background(context.term)
    for number in range(300):
        assert pull.recv() == _body(number)
    ending.result()


@pytest.mark.core
@pytest.mark.only("pymq")
@pytest.mark.parametrize("mark", [10, 1000])
def test_what_was_flushed_survives_a_kill(
    zmq: Library, network: str, mark: int
) -> None:
    pull = zmq.socket(zmq.PULL, rcvhwm=mark)
    with Script(zmq, KILLED, zmq.bind(pull, network)) as script:
        reading = Background(lambda: [pull.recv_multipart()[0] for _ in range(1000)])
        assert script.line() == "flushed"
        script.ended()
        assert reading.result() == [b"%d" % number for number in range(1000)]


@pytest.mark.fails_on("pyzmq", reason=HANGUP)
@pytest.mark.parametrize("count", [1, 40])
def test_a_half_closed_peer_is_read_to_the_end(
    zmq: Library, network: str, count: int
) -> None:
    dealer, other = zmq.socket(zmq.DEALER, rcvhwm=1), zmq.socket(zmq.DEALER)
    marry(zmq, dealer, other, network)
    for _ in range(count):
        other.send(_body(count))
    other.close()
    for _ in range(count):
        assert dealer.recv() == _body(count)
