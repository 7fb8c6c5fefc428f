"""Trackers, where pyzmq has them."""

from __future__ import annotations

from ..tracker import _FINISHED_TRACKER as _FINISHED_TRACKER
from ..tracker import MessageTracker as MessageTracker

__all__ = ["MessageTracker", "_FINISHED_TRACKER"]
