"""What makes a socket type, for the data plane; a part of the contract."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Send(IntEnum):
    """How a hub chooses where a message goes."""

    NONE = 0  # sending is refused: ENOTSUP
    ONE = 1  # the only peer; EAGAIN when it is absent or full
    IN_TURN = 2  # round robin over peers with room; EAGAIN when there is none
    TO_ALL = 3  # every (matching) peer with room; full peers miss it; see NO_DROP
    BY_NAME = 4  # the first frame names the peer; see `HubOption.MANDATORY`


class Receive(IntEnum):
    """What a hub does with messages that arrive.

    All but NONE are fair-queued: one whole message from each readable pipe in turn.
    """

    NONE = 0  # receiving is refused (ENOTSUP); what arrives is thrown away
    FAIR = 1
    NAMED = 2  # as FAIR, with the peer's routing id as an extra first frame
    FILTERED = 3  # as FAIR, only messages whose first frame has a subscribed prefix
    TOPICS = 4  # subscriptions are taken in (PUB); anything else is thrown away
    NOTICES = 5  # as TOPICS, and delivered with user messages (XPUB)


class Turns(IntEnum):
    """Whether a hub sends and receives in turns.

    A call out of turn is refused (EFSM).  The hub puts an envelope in front of what is
    sent, and takes it off what is received.  A message without one, or with an unknown
    one, is dropped.
    """

    NONE = 0
    #: REQ: a request, then its reply.  IN_TURN and FAIR, behind an empty frame, and
    #: with `HubOption.CORRELATE` a number of 4 bytes in front of that.  The reply comes
    #: from the peer that was asked or, if that is gone, from anyone.
    ASKS = 1
    #: REP: a request, then a reply to whoever asked.  BY_NAME and NAMED, behind frames
    #: up to and including the first empty one.  For a peer that is gone or full the
    #: reply is dropped, whatever MANDATORY says of the former.
    ANSWERS = 2


class Routing(NamedTuple):
    """A socket type, for the data plane."""

    send: Send
    receive: Receive
    subscribes: bool = False  # SUB, XSUB: announces its topics on every new link
    turns: Turns = Turns.NONE


class HubOption(IntEnum):
    """Integers that may change while the hub lives.  They act at once."""

    SEND_HWM = 1  # messages, 0 = unlimited
    RECV_HWM = 2  # messages, 0 = unlimited
    MANDATORY = 3  # BY_NAME: unknown name -> EHOSTUNREACH, full peer -> EAGAIN
    VERBOSE = 4  # NOTICES: pass on duplicate subscriptions too; ends VERBOSER
    VERBOSER = 5  # NOTICES: pass on every subscription and every cancellation
    MANUAL = 6  # NOTICES: pass on all, but only `Hub.grant` lets them act
    NO_DROP = 7  # TO_ALL: EAGAIN, for everybody, while a peer that matches is full
    INVERT = 8  # FILTERED, and TO_ALL by topic: to those whose topics do not match
    ONLY_FIRST = 9  # TOPICS, NOTICES: no frame is a subscription if the first is none
    #: MANUAL, and what is sent first after a notice goes to its peer alone.
    LAST_VALUE = 10
    CORRELATE = 11  # ASKS: requests are numbered
    RELAXED = 12  # ASKS: a request may follow the last one, whose reply is given up
