"""The old name of `pymq.auth.asyncio` (pyzmq's API).  Deprecated; needs no Tornado."""

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
    """The old name of `AsyncioAuthenticator`.

    `io_loop` is deprecated and ignored: what counts is the loop in which `start` is
    called.
    """

    def __init__(
        self,
        context: Any = None,
        encoding: str = "utf-8",
        log: Any = None,
        io_loop: Any = None,
    ) -> None:
        super().__init__(context, io_loop, encoding, log)


__all__ = ["IOLoopAuthenticator"]
