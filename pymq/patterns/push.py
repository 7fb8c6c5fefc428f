"""PUSH (RFC 30): each message to the next peer with room."""

from __future__ import annotations

from ..backend.abc import Receive, Routing, Send
from . import Pattern

PATTERN = Pattern("PUSH", Routing(Send.IN_TURN, Receive.NONE), conflates=True)
