"""Many messages that come from C with one call.

One call costs as much as twenty bytes objects, so `recv` fetches many messages where
many wait.  Here is how a batch becomes a list.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from struct import Struct
from typing import Any, Callable, Iterator

from ..._core import ffi, lib

MOST = lib.PYMQ_BATCH_MESSAGES

_RUNS = (64, 8, 1)  # messages that one call of `Struct.unpack_from` splits

# Bound once: looking a function up in `lib` costs a third of the call.
_fetch = lib.pymq_hub_recv_many
_unpack = ffi.unpack


class Batch:
    """Room for many messages of one frame, and what `fetch` put there."""

    __slots__ = ("_batch", "_once", "_view")

    def __init__(self) -> None:
        self._batch = ffi.new("pymq_batch *")
        self._view = ffi.buffer(self._batch.bytes)
        self._once: dict[str, Iterator[bytes]] = {}

    def fetch(self, hub: Any, most: int, ahead: bool) -> None:
        """See pymq_hub_recv_many.  After `stop` there is nothing."""
        self._batch.count = 0  # first: a signal's handler may look
        self._once.clear()
        _fetch(hub, self._batch, most, ahead)

    def messages(self) -> Iterator[bytes]:
        """Those of the last fetch: each comes once, also if this is interrupted, by
        a signal's handler or for good, and called again."""
        if not self._batch.count:
            return iter(())
        return self._once.get("") or self._once.setdefault("", iter(self._split()))

    def _split(self) -> list[bytes]:
        count, size = self._batch.count, self._batch.size
        if size > 0:
            return _split(self._view, size, count)
        if size == 0:
            return [b""] * count
        view, sizes = self._view, _unpack(self._batch.sizes, count)
        return [view[end - n : end] for n, end in zip(sizes, accumulate(sizes))]

    def sources(self) -> list[int]:
        """The pipes that the messages of the last fetch came from."""
        return list(_unpack(self._batch.pipes, self._batch.count))


def _split(view: Any, size: int, count: int) -> list[bytes]:
    """`count` messages of one size; `struct` makes them at a fifth of the cost of
    slices."""
    found: list[bytes] = []
    done = 0
    for run, split in _splitters(size):
        while count - done >= run:
            found += split(view, done * size)
            done += run
    return found


@lru_cache(maxsize=64)
def _splitters(size: int) -> list[tuple[int, Callable[..., tuple[Any, ...]]]]:
    return [(run, Struct(f"{size}s" * run).unpack_from) for run in _RUNS]
