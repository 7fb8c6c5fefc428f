"""PULL (RFC 30): messages from each peer in turn."""

from __future__ import annotations

from ..backend.abc import Receive, Routing, Send
from . import Pattern

PATTERN = Pattern("PULL", Routing(Send.NONE, Receive.FAIR), conflates=True)
