"""What `async for` goes through: the messages of an asyncio socket."""

from __future__ import annotations

import asyncio
from asyncio import Future
from typing import Any, AsyncIterator, Union

from ._waiting import TURN, Waiting
from .constants import ENOTSOCK, ETERM
from .error import ZMQError


class Messages(AsyncIterator[list[bytes]]):
    """See `pymq._future._AsyncSocket.__aiter__`.

    Now and then it lets other tasks run, even if more messages are there.
    """

    __slots__ = ("_count", "_socket")

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._count = 0

    def __anext__(self) -> Any:
        self._count += 1
        if self._count % TURN and not self._socket.closed:
            future = self._socket.recv_multipart()
            if future.done() and not future.exception():
                return future
            return self._next(future)
        return self._next(None)

    async def _next(self, future: Union[Future[list[bytes]], None]) -> list[bytes]:
        try:
            if future is None:
                await asyncio.sleep(0)
                future = self._socket.recv_multipart()
            return await future
        except asyncio.CancelledError:
            if isinstance(future, Waiting) and future.ended:
                raise StopAsyncIteration from None
            raise
        except ZMQError as error:
            if error.errno in (ENOTSOCK, ETERM):
                raise StopAsyncIteration from None
            raise
