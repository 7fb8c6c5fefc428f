"""Signals: a handler runs at once, and the call it interrupts goes on or ends."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any, Callable, Iterator

import pytest
from library import Library
from marriage import marry
from patience import PATIENCE, Background


class Interrupted(Exception):
    """What a handler raises."""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM), signal.setitimer(signal.ITIMER_REAL, 0)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before[0])
    signal.setitimer(signal.ITIMER_REAL, *before[1])  # pytest-timeout's


def _soon(handler: Callable[[], Any], again: float = 0) -> None:
    signal.signal(signal.SIGALRM, lambda *_: handler())
    signal.setitimer(signal.ITIMER_REAL, 0.02, again)


def test_a_receive_goes_on(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, transport)
    handled = threading.Event()

    def send() -> None:
        assert handled.wait(PATIENCE)
        push.send(b"after the signal")

    sending = Background(send)
    _soon(handled.set)
    assert pull.recv() == b"after the signal"
    sending.result()


def test_a_send_goes_on(zmq: Library) -> None:
    push, pull = zmq.socket(zmq.PUSH, sndhwm=1), zmq.socket(zmq.PULL, rcvhwm=1)
    push.connect(zmq.bind(pull, "inproc"))
    handled = threading.Event()
    for _ in range(2):
        push.send(b"fills the queue")

    def receive() -> list[bytes]:
        assert handled.wait(PATIENCE)
        return [pull.recv() for _ in range(3)]

    receiving = Background(receive)
    _soon(handled.set)
    push.send(b"after the signal")
    assert receiving.result()[-1] == b"after the signal"


def test_a_handlers_exception_ends_the_call(zmq: Library, transport: str) -> None:
    push, pull = zmq.socket(zmq.PUSH, sndhwm=1), zmq.socket(zmq.PULL, rcvhwm=1)
    marry(zmq, pull, push, transport)
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)

    def refuse() -> None:
        raise Interrupted

    for call in (pull.recv, pull.recv_multipart, pull.poll, poller.poll):
        _soon(refuse)
        with pytest.raises(Interrupted):
            call()
    push.send(b"as before")
    assert pull.recv() == b"as before"


@pytest.mark.fails_on("pyzmq", reason="a signal now and then ends its poll")
def test_a_poll_lasts_as_long_as_it_should(zmq: Library) -> None:
    """While signals come again and again."""
    pull = zmq.socket(zmq.PULL)
    zmq.bind(pull, "tcp")
    handled: list[int] = []
    _soon(lambda: handled.append(1), again=0.01)
    began = time.monotonic()
    assert pull.poll(300) == 0
    assert time.monotonic() - began >= 0.29
    assert handled


@pytest.mark.fails_on("pyzmq", reason="sleeps on until the call's own time is over")
@pytest.mark.parametrize("call", ["recv", "poll", "poller", "flush"])
def test_a_signal_that_ends_no_sleep(zmq: Library, call: str) -> None:
    """It comes between the last look for signals and the sleep; or, which is the same
    for the sleeper, on another thread."""
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    zmq.bind(pull, "inproc")
    push.connect(zmq.reserved("tcp"))
    push.send(b"for nobody")
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    calls = {
        "recv": pull.recv,
        "poll": lambda: pull.poll(PATIENCE * 1000),
        "poller": lambda: poller.poll(PATIENCE * 1000),
        "flush": lambda: push.flush(PATIENCE * 1000),
    }

    def refuse(*_: object) -> None:
        raise Interrupted

    def aside() -> None:
        threading.Event().wait(0.1)
        signal.pthread_kill(threading.get_ident(), signal.SIGALRM)

    signal.signal(signal.SIGALRM, refuse)
    sending = Background(aside)
    started = time.monotonic()
    with pytest.raises(Interrupted):
        calls[call]()
    assert time.monotonic() - started < PATIENCE / 2
    sending.result()
