"""ZAP in an event loop of asyncio (pyzmq's API)."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any, Union

from .answering import Answering
from .base import Authenticator


class AsyncioAuthenticator(Authenticator):
    """An `Authenticator` in the event loop that `start` is called in; awaitables that
    callbacks return are awaited there.

    `context` may be one of ``pymq.asyncio``, too.  `loop` is ignored, as in pyzmq.
    """

    _answering: Union[Answering, None] = None

    def __init__(
        self,
        context: Any = None,
        loop: Any = None,
        encoding: str = "utf-8",
        log: Any = None,
    ) -> None:
        super().__init__(context, encoding, log)
        if loop is not None:
            warnings.warn(
                "AsyncioAuthenticator(loop) is deprecated and ignored",
                DeprecationWarning,
                stacklevel=2,
            )

    def start(self) -> None:
        """Answer from now on.  RuntimeError without an event loop; ZMQError(EADDRINUSE)
        if the context has a handler."""
        loop = asyncio.get_event_loop()
        super().start()
        self._answering = Answering(self, loop)

    def stop(self) -> None:
        """Answer no more.  May be called again."""
        if self._answering is not None:
            self._answering.stop()
            self._answering = None
        super().stop()


__all__ = ["AsyncioAuthenticator"]
