"""`monitored_queue`, where pyzmq has it."""

from __future__ import annotations

from ..proxies import monitored_queue as monitored_queue

__all__ = ["monitored_queue"]
