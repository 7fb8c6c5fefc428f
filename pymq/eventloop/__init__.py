"""Sockets in tornado's loop (pyzmq's API); needs tornado, the extra ``tornado``."""

from __future__ import annotations

from tornado.ioloop import IOLoop as IOLoop

__all__ = ["IOLoop"]
