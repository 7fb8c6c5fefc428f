"""The last message of each topic, for who subscribes later."""

from __future__ import annotations

from typing import Iterator


class Lasts:
    """See `pymq.backend.abc.Hub.keep_last`."""

    def __init__(self) -> None:
        self._limit = 0
        self._messages: dict[bytes, list[bytes]] = {}  # by topic; the latest comes last
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
            del self._messages[next(iter(self._messages))]

    def add(self, body: bytes, more: bool) -> None:
        """The next frame of a message; the last one ends it."""
        self._frames.append(body if body.__class__ is bytes else bytes(body))
        if more:
            return
        frames, self._frames = self._frames, []
        if not self.skips:
            self._messages.pop(frames[0], None)
            self._messages[frames[0]] = frames
            self._trim()
        self.skips = False

    def matching(self, prefix: bytes) -> Iterator[list[bytes]]:
        """The messages of topics that begin so, in the order in which they changed."""
        for topic, frames in self._messages.items():
            if topic.startswith(prefix):
                yield frames
