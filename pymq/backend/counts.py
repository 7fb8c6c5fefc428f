"""What has come and gone: the records that hubs give."""

from __future__ import annotations

from typing import NamedTuple, Sequence


class Counts(NamedTuple):
    """What has come and gone, over one pipe or all of a hub.

    Messages, not announcements; bytes are those of their frames in ZMTP, heads
    included.  *In* is what arrived, of which so many wait to be received; *out* is what
    was queued, of which so many wait for the kernel, or for the joined peer to receive
    them.  Dropped are messages that were for a peer and will never reach it: it had no
    room, or its link broke in the middle of one, or its pipe was closed, or nobody has
    the name that a ROUTER gave.
    """

    peers: int  # pipes that are counted here
    messages_in: int
    bytes_in: int
    waiting_in: int
    messages_out: int
    bytes_out: int
    waiting_out: int
    dropped: int


NOTHING = Counts(0, 0, 0, 0, 0, 0, 0, 0)


class PeerCounts(NamedTuple):
    """A pipe of a hub, and what has come and gone."""

    pipe: int
    name: bytes  # where pipes have names
    since: float  # when its latest link came up, or it was joined, as `time.time`; 0
    connected: bool
    # As in `Counts`.
    messages_in: int
    bytes_in: int
    waiting_in: int
    messages_out: int
    bytes_out: int
    waiting_out: int
    dropped: int


def total(count: int, past: Counts, peers: Sequence[PeerCounts]) -> Counts:
    """Of so many peers: what was and what these have."""
    each = [past[1:], *[peer[4:] for peer in peers]]
    return Counts(count, *map(sum, zip(*each)))
