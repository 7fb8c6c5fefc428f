"""Forks by two threads, while three others make, use and close sockets.

So a child begins at any moment of their calls, with locks that nobody has any more, and
at first with modules that others are loading.
"""

from __future__ import annotations

import os

import pytest
from library import Library
from scripts import Script

TEXT = """
import faulthandler, os, random, sys, threading, traceback, warnings
warnings.simplefilter("ignore")
folder, forks = endpoint.split()
KINDS = ("PUSH", "PULL"), ("DEALER", "ROUTER"), ("PAIR", "PAIR")
shared, over, done, counts = zmq.Context(), threading.Event(), [], []
kept = shared.socket(zmq.PAIR)
kept.bind("tcp://127.0.0.1:*")
begin = threading.Barrier(5)

def exchange(context, chance, name):
    one, other = (context.socket(getattr(zmq, kind)) for kind in chance.choice(KINDS))
    one.sndtimeo = other.rcvtimeo = 60_000
    where = "tcp://127.0.0.1:*", f"ipc://{folder}/{name}", f"inproc://{name}"
    other.bind(chance.choice(where))
    one.connect(other.last_endpoint.decode())
    count = chance.randrange(1, 5)
    for number in range(count):
        body = [b"%d" % number, bytes(chance.choice((0, 1000, 100_000)))]
        one.send_multipart(body)
        assert other.recv_multipart()[-2:] == body
    one.close()
    other.close()
    return count

def leaves(chance):
    pass

def looks(chance):
    try:
        kept.send(b"x")
    except zmq.ForkedError:
        kept.close()
        shared.term()
        return
    raise AssertionError("it was sent")

def begins(chance):
    own = zmq.Context()
    exchange(own, chance, os.getpid())
    own.term()

def begins_the_shared(chance):
    own = zmq.Context.instance()
    exchange(own, chance, os.getpid())
    own.destroy()

def fork(thread):
    chance = random.Random(thread)
    begin.wait()
    for number in range(int(forks)):
        work, code = chance.choice((leaves, looks, begins, begins_the_shared)), 1
        pid = os.fork()
        if not pid:
            try:
                faulthandler.dump_traceback_later(60, exit=True)
                work(chance)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0, work
    done.append(thread)

def use(thread):
    chance, number, messages = random.Random(thread), 0, 0
    begin.wait()
    while not over.is_set():
        messages += exchange(shared, chance, f"{thread}.{number}")
        number += 1
    counts.append((number, messages))
    done.append(thread)

threads = [threading.Thread(target=call, args=(call.__name__ + str(number),))
           for call, count in ((fork, 2), (use, 3)) for number in range(count)]
for one in threads:
    one.start()
for one in threads[:2]:
    one.join()
over.set()
for one in threads[2:]:
    one.join()
assert len(done) == len(threads), done
kept.close()
shared.term()
print(*map(sum, zip(*counts)))
"""


@pytest.mark.only("pymq")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize(
    "forks",
    [15, pytest.param(500, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
)
def test_forks_at_any_moment(zmq: Library, forks: int) -> None:
    """Each child does what it wants to, and ends; every message of the parent comes."""
    with Script(zmq, TEXT, f"{zmq.folder} {forks}") as script:
        said, error = script.process.communicate(timeout=1700)
    assert (script.process.returncode, error.decode()) == (0, "")
    pairs, messages = map(int, said.split())
    print(
        f"{zmq.tag}: {2 * forks} forks, {pairs} pairs of sockets, {messages} messages"
    )
