"""Which policies a socket type has."""

from __future__ import annotations

from ..abc import Receive, Routing, Send, Turns
from .notices import Notices, Silent
from .receiving import Filtered, Named, Nothing, Receiver
from .sending import ByName, InTurn, Sender, ToAll
from .turns import Answering, Asking, Replies, Requests

_RECEIVERS: dict[Receive, type[Receiver]] = {
    Receive.NONE: Nothing,
    Receive.FAIR: Receiver,
    Receive.NAMED: Named,
    Receive.FILTERED: Filtered,
    Receive.TOPICS: Silent,
    Receive.NOTICES: Notices,
}
_SENDERS: dict[Send, type[Sender]] = {
    Send.NONE: Sender,
    Send.ONE: InTurn,
    Send.IN_TURN: InTurn,
    Send.TO_ALL: ToAll,
    Send.BY_NAME: ByName,
}
_TURNS: dict[Turns, tuple[type[Receiver], type[Sender]]] = {
    Turns.ASKS: (Replies, Asking),
    Turns.ANSWERS: (Requests, Answering),
}


def of(routing: Routing) -> tuple[type[Receiver], type[Sender]]:
    """How its hubs receive, and how they send."""
    plain = _RECEIVERS[routing.receive], _SENDERS[routing.send]
    return _TURNS.get(routing.turns, plain)
