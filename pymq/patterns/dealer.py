"""DEALER (RFC 28): round robin out, fair-queued in, frames untouched."""

from __future__ import annotations

from ..backend.abc import Receive, Routing, Send
from . import Pattern

PATTERN = Pattern(
    "DEALER", Routing(Send.IN_TURN, Receive.FAIR), conflates=True, once=True
)
