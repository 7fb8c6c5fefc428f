"""tornado's names, where pyzmq has them for gevent."""

from __future__ import annotations

from .ioloop import IOLoop as IOLoop

__all__ = ["IOLoop"]
