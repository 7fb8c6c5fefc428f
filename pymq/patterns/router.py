"""ROUTER (RFC 28): the first frame names the peer, both ways."""

from __future__ import annotations

from ..backend.abc import Receive, Routing, Send
from . import Pattern

PATTERN = Pattern("ROUTER", Routing(Send.BY_NAME, Receive.NAMED))
