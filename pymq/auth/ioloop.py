"""ZAP in tornado's loop (pyzmq's API), which is asyncio's: deprecated.

Tornado is not needed.
"""

from __future__ import annotations

import warnings
from typing import Any

from .asyncio import AsyncioAuthenticator

warnings.warn(
    "pymq.auth.ioloop is deprecated: use pymq.auth.asyncio.AsyncioAuthenticator",
    DeprecationWarning,
    stacklevel=2,
)


class IOLoopAuthenticator(AsyncioAuthenticator):
    """`AsyncioAuthenticator` under its old name.  `io_loop` is deprecated and ignored:
    what counts is the loop that `start` is called in."""

    def __init__(
        self,
        context: Any = None,
        encoding: str = "utf-8",
        log: Any = None,
        io_loop: Any = None,
    ) -> None:
        super().__init__(context, io_loop, encoding, log)


__all__ = ["IOLoopAuthenticator"]
