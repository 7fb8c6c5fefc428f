"""What has come and gone, as the core counts it, where there are no builtins."""

from __future__ import annotations

from struct import Struct
from typing import Any, Mapping

from ..._core import ffi, lib
from ..counts import Counts, Known, KnownPeers, Peer

# A pymq_peer, whose counts begin with a 1 that says nothing.
_PEER = Struct("q 256p d ? 15x 7q")
_COUNTS = Struct("8q")

# Bound once: looking a function up in `ffi` costs a third of the call.
_buffer = ffi.buffer
_new = ffi.new
_make = tuple.__new__  # the class of a NamedTuple takes its fields one by one


def totals(hub: Any, record: type[Counts]) -> Counts:
    """See quick_totals in ``csrc/counted.h``."""
    sums = _new("pymq_counts[1]")
    lib.pymq_hub_totals(hub, sums)
    return _make(record, _COUNTS.unpack(_buffer(sums)))


def peers(
    hub: Any, record: type[Peer], known: KnownPeers, ahead: Mapping[int, int]
) -> list[Peer]:
    """See quick_peers in ``csrc/counted.h``."""
    found, room, count = ffi.NULL, 0, lib.pymq_hub_peers(hub, ffi.NULL, 0)
    while count > room:
        found, room = _new("pymq_peer[]", count), count
        count = lib.pymq_hub_peers(hub, found, room)
    numbers = _PEER.iter_unpack(_buffer(found, count * _PEER.size) if count else b"")
    return [_peer(record, known[each[0]], each, ahead) for each in numbers]


def _peer(
    record: type[Peer], known: Known, each: Any, ahead: Mapping[int, int]
) -> Peer:
    pipe, name, *counted = each
    counted[4] += ahead.get(pipe, 0)  # waiting_in
    address, routing_id, *rest = known
    return _make(record, (address, name or routing_id, *rest, *counted))
