"""Ctrl-C ends every call that blocks, and the socket goes on.

The signal comes on another thread, as the system is free to do: it ends no sleep of the
main thread, which has to look for itself.
"""

from __future__ import annotations

import contextlib
import errno
import signal
import threading
import time
from importlib import import_module
from typing import Any, Callable, Iterator

import pytest
from library import Library
from marriage import marry
from patience import PATIENCE, Background, until

pytestmark = pytest.mark.only("pymq")

BOUND = 0.2  # seconds
TRIES = 5  # on a machine that stalls


class Stage:
    """Two sockets that are married, one that nobody talks to, and one that is full."""

    def __init__(self, zmq: Library) -> None:
        self.zmq = zmq
        self.context = zmq.context()
        self.one, self.other = self._new("PAIR"), self._new("PAIR")
        self.endpoint = marry(zmq, self.one, self.other, "tcp")
        self.idle = self._new("DEALER")
        self.bound = zmq.bind(self.idle, "tcp")
        self.full = self._new("PUSH")
        self.full.sndhwm = 1
        self.full.connect(zmq.reserved("tcp"))
        self.full.send(b"for nobody")
        self.poller = zmq.Poller()
        self.poller.register(self.idle, zmq.POLLIN)

    def _new(self, kind: str) -> Any:
        sock = self.zmq.socket(getattr(self.zmq, kind), context=self.context)
        sock.rcvtimeo = sock.sndtimeo = -1
        return sock

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """The control thread, for which some calls wait, is busy."""
        going_on = threading.Event()
        self.context._control.call(going_on.wait)
        try:
            yield
        finally:
            going_on.set()

    def works(self) -> None:
        """Everything as before, which ends with a term that goes well."""
        self.one.send(b"there")
        assert self.other.recv() == b"there"
        self.other.send_multipart([b"and", b"back"])
        assert self.one.recv_multipart() == [b"and", b"back"]

    def ends(self) -> None:
        """It can still be closed."""
        Background(lambda: self.context.destroy(linger=0)).result()


def _monitor_message(stage: Stage) -> None:
    reader = stage.idle.get_monitor_socket()
    tools = import_module("pymq.utils.monitor")
    while True:
        tools.recv_monitor_message(reader)


def _within(stage: Stage) -> None:
    with stage.context:
        pass


Call = Callable[[Stage], Any]

#: What blocks for ever.
CALLS: dict[str, Call] = {
    "recv": lambda it: it.idle.recv(),
    "recv frame": lambda it: it.idle.recv(copy=False),
    "recv_multipart": lambda it: it.idle.recv_multipart(),
    "recv_multipart frames": lambda it: it.idle.recv_multipart(copy=False),
    "recv_many": lambda it: it.idle.recv_many(),
    "recv_into": lambda it: it.idle.recv_into(bytearray(5)),
    "recv_string": lambda it: it.idle.recv_string(),
    "poll": lambda it: it.idle.poll(),
    "poll both": lambda it: it.full.poll(None, 3),
    "Poller": lambda it: it.poller.poll(),
    "select": lambda it: it.zmq.select([it.idle], [it.full], []),
    "zmq_poll": lambda it: it.zmq.zmq_poll([(it.idle, 1), (it.full, 2)]),
    "send": lambda it: it.full.send(b"x"),
    "send frame": lambda it: it.full.send(bytes(100_000), copy=False),
    "send_multipart": lambda it: it.full.send_multipart([b"x", b"y"]),
    "send_many": lambda it: it.full.send_many([b"x"] * 3000),
    "flush": lambda it: it.full.flush(),
    "proxy": lambda it: it.zmq.proxy(it.idle, it.full),
    "proxy_steerable": lambda it: it.zmq.proxy_steerable(
        it.idle, it.full, None, it.one
    ),
    "monitored_queue": lambda it: import_module("pymq.devices").monitored_queue(
        it.idle, it.full, it.other
    ),
    "recv_monitor_message": _monitor_message,
    "tracker": lambda it: it.full.send(
        bytes(100_000), it.zmq.DONTWAIT, copy=False, track=True
    ).wait(),
}
#: What waits for the control thread.
STALLED: dict[str, Call] = {
    "close": lambda it: it.idle.close(),
    "unbind": lambda it: it.idle.unbind(it.bound),
    "disconnect": lambda it: it.full.disconnect(it.zmq.last_endpoint(it.full)),
    "leave bind": lambda it: it.idle.bind("tcp://127.0.0.1:*").__exit__(),
    "drain": lambda it: it.idle.drain(),
}
#: What waits until all is sent.
ENDS: dict[str, Call] = {
    "drain": lambda it: it.full.drain(),
    "term": lambda it: it.context.term(),
    "destroy": lambda it: it.context.destroy(),
    "with": _within,
}


@pytest.fixture(autouse=True)
def _ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _interrupted(call: Callable[[], Any]) -> float:
    """How long the call went on after Ctrl-C."""
    sent: list[float] = []
    ready = threading.Event()

    def press() -> None:
        assert ready.wait(PATIENCE)
        threading.Event().wait(0.03)
        sent.append(time.monotonic())
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    pressing = Background(press)
    with pytest.raises(KeyboardInterrupt):
        ready.set()
        call()
        raise AssertionError("it came back")
    pressing.result()
    return time.monotonic() - sent[0]


def _soon_enough(attempt: Callable[[], float]) -> None:
    took = [attempt()]
    while min(took) > BOUND:
        assert len(took) < TRIES, took
        took.append(attempt())


@pytest.mark.parametrize("name", CALLS)
def test_a_call_ends(zmq: Library, name: str) -> None:
    stage = Stage(zmq)
    if name == "tracker":
        stage.full.sndhwm = 100
    _soon_enough(lambda: _interrupted(lambda: CALLS[name](stage)))
    stage.works()
    stage.ends()


@pytest.mark.parametrize("name", STALLED)
def test_what_waits_for_the_control_thread(zmq: Library, name: str) -> None:
    """It is done all the same, as soon as that can."""

    def attempt() -> float:
        stage = Stage(zmq)
        stage.full.linger = 0
        with stage.stalled():
            took = _interrupted(lambda: STALLED[name](stage))
        stage.works()
        stage.ends()
        return took

    _soon_enough(attempt)


def test_what_was_interrupted_is_done(zmq: Library) -> None:
    """What unbind and close were to give up is free soon after."""
    stage = Stage(zmq)

    def bound(sock: Any) -> bool:
        try:
            sock.bind(stage.bound)
        except zmq.ZMQError as error:
            assert error.errno == errno.EADDRINUSE
            return False
        return True

    with stage.stalled():
        _interrupted(lambda: stage.idle.unbind(stage.bound))
    until(lambda: bound(stage.idle))
    with stage.stalled():
        _interrupted(stage.idle.close)
    assert stage.idle.closed
    again = zmq.socket(zmq.PULL)
    until(lambda: bound(again))
    stage.works()
    stage.ends()


@pytest.mark.parametrize("name", ENDS)
def test_an_end_ends(zmq: Library, name: str) -> None:
    """It goes on in the background, and can be waited for again."""

    def attempt() -> float:
        stage = Stage(zmq)
        if name in ("term", "with"):
            for sock in (stage.one, stage.other, stage.idle, stage.full):
                sock.close()
        took = _interrupted(lambda: ENDS[name](stage))
        assert not stage.context.closed
        assert stage.full.drain(linger=0) == (0, 1)
        if name == "drain":
            stage.works()
        stage.ends()
        return took

    _soon_enough(attempt)
