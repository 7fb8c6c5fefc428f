"""Records of what a hub has sent and received."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Tuple


class Counts(NamedTuple):
    """How much a socket has sent and received, over one pipe or all.

    Messages are whole ones, subscriptions not included.  Bytes are those of their
    frames on the wire (ZMTP), heads included.

    - *In* is what has arrived; *waiting in* the part of it that was not received yet.
    - *Out* is what was queued; *waiting out* the part of it that the kernel, or the
      inproc peer, has not taken yet.
    - *Dropped* are messages for a peer that will never get them: it had no room, its
      link broke in the middle of one, its pipe was closed, or no peer has the routing
      id that a ROUTER gave.
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

    #: As ``frame["Peer-Address"]``; "" over inproc, and before the first connection.
    address: str
    #: The name by which a ROUTER sends to it; of other sockets, what it calls itself.
    routing_id: bytes
    socket_type: str
    mechanism: str  # NULL, PLAIN, CURVE ...; "" over inproc, and without a handshake
    user_id: str  # its User-Id, as ZAP or `auth` gave it
    since: float  # time of its last connection (`time.time`); 0: none yet
    connected: bool  # else it is waited for, or gone
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
