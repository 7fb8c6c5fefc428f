"""Who is there, and what has come and gone."""

from __future__ import annotations

from typing import Mapping, NamedTuple

from .backend.counts import Counts
from .base import SocketBase
from .properties import Properties, Shown

_UNKNOWN = Properties(-1, {})


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


class Peers(SocketBase):
    """Mixed into `Socket`."""

    def peers(self) -> list[Peer]:
        """Who is connected, awaited (`connect` has been called, and messages can be
        queued), or gone with something left to receive.  Not in pyzmq.  From any
        thread."""
        self._check_open()
        known = self._connections.get
        found = []
        for counted in self._hub.peers():
            connection = known(counted[0]) or _UNKNOWN
            shown = connection.shown or _show(connection)
            if counted[1]:
                shown = (shown[0], counted[1], *shown[2:])
            # `Peer` itself takes its fields one by one, and as long as all of this.
            found.append(tuple.__new__(Peer, shown + counted[2:]))
        return found

    def stats(self) -> Counts:
        """What has come and gone since the socket was made, over all peers, those that
        are gone included.  Not in pyzmq.  From any thread.

        What became of messages that waited when an endpoint was closed is not in
        there: `drain` knows.
        """
        self._check_open()
        totals: Counts = self._hub.totals()
        return totals


def _show(connection: Properties) -> Shown:
    """For good: what is known of a connection does not change."""
    said = connection.values
    connection.shown = (
        _text(said, "Peer-Address"),
        said.get("Identity", b""),
        _text(said, "Socket-Type"),
        connection.mechanism,
        _text(said, "User-Id"),
    )
    return connection.shown


def _text(said: Mapping[str, bytes], name: str) -> str:
    value = said.get(name)
    return value.decode("utf-8", "surrogateescape") if value else ""
