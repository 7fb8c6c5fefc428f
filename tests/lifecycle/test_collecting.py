"""Things that nobody closes: collected in any order, or left to the end."""

from __future__ import annotations

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


def _threads() -> int:
    names = [thread.name for thread in threading.enumerate()]
    return sum(name.startswith("pymq") for name in names)


@pytest.mark.only("pymq")
@pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning")
@pytest.mark.parametrize("cyclic", [False, True], ids=["counted", "cycles"])
def test_any_order(zmq: Library, network: str, cyclic: bool) -> None:
    """And everything is gone: threads, descriptors."""
    gc.collect()
    before = _threads(), len(os.listdir("/proc/self/fd"))
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
        return (_threads(), len(os.listdir("/proc/self/fd"))) <= before

    until(gone)


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
