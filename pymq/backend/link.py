"""An established connection, and what happens to it; a part of the contract."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Union

from ..zmtp.sealing import Keys


class Heartbeat(NamedTuple):
    """When a silent peer is asked for a sign of life: PING and PONG (RFC 37).

    Times are in ms; 0 means never or none.  Any input counts as a sign of life.  The
    TTL in a peer's own PINGs is obeyed even without these settings: silence for that
    long ends the link.  Input that the engine has not read because of a mark does not
    count as silence.
    """

    interval: int = 0  # between PINGs (ZMQ_HEARTBEAT_IVL)
    timeout: int = 0  # after a PING without which the link ends (.._TIMEOUT)
    ttl: int = 0  # tells the peer when it may give us up; 0..6553500 (.._TTL)


class Link(NamedTuple):
    """An established connection: a descriptor, and what the handshake has agreed."""

    fd: int  # non-blocking stream descriptor; the engine owns and closes it
    leftover: bytes = b""  # bytes the peer sent behind its handshake
    minor: int = 1  # ZMTP 3.minor of the peer; decides how topics are announced
    max_size: int = -1  # bytes in one frame, -1 = unlimited (ZMQ_MAXMSGSIZE)
    affinity: int = 0  # bits of the I/O threads that may drive it, 0: any
    heartbeat: Heartbeat = Heartbeat()
    major: int = 3  # 1 and 2 have no commands, 1 has other frames
    raw: bool = False  # no frames: each read is a message, messages go out as they are
    notifies: bool = False  # raw: an empty message arrives with the link and at its end
    sealing: Union[Keys, None] = None  # each frame is sealed (CURVE), inside a frame


class EventKind(IntEnum):
    """What kind of event the control plane is told of."""

    LINK_DOWN = 1  # the engine has ended and closed its descriptor
    PIPE_CLOSED = 2  # a closed pipe has nothing left to send, or gave up


class Event(NamedTuple):
    """Something that happened in the data plane.

    `error` says why a link went down: 0 if the peer closed it, EPROTO for a malformed
    or reserved frame, EMSGSIZE for a frame larger than `Link.max_size`, ETIMEDOUT for
    no sign of life (`Heartbeat`), ENOMEM, or else the errno of the system call that
    failed.
    """

    kind: EventKind
    pipe: int
    error: int
