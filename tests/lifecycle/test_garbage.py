"""Objects of every kind that refer to each other, let go of in any order, anywhere.

Most are garbage in cycles, and the collector comes all the time: so finalizers run
anywhere, also in the middle of calls of pymq.
"""

from __future__ import annotations

import pytest
from library import Library
from scripts import Script

TEXT = """
import gc, os, random, threading, time, traceback, warnings
warnings.simplefilter("ignore")
gc.set_threshold(50, 3, 3)
folder, seed, rounds = endpoint.split()

class Box:
    pass

def poller(chance, one, other):
    made = zmq.Poller()
    made.register(one, zmq.POLLIN | zmq.POLLOUT)
    made.register(other, zmq.POLLIN)
    made.poll(chance.choice((0, 1)))
    return made

def frame(chance, one, other):
    one.send(bytes(chance.choice((10, 100_000))), copy=False)
    return other.recv_multipart(copy=False) if other.poll(300) else None

def thread(chance, one, other):
    made = threading.Thread(target=lambda: one.poll(5))
    made.start()
    return made

def keeper(chance, one, other):
    made = one.context.socket(zmq.PUB)
    made.last_values = 3
    return made

KINDS = (
    poller, frame, thread, keeper,
    lambda chance, one, other: one.get_monitor_socket(),
    lambda chance, one, other: zmq.Context.shadow(one.context),
    lambda chance, one, other: zmq.Socket.shadow(one),
    lambda chance, one, other: one.send(bytes(70_000), copy=False, track=True),
    lambda chance, one, other: (one.fileno(), one.get(zmq.FD)),
    lambda chance, one, other: one.connect("tcp://127.0.0.1:9"),
    lambda chance, one, other: other.bind("tcp://127.0.0.1:*", auth=lambda peer: True),
)

def build(chance, number):
    context = zmq.Context()
    one, other = context.socket(zmq.DEALER), context.socket(zmq.ROUTER)
    one.linger, other.linger = chance.choice((0, 20)), 0
    other.bind(chance.choice(("tcp://127.0.0.1:*", f"ipc://{folder}/{number}", "inproc://x")))
    one.connect(other.last_endpoint.decode())
    things, box = [context, one, other], Box()
    for _ in range(chance.randrange(6)):
        things.append(chance.choice(KINDS)(chance, one, other))
    if chance.random() < 0.6:
        box.things = list(things)
        box.itself = one.__dict__["box"] = box
    things.append(box)
    chance.shuffle(things)
    return things

def let_go(chance, things):
    while things:
        thing = things.pop()
        if chance.random() < 0.1 and hasattr(thing, "close"):
            thing.close()
        if chance.random() < 0.05 and isinstance(thing, zmq.Context):
            thing.destroy(linger=0)
        del thing
        if chance.random() < 0.2:
            gc.collect(chance.randrange(3))

def work(thread):
    chance, kept = random.Random(f"{seed} {thread}"), []
    for number in range(int(rounds)):
        kept.append(build(chance, f"{thread}.{number}"))
        if len(kept) > 4:
            let_go(chance, kept.pop(chance.randrange(len(kept))))
    failed.remove(thread)

def closed(failure):
    if not issubclass(failure.exc_type, zmq.ZMQError):
        traceback.print_exception(failure.exc_value)

failed = list(range(3))
threads = [threading.Thread(target=work, args=(number,)) for number in failed]
threading.excepthook = closed  # a socket was closed under who polled it
for one in threads:
    one.start()
for one in threads:
    one.join()
assert not failed, failed
left = time.monotonic() + 20
while any(one.name.startswith("pymq") for one in threading.enumerate()):
    assert time.monotonic() < left, threading.enumerate()
    gc.collect()
    time.sleep(0.01)
"""


@pytest.mark.only("pymq")
@pytest.mark.parametrize(
    "rounds",
    [60, pytest.param(2000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])],
)
def test_anything(zmq: Library, rounds: int) -> None:
    with Script(zmq, TEXT, f"{zmq.folder} {rounds} {rounds}") as script:
        _, error = script.process.communicate(timeout=800)
    assert (script.process.returncode, error.decode()) == (0, "")
