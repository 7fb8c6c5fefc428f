"""A server of zerorpc, on an endpoint; prints which zmq it has when it is bound."""

from __future__ import annotations

import sys
from typing import Iterator

import zerorpc
import zmq


class Service:
    """What can be called."""

    def add(self, one: int, other: int) -> int:
        """Short messages."""
        return one + other

    def big(self, size: int) -> bytes:
        """A long one."""
        return b"x" * size

    def fail(self) -> None:
        """An error."""
        raise ValueError("no")

    @zerorpc.stream  # type: ignore[untyped-decorator]
    def count(self, end: int) -> Iterator[int]:
        """A stream, of which the client says how much it has room for."""
        return iter(range(end))


server = zerorpc.Server(Service(), heartbeat=1)
server.bind(sys.argv[1])
print(zmq.__file__, flush=True)
server.run()
