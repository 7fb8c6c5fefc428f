"""What context options do: to new sockets, and to the threads."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from library import Library
from marriage import marry
from patience import until

SCHED_FIFO = 1


@pytest.mark.core
@pytest.mark.parametrize("value", [0, 1])
def test_ipv6_is_for_new_sockets(zmq: Library, value: int) -> None:
    context = zmq.context()
    old = zmq.socket(zmq.PUSH, context=context)
    context.set(zmq.IPV6, value)
    new = zmq.socket(zmq.PUSH, context=context)
    assert (old.ipv6, new.ipv6) == (0, value)
    context.set(zmq.IPV6, 0)
    assert zmq.socket(zmq.PUSH, context=context).ipv6 == 0


@pytest.mark.core
def test_blocky_is_for_new_sockets(zmq: Library) -> None:
    context = zmq.context()
    old = zmq.socket(zmq.PUSH, context=context)
    context.set(zmq.BLOCKY, 0)
    new = zmq.socket(zmq.PUSH, context=context)
    assert (old.linger, new.linger) == (-1, 0)
    context.set(zmq.BLOCKY, 7)
    assert context.get(zmq.BLOCKY) == 1
    assert zmq.socket(zmq.PUSH, context=context).linger == -1


def test_term_does_not_wait_for_a_peer_without_blocky(zmq: Library) -> None:
    context = zmq.context()
    context.set(zmq.BLOCKY, 0)
    push = context.socket(zmq.PUSH)
    push.connect(zmq.reserved("tcp"))
    push.send(b"for nobody")
    push.close()
    context.term()


@pytest.mark.only("pymq")
def test_blocky_as_an_attribute(zmq: Library) -> None:
    """pyzmq takes it for a socket's default then, which no socket has."""
    context = zmq.context()
    context.blocky = 0
    assert context.blocky == context.get(zmq.BLOCKY) == 0
    assert zmq.socket(zmq.PUSH, context=context).linger == 0


@pytest.mark.core
def test_defaults_of_sockets_are_attributes(zmq: Library) -> None:
    """A default of sockets, even where the context has an option of that name."""
    context = zmq.context()
    with pytest.raises(AttributeError):
        context.linger  # noqa: B018 - reading it is the test
    context.linger = 5
    context.ipv6 = 1
    assert (context.linger, context.ipv6) == (5, 1)
    assert context.get(zmq.IPV6) == 0
    sock = zmq.socket(zmq.PUSH, context=context)
    assert (sock.linger, sock.ipv6) == (5, 1)


@pytest.mark.core
def test_other_constants_are_no_attributes(zmq: Library) -> None:
    context = zmq.context()
    for name in ("pollin", "push", "no_such_option"):
        with pytest.raises(AttributeError):
            getattr(context, name)
        with pytest.raises(AttributeError):
            setattr(context, name, 1)
    with pytest.raises(AttributeError):
        context.thread_affinity_cpu_add  # noqa: B018 - it can only be set


def test_context_options_are_attributes(zmq: Library) -> None:
    context = zmq.context()
    context.max_sockets = 3
    context.IO_THREADS = 2
    assert (context.get(zmq.MAX_SOCKETS), context.io_threads) == (3, 2)


linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs Linux's /proc"
)
scheduling = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="PyPy's os has no sched_*"
)


def _threads() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/task")}


def _started(zmq: Library, context: Any) -> set[int]:
    """The threads that a context makes for its first connection."""
    before = _threads()
    pull = zmq.socket(zmq.PULL, context=context)
    push = zmq.socket(zmq.PUSH, context=context)
    marry(zmq, pull, push, "tcp")
    return _threads() - before


def _name(thread: int) -> str:
    return Path(f"/proc/self/task/{thread}/comm").read_text().strip()


@linux
@scheduling
def test_cpus_of_the_threads(zmq: Library) -> None:
    cpu = max(os.sched_getaffinity(0))
    context = zmq.context()
    for number in (cpu, cpu + 1):
        context.set(zmq.THREAD_AFFINITY_CPU_ADD, number)
    context.set(zmq.THREAD_AFFINITY_CPU_REMOVE, cpu + 1)
    made = _started(zmq, context)
    assert made
    until(lambda: all(os.sched_getaffinity(thread) == {cpu} for thread in made))
    assert os.sched_getaffinity(0) >= {cpu}


@linux
def test_a_cpu_that_was_not_added(zmq: Library) -> None:
    context = zmq.context()
    context.set(zmq.THREAD_AFFINITY_CPU_ADD, 0)
    with zmq.refused(errno.EINVAL):
        context.set(zmq.THREAD_AFFINITY_CPU_REMOVE, 1)


@linux
@scheduling
def test_policy_and_priority_of_the_threads(zmq: Library) -> None:
    context = zmq.context()
    context.set(zmq.THREAD_SCHED_POLICY, SCHED_FIFO)
    context.set(zmq.THREAD_PRIORITY, 3)
    if not _may_be_real_time():
        pytest.skip("real-time scheduling is not allowed here")
    made = _started(zmq, context)
    assert made
    until(lambda: all(os.sched_getscheduler(one) == SCHED_FIFO for one in made))
    until(lambda: all(os.sched_getparam(one).sched_priority == 3 for one in made))
    assert os.sched_getscheduler(0) != SCHED_FIFO


def _may_be_real_time() -> bool:
    """Tried in a child."""
    script = f"import os; os.sched_setscheduler(0, {SCHED_FIFO}, os.sched_param(3))"
    done = subprocess.run([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    return done.returncode == 0


@linux
def test_names_of_the_threads(zmq: Library) -> None:
    if sys.version_info >= (3, 14) and zmq.tag == "pure":
        pytest.skip("from 3.14 on Python names its threads itself")
    context = zmq.context()
    context.set(zmq.THREAD_NAME_PREFIX, 123)
    made = _started(zmq, context)
    until(lambda: any(_name(thread).startswith("123/") for thread in made))
    assert not _name(os.getpid()).startswith("123/")


@linux
@scheduling
@pytest.mark.only("pymq")
@pytest.mark.parametrize("wrong", ["cpus", "policy"])
def test_what_the_system_refuses_is_an_error(zmq: Library, wrong: str) -> None:
    """libzmq aborts, or writes where it must not."""
    context = zmq.context()
    if wrong == "cpus":
        context.set(zmq.THREAD_AFFINITY_CPU_ADD, 2**31 - 1)
    else:
        context.set(zmq.THREAD_SCHED_POLICY, 4711)
    pull = zmq.socket(zmq.PULL, context=context)
    with zmq.refused(errno.EINVAL):
        pull.bind("tcp://127.0.0.1:*")
    pull.bind("inproc://needs-no-thread")
