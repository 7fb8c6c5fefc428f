"""What a hub has received ahead of its user: a batch is fetched, and popped from.

Who pops from `ahead` itself, as a socket does, takes no lock.
"""

from __future__ import annotations

from collections import Counter, deque
from threading import RLock
from typing import Any, Callable, Mapping, Union

from ..abc import Buffer
from .batch import MOST, Batch


class Ahead:
    """The messages that a `Hub` received ahead, and the pipes that they came from."""

    __slots__ = (
        "_aside",
        "_batch",
        "_hub",
        "_lock",
        "_sources",
        "_waiting",
        "ahead",
        "looks_ahead",
        "more",
    )

    def __init__(self, hub: Any) -> None:
        self._hub = hub
        self.more = False
        self.ahead: deque[bytes] = deque()
        self.looks_ahead = False
        # A signal's handler may receive, too, while its thread is in there.
        self._lock = RLock()
        self._batch: Union[Batch, None] = None
        self._sources: Union[list[int], None] = None  # of the last fetch, once asked
        self._aside: deque[tuple[int, bytes]] = deque()  # ahead, for `recv_from` alone
        self._waiting = 0  # calls that are about to receive more

    def drop_ahead(self, pipe: int) -> None:
        """What a pipe has brought is not wanted any more."""
        if self._batch is not None:  # else nothing was ever ahead
            self._keep(lambda source, _: source != pipe)

    def _look_ahead(self) -> None:
        """Fetch what waits, unless other threads wait for it."""
        with self._lock:
            if self._waiting or self.ahead:
                return
            batch = self._batch = self._batch or Batch()
            self._sources = None
            batch.fetch(self._hub, MOST, True)
            self._load()

    def _load(self) -> None:
        """Have ahead what was fetched, if that was not done: whoever was about to may
        have been interrupted.  And what was put aside.  With the lock."""
        if self._batch is not None:
            self.ahead.extend(self._batch.messages())
        if self._aside:
            self._put_ahead(list(self._aside))
            self._aside.clear()

    def _pop(self, most: int) -> list[bytes]:
        """At most `most` of those ahead.  Others pop, too, and without the lock."""
        self._load()
        found: list[bytes] = []
        try:
            while len(found) < most:
                found.append(self.ahead.popleft())
        except IndexError:
            pass
        return found

    def _pop_one(self) -> Union[bytes, None]:
        found = self._pop(1)
        if found:
            self.more = False
        return found[0] if found else None

    def _pop_single(self) -> Union[list[bytes], None]:
        found = self._pop(1)
        self.more = self.more and not found
        return found or None

    def _pop_from(self) -> Union[tuple[Buffer, int, bool], None]:
        """The first of those ahead, with the pipe that it came from."""
        with self._lock:
            if not self._aside:
                self._aside.extend(self._take_ahead())
            if not self._aside:
                return None
            pipe, body = self._aside.popleft()
            self.more = False
            return body, pipe, False

    def _pop_single_from(self) -> Union[tuple[list[Buffer], int], None]:
        found = self._pop_from()
        return None if found is None else ([found[0]], found[1])

    def _keep(self, wanted: Callable[[int, bytes], bool]) -> None:
        """Of what was received ahead only what is `wanted`, by pipe and message."""
        with self._lock:
            pairs = self._take_ahead()
            self._put_ahead([pair for pair in pairs if wanted(*pair)])

    def _take_ahead(self) -> list[tuple[int, bytes]]:
        """All of those ahead, each with its pipe.  With the lock."""
        self._load()
        pairs: list[tuple[int, bytes]] = []
        if self._batch is None or not self.ahead:
            return pairs
        sources = self._sources or self._batch.sources()
        try:
            # From the end: others pop at the beginning, without the lock.
            while True:
                pairs.append((sources[~len(pairs)], self.ahead.pop()))
        except IndexError:
            pass
        return pairs[::-1]

    def _put_ahead(self, pairs: list[tuple[int, bytes]]) -> None:
        if pairs:
            self._sources = [pipe for pipe, _ in pairs]
            self.ahead.extend([message for _, message in pairs])

    def _count_ahead(self) -> Mapping[int, int]:
        """How many of those ahead each pipe has brought."""
        with self._lock:
            self._load()
            left = len(self.ahead)
            if self._batch is None or not left:
                return {}
            sources = self._sources or self._batch.sources()
            return Counter(sources[-left:])
