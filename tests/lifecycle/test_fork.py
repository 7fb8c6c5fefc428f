"""fork: the child leaves what it inherited alone, and may have contexts of its own."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from functools import partial
from typing import Any, Callable

import pytest
from library import Library
from marriage import marry
from patience import Background, until
from scripts import Script

from pymq.zmtp import sodium

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
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


#: What a child might do with a socket that it inherited.
CALLS: dict[str, Callable[[Library, Any], Any]] = {
    "send": lambda zmq, sock: sock.send(b"x"),
    "send frame": lambda zmq, sock: sock.send(zmq.Frame(b"x"), copy=False),
    "send_multipart": lambda zmq, sock: sock.send_multipart([b"x", b"y"]),
    "send_many": lambda zmq, sock: sock.send_many([b"x"]),
    "recv": lambda zmq, sock: sock.recv(),
    "recv frame": lambda zmq, sock: sock.recv(copy=False),
    "recv_multipart": lambda zmq, sock: sock.recv_multipart(),
    "recv_many": lambda zmq, sock: sock.recv_many(),
    "poll": lambda zmq, sock: sock.poll(),
    "poll both": lambda zmq, sock: sock.poll(None, 3),
    "select": lambda zmq, sock: zmq.select([sock], [], []),
    "proxy": lambda zmq, sock: zmq.proxy(sock, sock),
    "flush": lambda zmq, sock: sock.flush(),
    "set": lambda zmq, sock: sock.set(zmq.SNDHWM, 1),
    "get": lambda zmq, sock: sock.get(zmq.LINGER),
    "EVENTS": lambda zmq, sock: sock.get(zmq.EVENTS),
    "FD": lambda zmq, sock: sock.get(zmq.FD),
    "fileno": lambda zmq, sock: sock.fileno(),
    "bind": lambda zmq, sock: sock.bind("tcp://127.0.0.1:*"),
    "connect": lambda zmq, sock: sock.connect("inproc://anywhere"),
    "unbind": lambda zmq, sock: sock.unbind(zmq.last_endpoint(sock)),
    "monitor": lambda zmq, sock: sock.get_monitor_socket(),
    "another socket": lambda zmq, sock: sock.context.socket(zmq.PAIR),
}


@pytest.mark.fails_on("pyzmq", reason="the send succeeds, and nothing is ever sent")
def test_what_cannot_be_sent_is_not_said_to_be(zmq: Library, network: str) -> None:
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, network)

    def work() -> None:
        with pytest.raises(zmq.ZMQError):
            push.send(b"from a child")

    pid = _child(work)
    until(lambda: _joined(pid))


@pytest.mark.core
@pytest.mark.only("pymq")
def test_what_is_inherited_refuses_everything(zmq: Library) -> None:
    """With libzmq a child's `send` seems to work, and nothing is ever sent."""
    one, other = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
    marry(zmq, one, other, "tcp")
    for _ in range(3):
        one.send(b"for the parent")
    other.recv()  # and the others ahead

    def work() -> None:
        for call in CALLS.values():
            with pytest.raises(zmq.ForkedError, match="fork") as caught:
                call(zmq, other)
            assert caught.value.errno == errno.ENOTSOCK
        assert other.close() is None
        zmq.main.term()

    pid = _child(work)
    until(lambda: _joined(pid))
    assert [other.recv() for _ in range(2)] == [b"for the parent"] * 2


@pytest.mark.core
@pytest.mark.only("pymq")
def test_a_lock_that_another_thread_had(zmq: Library) -> None:
    """The child has its locked copy, and no such thread."""
    pair = zmq.socket(zmq.PAIR)
    pair.bind("inproc://locked")
    locks = pair._busy, zmq.main._lock, zmq.Context._instance_lock

    def work() -> None:
        zmq.Context.instance().term()
        with pytest.raises(zmq.ForkedError):
            pair.bind("inproc://another")
        pair.close()
        zmq.main.destroy()

    def fork() -> int:
        for lock in locks:
            lock.acquire()
        try:
            return Background(lambda: _child(work)).result()
        finally:
            for lock in locks:
                lock.release()

    pid = fork()
    until(lambda: _joined(pid))


def test_the_shared_context_is_the_childs_own(zmq: Library) -> None:
    shared = zmq.Context.instance()

    def work() -> None:
        own = zmq.Context.instance()
        assert own is not shared and own is zmq.Context.instance()
        one, other = own.socket(zmq.PAIR), own.socket(zmq.PAIR)
        one.connect(f"tcp://127.0.0.1:{other.bind_to_random_port('tcp://127.0.0.1')}")
        one.send(b"x")
        assert other.recv() == b"x"
        own.destroy()

    pid = _child(work)
    until(lambda: _joined(pid))
    assert zmq.Context.instance() is shared
    shared.destroy(linger=0)


def _grandchild(zmq: Library) -> None:
    """A child that uses what it has made itself may have children, too."""
    context = zmq.implementation.context()
    pull = context.socket(zmq.PULL)
    port = pull.bind_to_random_port("tcp://127.0.0.1")

    def work() -> None:
        with pytest.raises(zmq.ForkedError):
            pull.recv()
        own = zmq.implementation.context()
        push = own.socket(zmq.PUSH)
        push.connect(f"tcp://127.0.0.1:{port}")
        push.send(b"x")
        push.close()
        own.term()

    pid = _child(work)
    assert pull.recv() == b"x"
    until(lambda: _joined(pid))
    context.destroy()


@pytest.mark.only("pymq")
def test_children_of_children(zmq: Library) -> None:
    pid = _child(lambda: _grandchild(zmq))
    until(lambda: _joined(pid))


#: The first to load MODULE takes his time, in which the main thread forks.
LOADING = """
import importlib.abc, os, signal, threading, warnings
warnings.simplefilter("ignore")
begun = threading.Event()

class Slowly(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == MODULE and not begun.is_set():
            begun.set()
            threading.Event().wait(0.3)

assert MODULE not in sys.modules
sys.meta_path.insert(0, Slowly())
context = zmq.Context()
pull = context.socket(zmq.PULL)
USE
assert begun.wait(20)
child = os.fork()
if not child:
    signal.alarm(10)
    importlib.import_module(MODULE)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
context.destroy(linger=0)
"""
SEALED = """
push = context.socket(zmq.PUSH)
public, secret = zmq.curve_keypair()
for sock in (push, pull):
    sock.curve_publickey, sock.curve_secretkey = public, secret
push.curve_serverkey = public
pull.curve_server = 1
push.connect(f"tcp://127.0.0.1:{pull.bind_to_random_port('tcp://127.0.0.1')}")
"""
BINDS = "threading.Thread(target=pull.bind, args=[endpoint]).start()"
#: What is loaded late, and what for.
LATE = {
    "pymq.transports.ipc": BINDS,
    "pymq.session.connecter": BINDS,
    "pymq.zmtp.mechanisms.curve": SEALED,
}


@pytest.mark.only("pymq")
@pytest.mark.parametrize("module", LATE)
def test_a_module_that_another_thread_loads(zmq: Library, module: str) -> None:
    """Our own among them: the child would wait for it for ever."""
    if module.endswith("curve") and not sodium.available():
        pytest.skip("PyNaCl is not there")
    text = LOADING.replace("USE", LATE[module])
    with Script(zmq, f"MODULE = {module!r}\n{text}", zmq.address("ipc")) as script:
        ended = script.ended()
    assert (ended.code, ended.stderr) == (0, "")


FORKS = [30, pytest.param(1000, marks=pytest.mark.slow)]


@pytest.mark.only("pymq")
@pytest.mark.parametrize("forks", FORKS)
def test_the_parent_is_undisturbed(zmq: Library, network: str, forks: int) -> None:
    """By children that come and go under traffic: every message, once, in order."""
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, pull, push, network)
    ended: list[bool] = []

    def send() -> int:
        number = 0
        while not ended:
            push.send_multipart([b"%d" % number, bytes(number % 5000)])
            number += 1
        push.send(b"end")
        return number

    def receive() -> int:
        number = 0
        while (parts := pull.recv_multipart()) != [b"end"]:
            assert parts == [b"%d" % number, bytes(number % 5000)]
            number += 1
        return number

    sending, receiving = Background(send), Background(receive)
    ways: list[Callable[[], Any]] = [lambda: None, lambda: (push.close(), pull.close())]
    for number in range(forks):
        pid = _child(ways[number % 2])
        until(partial(_joined, pid))
    ended.append(True)
    assert sending.result() == receiving.result() > 0


LIST = "import os; print(*os.listdir('/proc/self/fd'))"


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc here")
def test_descriptors_are_not_for_other_programs(zmq: Library, network: str) -> None:
    """They are closed when a child becomes another one."""

    def inherited() -> set[str]:
        command = [sys.executable, "-c", LIST]
        done = subprocess.run(command, close_fds=False, capture_output=True, check=True)
        return set(done.stdout.decode().split())

    before = inherited()
    context = zmq.context()
    pull, push = (zmq.socket(kind, context=context) for kind in (zmq.PULL, zmq.PUSH))
    marry(zmq, pull, push, network)
    pull.get(zmq.FD), pull.get_monitor_socket()
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    poller.poll(1)
    pull.poll(1)
    if zmq.tag != "pyzmq":
        pull.fileno()
    assert inherited() == before
