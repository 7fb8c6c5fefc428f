"""What happens to a program whose threads share a socket as they share a list."""

from __future__ import annotations

import pytest
from library import Library
from scripts import Script

SHARED = """
import threading
THREADS, EACH = 4, 1500
context = zmq.Context()
push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
pull.rcvtimeo = 20000
port = pull.bind_to_random_port("tcp://127.0.0.1")
push.connect(f"tcp://127.0.0.1:{port}")

def send(number):
    for _ in range(EACH):
        push.send_multipart([b"%d" % number] * 3)

for number in range(THREADS):
    threading.Thread(target=send, args=(number,), daemon=True).start()
for _ in range(THREADS * EACH):
    frames = pull.recv_multipart()
    assert len(frames) == 3 and len(set(frames)) == 1, frames
context.destroy(linger=0)
"""


@pytest.mark.fails_on("pyzmq", reason="mixes frames, aborts or is killed by a SIGSEGV")
def test_messages_stay_whole_and_the_process_alive(zmq: Library) -> None:
    with Script(zmq, SHARED, "") as script:
        ended = script.ended()
    assert (ended.code, ended.stderr) == (0, "")
