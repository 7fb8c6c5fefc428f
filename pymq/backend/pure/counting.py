"""What has come and gone over pipes; callers hold the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from ..counts import Counts, KnownPeers, Peer

if TYPE_CHECKING:
    from .pipe import Pipe

_make = tuple.__new__  # the class of a NamedTuple takes its fields one by one


def total(past: Counts, pipes: Iterable[Pipe]) -> Counts:
    """What was and what these have; `Counts.peers` of those of which more will come.

    A function for each pipe would take as long as all of this.
    """
    peers, received, bytes_in, waiting, sent, bytes_out, unsent, dropped = past
    for pipe in pipes:
        output, incoming, engine = pipe.output, pipe.input, pipe.engine
        peers += not pipe.closed or incoming.written > incoming.read
        received += incoming.written
        bytes_in += incoming.bytes
        waiting += incoming.written - incoming.read
        sent += output.written
        bytes_out += output.bytes
        unsent += output.written - output.read
        if engine is not None and engine.in_hand:
            unsent += engine.unsent(announcements=False)
        dropped += pipe.lost + pipe.missed
    sums = (peers, received, bytes_in, waiting, sent, bytes_out, unsent, dropped)
    return _make(Counts, sums)


def describe(pipes: Iterable[Pipe], known: KnownPeers) -> list[Peer]:
    """See `pymq.backend.abc.Hub.peers`."""
    found = []
    for pipe in pipes:
        output, incoming, engine = pipe.output, pipe.input, pipe.engine
        if pipe.closed and incoming.written == incoming.read:
            continue  # the hub has not noticed yet that nothing will come of it
        address, routing_id, kind, mechanism, user = known[pipe.id]
        unsent = output.written - output.read
        if engine is not None and engine.in_hand:
            unsent += engine.unsent(announcements=False)
        peer = (
            address,
            pipe.routing_id or routing_id,
            kind,
            mechanism,
            user,
            pipe.since,
            (engine is not None or pipe.peer is not None) and not pipe.closed,
            incoming.written,
            incoming.bytes,
            incoming.written - incoming.read,
            output.written,
            output.bytes,
            unsent,
            pipe.lost + pipe.missed,
        )
        found.append(_make(Peer, peer))
    return found
