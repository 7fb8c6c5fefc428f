"""Out of descriptors: errors with their number, and then it works again.

Each script runs in a process of its own, with a limit of its own.
"""

from __future__ import annotations

import os
import signal

import pytest
from library import Library
from rawpeer import crowd
from scripts import Script

pytestmark = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="there is no /proc here"
)

LIMIT = """
import errno, gc, logging, os, resource, time
logging.disable()
LIMIT = 60

def limit(count):
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, 200))

def used():
    for _ in range(4):  # PyPy takes one for each finalizer in a row
        gc.collect()
    return len(os.listdir("/proc/self/fd"))
"""

#: The classic: contexts and bound sockets, until there are no descriptors.
MANY = (
    LIMIT
    + """
def make(count):
    made, refused = [], 0
    for _ in range(count):
        try:
            context = zmq.Context()
            made.append(context)
            sock = context.socket(zmq.REP)
            sock.bind("tcp://127.0.0.1:*")
        except (OSError, zmq.ZMQError) as error:
            assert error.errno == errno.EMFILE, error
            refused += 1
    return made, refused

def end(made):
    for context in made:
        context.destroy(linger=0)

end(make(1)[0])
before = used()
limit(LIMIT)
made, refused = make(50)
assert 0 < refused < 50, refused
end(made)
del made
assert used() == before, (before, used())
made, refused = make(3)
assert not refused
end(made)
"""
)


LUCK = "aborts, waits for ever or spins; sometimes it does not"


@pytest.mark.core
@pytest.mark.fails_on("pyzmq", reason=LUCK)
def test_many_contexts(zmq: Library) -> None:
    with Script(zmq, MANY, "") as script:
        ended = script.ended()
    assert (ended.code, ended.stderr) == (0, "")


@pytest.mark.only("pyzmq")
def test_libzmq_aborts(zmq: Library) -> None:
    """With one limit or another."""
    for limit in range(60, 80):
        with Script(zmq, MANY.replace("LIMIT = 60", f"LIMIT = {limit}"), "") as script:
            ended = script.ended()
        if ended.code == -signal.SIGABRT:
            assert "Too many open files" in ended.stderr
            return
    raise AssertionError("it survives")


#: All that takes a descriptor, with so many left: until it goes well.
EVERY = (
    LIMIT
    + """
OURS = "EMFILE", "EAGAIN", "EINVAL"  # the last: nothing was bound
NUMBERS = [getattr(errno, name) for name in OURS]

def attempt(call):
    try:
        call()
    except (OSError, zmq.ZMQError) as error:
        assert error.errno in NUMBERS, repr(error)
        return False
    return True

def step(context, transport):
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    push.linger = 0
    push.reconnect_ivl = 1
    address = "tcp://127.0.0.1:*" if transport == "tcp" else endpoint
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    yield lambda: pull.get_monitor_socket().close()
    yield lambda: pull.bind(address)
    yield lambda: push.connect(pull.last_endpoint.decode())
    yield lambda: push.send(b"x", zmq.DONTWAIT)
    yield lambda: pull.poll(5)
    yield lambda: poller.poll(5)
    yield lambda: (pull.set(zmq.RCVTIMEO, patience), pull.recv())
    yield lambda: pull.get(zmq.FD)
    yield lambda: pull.fileno()
    yield lambda: push.flush(5)
    yield lambda: pull.unbind(pull.last_endpoint)
    pull.close()
    push.close()

def scenario(transport):
    context = zmq.Context()
    done = [attempt(call) for call in step(context, transport)]
    context.term()
    return all(done)

for transport in ("tcp", "ipc"):
    patience = 20000
    assert scenario(transport)
    before = used()
    patience = 20
    for spare in range(60):
        limit(before + spare)  # one of them lists the others
        patience = 20 if spare < 30 else 20000
        good = scenario(transport)
        limit(100)
        assert used() == before, (spare, before, used())
        if good:
            break
    assert 3 < spare < 40, spare
    patience = 20000
    assert scenario(transport)
"""
)


@pytest.mark.core
@pytest.mark.only("pymq")
def test_every_call_may_find_none(zmq: Library) -> None:
    """However many there are: no other error, none is lost, and then it works."""
    with Script(zmq, EVERY, zmq.address("ipc")) as script:
        ended = script.ended()
    assert (ended.code, ended.stderr) == (0, "")


#: A listener that cannot accept, and tells what it tried in half a second.
LISTEN = (
    LIMIT
    + """
import zmq.utils.monitor as tools
context = zmq.Context()
pull = context.socket(zmq.PULL)
watch = pull.get_monitor_socket(zmq.EVENT_ACCEPT_FAILED)
port = pull.bind_to_random_port("tcp://127.0.0.1")
pull.poll(1)
watch.poll(1)
limit(LIMIT)
print(port, flush=True)

def failed(milliseconds):
    if not watch.poll(milliseconds):
        return 0
    event = tools.recv_monitor_message(watch)
    assert event["value"] == errno.EMFILE
    return 1

assert failed(20000) and failed(20000)
began, spent, count = time.monotonic(), time.process_time(), 0
while time.monotonic() - began < 0.5:
    count += failed(500)
spent = time.process_time() - spent
print(count, round(spent * 1000), flush=True)
assert pull.recv() == b"after", "what came"
context.destroy(linger=0)
"""
).replace(
    "import zmq.utils.monitor as tools",
    "import importlib\ntools = "
    "importlib.import_module(zmq.__name__ + '.utils.monitor')",
)
STRANGERS = 70


@pytest.mark.fails_on("pyzmq", reason=LUCK)
def test_a_listener_that_cannot_accept(zmq: Library) -> None:
    """It tries ten times a second.  libzmq as often as it can: it uses up a CPU."""
    with Script(zmq, LISTEN, "") as script:
        endpoint = f"tcp://127.0.0.1:{script.line()}"
        with crowd(endpoint, STRANGERS):
            count, milliseconds = map(int, script.line().split())
        assert count <= 7 and milliseconds < 300
        push = zmq.socket(zmq.PUSH)
        push.connect(endpoint)
        push.send(b"after")
        ended = script.ended()
    assert (ended.code, ended.stderr) == (0, "")


def test_a_connection_that_waits_for_a_descriptor(zmq: Library) -> None:
    """What is sent meanwhile is kept, and sent when there is one."""
    text = (
        LIMIT
        + """
context = zmq.Context()
push = context.socket(zmq.PUSH)
push.reconnect_ivl = 5
push.bind("tcp://127.0.0.1:*")
watch = push.get_monitor_socket(zmq.EVENT_CONNECT_RETRIED)
watch.poll(1)
limit(used() - 1)
push.connect(endpoint)
for number in range(10):
    push.send(b"%d" % number)
assert watch.poll(20000)
print("retried", flush=True)
sys.stdin.readline()
limit(100)
push.close()
context.destroy()
"""
    )
    pull = zmq.socket(zmq.PULL)
    with Script(zmq, text, zmq.bind(pull, "tcp")) as script:
        assert script.line() == "retried", script.ended()
        assert not pull.poll(50)
        ended = script.ended(b"\n")
        assert [pull.recv() for _ in range(10)] == [b"%d" % n for n in range(10)]
    assert (ended.code, ended.stderr) == (0, "")
