"""Frames, where pyzmq has them."""

from __future__ import annotations

from ..message import Frame as Frame
from ..message import Message as Message

__all__ = ["Frame", "Message"]
