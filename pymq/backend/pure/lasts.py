"""The last message of each topic, for who subscribes later."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from itertools import count
from typing import Iterator


class Lasts:
    """See `pymq.backend.abc.Hub.keep_last`."""

    def __init__(self) -> None:
        self._limit = 0
        # By topic, with numbers that tell their order; the latest comes last.
        self._messages: OrderedDict[bytes, tuple[int, list[bytes]]] = OrderedDict()
        self._sorted: list[bytes] = []  # topics: those with a prefix are neighbours
        self._numbers = count()
        self._frames: list[bytes] = []  # of the message that is being sent
        self.skips = False  # it is not to be kept

    def limit(self, topics: int, inside: bool) -> None:
        """Keep so many; not of the message that is being sent, if we are inside one."""
        self._limit = topics
        self._frames.clear()
        self.skips = inside
        self._trim()

    def _trim(self) -> None:
        while len(self._messages) > self._limit:
            topic, _ = self._messages.popitem(last=False)
            del self._sorted[bisect_left(self._sorted, topic)]

    def add(self, body: bytes, more: bool) -> None:
        """The next frame of a message; the last one ends it."""
        self._frames.append(body if body.__class__ is bytes else bytes(body))
        if more:
            return
        frames, self._frames = self._frames, []
        if not self.skips:
            self._keep(frames[0], frames)
        self.skips = False

    def _keep(self, topic: bytes, frames: list[bytes]) -> None:
        if topic not in self._messages:
            insort(self._sorted, topic)
        self._messages[topic] = next(self._numbers), frames
        self._messages.move_to_end(topic)
        self._trim()

    def matching(self, prefix: bytes) -> Iterator[list[bytes]]:
        """The messages of topics that begin so, in the order in which they changed."""
        at = bisect_left(self._sorted, prefix)
        found = []
        while at < len(self._sorted) and self._sorted[at].startswith(prefix):
            found.append(self._messages[self._sorted[at]])
            at += 1
        return (frames for _, frames in sorted(found))
