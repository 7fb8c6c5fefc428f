"""Steers circusd, whose endpoint and publisher are given; prints which zmq it has."""

from __future__ import annotations

import sys
import time
from typing import Any

import zmq
from circus.client import CircusClient

client = CircusClient(endpoint=sys.argv[1], timeout=30)
events: Any = zmq.Context.instance().socket(zmq.SUB)
events.subscribe(b"watcher.sleeper")
events.connect(sys.argv[2])
events.rcvtimeo = 30000
deadline = time.monotonic() + 30
while client.send_message("status")["statuses"].get("sleeper") != "active":
    assert time.monotonic() < deadline
    time.sleep(0.05)
assert client.send_message("numprocesses", name="sleeper")["numprocesses"] == 2
# A publisher knows of us some time later: until then nothing comes of it.
count = 2
while not events.poll(200):
    assert time.monotonic() < deadline
    count += 1
    client.send_message("incr", name="sleeper", nb=1, waiting=True)
assert events.recv_multipart()[0] == b"watcher.sleeper.spawn"
assert len(client.send_message("list", name="sleeper")["pids"]) == count
assert client.send_message("quit")["status"] == "ok"
client.stop()
print(zmq.__file__)
