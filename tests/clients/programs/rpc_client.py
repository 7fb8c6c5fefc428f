"""A client of rpc_server.py; prints which zmq it has when all is well."""

from __future__ import annotations

import sys

import zerorpc
import zmq

client = zerorpc.Client(heartbeat=1, timeout=30)
client.connect(sys.argv[1])
assert client.big(3_000_000) == b"x" * 3_000_000
try:
    client.fail()
except zerorpc.RemoteError as error:
    assert error.name == "ValueError", error.name
else:
    raise AssertionError("the error did not come")
assert list(client.count(2000)) == list(range(2000))
for number in range(200):
    assert client.add(number, number) == 2 * number
client.close()
print(zmq.__file__)
