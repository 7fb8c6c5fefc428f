"""fork: the child leaves what it inherited alone, and may have contexts of its own."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import Any, Callable

import pytest
from library import Library
from patience import until

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork"),
    # Python warns of what these tests are about.
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def _child(work: Callable[[], Any]) -> int:
    """Run `work` in a child; its process id.  Its exit code is 0 if nothing fails."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.alarm(60)
        work()
        code = 0
    finally:
        os._exit(code)


def _joined(pid: int) -> bool:
    """Whether the child is over, which must have gone well."""
    done, status = os.waitpid(pid, os.WNOHANG)
    assert not done or status == 0, status
    return bool(done)


def test_a_child_closes_what_it_inherited(zmq: Library, network: str) -> None:
    """And then talks to its parent, from a context of its own."""
    context = zmq.context()
    pull = zmq.socket(zmq.PULL, context=context)
    endpoint = zmq.bind(pull, network)

    def work() -> None:
        pull.close()
        context.term()
        own = zmq.implementation.context()
        push = own.socket(zmq.PUSH)
        push.connect(endpoint)
        for number in range(5):
            push.send(b"%d" % number)
        push.close(linger=20_000)
        own.term()

    pid = _child(work)
    assert [pull.recv() for _ in range(5)] == [b"%d" % n for n in range(5)]
    until(lambda: _joined(pid))
    again = zmq.socket(zmq.PUSH, context=context)
    again.connect(endpoint)
    again.send(b"still here")
    assert pull.recv() == b"still here"


def test_a_child_does_not_disturb_connections(zmq: Library, network: str) -> None:
    """Not even one that leaves everything behind without closing it."""
    context = zmq.context()
    pull, push = (zmq.socket(k, context=context) for k in (zmq.PULL, zmq.PUSH))
    push.connect(zmq.bind(pull, network))
    push.send(b"before")
    assert pull.recv() == b"before"
    children = [_child(lambda: None), _child(lambda: (push.close(), pull.close()))]
    for number in range(100):
        push.send(b"%d" % number)
    assert [pull.recv() for _ in range(100)] == [b"%d" % n for n in range(100)]
    for pid in children:
        until(partial(_joined, pid))
    push.send(b"after")
    assert pull.recv() == b"after"
