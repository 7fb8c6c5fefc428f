"""Trackers, where pyzmq has them."""

from __future__ import annotations

from ..message import _FINISHED_TRACKER as _FINISHED_TRACKER
from ..message import MessageTracker as MessageTracker

__all__ = ["MessageTracker", "_FINISHED_TRACKER"]
