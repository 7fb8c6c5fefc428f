"""Live peers that take a routing id from each other (ROUTER_HANDOVER)."""

from __future__ import annotations

import time
from typing import Callable

FREE = 3  # hand-overs of a name that come without a wait
FIRST_WAIT = 0.1  # seconds, doubled with each further hand-over
LONGEST_WAIT = 5.0  # seconds
MEMORY = 30.0  # seconds with one holder, after which hand-overs are forgotten
NAMES = 1000  # names that are remembered


class Rivals:
    """Who has which routing id, and how long a newcomer waits for it.

    A peer that comes back takes over from its old connection at once.  Two live peers
    with one name reconnect as fast as they are displaced; so each hand-over of the same
    name in a row comes later than the one before.  (libzmq leaves the displaced peer
    connected, but never reads it again, and what it sends is lost.)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._names: dict[int, bytes] = {}  # by pipe
        self._holders: dict[bytes, int] = {}  # pipes, by name
        self._losses: dict[bytes, tuple[int, float]] = {}  # number, time of the last

    def have(self, pipe: int, name: bytes) -> None:
        """A peer has this name now."""
        if name:
            self._names[pipe] = name
            self._holders[name] = pipe

    def displaced(self, pipe: int) -> None:
        """A live peer loses its name to a newcomer."""
        name = self._names.get(pipe)
        if name is None:
            return
        now = self._clock()
        count = self._count(name, now) + 1
        if len(self._losses) >= NAMES and name not in self._losses:
            self._losses.clear()
        self._losses[name] = count, now

    def gone(self, pipe: int) -> None:
        """The peer has left, or has lost its name."""
        name = self._names.pop(pipe, b"")
        if self._holders.get(name) == pipe:
            del self._holders[name]

    def wait(self, name: bytes) -> float:
        """Return the seconds that a newcomer has to wait; 0 if nobody has the name."""
        doublings = self._count(name, self._clock()) - FREE
        if doublings < 0 or name not in self._holders:
            return 0.0
        return min(FIRST_WAIT * (1 << min(doublings, 10)), LONGEST_WAIT)

    def _count(self, name: bytes, now: float) -> int:
        count, when = self._losses.get(name, (0, now))
        return count if now - when <= MEMORY else 0
