"""Sockets for gevent, each test in a process of its own, patched or not."""

from __future__ import annotations

import subprocess
import sys

import pytest
from commandline import environment
from library import Library
from sanitized import SANITIZED

pytest.importorskip("gevent")
pytestmark = [
    pytest.mark.only("pymq"),
    pytest.mark.skipif(
        SANITIZED,
        reason="sanitizers that are preloaded do not bear greenlet's C++ exceptions",
    ),
]

PRELUDE = """
import gevent, time
{patch}
import pymq.green as zmq
context = zmq.Context()
def couple(one, other, url="tcp://127.0.0.1:*"):
    a, b = context.socket(one), context.socket(other)
    b.bind(url)
    a.connect(b.last_endpoint.decode())
    return a, b
"""
PATCH = "from gevent import monkey; monkey.patch_all()"

ROUND_TRIPS = """
a, b = couple(zmq.REQ, zmq.REP)
def serve():
    while True:
        b.send_multipart(b.recv_multipart())
server = gevent.spawn(serve)
for size in [0, 1, 1000, 100_000, 1_000_000]:
    a.send(b"x" * size)
    assert len(a.recv()) == size
server.kill()
"""

MANY_WAIT = """
a, b = couple(zmq.PUSH, zmq.PULL)
got = []
waiting = [gevent.spawn(lambda: got.append(b.recv())) for _ in range(20)]
gevent.sleep(0.05)
for number in range(20):
    a.send(b"%d" % number)
gevent.joinall(waiting, timeout=20, raise_error=True)
assert sorted(map(int, got)) == list(range(20))
"""

OTHERS_RUN = """
a, b = couple(zmq.PUSH, zmq.PULL)
turns = []
def count():
    while True:
        turns.append(1)
        gevent.sleep(0.001)
counter = gevent.spawn(count)
poller = zmq.Poller()
poller.register(b, zmq.POLLIN)
assert poller.poll(100) == [] and b.poll(100) == 0
assert len(turns) > 2
gevent.spawn_later(0.05, a.send, b"x")
assert poller.poll(20000) == [(b, zmq.POLLIN)]
counter.kill()
"""

NO_ROOM = """
a, b = couple(zmq.PUSH, zmq.PULL, "inproc://room")
a.close(0)
b.hwm = 1
a = context.socket(zmq.PUSH)
a.hwm = 1
b.bind("inproc://other")
a.connect("inproc://other")
sender = gevent.spawn(lambda: [a.send(b"%d" % i) for i in range(50)])
gevent.sleep(0.02)
assert not sender.ready()
assert [b.recv() for _ in range(50)] == [b"%d" % i for i in range(50)]
sender.join(20)
"""

TIMEOUT = """
a, b = couple(zmq.PUSH, zmq.PULL)
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    b.rcvtimeo = 1
assert caught[0].category is UserWarning
try:
    with gevent.Timeout(0.05):
        b.recv()
except gevent.Timeout:
    pass
else:
    raise AssertionError
a.send(b"not lost")
assert b.recv() == b"not lost"
"""

CLOSED = """
a, b = couple(zmq.PUSH, zmq.PULL)
waiting = gevent.spawn(b.recv)
gevent.sleep(0.02)
b.close()
waiting.join(20)
assert waiting.exception.errno == zmq.ENOTSOCK
"""

DEVICE = """
a, b = couple(zmq.DEALER, zmq.ROUTER)
loop = gevent.spawn(zmq.device, zmq.QUEUE, b, b)
a.send_multipart([b"to", b"and fro"])
assert a.recv_multipart() == [b"to", b"and fro"]
loop.kill()
"""

# What is waited for is another greenlet's to do: if that did not run, each would fail.
BEYOND = """
pub, sub = context.socket(zmq.PUB), context.socket(zmq.SUB)
pub.bind("tcp://127.0.0.1:*")
sub.subscribe("")
gevent.spawn_later(0.02, sub.connect, pub.last_endpoint.decode())
assert pub.wait_for_subscribers(timeout=20000)
import tempfile
with tempfile.TemporaryDirectory() as folder:
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    gevent.spawn_later(0.02, pull.bind, f"ipc://{folder}/met")
    push.connect(f"ipc://{folder}/met", timeout=20000)
    push = context.socket(zmq.PUSH)
    push.connect(f"ipc://{folder}/drained")
    push.send(b"x")
    gevent.spawn_later(0.02, pull.bind, f"ipc://{folder}/drained")
    assert push.drain(20000) == (1, 0)
    pull.close()
"""

# Many contexts end at once, each as soon as its socket hears of it and is closed.
TERM = """
contexts = [zmq.Context() for _ in range(30)]
waiting = [one.socket(zmq.PULL) for one in contexts]
for sock in waiting:
    sock.bind("tcp://127.0.0.1:*")
ends = [gevent.spawn(one.term) for one in contexts]
for sock in waiting:
    try:
        sock.recv()
    except zmq.ContextTerminated:
        assert not any(end.ready() for end in ends)
for sock in waiting:
    sock.close()
gevent.joinall(ends, timeout=20, raise_error=True)
assert all(one.closed for one in contexts)
late = zmq.Context()
sock = late.socket(zmq.PULL)
try:
    with gevent.Timeout(0.02):
        late.term()
except gevent.Timeout:
    sock.close()
    late.term()
assert late.closed
"""

# Sockets that are not green stop all greenlets, but not our own threads.
PLAIN = """
import pymq
plain = pymq.Context()
a, b = plain.socket(pymq.REQ), plain.socket(pymq.REP)
a.rcvtimeo = b.rcvtimeo = 20000
a.connect(f"tcp://127.0.0.1:{b.bind_to_random_port('tcp://127.0.0.1')}")
a.send(b"x")
b.send(b.recv())
assert a.recv() == b"x"
plain.destroy()
"""

END = """
context.destroy(linger=0)
print("well")
"""


@pytest.mark.parametrize("patch", ["", PATCH], ids=["", "patched"])
@pytest.mark.parametrize(
    "text",
    [
        ROUND_TRIPS + MANY_WAIT + OTHERS_RUN,
        NO_ROOM + TIMEOUT + CLOSED + DEVICE + PLAIN,
        BEYOND,
        TERM,
    ],
    ids=["waiting", "ends", "beyond", "term"],
)
def test_green(zmq: Library, text: str, patch: str) -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            PRELUDE.format(patch=patch) + text + END,
        ],
        env=environment(zmq.tag),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ended.stdout == "well\n", ended.stderr
