"""What connections and bursts took is given back."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from library import TIMEOUT, Library
from sanitized import SANITIZED
from scripts import Script

from pymq.zmtp import sodium

pytestmark = [
    pytest.mark.skipif(
        not os.path.exists("/proc/self/statm"), reason="there is no /proc here"
    ),
    pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps what was freed"),
]

SOURCES = Path(__file__).parents[2] / "csrc"

MEASURES = """
import gc, os
def size():
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
def descriptors():
    return len(os.listdir("/proc/self/fd"))
context = zmq.Context()
transport, *numbers = endpoint.split()
numbers = [int(number) for number in numbers]
address = {"tcp": "tcp://127.0.0.1:*", "ipc": "ipc://*"}.get(transport, "inproc://x")
"""

#: Each cycle is a socket that connects, sends and closes, or disconnects and goes on.
CYCLES = (
    MEASURES
    + """
warm, count = numbers
pull = context.socket(zmq.PULL)
pull.bind(address)
where = pull.last_endpoint.decode()
stays = context.socket(zmq.PUSH)

def cycle(number):
    push = stays if number % 2 else context.socket(zmq.PUSH)
    push.connect(where)
    push.send(b"%d" % number)
    assert pull.recv() == b"%d" % number
    if push is stays:
        push.disconnect(where)
    else:
        push.close()

for number in range(warm):
    cycle(number)
before, held, least = size(), descriptors(), None
for number in range(count):
    cycle(number)
grown = size() - before
stays.close()
pull.close()
context.term()
print(grown, held, descriptors(), flush=True)
"""
)
COUNTS = [(200, 400), pytest.param((2000, 100_000), marks=pytest.mark.slow)]


@pytest.mark.only("pymq")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_connections_leave_nothing(
    zmq: Library, network: str, counts: tuple[int, int]
) -> None:
    warm, count = counts
    with Script(zmq, CYCLES, f"{network} {warm} {count}") as script:
        grown, held, left = map(int, script.line().split())
        assert script.ended().code == 0
    print(f"{zmq.tag}, {network}, {count} cycles: {grown / 2**20:+.2f} MiB")
    assert abs(grown) < 2 * 2**20
    assert left < held  # the listener, the threads' and the connections' own


#: Messages are queued with nobody to read them, and then they are read.
BURST = (
    MEASURES
    + """
total, length = numbers
push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
push.sndhwm = pull.rcvhwm = 0
push.linger = 0
body = bytearray(length)
pull.bind(address)
push.connect(pull.last_endpoint.decode())

def burst(count):
    for _ in range(count):
        push.send(body)
    full = size()
    for _ in range(count):
        assert len(pull.recv()) == length
    return full

def rest():
    for _ in range(100):  # on a busy machine there are many seconds between looks
        assert not pull.poll(1100)  # somebody has to have nothing to do
        after = size()
        if after - before < 40 * 2**20:
            break
    return after

burst(3)
before = size()
full = burst(total // length)
after = rest()
burst(total // length // 2)  # what was given back is used again
print(before, full, after, rest(), flush=True)
context.destroy()
"""
)
GIB2 = 2 * 2**30
SLOW = pytest.mark.slow
BURSTS = [
    *(pytest.param(length, 100 * 2**20) for length in (3000, 1_000_000)),
    *(pytest.param(n, GIB2, marks=SLOW) for n in (100, 3000, 50_000, 1_000_000)),
]


@pytest.mark.fails_on("pyzmq", reason="keeps it, but for long messages of a connection")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("length", "total"), BURSTS)
def test_a_burst_returns_its_memory(
    zmq: Library, transport: str, length: int, total: int
) -> None:
    """But for 32 MiB, of which there is no telling whether they are wanted again."""
    with Script(zmq, BURST, f"{transport} {total} {length}") as script:
        before, full, *after = map(int, script.line().split())
        assert script.ended().code == 0
    text = f"{zmq.tag}, {transport}, {total} bytes in messages of {length}"
    sizes = ", ".join(f"{size / 2**20:.1f}" for size in (before, full, *after))
    print(f"{text}: {sizes} MiB before, full, after, after half as much")
    assert full - before > total * 3 // 4
    assert max(after) - before < 40 * 2**20


#: Sends as many messages as it is told to, and says how large it is.
SEALED = (
    MEASURES
    + """
import ctypes
trim = getattr(ctypes.CDLL(None), "malloc_trim", len)
push = context.socket(zmq.PUSH, sndhwm=0, linger=0)
public, push.curve_secretkey = zmq.curve_keypair()
push.curve_server = 1
push.bind(address)
print(push.last_endpoint.decode(), public.decode(), flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        push.send(bytes(65536))
    trim(0)  # what was freed is no longer ours
    print(size(), flush=True)
"""
)


@pytest.mark.only("pymq")
@pytest.mark.skipif(not sodium.available(), reason="PyNaCl is not there")
def test_what_was_sealed_leaves_nothing(zmq: Library) -> None:
    """A connection that has nothing to send has no room for what it seals."""
    peers, count = 100, 6
    with Script(zmq, SEALED, "tcp") as script:

        def sent(messages: int) -> int:
            assert script.process.stdin is not None
            script.process.stdin.write(b"%d\n" % messages)
            script.process.stdin.flush()
            return int(script.line())

        endpoint, key = script.line().split()
        public, secret = zmq.curve_keypair()
        keys = {"curve_publickey": public, "curve_secretkey": secret}
        options = {**keys, "curve_serverkey": key.encode(), "rcvhwm": 0}
        pulls = [zmq.socket(zmq.PULL, **options) for _ in range(peers)]
        for pull in pulls:
            pull.connect(endpoint, timeout=TIMEOUT)
        before = sent(0)
        for number in (peers * count, peers):
            after = sent(number)
            for pull in pulls:
                for _ in range(number // peers):
                    assert len(pull.recv()) == 65536
        after = sent(1)
    print(f"{zmq.tag}: {(after - before) / peers:.0f} bytes for each")
    assert after - before < peers * 65536


@pytest.mark.only("native")
def test_other_c_libraries_need_not_know_glibc() -> None:
    """Its macros are none elsewhere, which a preprocessor stumbles over."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    source = b'#undef __GLIBC__\n#undef __GLIBC_PREREQ\n#include "trim.c"\n'
    command = [compiler, "-fsyntax-only", "-include", "stdlib.h", "-x", "c", "-"]
    subprocess.run(command, input=source, cwd=SOURCES, check=True)
