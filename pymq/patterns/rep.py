"""REP (RFC 28): a request, then a reply to whoever asked, in strict alternation.

Frames up to and including the first empty one are the envelope: kept, and put in
front of the reply.  A request without an envelope is dropped.
"""

from ..backend.abc import Receive, Routing, Send, Turns
from . import Pattern

PATTERN = Pattern("REP", Routing(Send.BY_NAME, Receive.NAMED, turns=Turns.ANSWERS))
