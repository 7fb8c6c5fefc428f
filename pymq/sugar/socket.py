"""Sockets, where pyzmq has them."""

from __future__ import annotations

from ..socket import Socket as Socket

SyncSocket = Socket

__all__ = ["Socket", "SyncSocket"]
