"""REQ (RFC 28): a request, then its reply, in strict alternation.

On the wire a request is an empty delimiter frame and the body; with REQ_CORRELATE
its number comes first, 4 bytes in the host's order, for the peer to send back.
Replies that come from anyone but the peer that was asked, or with another envelope,
are dropped.
"""

from ..backend.abc import Receive, Routing, Send, Turns
from . import Pattern

PATTERN = Pattern(
    "REQ", Routing(Send.IN_TURN, Receive.FAIR, turns=Turns.ASKS), once=True
)
