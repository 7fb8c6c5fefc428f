"""SUB (RFC 29): receives what begins with a topic it subscribed to."""

from __future__ import annotations

from ..backend.abc import Receive, Routing, Send
from . import Pattern

PATTERN = Pattern(
    "SUB",
    Routing(Send.NONE, Receive.FILTERED, subscribes=True),
    conflates=True,
    once=True,
    linger=0,
)
