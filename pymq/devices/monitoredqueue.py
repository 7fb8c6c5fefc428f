"""`monitored_queue`, under the name that it has in pyzmq."""

from __future__ import annotations

from ..proxies import monitored_queue as monitored_queue

__all__ = ["monitored_queue"]
