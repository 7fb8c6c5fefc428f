"""What has come and gone, as the core counts it.

To C, messages that were received ahead are received; to their user they wait.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Callable, Mapping

from ..._core import ffi, lib
from ..counts import Counts, PeerCounts

# A pymq_peer, whose counts begin with a 1 that says nothing.
_PEER = Struct("q 256p d ? 15x 7q")
_COUNTS = Struct("8q")

# Bound once: looking a function up in `ffi` costs a third of the call.
_buffer = ffi.buffer
_new = ffi.new
_record = tuple.__new__  # the class of a NamedTuple takes its fields one by one


def totals(hub: Any, ahead: int) -> Counts:
    """See `pymq.backend.abc.Hub.totals`; so many messages are ahead."""
    sums = _new("pymq_counts[1]")
    lib.pymq_hub_totals(hub, sums)
    counts = _record(Counts, _COUNTS.unpack(_buffer(sums)))
    if ahead:
        return counts._replace(waiting_in=counts.waiting_in + ahead)
    return counts


def peers(hub: Any, count_ahead: Callable[[], Mapping[int, int]]) -> list[PeerCounts]:
    """See `pymq.backend.abc.Hub.peers`; how many messages are ahead, by pipe."""
    room = 8
    while True:
        found = _new("pymq_peer[]", room)
        count = lib.pymq_hub_peers(hub, found, room)
        if count <= room:
            break
        room = count
    ahead = count_ahead()
    numbers = _PEER.iter_unpack(_buffer(found, count * _PEER.size))
    peers = [_record(PeerCounts, each) for each in numbers]
    if not ahead:
        return peers
    return [
        each._replace(waiting_in=each.waiting_in + ahead.get(each.pipe, 0))
        for each in peers
    ]
