"""Callbacks of a socket in tornado's loop (pyzmq's API)."""

from __future__ import annotations

import asyncio
import pickle
import warnings
from collections import deque
from inspect import isawaitable
from typing import Any, Callable, Sequence, Union

from tornado.ioloop import IOLoop
from tornado.log import gen_log

from .._future import _AsyncSocket
from ..constants import DONTWAIT, POLLIN, POLLOUT
from ..error import Again, ContextTerminated, ZMQError
from ..poller import Poller
from ..socket import Socket
from ..utils import jsonapi

_Callback = Union[Callable[..., Any], None]


class ZMQStream:
    """Calls back when a message was received or sent.

    It has the methods of its socket that set it up, and those that send; only
    `on_recv` receives.  Callbacks run in the loop, one message each time; they may be
    coroutine functions.

    The loop watches a descriptor that belongs to this stream alone (see
    `pymq.backend.abc.Bell`), so that another user of the socket, such as an
    asyncio socket that it is a shadow of, takes no event from it, as with FD.
    """

    socket: Any  # None once closed
    io_loop: IOLoop
    poller: Poller

    def __init__(self, socket: Socket, io_loop: Union[IOLoop, None] = None) -> None:
        self.socket = _plain(socket)
        self.io_loop = io_loop or IOLoop.current()
        self.poller = Poller()
        self._queue: deque[tuple[Any, dict[str, Any]]] = deque()
        self._recv_callback: _Callback = None
        self._send_callback: _Callback = None
        self._close_callback: _Callback = None
        self._recv_copy = True
        self._flushed = False  # what is to be done in this round was done by `flush`
        self._scheduled = False
        self.bind = self.socket.bind
        self.bind_to_random_port = self.socket.bind_to_random_port
        self.connect = self.socket.connect
        self.setsockopt = self.socket.setsockopt
        self.getsockopt = self.socket.getsockopt
        self.setsockopt_string = self.socket.setsockopt_string
        self.getsockopt_string = self.socket.getsockopt_string
        self.setsockopt_unicode = self.socket.setsockopt_unicode
        self.getsockopt_unicode = self.socket.getsockopt_unicode
        self._bell = self.socket._bell(int(POLLIN | POLLOUT))
        self._fd = self._bell.fileno()
        watched = _Watched(self)
        self.io_loop.add_handler(watched, self._rung, self.io_loop.READ)

    # What to call.

    def on_recv(self, callback: _Callback, copy: bool = True) -> None:
        """Call with each message, a list of its frames; None: receive no more.
        Without `copy` they are `Frame` objects."""
        self._check_closed()
        self._recv_callback = _callable(callback)
        self._recv_copy = copy
        self._look_again()

    def on_recv_stream(self, callback: _Callback, copy: bool = True) -> None:
        """As `on_recv`, with this stream as the first argument."""
        if callback is None:
            self.stop_on_recv()
        else:
            chosen = callback
            self.on_recv(lambda msg: chosen(self, msg), copy)

    def on_send(self, callback: _Callback) -> None:
        """Call with each message that was sent, and what the socket's send_multipart
        returned (or the ZMQError that it raised); None: no more."""
        self._check_closed()
        self._send_callback = _callable(callback)

    def on_send_stream(self, callback: _Callback) -> None:
        """As `on_send`, with this stream as the first argument."""
        if callback is None:
            self.stop_on_send()
        else:
            chosen = callback
            self.on_send(lambda msg, status: chosen(self, msg, status))

    def on_err(self, callback: _Callback) -> None:
        """Deprecated: is not called."""

    def stop_on_recv(self) -> None:
        """Receive no more."""
        self.on_recv(None)

    def stop_on_send(self) -> None:
        """Call nobody after a send."""
        self.on_send(None)

    def stop_on_err(self) -> None:
        """Deprecated: nothing to stop."""

    def set_close_callback(self, callback: _Callback) -> None:
        """Call when the stream is closed."""
        self._close_callback = callback

    # Sending.

    def send(
        self,
        msg: Any,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        callback: _Callback = None,
        **kwargs: Any,
    ) -> None:
        """Send a message of one frame, when there is room; see `send_multipart`."""
        self.send_multipart([msg], flags, copy, track, callback, **kwargs)

    def send_multipart(
        self,
        msg: Sequence[Any],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        callback: _Callback = None,
        **kwargs: Any,
    ) -> None:
        """Send a message when there is room.  `callback` is that of `on_send` from now
        on; the rest is for ``Socket.send_multipart``."""
        self._check_closed()
        kwargs.update(flags=flags, copy=copy, track=track)
        self._queue.append((msg, kwargs))
        if callback is not None:
            self.on_send(callback)
        self._look_again()

    def send_string(
        self,
        u: str,
        flags: int = 0,
        encoding: str = "utf-8",
        callback: _Callback = None,
        **kwargs: Any,
    ) -> None:
        """Send text.  TypeError unless it is a str."""
        if not isinstance(u, str):
            raise TypeError("unicode/str objects only")
        self.send(u.encode(encoding), flags=flags, callback=callback, **kwargs)

    send_unicode = send_string

    def send_json(
        self, obj: Any, flags: int = 0, callback: _Callback = None, **kwargs: Any
    ) -> None:
        """Send an object as JSON."""
        self.send(jsonapi.dumps(obj), flags=flags, callback=callback, **kwargs)

    def send_pyobj(
        self,
        obj: Any,
        flags: int = 0,
        protocol: int = -1,
        callback: _Callback = None,
        **kwargs: Any,
    ) -> None:
        """Send an object as a pickle."""
        data = pickle.dumps(obj, protocol)
        self.send(data, flags=flags, callback=callback, **kwargs)

    # State.

    def receiving(self) -> bool:
        """Whether there is a callback for messages."""
        return self._recv_callback is not None

    def sending(self) -> bool:
        """Whether something waits for room."""
        return bool(self._queue)

    def flush(
        self, flag: int = POLLIN | POLLOUT, limit: Union[int, None] = None
    ) -> int:
        """Receive (POLLIN) and send (POLLOUT) now what can be, at most `limit`
        messages; returns how many it were.  Callbacks are called.  What is received
        without one is thrown away."""
        self._check_closed()
        self._flushed = False
        count = 0
        while not limit or count < limit:
            done = self._step(flag, anyway=True)
            if not done:
                break
            count += done
        if count:
            self._flushed = True
            self.io_loop.add_callback(self._end_of_round)
        return count

    def close(self, linger: Union[int, None] = None) -> None:
        """Close the stream, and its socket, with `linger` in ms if given."""
        if self.socket is None:
            return
        sock, self.socket = self.socket, None
        if sock.closed:
            warnings.warn(
                f"Unregistering FD {self._fd} after closing socket: close the stream, "
                "not its socket",
                RuntimeWarning,
                stacklevel=2,
            )
        self.io_loop.remove_handler(self._fd)
        self._bell.close()
        sock.close(linger)
        if self._close_callback:
            self._run(self._close_callback)

    def closed(self) -> bool:
        """Whether the stream is; if only its socket was, it is closed now."""
        if self.socket is not None and self.socket.closed:
            self.close()
        return self.socket is None

    def _check_closed(self) -> None:
        if self.socket is None:
            raise OSError("Stream is closed")

    # In the loop.

    def _rung(self, fd: Any, events: int) -> None:
        if self.socket is not None:
            self._bell.hush()
            self._handle_events()

    def _look_again(self) -> None:
        """Soon; nothing will ring for what is there already."""
        if not self._scheduled:
            self._scheduled = True
            self.io_loop.add_callback(self._scheduled_look)

    def _scheduled_look(self) -> None:
        self._scheduled = False
        if self.socket is not None:
            self._handle_events()

    def _end_of_round(self) -> None:
        self._flushed = False
        self._scheduled_look()

    def _handle_events(self) -> None:
        if self._flushed:
            return
        try:
            if self._step(int(POLLIN | POLLOUT)):
                self._look_again()
        except ContextTerminated:
            gen_log.warning("Got events for stream %s after terminating context", self)
            self.closed()
        except ZMQError as error:
            if not self.closed():
                raise
            text = "Got events for stream %s attached to closed socket: %s"
            gen_log.warning(text, self, error)

    def _step(self, flag: int, anyway: bool = False) -> int:
        """Receive and send at most one message; returns how many that were."""
        done = 0
        if flag & POLLIN and (anyway or self.receiving()):
            done += self._receive()
        if self.socket is not None and flag & POLLOUT and self._queue:
            done += self._send()
        return 0 if self.socket is None else done

    def _receive(self) -> int:
        try:
            message = self.socket.recv_multipart(int(DONTWAIT), copy=self._recv_copy)
        except Again:
            return 0
        if self._recv_callback is not None:
            self._run(self._recv_callback, message)
        return 1

    def _send(self) -> int:
        if not self.socket._ready() & POLLOUT:
            return 0
        message, how = self._queue.popleft()
        status: Any = None
        try:
            status = self.socket.send_multipart(message, **how)
        except ZMQError as error:
            gen_log.error("SEND Error: %s", error)
            status = error
        if self._send_callback is not None:
            self._run(self._send_callback, message, status)
        return 1

    def _run(self, callback: Callable[..., Any], *args: Any) -> None:
        try:
            result = callback(*args)
        except Exception:
            gen_log.error("Uncaught exception in ZMQStream callback", exc_info=True)
            raise
        if isawaitable(result):
            asyncio.ensure_future(result).add_done_callback(_log_error)


class _Watched:
    """What the loop watches; ``IOLoop.close(all_fds=True)`` closes it."""

    def __init__(self, stream: ZMQStream) -> None:
        self._stream = stream

    def fileno(self) -> int:
        """The descriptor of the stream's bell."""
        return int(self._stream._fd)

    def close(self) -> None:
        """The loop ends: it is not the descriptor alone that is to be closed."""
        self._stream.close()


def _plain(sock: Socket) -> Socket:
    """A socket whose calls give results, not futures."""
    if not isinstance(sock, _AsyncSocket):
        return sock
    warnings.warn(
        "ZMQStream needs a plain socket, and takes a shadow of this one: "
        "zmq.Socket(shadow=socket)",
        RuntimeWarning,
        stacklevel=3,
    )
    return Socket(shadow=sock)


def _callable(callback: _Callback) -> _Callback:
    # As pyzmq: programs and tests expect this exception.
    assert callback is None or callable(callback), f"{callback!r} cannot be called"
    return callback


def _log_error(task: Any) -> None:
    if not task.cancelled() and task.exception() is not None:
        gen_log.error(
            "Uncaught exception in ZMQStream callback", exc_info=task.exception()
        )


__all__ = ["ZMQStream"]
