"""What has come and gone: the records that hubs give."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Tuple


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


class Peer(NamedTuple):
    """One of a socket's peers.  Numbers are as in `Counts`."""

    #: As a frame's Peer-Address has it; "" over inproc, and before the first link.
    address: str
    #: What a ROUTER calls it, else what it calls itself.
    routing_id: bytes
    socket_type: str
    mechanism: str  # NULL, PLAIN, CURVE ...; "" over inproc, and without a handshake
    user_id: str  # as ZAP has it
    since: float  # when it was connected last, as `time.time` has it; 0: never yet
    connected: bool  # else it is awaited, or what it sent is still to be received
    messages_in: int
    bytes_in: int
    waiting_in: int
    messages_out: int
    bytes_out: int
    waiting_out: int
    dropped: int


#: What is known of a peer: the first five of `Peer`.
Known = Tuple[str, bytes, str, str, str]
KnownPeers = Mapping[int, Known]
