"""PAIR (RFC 31): exactly one peer, both ways."""

from __future__ import annotations

from ..backend.abc import Receive, Routing, Send
from . import Pattern

PATTERN = Pattern("PAIR", Routing(Send.ONE, Receive.FAIR))
