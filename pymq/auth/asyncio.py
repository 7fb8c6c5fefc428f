"""A ZAP handler (RFC 27) in an asyncio event loop (pyzmq's API)."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any, Union

from .answering import Answering
from .base import Authenticator


class AsyncioAuthenticator(Authenticator):
    """An `Authenticator` that runs in the event loop in which `start` is called.

    Awaitables that callbacks return are awaited in that loop.  `context` may be a
    context of ``pymq.asyncio``, too.  `loop` is deprecated and ignored, as in pyzmq.
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
        """Start to answer requests.

        RuntimeError if there is no event loop, ZMQError(EADDRINUSE) if the context has
        a handler already.
        """
        loop = asyncio.get_event_loop()
        super().start()
        self._answering = Answering(self, loop)

    def stop(self) -> None:
        """Stop to answer requests.  May be called again."""
        if self._answering is not None:
            self._answering.stop()
            self._answering = None
        super().stop()


__all__ = ["AsyncioAuthenticator"]
