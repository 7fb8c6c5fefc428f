"""XPUB (RFC 29): PUB that can read its peers' subscriptions."""

from __future__ import annotations

from ..backend.abc import Receive, Routing, Send
from . import Pattern

PATTERN = Pattern("XPUB", Routing(Send.TO_ALL, Receive.NOTICES))
