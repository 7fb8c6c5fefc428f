"""Answers an authenticator's requests in an asyncio event loop."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Task
from typing import Any, Union

from ..constants import DONTWAIT, POLLOUT, SocketOption
from ..error import Again, ZMQError
from .base import Authenticator


class Answering:
    """Receives requests from `zap_socket` and lets `authenticator` answer them.

    It answers one at a time, until `stop` or the end of the context.  The descriptor of
    the socket is readable while there is a request, so no asyncio socket is needed.
    """

    def __init__(self, authenticator: Authenticator, loop: AbstractEventLoop) -> None:
        self._authenticator = authenticator
        self._loop = loop
        self._socket: Any = authenticator.zap_socket
        self._fd: int = self._socket.fileno()
        self._task: Union[Task[None], None] = None
        self._listen()

    def _listen(self) -> None:
        self._loop.add_reader(self._fd, self._readable)

    def _readable(self) -> None:
        try:
            request = self._socket.recv_multipart(DONTWAIT)
        except Again:
            return
        except ZMQError:
            self._end()
            return
        self._loop.remove_reader(self._fd)
        self._task = self._loop.create_task(self._answer(request))

    async def _answer(self, request: list[bytes]) -> None:
        auth = self._authenticator
        try:
            await auth.handle_zap_message(request)
        except Exception:  # of a subclass
            auth.log.exception("Cannot answer a ZAP request")
        try:
            if self._socket.get(SocketOption.EVENTS) & POLLOUT:
                # A REP that has not answered receives nothing any more.
                number = b"".join(request[1:2])
                auth._send_zap_reply(number, b"500", b"Internal error")
        except ZMQError:
            self._end()
        else:
            self._listen()

    def _end(self) -> None:
        """The socket was closed, or its context is being terminated."""
        if not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        self._socket.close()

    def stop(self) -> None:
        """Close the socket.  A request that is being answered gets no reply."""
        if self._task is not None and not self._loop.is_closed():
            self._task.cancel()
        self._end()
