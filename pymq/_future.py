"""Sockets whose calls return futures: what asyncio and Tornado have in common.

If a call can be answered at once its future is done already, and to await it takes no
turn of the event loop.  Otherwise the future is a `Waiting`.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import time
import warnings
from asyncio import _get_running_loop as running_loop
from errno import EAGAIN
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    AsyncIterator,
    Callable,
    Iterable,
    Literal,
    Sequence,
    TypeVar,
    Union,
    overload,
)

from ._awaited import _Awaited
from ._messages import Messages
from ._waiting import NOBODY, Call, Loop, Polling, Waiting, WaitingRoom
from .constants import DONTWAIT, POLLIN, POLLOUT, SocketOption
from .error import Again
from .frame import Frame
from .payload import room_in
from .poller import Poller, fileno, zmq_poll
from .socket import Socket
from .tracker import MessageTracker

if TYPE_CHECKING:
    from asyncio import Future

    from .backend.abc import Bell

_Result = TypeVar("_Result")
_Self = TypeVar("_Self", bound="_AsyncSocket")

_DONTWAIT = int(DONTWAIT)
_SNDTIMEO, _RCVTIMEO = SocketOption.SNDTIMEO, SocketOption.RCVTIMEO
_EMPTY = -EAGAIN
_Future = asyncio.Future
_FutureEvent = Waiting  # pyzmq's name of what stands in a socket's queues


class _Async:
    """Finds the event loop."""

    def _default_loop(self) -> Loop:
        """The loop to use when none is running."""
        warnings.warn(
            "no event loop is running: use asyncio sockets inside one",
            RuntimeWarning,
            stacklevel=5,
        )
        return asyncio.get_event_loop()

    def _get_loop(self) -> Loop:
        return running_loop() or self._default_loop()


def _done(loop: Union[Loop, None], result: _Result) -> Future[_Result]:
    future: Future[_Result] = _Future(loop=loop)
    future.set_result(result)
    return future


def _failed(loop: Loop, error: Exception) -> Future[Any]:
    future: Future[Any] = _Future(loop=loop)
    future.set_exception(error)
    return future


def _made(loop: Loop, call: Callable[[], _Result]) -> Future[_Result]:
    """Make a call and return a future that is done, with its result or exception."""
    future: Future[_Result] = _Future(loop=loop)
    try:
        future.set_result(call())
    except Exception as error:
        future.set_exception(error)
    return future


class _AsyncSocket(_Async, _Awaited):
    """See `pymq.asyncio.Socket`."""

    _room: WaitingRoom = NOBODY
    _poller_class: type[Poller] = Poller
    _cancels = True  # who waits when the socket is closed; else they get ENOTSOCK

    def __init__(
        self,
        context: Any = None,
        socket_type: int = -1,
        io_loop: Any = None,
        _from_socket: Union[Socket, None] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_from_socket or context, socket_type, **kwargs)

    @classmethod
    def from_socket(cls: type[_Self], socket: Socket, io_loop: Any = None) -> _Self:
        """Return a handle of a socket (see `shadow`).  `io_loop` is ignored."""
        return cls(_from_socket=socket)

    # How it waits.

    @property
    def _recv_futures(self) -> list[Future[Any]]:
        room = self._room
        return [*room.receivers, *(each.future for each in room.pollers)]

    @property
    def _send_futures(self) -> list[Future[Any]]:
        return [*self._room.senders]

    def _room_of(self, loop: Loop) -> WaitingRoom:
        """Return the socket's room for a loop, and remember it as the latest."""
        last = self._room
        if last.loop is loop:
            return last
        with self._busy:
            for room in list(self._rooms):
                if room.loop.is_closed():
                    self._rooms.remove(room)
                    room.close()
            found = WaitingRoom(loop, self._cancels)
            for room in self._rooms:
                if room.loop is loop:
                    found = room
            if found not in self._rooms:
                self._rooms.append(found)
        self._room = found
        return found

    def _hang(self) -> Bell:
        return self._bell(POLLIN | POLLOUT, reads=True)

    def _begin(self, room: WaitingRoom, call: Call, first: bool) -> Any:
        """Make the call.  Raises Again if it is to be made when the bell rings."""
        if first:
            try:
                return call()
            except Again:
                if room.bell is not None:
                    raise
        room.listen(self._hang)
        return call()  # something may have come before

    def _receive(
        self, call: Call, flags: int, limit: Union[float, None] = None
    ) -> Future[Any]:
        if limit is None:
            limit = self._options[_RCVTIMEO]
        return self._attend(call, flags, limit, True)

    def _attend(
        self,
        call: Call,
        flags: int,
        limit: float,
        receiving: bool,
        tried: Union[Loop, None] = None,
    ) -> Future[Any]:
        """Make the call now, or in its turn, within `limit` ms (-1: no limit).
        `tried` is the running loop if the call has just found nothing."""
        if self._closed:
            self._check_open()
        loop = tried or self._get_loop()
        if flags & _DONTWAIT or limit == 0:
            return _made(loop, call)
        room = self._room
        if room.loop is not loop:
            room = self._room_of(loop)
        queue = room.receivers if receiving else room.senders
        try:
            if not (queue or (tried and room.bell is not None)):
                return _done(loop, self._begin(room, call, tried is None))
        except Again:
            pass
        except Exception as error:
            return _failed(loop, error)
        waiting = Waiting(loop=loop)
        waiting.begin(room, queue, call)
        if limit > 0:
            waiting.limit(limit)
        return waiting

    # Sending.

    def send(  # type: ignore[override]
        self,
        data: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        **kwargs: Any,
    ) -> Future[Union[MessageTracker, None]]:
        """A future; see `pymq.Socket.send`.  If cancelled, nothing was sent."""
        if type(data) is bytes and not (flags or track or kwargs):
            loop, room = running_loop(), self._room
            if room.loop is loop and not room.senders:
                send = self._quick_send
                if send(data) == 0:
                    future: Future[Union[MessageTracker, None]] = _Future(loop=loop)
                    future.set_result(None)
                    return future
        nowait = flags | _DONTWAIT
        call = partial(Socket.send, self, data, nowait, copy, track, **kwargs)
        return self._attend(call, flags, self._options[_SNDTIMEO], False)

    def send_multipart(  # type: ignore[override]
        self,
        msg_parts: Sequence[Any],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        **kwargs: Any,
    ) -> Future[Union[MessageTracker, None]]:
        """See `pymq.Socket.send_multipart`, and `send` here."""
        plain = type(msg_parts) is list and set(map(type, msg_parts)) == {bytes}
        if plain and not (flags or track or kwargs):
            loop, room = running_loop(), self._room
            may = room.loop is loop and not room.senders
            if may and self._end.send_message(list(msg_parts)) == 0:
                return _done(loop, None)
        nowait, send = flags | _DONTWAIT, Socket.send_multipart
        call = partial(send, self, msg_parts, nowait, copy, track, **kwargs)
        return self._attend(call, flags, self._options[_SNDTIMEO], False)

    if TYPE_CHECKING:

        def send_string(
            self,
            u: str,
            flags: int = 0,
            copy: bool = True,
            encoding: str = "utf-8",
            **kwargs: Any,
        ) -> Future[Union[MessageTracker, None]]: ...

        send_unicode = send_string

        def send_json(
            self, obj: Any, flags: int = 0, **kwargs: Any
        ) -> Future[Union[MessageTracker, None]]: ...

        def send_pyobj(
            self, obj: Any, flags: int = 0, protocol: int = -1, **kwargs: Any
        ) -> Future[Union[MessageTracker, None]]: ...

        def send_serialized(
            self,
            msg: _Result,
            serialize: Callable[[_Result], Sequence[Any]],
            flags: int = 0,
            copy: bool = True,
            **kwargs: Any,
        ) -> Future[Union[MessageTracker, None]]: ...

    # Receiving.

    @overload
    def recv(
        self, flags: int = ..., copy: Literal[True] = ..., track: bool = ...
    ) -> Future[bytes]: ...

    @overload
    def recv(
        self, flags: int = ..., *, copy: Literal[False], track: bool = ...
    ) -> Future[Frame]: ...

    @overload
    def recv(
        self, flags: int = ..., copy: bool = ..., track: bool = ...
    ) -> Future[Any]: ...

    def recv(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[Any]:
        """A future; see `pymq.Socket.recv`.  If cancelled, nothing was received."""
        loop, room, tried = running_loop(), self._room, None
        if copy and room.loop is loop and not room.receivers:
            body: Any = None
            if self._ahead:
                try:
                    body = self._ahead.popleft()
                except IndexError:
                    pass  # another thread was faster
            if body is None:
                receive = self._quick_recv
                body = receive()
            if type(body) is bytes:
                future: Future[bytes] = _Future(loop=loop)
                future.set_result(body)
                return future
            tried = loop if body == _EMPTY else None
        call = partial(Socket.recv, self, flags | _DONTWAIT, copy, track)
        return self._attend(call, flags, self._options[_RCVTIMEO], True, tried)

    @overload  # type: ignore[override]
    def recv_multipart(
        self, flags: int = ..., copy: Literal[True] = ..., track: bool = ...
    ) -> Future[list[bytes]]: ...

    @overload
    def recv_multipart(
        self, flags: int = ..., *, copy: Literal[False], track: bool = ...
    ) -> Future[list[Frame]]: ...

    @overload
    def recv_multipart(
        self, flags: int = ..., copy: bool = ..., track: bool = ...
    ) -> Future[list[Any]]: ...

    def recv_multipart(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> Future[Any]:
        """See `pymq.Socket.recv_multipart`, and `recv` here."""
        loop, room, tried = running_loop(), self._room, None
        if copy and room.loop is loop and not room.receivers:
            parts = self._end.recv_message()
            if type(parts) is list:
                return _done(loop, parts)
            tried = loop if parts == _EMPTY else None
        nowait, receive = flags | _DONTWAIT, Socket.recv_multipart
        call = partial(receive, self, nowait, copy, track)
        return self._attend(call, flags, self._options[_RCVTIMEO], True, tried)

    def recv_into(  # type: ignore[override]
        self, buffer: Any, /, *, nbytes: int = 0, flags: int = 0
    ) -> Future[int]:
        """See `pymq.Socket.recv_into`."""
        room = room_in(buffer, nbytes)
        return self._recv_as(partial(self._fill, room), flags)

    def recv_many(  # type: ignore[override]
        self,
        max_messages: int = 1000,
        timeout: Union[float, None] = None,
        flags: int = 0,
    ) -> Future[list[Any]]:
        """See `pymq.Socket.recv_many`, and `recv` here."""
        receive = Socket.recv_many
        call = partial(receive, self, max_messages, None, flags | _DONTWAIT)
        return self._receive(call, flags, timeout)

    async def send_many(  # type: ignore[override]
        self, messages: Iterable[Union[Any, Sequence[Any]]], flags: int = 0
    ) -> int:
        """A coroutine; see `pymq.Socket.send_many`.  If it is cancelled, the
        messages that it has queued by then are sent."""
        messages = messages if isinstance(messages, list) else list(messages)
        limit = self._options[_SNDTIMEO]
        deadline = time.monotonic() + limit / 1000
        queued = 0
        while True:
            try:
                rest = messages[queued:] if queued else messages
                queued += Socket.send_many(self, rest, flags | _DONTWAIT)
            except Again:
                pass
            left = -1 if limit < 0 else max(0, (deadline - time.monotonic()) * 1000)
            done = queued == len(messages) or flags & _DONTWAIT
            if done or not await self.poll(left, POLLOUT):
                break
        if messages and not queued:
            raise Again
        return queued

    # Other things than bytes.

    def _recv_as(self, convert: Callable[[bytes], Any], flags: int) -> Future[Any]:
        nowait, receive = flags | _DONTWAIT, Socket.recv
        return self._receive(lambda: convert(receive(self, nowait)), flags)

    def recv_string(  # type: ignore[override]
        self, flags: int = 0, encoding: str = "utf-8"
    ) -> Future[str]:
        """See `pymq.Socket.recv_string`, and `recv` here."""
        return self._recv_as(lambda body: body.decode(encoding), flags)

    recv_unicode = recv_string  # type: ignore[assignment]

    def recv_json(self, flags: int = 0, **kwargs: Any) -> Future[Any]:
        """See `pymq.Socket.recv_json`, and `recv` here."""
        return self._recv_as(partial(json.loads, **kwargs), flags)

    def recv_pyobj(self, flags: int = 0) -> Future[Any]:
        """See `pymq.Socket.recv_pyobj`. **Use it only among peers you trust.**"""
        self._mind_pickles()
        return self._recv_as(pickle.loads, flags)

    def recv_serialized(
        self,
        deserialize: Callable[[list[Any]], _Result],
        flags: int = 0,
        copy: bool = True,
    ) -> Future[_Result]:
        """See `pymq.Socket.recv_serialized`, and `recv` here."""
        nowait, receive = flags | _DONTWAIT, Socket.recv_multipart
        return self._receive(lambda: deserialize(receive(self, nowait, copy)), flags)

    # Events.

    def poll(  # type: ignore[override]
        self, timeout: Union[float, None] = None, flags: int = POLLIN
    ) -> Future[int]:
        """See `pymq.Socket.poll`.  Returns a future."""
        self._check_open_for_poll()
        look = partial(self._events, flags)
        polling = Polling(self._get_loop(), look, 0, self._cancels)
        return polling.begin(partial(self._polled, flags), timeout)

    def _events(self, flags: int) -> int:
        return self._ready() & flags

    def _polled(self, events: int, polling: Polling) -> None:
        if events & POLLOUT and self._pattern.routing.turns:
            # What ends another's turn is a call, which the loop's bell does not hear.
            polling.at_bell(self._bell(events))
            return
        room = self._room_of(polling.future.get_loop())
        room.listen(self._hang)
        polling.at(room)

    # Many messages, and the end.

    def __aiter__(self) -> AsyncIterator[list[bytes]]:
        """Iterate over arriving messages, each a list of its frames, until the
        socket is closed or its context terminated.  Not in pyzmq."""
        return Messages(self)

    async def __aenter__(self: _Self) -> _Self:
        return self

    async def __aexit__(self, *args: object) -> None:
        self.close()


class _AsyncPoller(_Async, Poller):
    """See `pymq.asyncio.Poller`."""

    def poll(  # type: ignore[override]
        self, timeout: Union[float, None] = -1
    ) -> Future[list[tuple[Any, int]]]:
        """See `pymq.Poller.poll`.  Returns a future."""
        loop, entries = self._get_loop(), list(self.sockets)
        polling = Polling(loop, partial(zmq_poll, entries, 0), [])
        return polling.begin(partial(_register, entries), timeout if entries else 0)


def _register(entries: list[tuple[Any, int]], polling: Polling) -> None:
    for entry, events in entries:
        if isinstance(entry, _AsyncSocket):
            entry._polled(events, polling)
        elif isinstance(entry, Socket):
            polling.at_bell(entry._bell(events))
        else:
            polling.at_descriptor(fileno(entry), events)
