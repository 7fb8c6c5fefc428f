"""Routing ids of a hub's pipes, given by the peer or generated."""

from __future__ import annotations

import random
import struct
from errno import EADDRINUSE
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from .pipe import Pipe


class Names:
    """Pipe by routing id; the counter of generated ids starts at random."""

    __slots__ = ("_next", "_pipes")

    def __init__(self) -> None:
        self._pipes: dict[bytes, Pipe] = {}
        self._next = random.getrandbits(32)

    def get(self, routing_id: bytes) -> Union[Pipe, None]:
        """The pipe of that name."""
        return self._pipes.get(routing_id)

    def values(self) -> list[Pipe]:
        """Every named pipe."""
        return list(self._pipes.values())

    def claim(self, pipe: Pipe, routing_id: bytes, handover: bool) -> int:
        """Name a pipe; see `pymq.backend.abc.Pipe.name`."""
        holder = self._pipes.get(routing_id) if routing_id else None
        if holder is not None and holder is not pipe:
            if not handover:
                return -EADDRINUSE
            self._give(holder, self._generate())
        self.release(pipe)
        self._give(pipe, routing_id or self._generate())
        return 0 if holder is None or holder is pipe else holder.id

    def release(self, pipe: Pipe) -> None:
        """Free the pipe's name; the pipe still knows it, for what it has queued."""
        if self._pipes.get(pipe.routing_id) is pipe:
            del self._pipes[pipe.routing_id]

    def _give(self, pipe: Pipe, routing_id: bytes) -> None:
        pipe.routing_id = routing_id
        self._pipes[routing_id] = pipe

    def _generate(self) -> bytes:
        while True:
            self._next = (self._next + 1) & 0xFFFFFFFF
            routing_id = b"\0" + struct.pack(">I", self._next)
            if routing_id not in self._pipes:  # a user may have given it
                return routing_id
