"""Subscriptions: which prefixes are wanted, and by whom.

A topic matches when it is a prefix of a message's first frame.  Rather than walk a
trie, look up the message's prefixes in a hash table, at just those lengths that some
topic has: no depth, no recursion, one entry a topic.
"""

from __future__ import annotations

from collections import Counter
from typing import Generic, Iterator, TypeVar

_Value = TypeVar("_Value")


class Topics(Generic[_Value]):
    """A value per topic, found by prefix."""

    __slots__ = ("_lengths", "_values")

    def __init__(self) -> None:
        self._values: dict[bytes, _Value] = {}
        self._lengths: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, topic: object) -> bool:
        return topic in self._values

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._values)

    def get(self, topic: bytes) -> _Value | None:
        """The value of exactly this topic."""
        return self._values.get(topic)

    def add(self, topic: bytes, value: _Value) -> None:
        """Set the value of a topic."""
        if topic not in self._values:
            self._count_length(len(topic))
        self._values[topic] = value

    def _count_length(self, length: int) -> None:
        """One more; short ones come first."""
        fresh = length not in self._lengths
        self._lengths[length] += 1
        if fresh:
            self._lengths = Counter(dict(sorted(self._lengths.items())))

    def remove(self, topic: bytes) -> None:
        """Forget a topic that is there."""
        del self._values[topic]
        self._lengths[len(topic)] -= 1
        if not self._lengths[len(topic)]:
            del self._lengths[len(topic)]

    def match(self, frame: bytes) -> list[_Value]:
        """The values of every topic that `frame` begins with, the shortest first."""
        size, values = len(frame), self._values
        return [
            values[frame[:length]]
            for length in self._lengths
            if length <= size and frame[:length] in values
        ]
