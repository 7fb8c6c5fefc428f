"""A ZAP handler (RFC 27) in a thread of its own (pyzmq's API)."""

from __future__ import annotations

import asyncio
from threading import Event, Thread
from typing import Any, Union

from ..constants import DONTWAIT, PAIR
from ..error import ZMQError
from ..socket import Socket
from .answering import Answering
from .base import Authenticator

_TERMINATE = b"TERMINATE"


class AuthenticationThread(Thread):
    """An event loop in which an authenticator answers, until `pipe` receives
    something."""

    def __init__(self, authenticator: Authenticator, pipe: Any) -> None:
        super().__init__(daemon=True)
        self.authenticator = authenticator
        self.log = authenticator.log
        self.pipe = pipe
        self.started = Event()
        self.loop: Union[asyncio.AbstractEventLoop, None] = None

    def run(self) -> None:
        """Run the event loop; called by `start`."""
        try:
            asyncio.run(self._serve())
        finally:
            self.started.set()  # even if it was in vain

    async def _serve(self) -> None:
        loop = self.loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        answering = Answering(self.authenticator, loop)
        pipe = self.pipe.fileno()
        loop.add_reader(pipe, ended.set)
        self.started.set()
        try:
            await ended.wait()
        finally:
            loop.remove_reader(pipe)
            answering.stop()
            self.pipe.close()


class ThreadAuthenticator(Authenticator):
    """An `Authenticator` that runs in a thread of its own.

    The thread has an event loop; awaitables that callbacks return are awaited there.
    All methods may be called while it runs.
    """

    pipe: Any
    pipe_endpoint: str = ""
    thread: Any

    def __init__(
        self, context: Any = None, encoding: str = "utf-8", log: Any = None
    ) -> None:
        self.pipe = self.thread = None
        super().__init__(context, encoding, log)
        self.pipe_endpoint = f"inproc://{id(self)}.inproc"

    def start(self) -> None:
        """Start the thread.  ZMQError(EADDRINUSE) if the context has a handler."""
        super().start()
        inner, self.pipe = self._pair(), self._pair()
        self.pipe.bind(self.pipe_endpoint)
        inner.connect(self.pipe_endpoint)
        self.thread = AuthenticationThread(self, inner)
        self.thread.start()
        self.thread.started.wait()

    def _pair(self) -> Any:
        sock = self.context.socket(PAIR, socket_class=Socket)
        sock.linger = 1
        return sock

    def stop(self) -> None:
        """Stop to answer requests, and end the thread.  May be called again."""
        if self.pipe is not None:
            try:
                self.pipe.send(_TERMINATE, DONTWAIT)
            except ZMQError:
                pass  # the context has ended, and so does the thread
            self.thread.join()
            self.pipe.close()
        self.pipe = self.thread = None
        super().stop()

    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self.thread is not None and bool(self.thread.is_alive())


__all__ = ["AuthenticationThread", "ThreadAuthenticator"]
