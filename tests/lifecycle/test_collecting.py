"""Things that nobody closes: collected in any order, or left to the end."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import threading
from typing import Any

import pytest
from library import Library
from patience import until
from scripts import Script


def _made(zmq: Library, network: str) -> list[Any]:
    """Things that refer to each other, and some of which have threads."""
    context = zmq.implementation.context()
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    push.linger = 0
    push.connect(zmq.bind(pull, network))
    push.send(bytes(100_000), copy=False)
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    assert poller.poll()
    return [context, pull, push, poller, pull.recv(copy=False)]


def _held() -> tuple[int, int]:
    """Our threads, and all descriptors."""
    names = [thread.name for thread in threading.enumerate()]
    ours = sum(name.startswith("pymq") for name in names)
    return ours, len(os.listdir("/proc/self/fd"))


@pytest.mark.only("pymq")
@pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning")
@pytest.mark.parametrize("cyclic", [False, True], ids=["counted", "cycles"])
def test_any_order(zmq: Library, network: str, cyclic: bool) -> None:
    """And everything is gone: threads, descriptors."""
    gc.collect()
    before = _held()
    for order in list(itertools.permutations(range(5)))[::9]:
        things = _made(zmq, network)
        if cyclic:
            for thing in things[:4]:
                thing.__dict__["circle"] = things
            del thing, things
            gc.collect()
            continue
        for index in order:
            things[index] = None
    gc.collect()

    def gone() -> bool:
        gc.collect()
        return _held() <= before

    until(gone)


class Finalized:
    """Part of a garbage cycle, made last, and so finalized behind what it uses."""

    intact: list[bool] = []
    strangers: list[tuple[int, int]] = []  # pipes, some with descriptors that were ours

    def __init__(self, zmq: Library, transport: str, context: Any) -> None:
        self.zmq, self.body = zmq, os.urandom(1000) * 100
        self.pull, self.push = map(context.socket, (zmq.PULL, zmq.PUSH))
        self.push.linger = 0
        self.push.connect(zmq.bind(self.pull, transport))
        self.pull.fileno(), self.pull.get(zmq.FD)
        self.push.send(self.body)
        self.frame = self.pull.recv(copy=False)
        self.pull.get(zmq.EVENTS)
        self.circle = Finalizer(self)

    def use(self) -> None:
        """All the same."""
        self.strangers.extend(os.pipe() for _ in range(8))
        self.intact.append(bytes(self.frame.buffer) == self.body)
        with contextlib.suppress(self.zmq.ZMQError):
            self.push.send(b"x")
        self.push.close()
        self.pull.close()


class Finalizer:
    """What is made last."""

    def __init__(self, owner: Finalized) -> None:
        self.owner = owner

    def __del__(self) -> None:
        self.owner.use()


def _collected() -> bool:
    gc.collect()  # returns nothing on PyPy
    return True


@pytest.mark.core
@pytest.mark.only("pymq")
@pytest.mark.filterwarnings("ignore:Unclosed")
@pytest.mark.parametrize("shared", [True, False], ids=["context lives", "and context"])
def test_finalizers_may_use_it(zmq: Library, transport: str, shared: bool) -> None:
    """Python runs all those of a garbage cycle before anything of it ends.  They find
    what they refer to as it was, or closed: never freed, never a stranger's."""
    gc.collect()
    Finalized.intact.clear()
    before = _held()
    context = zmq.implementation.context()
    for _ in range(5):
        Finalized(zmq, transport, context if shared else zmq.implementation.context())
        gc.collect()
    until(lambda: _collected() and len(Finalized.intact) == 5)
    assert all(Finalized.intact)
    context.socket(zmq.PULL).close()  # also sees to what finalizers left
    context.term()
    del context
    while Finalized.strangers:
        reader, writer = Finalized.strangers.pop()
        os.close(writer)
        assert os.read(reader, 1) == b""
        os.close(reader)
    until(lambda: _collected() and _held() <= before)


BUSY = """
import threading
context = zmq.Context()
push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
pull.bind("tcp://127.0.0.1:*")
push.connect(pull.last_endpoint.decode())
push.linger = 0

def receive():
    while True:
        pull.recv()

def send():
    while True:
        push.send(b"x" * 1000)

for work in (receive, send) * 2:
    threading.Thread(target=work, daemon=True).start()
while push.poll(0, zmq.POLLOUT) and not pull.poll(1):
    pass
"""
#: Programs that end while something is going on.
ENDS = {
    "daemon threads": BUSY,
    "an error": BUSY + "raise SystemExit(0)",
    "atexit, before us": """
import atexit
context = zmq.Context()
push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
pull.bind("tcp://127.0.0.1:*")
push.connect(pull.last_endpoint.decode())

@atexit.register
def last():
    push.send(b"x")
    assert pull.recv() == b"x"
    push.close()
    pull.close()
    context.term()
""",
    "atexit, behind us": """
import atexit
context = zmq.Context()
push = context.socket(zmq.PUSH)
push.connect(endpoint)
atexit._clear()

@atexit.register
def last():
    try:
        push.send(b"x")
        made = zmq.Context()
        made.socket(zmq.PULL).bind("tcp://127.0.0.1:*")
        made.destroy()
    except zmq.ZMQError:
        pass

from pymq import exits
atexit.register(exits._leave)
""",
}


@pytest.mark.only("pymq")
@pytest.mark.parametrize("how", ENDS)
def test_a_program_ends(zmq: Library, how: str) -> None:
    with Script(zmq, ENDS[how], zmq.reserved("tcp")) as script:
        ended = script.ended()
    assert (ended.code, ended.stderr) == (0, "")
