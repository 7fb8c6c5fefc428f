"""PUB (RFC 29): every message to all who subscribed; full peers miss it."""

from __future__ import annotations

from ..backend.abc import Receive, Routing, Send
from . import Pattern

PATTERN = Pattern(
    "PUB", Routing(Send.TO_ALL, Receive.TOPICS), conflates=True, once=True
)
