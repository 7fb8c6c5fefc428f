"""Frames, where pyzmq has them."""

from __future__ import annotations

from ..frame import Frame as Frame
from ..frame import Message as Message

__all__ = ["Frame", "Message"]
