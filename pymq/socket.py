"""Sockets: sending and receiving, with pyzmq's API."""

from __future__ import annotations

import time
from errno import EAGAIN, EINTR, ENOTSUP
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any, Callable, Iterable, Sequence, Union

from . import naps
from .constants import DONTWAIT, POLLIN, POLLOUT, SNDMORE, SocketOption
from .deadline import until
from .endpoints import Endpoints
from .error import Again, ZMQError, error_for
from .frame import Frame, body_of, received
from .generics import Subscriptable
from .monitored import Monitored
from .overflow import Overflow, Overflowing
from .payload import Payloads, check_part, room_in
from .peers import Peers
from .readiness import Readiness
from .requests import Requests
from .settings import Settings
from .subscriptions import Subscriptions
from .tracker import _FINISHED_TRACKER, MessageTracker

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    _Received_co = TypeVar("_Received_co", covariant=True, default=Any)
else:
    _Received_co = Any

_SNDMORE = int(SNDMORE)
_DONTWAIT = int(DONTWAIT)
_SNDTIMEO, _RCVTIMEO = SocketOption.SNDTIMEO, SocketOption.RCVTIMEO
_MANY = 1000  # messages that are copied together


class Socket(
    Endpoints,
    Settings,
    Payloads,
    Monitored,
    Overflowing,
    Peers,
    Subscriptions,
    Requests,
    Readiness,
    Subscriptable[_Received_co],
):
    """A socket of a context (zmq_socket).  Make one with `Context.socket`.

    Options are attributes in upper or lower case: ``socket.linger = 0`` is
    ``socket.set(zmq.LINGER, 0)``.  A message has one or more *frames* (parts).

    Calls on a closed socket raise ZMQError(ENOTSOCK), except `poll` (ENOTSUP).  Once
    the context is being terminated they raise ContextTerminated.
    """

    _repr_cls = "zmq.Socket"

    def send(
        self,
        data: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: Union[int, None] = None,
        group: Union[str, None] = None,
    ) -> Union[MessageTracker, None]:
        """Queue one frame (zmq_msg_send).

        `data` is bytes, another object with the buffer interface, or a `Frame`.
        `flags`: SNDMORE if another frame of the message follows; DONTWAIT to raise
        Again instead of waiting.  Without DONTWAIT it waits for room for at most
        SNDTIMEO ms (-1: for ever), then raises Again.

        Some data may be sent from where it is, without a copy: a `Frame`, and with
        ``copy=False`` a buffer of `copy_threshold` bytes (default 65536) or more.  It
        must not change until it was sent.  If also `track` is set, the result is a
        `MessageTracker` that tells when that is.  Otherwise it is None, or the tracker
        of the `Frame`.

        `routing_id` and `group` belong to draft socket types: ENOTSUP.

        TypeError if `data` has no buffer interface, BufferError if it is not
        C-contiguous, ValueError for `track` with a `Frame` that has no tracker.
        ZMQError: ENOTSUP if this type cannot send, EFSM if a REQ or REP has to receive
        first, EHOSTUNREACH if ROUTER_MANDATORY is set and no peer has that routing id,
        ENOBUFS if `overflow` says so.
        """
        if (
            type(data) is bytes
            and not (flags or track)
            and routing_id is None
            and group is None
        ):
            # Called as a method, CPython 3.11 would not specialise it.
            send = self._quick_send
            if send(data) == 0:
                return None
        return self._send_any(data, flags, copy, track, routing_id, group)

    def _send_any(
        self,
        data: Any,
        flags: int,
        copy: bool,
        track: bool,
        routing_id: Union[int, None],
        group: Union[str, None],
    ) -> Union[MessageTracker, None]:
        """`send`, if the fast path cannot do it."""
        frame = data if isinstance(data, Frame) else None
        body = data if data.__class__ is bytes else body_of(data)
        if routing_id is not None or group is not None:
            raise ZMQError(ENOTSUP, "routing_id and group are of draft socket types")
        if frame is None and not copy and len(body) >= self.copy_threshold:
            frame = Frame(data, track=track, copy=False)
        if frame is not None and track and frame.tracker is None:
            raise ValueError("Not a tracked message")
        more = flags & _SNDMORE != 0
        result = self._send(body, more, frame)
        if result < 0:
            self._send_later(partial(self._send, body, more, frame), flags, result)
        if frame is not None:
            return frame.tracker
        return None if copy or not track else _FINISHED_TRACKER

    def _send_later(self, send: Callable[[], int], flags: int, result: int) -> None:
        """Wait for room and send again, unless the first send failed for another
        reason."""
        if result == -EAGAIN and self._overflow is not Overflow.BLOCK:
            result = self._overflowed(send, flags & _SNDMORE != 0)
        deadline = until(self._options[_SNDTIMEO])
        while result == -EAGAIN:
            if flags & _DONTWAIT:
                raise Again
            self._wait(POLLOUT, deadline)
            result = send()
        if result < 0:
            self._check_call()
            raise error_for(-result)

    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """Receive the next frame (zmq_msg_recv).

        Returns bytes, or with ``copy=False`` a `Frame`, which knows whether more frames
        of the message follow and what its peer is (`Frame.get`).  With `track` the
        frame has a tracker.  `flags`: DONTWAIT to raise Again instead of waiting.
        Without it, waits for at most RCVTIMEO ms (-1: for ever), then raises Again.

        ZMQError: ENOTSUP if this type cannot receive, EFSM if a REQ has to send first.
        """
        if not copy:
            return self._recv_whole(flags, track)
        if self._ahead:
            try:
                return self._ahead.popleft()
            except IndexError:
                pass  # another thread was faster
        receive = self._quick_recv  # as in `send`
        body = receive()
        if type(body) is bytes:
            return body
        if body == -EAGAIN and not flags:
            return self._recv_awaited()
        return self._recv_later(flags, self._recv_frame, self._recv_again, body)

    def _recv_awaited(self) -> Any:
        """Wait for the next frame and return it."""
        deadline = until(self._options[_RCVTIMEO])
        while True:
            self._wait(POLLIN, deadline)
            receive = self._quick_recv
            body = receive()
            if type(body) is bytes:
                return body
            if body != -EAGAIN:
                return self._recv_later(0, self._recv_frame, self._recv_again, body)

    def _recv_whole(self, flags: int, track: bool) -> Frame:
        """Return the next frame with what is known of it."""
        self._hub.looks_ahead = False  # it would not know where messages are from
        found: Any = self._end.recv_from()
        if found.__class__ is int:
            receive = self._recv_from
            found = self._recv_later(flags, receive, receive, found)
        body, pipe, more = found
        return received(body, more, track, self._connections.get(pipe))

    # Looked up each time: while a thread waits, another may ask for `fileno`.

    def _recv_from(self) -> Any:
        return self._end.recv_from()

    def _recv_frame(self) -> Any:
        return self._end.recv()

    def _recv_again(self) -> Any:
        return self._quick_recv()

    def _recv_message(self) -> Any:
        return self._end.recv_message()

    def _recv_message_from(self) -> Any:
        return self._end.recv_message_from()

    def _recv_later(
        self,
        flags: int,
        receive: Callable[[], Any],
        again: Callable[[], Any],
        result: Union[int, None] = None,
    ) -> Any:
        """Return what `receive` gives, or wait for it and call `again`.

        `result` is what was received so far: a negative errno, or None for nothing yet.
        """
        deadline = None
        while True:
            if result is None:
                result = receive()
            if not isinstance(result, int):
                return result
            if result != -EAGAIN:
                self._check_call()
                raise error_for(-result)
            if flags & _DONTWAIT:
                raise Again
            if deadline is None:
                deadline = until(self._options[_RCVTIMEO])
            self._wait(POLLIN, deadline)
            result = again()

    def _wait(self, events: int, deadline: Union[float, None]) -> None:
        """Wait until `events` may be true.  Raises Again at `deadline`.

        A signal's handlers run between two sleeps, so Ctrl-C interrupts it.
        """
        nap = int(naps.longest() * 1000)
        while True:
            left = nap
            if deadline is not None:
                left = max(0, int((deadline - time.monotonic()) * 1000 + 0.999))
                left = min(left, nap)
            result = self._hub.wait(events, left)
            if result > 0:
                return
            if result == 0 and left < nap:
                raise Again
            if result < 0 and result != -EINTR:
                self._check_call()
                raise error_for(-result)
            naps.between()

    def send_multipart(
        self,
        msg_parts: Sequence[Any],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        **kwargs: Any,
    ) -> Union[MessageTracker, None]:
        """Queue a whole message: all its frames or none.

        `msg_parts` is a sequence of what `send` takes.  `flags`, `copy`, `track`, the
        result and the errors are as of `send`.  Frames that other threads send do not
        get between these.  TypeError, before anything is queued, if a part has no
        buffer interface.
        """
        if type(msg_parts) is list and not (flags or track or kwargs):
            send = self._quick_send_message  # as in `send`
            result = send(msg_parts)
            if result is None and set(map(type, msg_parts)) == {bytes}:
                result = self._end.send_message(list(msg_parts))
            if result == 0:
                return None
            if result is not None and result != -EAGAIN:
                self._check_call()
                raise error_for(-result)
        return self._send_parts(msg_parts, flags, copy, track)

    def _send_parts(
        self, msg_parts: Sequence[Any], flags: int, copy: bool, track: bool
    ) -> Union[MessageTracker, None]:
        """`send_multipart`, if the fast path cannot do it."""
        for index, part in enumerate(msg_parts):
            if part.__class__ is not bytes and not isinstance(part, Frame):
                check_part(index, part)
        every = [*msg_parts[:-1], msg_parts[-1]]  # raises for what is no sequence
        parts = [self._part(part, copy, track) for part in every]
        bodies = [body_of(part) for part in parts]
        owners = [part if isinstance(part, Frame) else None for part in parts]
        more, last = flags & _SNDMORE != 0, parts[-1]
        result = self._end.send_message(bodies, more, owners)
        if result < 0:
            again = partial(self._send_message, bodies, more, owners)
            self._send_later(again, flags, result)
        if isinstance(last, Frame):
            return last.tracker
        return None if copy or not track else _FINISHED_TRACKER

    def _send_message(self, *message: Any) -> int:
        return self._end.send_message(*message)

    def _part(self, part: Any, copy: bool, track: bool) -> Any:
        """Return a part of a message, as a `Frame` if it is not to be copied."""
        if isinstance(part, Frame):
            if track and part.tracker is None:
                raise ValueError("Not a tracked message")
            return part
        if copy or part.__class__ is str:
            return part
        long = memoryview(part).nbytes >= self.copy_threshold
        return Frame(part, track=track, copy=False) if long else part

    def recv_multipart(
        self, flags: int = 0, copy: bool = True, track: bool = False
    ) -> list[Any]:
        """Receive a whole message as a list of its frames.

        If `recv` has already taken some of its frames, these are the others.  Arguments
        and errors are as of `recv`.  Other threads that receive get none of these
        frames.
        """
        if not copy:
            return self._recv_parts(flags, track)
        parts: Any = None
        if not self._ahead:
            receive = self._quick_recv_message
            parts = receive()
            if type(parts) is list:
                self._hub.more = False
                return parts
        again = self._recv_message
        whole: list[Any] = self._recv_later(flags, again, again, parts)
        return whole

    def _recv_parts(self, flags: int, track: bool) -> list[Frame]:
        """Return the next message as frames with what is known of them."""
        self._hub.looks_ahead = False  # as in `_recv_whole`
        receive = self._recv_message_from
        bodies, pipe = self._recv_later(flags, receive, receive)
        last = len(bodies) - 1
        return [
            received(body, index < last, track, self._connections.get(pipe))
            for index, body in enumerate(bodies)
        ]

    def send_many(
        self, messages: Iterable[Union[Any, Sequence[Any]]], flags: int = 0
    ) -> int:
        """Queue many messages with one call.  Not in pyzmq.

        A list or tuple in `messages` is a message of several frames; anything else is a
        message of one frame, as `send` takes it.  `flags`: DONTWAIT.

        Returns how many were queued: all of them, or as many as found room within
        SNDTIMEO ms (with DONTWAIT: at once).  If not even the first was queued, raises
        Again, or another ZMQError as of `send`.  After the first, a ZMQError ends the
        call early instead.
        """
        messages = messages if isinstance(messages, list) else list(messages)
        deadline = until(self._options[_SNDTIMEO])
        queued = 0
        try:
            while queued < len(messages):
                some = messages[queued : queued + _MANY]
                sent = self._send_some(some, flags)
                queued += sent
                if sent < len(some):
                    if self._overflow is not Overflow.BLOCK:
                        self._send_whole(some[sent], flags)
                        queued += 1
                        continue
                    if flags & _DONTWAIT:
                        raise Again
                    self._wait(POLLOUT, deadline)
        except ZMQError:
            if not queued:
                raise
        return queued

    def _send_some(self, messages: list[Any], flags: int) -> int:
        """Send as many messages as there is room for.  Does not wait."""
        try:
            result = self._end.send_many(messages)
        except TypeError:
            return self._send_mixed(messages, flags)
        if result < 0 and result != -EAGAIN:
            self._check_call()
            raise error_for(-result)
        return max(0, result)

    def _send_mixed(self, messages: list[Any], flags: int) -> int:
        for count, message in enumerate(messages):
            try:
                self._send_whole(message, flags | _DONTWAIT)
            except Again:
                return count
        return len(messages)

    def _send_whole(self, message: Any, flags: int) -> None:
        several = isinstance(message, (list, tuple))
        send = Socket.send_multipart if several else Socket.send
        send(self, message, flags)

    def recv_many(
        self,
        max_messages: int = 1000,
        timeout: Union[float, None] = None,
        flags: int = 0,
    ) -> list[Any]:
        """Wait for a message and receive it and those that have arrived behind it.

        Not in pyzmq.  Returns a list of at most `max_messages`.  A message of one frame
        is bytes, one of several is a list of bytes.  Waits for the first one only: for
        at most `timeout` ms (-1: for ever; None: RCVTIMEO), with DONTWAIT in `flags`
        not at all.

        Again if none came in time, ValueError if `max_messages` is less than 1, and the
        errors of `recv`.
        """
        if max_messages < 1:
            raise ValueError(f"{max_messages=} must be positive")
        limit = self._options[_RCVTIMEO] if timeout is None else timeout
        deadline = None if flags & _DONTWAIT else until(limit)
        while True:
            found = self._recv_some(max_messages)
            if found:
                return found
            if flags & _DONTWAIT:
                raise Again
            self._wait(POLLIN, deadline)

    def _recv_some(self, most: int) -> list[Any]:
        found: list[Any] = self._end.recv_many(most)
        while len(found) < most:
            frames = self._end.recv_message()
            if isinstance(frames, int):
                if not found and frames != -EAGAIN:
                    self._check_call()
                    raise error_for(-frames)
                break
            found.append(frames if len(frames) > 1 else frames[0])
            found += self._end.recv_many(most - len(found))
        return found

    def recv_into(self, buffer: Any, /, *, nbytes: int = 0, flags: int = 0) -> int:
        """Receive the next frame into a writable buffer.

        At most `nbytes` bytes of the buffer are filled; 0 means all of it.  Returns the
        number of bytes of the whole frame, which may be more.  The bytes that did not
        fit can be fetched with `recv_rest`; pyzmq drops them.

        BufferError if the buffer is read-only or not contiguous, ValueError if `nbytes`
        is negative or more than the buffer has, and the errors of `recv`.
        """
        room = room_in(buffer, nbytes)
        return self._fill(room, self.recv(flags))

    def _fill(self, room: memoryview, body: bytes) -> int:
        limit, thread = len(room), get_ident()
        if len(body) > limit:
            self._rests[thread] = body[limit:]
        elif self._rests:
            self._rests.pop(thread, None)
        room[: len(body)] = body[:limit]
        return len(body)

    def recv_rest(self) -> bytes:
        """Return the bytes that the last `recv_into` of this thread had no room for.

        They are returned once; afterwards, or if all fitted, the result is ``b""``.
        Not in pyzmq.
        """
        return self._rests.pop(get_ident(), b"")
