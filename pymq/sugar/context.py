"""Contexts, where pyzmq has them."""

from __future__ import annotations

from ..context import Context as Context

SyncContext = Context

__all__ = ["Context", "SyncContext"]
