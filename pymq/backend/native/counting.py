"""What has come and gone, as the core counts it.

To C, messages that were received ahead are received; to their user they wait.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable

from ..._core import ffi, lib
from ..counts import Counts, PeerCounts

_COUNTS = len(Counts._fields)
_PEER = _COUNTS + 4  # integers in front of the name in a pymq_peer

# Bound once: looking a function up in `ffi` costs a third of the call.
_buffer = ffi.buffer
_cast = ffi.cast
_unpack = ffi.unpack


def totals(hub: Any, ahead: int) -> Counts:
    """See `pymq.backend.abc.Hub.totals`; so many messages are ahead."""
    sums = ffi.new("pymq_counts *")
    lib.pymq_hub_totals(hub, sums)
    counts = Counts._make(_unpack(_cast("int64_t *", sums), _COUNTS))
    return _and_ahead(counts, ahead) if ahead else counts


def peers(hub: Any, count_ahead: Callable[[], Counter[int]]) -> list[PeerCounts]:
    """See `pymq.backend.abc.Hub.peers`; how many messages are ahead, by pipe."""
    room = 8
    while True:
        found = ffi.new("pymq_peer[]", room)
        count = lib.pymq_hub_peers(hub, found, room)
        if count <= room:
            break
        room = count
    ahead = count_ahead()
    return [_peer(found + at, ahead) for at in range(count)]


def _and_ahead(counts: Counts, ahead: int) -> Counts:
    return counts._replace(waiting_in=counts.waiting_in + ahead)


def _peer(peer: Any, ahead: Counter[int]) -> PeerCounts:
    numbers = _unpack(_cast("int64_t *", peer), _PEER)
    pipe, since, connected, size = numbers[_COUNTS:]
    counts = Counts._make(numbers[:_COUNTS])
    if ahead:
        counts = _and_ahead(counts, ahead[pipe])
    name = _buffer(peer.name)[:size] if size else b""
    return PeerCounts(pipe, since / 1000, connected != 0, name, counts)
