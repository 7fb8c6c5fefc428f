"""Sockets whose calls are coroutines, for anyio: on asyncio and on trio.

Every call can be cancelled, even one that does not have to wait.  A call that was
cancelled has received nothing and sent nothing; only `send_many` may have sent a part.
Not in pyzmq.  Needs anyio (``pip install pymq[anyio]``).
"""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import ExitStack
from functools import partial
from typing import (
    Any,
    AsyncIterator,
    Awaitable,
    Callable,
    ClassVar,
    Iterable,
    Iterator,
    Literal,
    Sequence,
    TypeVar,
    Union,
    overload,
)

try:
    import anyio
except ImportError as error:  # pragma: no cover
    raise ImportError("pymq.anyio needs anyio: pip install pymq[anyio]") from error
from anyio import lowlevel

from ._awaited import left
from ._future import _AsyncSocket
from ._waiting import TURN, Loop
from .backend.abc import Bell
from .constants import DONTWAIT, ENOTSOCK, ETERM, POLLIN, POLLOUT, POLLPRI
from .context import Context as _Context
from .error import Again, ZMQError
from .frame import Frame
from .pauses import Pause, Steps
from .poller import Poller as _Poller
from .poller import fileno, zmq_poll
from .socket import Socket as _Socket
from .tracker import MessageTracker

_Result = TypeVar("_Result")


def _in_trio() -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and trio.lowlevel.in_trio_task()


class _Line:
    """Tasks that wait for the same thing; the first of them watches for it."""

    def __init__(self) -> None:
        self._tickets: deque[anyio.Event] = deque()

    def __bool__(self) -> bool:
        return bool(self._tickets)

    async def stand(self, hang: Callable[[], Bell], look: Callable[[], Any]) -> Any:
        """Wait for our turn, then until `look` no longer raises Again.

        Returns what `look` returns.
        """
        ticket = anyio.Event()
        self._tickets.append(ticket)
        try:
            if self._tickets[0] is not ticket:
                await ticket.wait()
            return await _watch(hang(), look)
        finally:
            self._tickets.remove(ticket)
            if self._tickets:
                self._tickets[0].set()


async def _watch(bell: Bell, look: Callable[[], Any]) -> Any:
    try:
        while True:
            bell.hush()
            try:
                return look()
            except Again:
                await anyio.wait_readable(bell.fileno())
    finally:
        bell.close()


def _found(what: Any) -> Any:
    if not what:
        raise Again
    return what


def _limit(milliseconds: Union[float, None]) -> anyio.CancelScope:
    """A scope that ends after so many ms; None or negative: never."""
    never = milliseconds is None or milliseconds < 0
    return anyio.move_on_after(None if never else (milliseconds or 0) / 1000)


class Socket(_AsyncSocket):
    """A socket whose calls that may have to wait are coroutines.

    Arguments, results and errors are those of `pymq.Socket`.  `connect` is a coroutine
    if it has a timeout.  When the socket is closed the calls that wait raise
    ZMQError(ENOTSOCK).
    """

    _cancels = False
    _calls = 0
    _lines: tuple[_Line, _Line]

    def _line(self, receiving: bool) -> _Line:
        state = vars(self)
        lines = state.get("_lines") or state.setdefault("_lines", (_Line(), _Line()))
        return lines[receiving]  # type: ignore[no-any-return]

    async def _turn(self) -> None:
        """A checkpoint of anyio, at the start of each call."""
        vars(self)["_calls"] = calls = (self._calls + 1) % TURN
        if calls:
            await lowlevel.checkpoint_if_cancelled()
        else:
            await lowlevel.checkpoint()

    def _hang(self) -> Bell:
        # On trio for one wait: connections are not lent for so short a time.
        return self._bell(POLLIN | POLLOUT, reads=not _in_trio())

    def _attend(  # type: ignore[override]
        self,
        call: Callable[[], Any],
        flags: int,
        limit: float,
        receiving: bool,
        tried: Union[Loop, None] = None,
    ) -> Awaitable[Any]:
        if not _in_trio():
            return super()._attend(call, flags, limit, receiving, tried)
        return self._stand(call, flags, limit, receiving)

    async def _stand(
        self, call: Callable[[], Any], flags: int, limit: float, receiving: bool
    ) -> Any:
        line = self._line(receiving)
        if flags & DONTWAIT or limit == 0:
            return call()
        if not line:
            try:
                return call()
            except Again:
                pass
        with _limit(limit):
            return await line.stand(self._hang, call)
        raise Again

    async def send(  # type: ignore[override]
        self,
        data: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        **kwargs: Any,
    ) -> Union[MessageTracker, None]:
        """See `pymq.Socket.send`."""
        await self._turn()
        return await super().send(data, flags, copy, track, **kwargs)

    async def send_multipart(  # type: ignore[override]
        self,
        msg_parts: Sequence[Any],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        **kwargs: Any,
    ) -> Union[MessageTracker, None]:
        """See `pymq.Socket.send_multipart`."""
        await self._turn()
        return await super().send_multipart(msg_parts, flags, copy, track, **kwargs)

    async def send_many(  # type: ignore[override]
        self, messages: Iterable[Union[Any, Sequence[Any]]], flags: int = 0
    ) -> int:
        """See `pymq.Socket.send_many`.

        If it is cancelled, the messages that it has queued by then are sent.
        """
        await self._turn()
        return await super().send_many(messages, flags)

    async def send_string(  # type: ignore[override]
        self,
        u: str,
        flags: int = 0,
        copy: bool = True,
        encoding: str = "utf-8",
        **kwargs: Any,
    ) -> Union[MessageTracker, None]:
        """See `pymq.Socket.send_string`."""
        return await super().send_string(u, flags, copy, encoding, **kwargs)

    send_unicode = send_string  # type: ignore[assignment]

    async def send_json(  # type: ignore[override]
        self, obj: Any, flags: int = 0, **kwargs: Any
    ) -> Union[MessageTracker, None]:
        """See `pymq.Socket.send_json`."""
        return await super().send_json(obj, flags, **kwargs)

    async def send_pyobj(  # type: ignore[override]
        self, obj: Any, flags: int = 0, protocol: int = -1, **kwargs: Any
    ) -> Union[MessageTracker, None]:
        """See `pymq.Socket.send_pyobj`."""
        return await super().send_pyobj(obj, flags, protocol, **kwargs)

    async def send_serialized(  # type: ignore[override]
        self,
        msg: Any,
        serialize: Callable[[Any], Sequence[Any]],
        flags: int = 0,
        copy: bool = True,
        **kwargs: Any,
    ) -> Union[MessageTracker, None]:
        """See `pymq.Socket.send_serialized`."""
        frames = serialize(msg)
        return await self.send_multipart(frames, flags, copy, **kwargs)

    @overload  # type: ignore[override]
    async def recv(
        self, flags: int = ..., copy: Literal[True] = ..., track: bool = ...
    ) -> bytes: ...

    @overload
    async def recv(
        self, flags: int = ..., *, copy: Literal[False], track: bool = ...
    ) -> Frame: ...

    @overload
    async def recv(
        self, flags: int = ..., copy: bool = ..., track: bool = ...
    ) -> Any: ...

    async def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """See `pymq.Socket.recv`."""
        await self._turn()
        return await super().recv(flags, copy, track)

    @overload  # type: ignore[override]
    async def recv_multipart(
        self, flags: int = ..., copy: Literal[True] = ..., track: bool = ...
    ) -> list[bytes]: ...

    @overload
    async def recv_multipart(
        self, flags: int = ..., *, copy: Literal[False], track: bool = ...
    ) -> list[Frame]: ...

    @overload
    async def recv_multipart(
        self, flags: int = ..., copy: bool = ..., track: bool = ...
    ) -> list[Any]: ...

    async def recv_multipart(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Any:
        """See `pymq.Socket.recv_multipart`."""
        await self._turn()
        return await super().recv_multipart(flags, copy, track)

    async def recv_into(  # type: ignore[override]
        self, buffer: Any, /, *, nbytes: int = 0, flags: int = 0
    ) -> int:
        """See `pymq.Socket.recv_into`."""
        await self._turn()
        return await super().recv_into(buffer, nbytes=nbytes, flags=flags)

    async def recv_many(  # type: ignore[override]
        self,
        max_messages: int = 1000,
        timeout: Union[float, None] = None,
        flags: int = 0,
    ) -> list[Any]:
        """See `pymq.Socket.recv_many`."""
        await self._turn()
        return await super().recv_many(max_messages, timeout, flags)

    async def recv_string(  # type: ignore[override]
        self, flags: int = 0, encoding: str = "utf-8"
    ) -> str:
        """See `pymq.Socket.recv_string`."""
        await self._turn()
        return await super().recv_string(flags, encoding)

    recv_unicode = recv_string  # type: ignore[assignment]

    async def recv_json(  # type: ignore[override]
        self, flags: int = 0, **kwargs: Any
    ) -> Any:
        """See `pymq.Socket.recv_json`."""
        await self._turn()
        return await super().recv_json(flags, **kwargs)

    async def recv_pyobj(self, flags: int = 0) -> Any:  # type: ignore[override]
        """See `pymq.Socket.recv_pyobj`. **Use it only among peers that you trust.**"""
        await self._turn()
        return await super().recv_pyobj(flags)

    async def recv_serialized(  # type: ignore[override]
        self,
        deserialize: Callable[[list[Any]], _Result],
        flags: int = 0,
        copy: bool = True,
    ) -> _Result:
        """See `pymq.Socket.recv_serialized`."""
        await self._turn()
        return await super().recv_serialized(deserialize, flags, copy)

    def __aiter__(self) -> AsyncIterator[list[bytes]]:
        """See `pymq.asyncio.Socket.__aiter__`."""
        return _Messages(self)

    async def poll(  # type: ignore[override]
        self, timeout: Union[float, None] = None, flags: int = POLLIN
    ) -> int:
        """See `pymq.Socket.poll`."""
        self._check_open_for_poll()
        await self._turn()
        if not _in_trio():
            return await super().poll(timeout, flags)
        found = self._events(flags)
        if not found and timeout != 0:
            with _limit(timeout):
                return await _watch(self._hang(), partial(self._look, flags))  # type: ignore[no-any-return]
        return found

    def _look(self, flags: int) -> int:
        return int(_found(self._events(flags)))

    async def _finish(self, steps: Steps[_Result]) -> _Result:  # type: ignore[override]
        await self._turn()
        return await super()._finish(steps)

    def _pause(self, pause: Pause) -> Awaitable[bool]:
        return self._stay(pause) if _in_trio() else super()._pause(pause)

    async def _stay(self, pause: Pause) -> bool:
        with _limit(left(pause)):
            return bool(await _watch(pause.hang(), lambda: _found(pause.look())))
        return False


class _Messages(AsyncIterator[list[bytes]]):
    """No generator: those want to be closed when they are left."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    async def __anext__(self) -> list[bytes]:
        try:
            return await self._socket.recv_multipart()
        except ZMQError as error:
            if error.errno in (ENOTSOCK, ETERM):
                raise StopAsyncIteration from None
            raise


class Context(_Context[Socket]):
    """A context whose sockets are those of this module."""

    _instance: ClassVar[Union[_Context[Any], None]] = None
    _socket_class: type[_Socket] = Socket


class Poller(_Poller):
    """A poller whose `poll` is a coroutine.

    It waits for sockets of this module and of `pymq`, and for descriptors.
    """

    async def poll(  # type: ignore[override]
        self, timeout: Union[float, None] = None
    ) -> list[tuple[Any, int]]:
        """See `pymq.Poller.poll`."""
        await lowlevel.checkpoint()
        entries = list(self.sockets)
        found = zmq_poll(entries, 0)
        if not found and timeout != 0:
            with _limit(timeout), ExitStack() as stack:
                waits = list(_waits(entries, stack))
                found = zmq_poll(entries, 0)
                while not found:
                    await _first(waits)
                    found = zmq_poll(entries, 0)
        return found


def _waits(
    entries: Sequence[tuple[Any, int]], stack: ExitStack
) -> Iterator[Callable[[], Awaitable[None]]]:
    """What tells that looking again may be worth it."""
    for entry, events in entries:
        if isinstance(entry, _Socket):
            bell = entry._bell(events)
            stack.callback(bell.close)
            yield partial(_rung, bell)
            continue
        fd = os.dup(fileno(entry))  # somebody else may wait for it, too
        stack.callback(os.close, fd)
        if events & (POLLIN | POLLPRI):
            yield partial(anyio.wait_readable, fd)
        if events & POLLOUT:
            yield partial(anyio.wait_writable, fd)


async def _rung(bell: Bell) -> None:
    await anyio.wait_readable(bell.fileno())
    bell.hush()


async def _first(waits: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Wait until one of them is over."""

    async def wait(one: Callable[[], Awaitable[None]]) -> None:
        await one()
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for one in waits:
            group.start_soon(wait, one)


__all__ = ["Context", "Poller", "Socket"]
