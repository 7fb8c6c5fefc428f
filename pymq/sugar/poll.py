"""Pollers, where pyzmq has them."""

from __future__ import annotations

from ..poller import Poller as Poller
from ..poller import select as select

__all__ = ["Poller", "select"]
